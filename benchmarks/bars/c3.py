"""Candidates of 512³ ≥ 10× cc3d's label + statistics + dust, the same components."""

from __future__ import annotations

from pathlib import Path

import cc3d
import numpy as np
from scipy.ndimage import gaussian_filter

from contacts_data import PINKY_NM, in_turns
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.synapses import candidate_pieces, find_candidates, stitch_candidates

BAR = 10.0
CLASSES = (ClassSpec("clefts", Role.SYNAPSE),)
LEAST_VX = 100


def measure(work: Path) -> bool:  # noqa: ARG001
    """Smoothed noise with 1.2 % above the threshold: about 20,000 pieces of all sizes."""
    noise = np.random.default_rng(0).standard_normal((512, 512, 512), dtype=np.float32)
    noise = gaussian_filter(noise, (1.2, 4, 4))
    noise -= np.quantile(noise[::4, ::4, ::4], 0.988)
    probability = np.clip(128 + noise / noise.std() * 60, 0, 255).astype(np.uint8)[None]
    del noise
    grid = Grid(probability.shape[1:], PINKY_NM)

    def theirs():
        labels = cc3d.connected_components(probability[0] >= 128, connectivity=26)
        return cc3d.statistics(labels), cc3d.dust(labels, LEAST_VX, connectivity=26)

    def ours():
        blocks = grid.box.blocks((64, 512, 512))
        found = (candidate_pieces(probability[:, *b.slices], b, grid, CLASSES, 0.5) for b in blocks)
        return stitch_candidates(found, grid, CLASSES, LEAST_VX)[0]

    seconds = in_turns(5, cc3d=theirs, ours=ours)
    ratio = seconds["cc3d"] / seconds["ours"]
    labels, table = find_candidates(probability, grid, CLASSES, 0.5, LEAST_VX)
    expected = cc3d.connected_components(probability[0] >= 128, connectivity=26)
    is_in = expected > 0
    both = np.unique(np.stack([labels[is_in], expected[is_in]]), axis=1).shape[1]
    is_same = both == len(table) == expected.max() and np.array_equal(is_in, labels > 0)
    is_same &= ours().equals(table)
    print(f"{(probability >= 128).mean():.2%} foreground, {len(table)} pieces; same: {is_same}")
    print(f"candidates {ratio:.1f} × cc3d label + statistics + dust (bar {BAR:g})")
    return ratio >= BAR and bool(is_same)
