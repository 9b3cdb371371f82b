from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.contacts import interface_faces
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams

VOXEL = (40.0, 8.0, 5.0)


def test_each_face_tells_axis_side_and_middle(draw):
    labels = draw("75 .5", "7. 9.")
    faces = interface_faces(labels, Grid(labels.shape, VOXEL, (1000.0, 100.0, 10.0)))
    assert len(faces) == 2
    # 7 above 9 in section 1, along y; 7 left of 5 in section 0, along x
    assert faces.axis.tolist() == [1, 2]
    assert faces.low_vx.tolist() == [[1, 0, 0], [0, 0, 0]]
    assert faces.segment_a.tolist() == [7, 5]
    assert faces.segment_b.tolist() == [9, 7]
    assert faces.a_is_low.tolist() == [True, False]
    assert faces.midpoint_nm.tolist() == [[1040.0, 104.0, 10.0], [1000.0, 100.0, 12.5]]


def test_left_out_segments_part_their_neighbours(draw):
    labels = draw("1.2", "1G2")
    grid = Grid(labels.shape, (40, 8, 8))
    assert len(interface_faces(labels, grid)) == 2
    assert len(interface_faces(labels, grid, ContactParams(max_gap_nm=16))) == 4
    params = ContactParams(max_gap_nm=16, excluded_segments=(16,))
    kept = interface_faces(labels, grid, params)
    assert kept.low_vx.tolist() == [[0, 0, 1]]


def test_an_excluded_id_that_the_type_cannot_hold_excludes_nothing(draw):
    labels = draw("12", dtype="uint8")
    params = ContactParams(excluded_segments=(257, -1))
    assert len(interface_faces(labels, Grid(labels.shape, VOXEL), params)) == 1


def test_taking_faces_keeps_their_order(draw):
    labels = draw("1212")
    faces = interface_faces(labels, Grid(labels.shape, VOXEL))
    assert faces.take(np.array([2, 0])).low_vx[:, 2].tolist() == [2, 0]


def test_a_grid_of_another_shape_is_refused(draw):
    with pytest.raises(InputError, match=r"shape \(1, 1, 2\)"):
        interface_faces(draw("12"), Grid((1, 2, 1), VOXEL))
