from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.simulate.neurites import AXON, FIRST_HEAD, NECK, SHAFT, Neurite
from napari_synapse_debug.simulate.packing import REACH_NM, Packing

GRID = Grid((4, 20, 30), (40.0, 10.0, 8.0))


def straight(grid):
    """Positions of the voxels of unbent space, (3, Z, Y, X) nm."""
    index = np.indices(grid.shape).reshape(3, -1).T
    return grid.to_nm(index).T.reshape(3, *grid.shape).astype(np.float32)


def ball(center, radius, part=AXON):
    return Neurite(np.array([center], float), np.array([radius], float), np.array([part]))


def test_each_voxel_goes_to_the_smallest_distance_less_radius():
    balls = [((40, 100, 40), 60.0), ((40, 100, 200), 30.0), ((120, 20, 120), 45.0)]
    packing = Packing(GRID, straight(GRID))
    assert (packing.owners == 0).all()
    for owner, (center, radius) in enumerate(balls, start=1):
        packing.add(ball(center, radius), owner)
    positions = straight(GRID)
    fields = np.stack(
        [
            np.linalg.norm(positions - np.reshape(center, (3, 1, 1, 1)), axis=0) - radius
            for center, radius in balls
        ]
    )
    reached = fields.min(axis=0) < REACH_NM - 1e-3
    assert reached.mean() > 0.9
    np.testing.assert_array_equal(packing.owners[0][reached], fields.argmin(axis=0)[reached] + 1)
    ranked = np.sort(np.minimum(fields, REACH_NM), axis=0)
    np.testing.assert_allclose(packing.values, ranked, atol=1e-3)


def test_the_border_of_two_balls_is_where_both_are_equally_far():
    packing = Packing(GRID, straight(GRID))
    packing.add(ball((40, 100, 40), 60.0), 1)
    packing.add(ball((40, 100, 200), 30.0), 2)
    # On the line between them: x − 40 − 60 = 200 − x − 30 at x = 135 nm, between voxels 16 and 17.
    assert list(packing.owners[0][1, 10, 16:18]) == [1, 2]
    assert list(packing.owners[1][1, 10, 16:18]) == [2, 1]


def test_the_order_of_adding_changes_nothing():
    first, second = ball((40, 100, 40), 60.0), ball((80, 60, 160), 35.0)
    one, two = Packing(GRID, straight(GRID)), Packing(GRID, straight(GRID))
    one.add(first, 1)
    one.add(second, 2)
    two.add(second, 2)
    two.add(first, 1)
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.owners, two.owners)


def test_parts_are_those_of_the_nearest_ball():
    packing = Packing(GRID, straight(GRID))
    spine = Neurite(
        np.array([[40.0, 100, 24], [40, 100, 120], [40, 100, 200]]),
        np.array([30.0, 10.0, 25.0]),
        np.array([SHAFT, NECK, FIRST_HEAD + 4]),
    )
    packing.add(spine, 1)
    assert list(packing.parts[1, 10, [3, 15, 25]]) == [SHAFT, NECK, FIRST_HEAD + 4]


@pytest.mark.parametrize("center", [(40, 100, 5000), (-900, 0, 0)])
def test_a_ball_far_outside_takes_nothing(center):
    packing = Packing(GRID, straight(GRID))
    packing.add(ball(center, 60.0), 1)
    assert (packing.owners == 0).all()
    assert (packing.values == REACH_NM).all()
