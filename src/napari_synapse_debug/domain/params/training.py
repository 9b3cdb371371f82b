"""Parameters of training."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from napari_synapse_debug.domain.params.base import Device, Params, at_least_one, field


class TrainParams(Params):
    """How a classifier is trained."""

    _check_voxels = field_validator("patch_vx", "binning")(at_least_one)

    minutes: float = field(
        4.0, "Time", "Longest time to train; the best weights are kept", unit="min", gt=0, le=10000
    )
    steps: int = field(100000, "Steps", "Most optimiser steps", ge=1, le=10_000_000, advanced=True)
    size: Literal["small", "base", "large"] = field(
        "small", "Network size", "small learns fastest, large knows most"
    )
    patch_vx: tuple[int, int, int] | None = field(
        None,
        "Patch",
        "Training patch zyx after binning; empty: from the voxel size",
        unit="voxels",
        advanced=True,
    )
    binning: tuple[int, int, int] | None = field(
        None,
        "Binning",
        "Voxels averaged along z, y, x before the network; empty: up to 14 nm",
        unit="voxels",
        advanced=True,
    )
    batch_size: int = field(
        2, "Batch", "Patches a step, in each process", ge=1, le=256, advanced=True
    )
    learning_rate: float = field(
        1e-2, "Learning rate", "Highest rate of AdamW", gt=0, le=1, advanced=True
    )
    foreground_fraction: float = field(
        0.5,
        "Foreground",
        "Part of the patches centred on an annotated voxel",
        ge=0,
        le=1,
        advanced=True,
    )
    hard_fraction: float = field(
        0.3,
        "Hard places",
        "Part of the patches centred on places of confirmed errors of the classifier, if any",
        ge=0,
        le=1,
        advanced=True,
    )
    augment: bool = field(True, "Augment", "Flip, turn, blur, shift and re-light the patches")
    validation_fraction: float = field(
        0.2,
        "Held out",
        "Part of a training box kept for validation where no validation box is given; 0: none",
        ge=0,
        le=0.5,
    )
    patience: float = field(
        0.0,
        "Patience",
        "End early after this part of the training without a better validation; 0: never",
        ge=0,
        le=1,
        advanced=True,
    )
    init_from: str | None = field(
        None,
        "Start from",
        "Model whose weights to start from: its folder, or its name in models/; empty: none",
        advanced=True,
    )
    processes: int = field(
        0,
        "Processes",
        "Processes that train together, each on its own GPU; 0: one a GPU, or one on the CPU",
        ge=0,
        le=64,
        advanced=True,
    )
    seed: int = field(0, "Seed", "Same seed, same patches", ge=0, advanced=True)
    device: Device = field("auto", "Device", "auto takes CUDA, then MPS, then the CPU")
