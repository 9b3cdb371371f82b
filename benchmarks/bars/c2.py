"""Contacts equal cc3d's areas on every pair of 512³; brute force and expand_labels by tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cc3d
import numpy as np

from commands import ROOT
from contacts_data import PINKY_NM, pinky
from napari_synapse_debug.contacts import contact_pairs, find_contacts, find_pairs
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams

TESTS = ("test_stitching.py", "test_growth.py", "test_counting.py")


def measure(work: Path) -> bool:  # noqa: ARG001
    """Compare every pair; then run the properties against brute force and expand_labels."""
    labels = pinky()
    grid = Grid(labels.shape, PINKY_NM)
    theirs = cc3d.contacts(labels, connectivity=6, anisotropy=PINKY_NM)
    pairs = contact_pairs(find_contacts(labels, grid, ContactParams()))
    counted = find_pairs(labels, grid, ContactParams())
    same_counts = counted.equals(pairs[list(counted)])
    mine = {(row.segment_a, row.segment_b): row.raw_area_nm2 for row in pairs.itertuples()}
    # cc3d adds in float32, in which a large sum is off by more than a face
    worst = max(abs(mine[pair] - area) / mine[pair] for pair, area in theirs.items())
    print(f"{len(mine)} pairs, {len(theirs)} of cc3d; largest difference {worst:.1e} of the area")
    print(f"patches summed equal the faces counted by pair: {same_counts}")
    tests = [str(ROOT / "tests" / "contacts" / name) for name in TESTS]
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", *tests], cwd=ROOT, check=False)
    is_equal = mine.keys() == theirs.keys() and bool(np.less(worst, 1e-3))
    return is_equal and same_counts and done.returncode == 0
