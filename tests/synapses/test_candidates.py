from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.ndimage import label
from tests.synapses.conftest import SHAFTS, SPINES, VESICLES

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import CANDIDATES, points
from napari_synapse_debug.synapses import (
    candidates_in_block,
    find_candidates,
    stitch_candidates,
)

VOXEL = (40.0, 8.0, 5.0)
CLASSES = (SPINES, VESICLES, SHAFTS)

shapes = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6))
volumes = shapes.flatmap(
    lambda shape: npst.arrays(
        np.uint8, (3, *shape), elements=st.sampled_from([0, 0, 0, 0, 0, 1, 127, 128, 255])
    )
)


def one_voxel(value: int, channel: int = 0) -> np.ndarray:
    probability = np.zeros((3, 2, 3, 4), dtype=np.uint8)
    probability[channel, 1, 1, 2] = value
    return probability


@given(volumes, shapes, st.sampled_from([0.0, 0.5, 1.0]))
@settings(max_examples=150, deadline=None)
def test_any_block_size_gives_the_same_candidates(probability, block, threshold):
    grid = Grid(probability.shape[1:], VOXEL)
    labels, table = find_candidates(probability, grid, CLASSES, threshold, 2)
    found = [
        candidates_in_block(probability[:, *core.slices], core, grid, CLASSES, threshold)
        for core in grid.box.blocks(block)
    ]
    stitched, relabelling = stitch_candidates(
        [pieces for _, pieces in reversed(found)], grid, CLASSES, 2
    )
    pd.testing.assert_frame_equal(stitched, table, check_exact=True)
    for local, pieces in found:
        np.testing.assert_array_equal(relabelling[pieces.core][local], labels[pieces.core.slices])


@given(volumes)
@settings(max_examples=60, deadline=None)
def test_candidates_are_the_components_of_the_mask(probability):
    grid = Grid(probability.shape[1:], VOXEL)
    labels, table = find_candidates(probability, grid, CLASSES, 0.5, 1)
    strongest = probability[[0, 2]].max(axis=0)
    np.testing.assert_array_equal(labels > 0, strongest >= 128)
    expected, _ = label(strongest >= 128, np.ones((3, 3, 3)))
    both = np.unique(np.stack([labels.ravel(), expected.ravel()]), axis=1)
    assert both.shape[1] == len(np.unique(expected)) == len(np.unique(labels))
    for row in table.itertuples():
        own = labels == row.candidate
        assert row.size_vx == own.sum()
        assert row.peak == strongest[own].max() / 255
        assert row.mean == pytest.approx(strongest[own].mean() / 255)


@pytest.mark.parametrize(
    ("value", "threshold", "is_found"),
    [
        (128, 128 / 255, True),
        (127, 128 / 255, False),
        (128, 0.5, True),
        (127, 0.5, False),
        (255, 1.0, True),
        (254, 1.0, False),
        (1, 0.0, True),
        (0, 0.0, False),
    ],
)
def test_the_threshold_is_exact(value, threshold, is_found):
    labels, table = find_candidates(one_voxel(value), Grid((2, 3, 4), VOXEL), CLASSES, threshold, 1)
    assert len(table) == is_found
    assert (labels[1, 1, 2] == 1) == is_found


def test_statistics_of_a_candidate():
    probability = np.zeros((3, 2, 3, 4), dtype=np.uint8)
    probability[0, 0, 1, 1] = 200
    probability[2, 1, 2, 2] = 150  # joined by a corner
    probability[1, 1, 0, 0] = 255  # a vesicle is no candidate
    grid = Grid((2, 3, 4), VOXEL, (100.0, 0.0, 0.0))
    row = find_candidates(probability, grid, CLASSES, 0.5, 3)[1].iloc[0]
    assert (row["size_vx"], row["is_kept"]) == (2, False)
    assert (row["class_name"], row["kind"]) == ("spines", "spine_head")
    assert (row["peak"], row["mean"]) == (200 / 255, 175 / 255)
    share = 150 / 350
    centroid = points(pd.DataFrame([row]), "centroid")[0]
    assert centroid == pytest.approx([100 + share * 40, (1 + share) * 8, (1 + share) * 5])
    assert row[["start_z", "start_y", "start_x", "stop_z", "stop_y", "stop_x"]].tolist() == [
        0,
        1,
        1,
        2,
        3,
        3,
    ]


def test_the_class_with_more_probability_names_the_kind():
    probability = one_voxel(255)
    probability[2, 1, 1, 1:4] = 140
    row = find_candidates(probability, Grid((2, 3, 4), VOXEL), CLASSES, 0.5, 3)[1].iloc[0]
    assert (row["class_name"], row["kind"], row["is_kept"]) == ("shafts", "shaft", True)


def test_no_signal_gives_a_well_formed_empty_table():
    labels, table = find_candidates(one_voxel(0), Grid((2, 3, 4), VOXEL), CLASSES, 0.5, 1)
    assert not labels.any()
    assert {name: str(kind) for name, kind in table.dtypes.items()} == dict(CANDIDATES)
    assert len(table) == 0


def test_no_voxel_gives_an_empty_table():
    probability = np.zeros((3, 0, 3, 4), dtype=np.uint8)
    labels, table = find_candidates(probability, Grid((0, 3, 4), VOXEL), CLASSES, 0.5, 1)
    assert labels.shape == (0, 3, 4)
    assert len(table) == 0


@pytest.mark.parametrize(
    ("probability", "classes", "threshold", "says"),
    [
        (one_voxel(9).astype(np.float32), CLASSES, 0.5, "uint8"),
        (one_voxel(9)[:2], CLASSES, 0.5, "classes"),
        (one_voxel(9)[:, :, :2], CLASSES, 0.5, "shape"),
        (one_voxel(9), (VESICLES,) * 3, 0.5, "No class marks synapses"),
        (one_voxel(9), CLASSES, 1.5, "1.5"),
    ],
)
def test_what_cannot_be_used_is_refused(probability, classes, threshold, says):
    with pytest.raises(InputError, match=says):
        find_candidates(probability, Grid((2, 3, 4), VOXEL), classes, threshold, 1)
