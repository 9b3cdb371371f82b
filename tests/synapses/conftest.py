"""A synapse drawn by hand: an axon on a dendrite, a cleft between them, vesicles in the axon."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.contacts import Faces, interface_faces
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import CANDIDATES, PAIRS, conform, with_points
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.synapses import Crop, find_candidates

AXON, DENDRITE = 7, 5

SPINES = ClassSpec("spines", Role.SPINE_HEAD)
SHAFTS = ClassSpec("shafts", Role.SHAFT)
VESICLES = ClassSpec("vesicles", Role.VESICLE)


@dataclass(frozen=True)
class World:
    """A crop with its candidates and faces."""

    crop: Crop
    candidates: pd.DataFrame
    faces: Faces


@pytest.fixture
def world() -> Callable[..., World]:
    """Candidates and faces of a segmentation and probabilities by class, threshold 0.5."""

    def made(segmentation: np.ndarray, voxel: tuple, **channels: np.ndarray) -> World:
        known = {spec.name: spec for spec in (SPINES, SHAFTS, VESICLES)}
        classes = tuple(known[name] for name in channels)
        probability = np.stack(list(channels.values())).astype(np.uint8)
        grid = Grid(segmentation.shape, voxel, (500.0, 60.0, 7.0))
        labels, candidates = find_candidates(probability, grid, classes, 0.5, 1)
        crop = Crop(grid, labels, segmentation, probability, classes)
        return World(crop, candidates, interface_faces(segmentation, grid))

    return made


@pytest.fixture
def two_slabs() -> tuple[np.ndarray, np.ndarray]:
    """Axon at y < 20, dendrite from there on, 5 × 40 × 30 voxels; a cleft on both sides.

    The cleft: sections 1 … 3, one row of voxels on either side, x 10 … 15, probability 1::

        y 19   a a a a # # # # # # a a      # cleft, a axon, d dendrite
        y 20   d d d d # # # # # # d d
    """
    segmentation = np.full((5, 40, 30), AXON, dtype=np.uint32)
    segmentation[:, 20:] = DENDRITE
    cleft = np.zeros(segmentation.shape, dtype=np.uint8)
    cleft[1:4, 19:21, 10:16] = 255
    return segmentation, cleft


@pytest.fixture
def pair_table() -> Callable[..., pd.DataFrame]:
    """Pairs by the rule from a few columns; the others: overlap 5000, probability 0.81, p 0.5."""

    def made(**columns: list) -> pd.DataFrame:
        count = len(columns["candidate"])
        plain = {
            "contact": 1,
            "segment_a": 1,
            "segment_b": 2,
            "overlap_nm2": 5000.0,
            "overlap_fraction": 1.0,
            "probability": 0.81,
            "p_ab": 0.5,
            "p_synapse": np.nan,
            "soma_a": False,
            "soma_b": False,
        }
        table = pd.DataFrame({name: [value] * count for name, value in plain.items()})
        for name in PAIRS:
            if name not in table:
                table[name] = np.arange(count, dtype=float) * 1000.0
        return conform(table.assign(**columns), PAIRS)

    return made


@pytest.fixture
def candidate_table() -> Callable[..., pd.DataFrame]:
    """Candidates of the ids given: kept, mean 0.49, kind spine_head."""

    def made(*ids: int, **columns: list) -> pd.DataFrame:
        table = pd.DataFrame({"candidate": list(ids)})
        for name, dtype in CANDIDATES.items():
            if name != "candidate":
                table[name] = "spine_head" if dtype == "str" else 1
        table = with_points(table.assign(mean=0.49), "centroid", np.zeros((len(ids), 3)))
        return conform(table.assign(**columns), CANDIDATES)

    return made


@pytest.fixture
def real_data() -> Path:
    """The folder of the real data; the test is skipped where it is absent."""
    folder = Path(os.environ.get("SYNAPSE_DEBUG_DATA", "../shared/data"))
    if not (folder / "vnc_left.h5").exists():
        pytest.skip(f"no vnc_left.h5 in {folder}; set SYNAPSE_DEBUG_DATA")
    return folder
