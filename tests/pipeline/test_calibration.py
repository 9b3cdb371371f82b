"""Threshold and smallest size of a painted prediction, whose best ones are known."""

from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.pipeline.calibration import as_instances, calibrate

GRID = Grid((5, 40, 30), (40.0, 8.0, 10.0))
CLASSES = (ClassSpec("cleft", Role.SYNAPSE),)
TRUE = [Box((1, 2, 2), (4, 8, 8)), Box((1, 14, 14), (4, 20, 20))]
FALSE_LARGE = Box((1, 25, 2), (4, 31, 8))
FALSE_SMALL = [Box((1, 2, 20), (2, 4, 22)), Box((3, 33, 20), (4, 35, 22))]


def paint(*parts: tuple[Box, int]) -> np.ndarray:
    painted = np.zeros((1, *GRID.shape), np.uint8)
    for box, strength in parts:
        painted[(0, *box.slices)] = strength
    return painted


def clefts(*values: int) -> np.ndarray:
    ids = np.zeros(GRID.shape, np.uint64)
    for box, value in zip(TRUE, values, strict=True):
        ids[box.slices] = value
    return ids


def test_the_threshold_is_high_but_a_step_away_from_losing_true_ones() -> None:
    painted = paint((TRUE[0], 230), (TRUE[1], 217), (FALSE_LARGE, 115))
    found = calibrate(painted, clefts(4, 9), GRID, CLASSES)
    assert found.f1 == 1
    assert 115 / 255 < found.threshold < 217 / 255
    assert found.threshold == pytest.approx(0.8), "good from .50 to .85 (217 / 255)"


def test_small_pieces_are_left_out_where_the_threshold_cannot() -> None:
    strong = [(box, 250) for box in FALSE_SMALL]
    painted = paint((TRUE[0], 230), (TRUE[1], 230), *strong)
    found = calibrate(painted, clefts(4, 9), GRID, CLASSES)
    assert found.f1 == 1
    assert 4 < found.min_size_vx <= 108, "the small ones have 4 voxels, the true ones 108"
    without = calibrate(paint((TRUE[0], 230), (TRUE[1], 230)), clefts(4, 9), GRID, CLASSES)
    assert without.f1 == 1


def test_one_id_for_all_clefts_means_connected_pieces() -> None:
    assert len(np.unique(clefts(1, 1))) == 2
    assert len(np.unique(as_instances(clefts(1, 1)))) == 3
    np.testing.assert_array_equal(as_instances(clefts(4, 9)), clefts(4, 9))
    painted = paint((TRUE[0], 230), (TRUE[1], 217), (FALSE_LARGE, 115))
    same = calibrate(painted, clefts(1, 1), GRID, CLASSES)
    assert same == calibrate(painted, clefts(4, 9), GRID, CLASSES)


def test_nothing_predicted_or_nothing_true_gives_a_threshold_all_the_same() -> None:
    nothing = calibrate(paint(), clefts(4, 9), GRID, CLASSES)
    assert nothing.f1 == 0
    assert 0 < nothing.threshold < 1
    unknown = calibrate(paint((FALSE_LARGE, 200)), clefts(0, 0), GRID, CLASSES)
    assert 0 < unknown.threshold < 1
