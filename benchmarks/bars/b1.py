"""Prediction >= 4x MONAI's sliding window in f32, >= 1.5x in bf16, >= 8x nnU-Net's default step.

The same random weights of the plan `small` and the same noise of 128 x 512 x 512 voxels in
memory; peers get the normalised input for nothing, and bf16 in the layout that suits it.
nnU-Net's own predictor cannot be installed beside this package: its default (step 0.5, Gaussian
weights, f32) is stood in for by MONAI's sliding window with those settings, on a part, as it
would take an hour on two cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from monai.inferers import sliding_window_inference

from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.networks import TrainedNetwork, load_weights, prepare_raw, use_all_cores
from napari_synapse_debug.predict import Predictor, predict_blocks
from untrained import random_network

WHOLE = (128, 512, 512)
PART = (32, 256, 256)
VOXEL_NM = (40.0, 8.0, 8.0)
CHUNK_VX = (32, 128, 128)


@dataclass(frozen=True)
class Peer:
    """MONAI's sliding window in one setting, and how much faster we are to be."""

    name: str
    shape: tuple[int, int, int]
    dtype: torch.dtype
    overlap: float
    mode: str
    least: float


PEERS = (
    Peer("MONAI bf16, overlap 0.25", WHOLE, torch.bfloat16, 0.25, "constant", 1.5),
    Peer("MONAI f32, overlap 0.25", WHOLE, torch.float32, 0.25, "constant", 4.0),
    Peer("nnU-Net's default step", PART, torch.float32, 0.5, "gaussian", 8.0),
)


def measure(work: Path) -> bool:  # noqa: ARG001
    """Each peer between two runs of ours on the same data: A B A."""
    trained = random_network(VOXEL_NM)
    use_all_cores()
    holds = True
    for peer in PEERS:
        raw = np.random.default_rng(0).integers(0, 256, peer.shape, dtype=np.uint8)
        first = _seconds(partial(_ours, trained, raw))
        theirs = _seconds(partial(_theirs, trained, raw, peer))
        again = _seconds(partial(_ours, trained, raw))
        ratio = theirs / ((first + again) / 2)
        holds &= ratio >= peer.least
        size = "x".join(map(str, peer.shape))
        print(f"{size} ours {first:.1f} s, {again:.1f} s; {peer.name} {theirs:.1f} s")
        print(f"{ratio:5.2f} x {peer.name}   (bar: at least {peer.least:g})", flush=True)
    return holds


def _ours(trained: TrainedNetwork, raw: np.ndarray) -> None:
    predictor = Predictor(trained)
    out = np.zeros((len(trained.plan.classes), *raw.shape), np.uint8)
    blocks = list(Box.of_shape(raw.shape).blocks(predictor.choose_block(raw.shape, CHUNK_VX)))
    for _ in predict_blocks(raw, blocks, predictor, out, QuietContext()):
        pass


def _theirs(trained: TrainedNetwork, raw: np.ndarray, peer: Peer) -> None:
    batch = torch.from_numpy(prepare_raw(raw, trained.plan))[None, None].to(peer.dtype)
    network = load_weights(trained).to(peer.dtype)
    if peer.dtype is torch.bfloat16:
        network = network.to(memory_format=torch.channels_last_3d)
    patch, overlap, mode = trained.plan.patch_vx, peer.overlap, peer.mode
    with torch.inference_mode():
        sliding_window_inference(batch, patch, 4, network, overlap=overlap, mode=mode).sigmoid()


def _seconds(function: Callable[[], None]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
