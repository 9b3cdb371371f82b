from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from napari_synapse_debug.contacts import interface_faces
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.synapses.interface import FaceIndex

VOXEL = (50.0, 8.0, 5.0)

shapes = st.tuples(st.integers(1, 3), st.integers(2, 5), st.integers(2, 6))
scenes = shapes.flatmap(
    lambda shape: st.tuples(
        npst.arrays(np.uint16, shape, elements=st.integers(0, 3)),
        npst.arrays(bool, shape, elements=st.booleans()).filter(np.any),
    )
)


@given(scenes, st.sampled_from([0.0, 2.5, 4.0, 13.0, 25.0, 60.0]))
@settings(max_examples=150, deadline=None)
def test_reach_is_the_distance_to_the_solid_of_the_candidate(scene, reach):
    labels, mask = scene
    grid = Grid(labels.shape, VOXEL, (10.0, 0.0, 20.0))
    faces = interface_faces(labels, grid)
    voxels = np.argwhere(mask)
    gap = np.abs(faces.midpoint_nm[:, None] - grid.to_nm(voxels)) - np.asarray(VOXEL) / 2
    distance = np.linalg.norm(np.maximum(gap, 0), axis=2).min(axis=1)
    wanted = distance <= reach + 1e-6
    expected = {
        (int(a), int(b), *middle)
        for a, b, middle in zip(
            faces.segment_a[wanted],
            faces.segment_b[wanted],
            faces.midpoint_nm[wanted].tolist(),
            strict=True,
        )
    }
    interfaces = FaceIndex.of(faces).near(voxels, reach, grid)
    found = [
        (part.segment_a, part.segment_b, *middle)
        for part in interfaces
        for middle in part.midpoint_nm.tolist()
    ]
    assert len(found) == len(set(found))
    assert set(found) == expected
    pairs = [(part.segment_a, part.segment_b) for part in interfaces]
    assert pairs == sorted(set(pairs))


def test_area_and_normal_of_a_step():
    # one step: 2 faces along x, 1 along y, two sections
    labels = np.array([[[1, 2, 2], [1, 1, 2]]] * 2, dtype=np.uint8)
    grid = Grid(labels.shape, VOXEL)
    (step,) = FaceIndex.of(interface_faces(labels, grid)).near(np.argwhere(labels), 0.0, grid)
    area_x, area_y = 4 * 50 * 8, 2 * 50 * 5
    assert step.area_nm2(grid) == pytest.approx(np.hypot(area_x, area_y))
    expected = np.array([0, -area_y, area_x]) / np.hypot(area_x, area_y)
    assert step.normal_at(0, grid) == pytest.approx(expected)


def test_where_faces_cancel_out_the_face_itself_gives_the_normal():
    labels = np.array([[[1, 2, 1]]], dtype=np.uint8)
    grid = Grid(labels.shape, VOXEL)
    (both,) = FaceIndex.of(interface_faces(labels, grid)).near(np.argwhere(labels), 0.0, grid)
    assert both.normal_at(0, grid).tolist() == [0, 0, 1]
    assert both.normal_at(1, grid).tolist() == [0, 0, -1]
