"""Surfaces of segments: where they lie, whatever the voxel size."""

import numpy as np
import pytest

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui.meshes import read_thinned, surface_of
from napari_synapse_debug.ui.partner_surfaces import error_meshes

GRID = Grid((30, 80, 120), (50.0, 10.0, 5.0), (1000.0, 0.0, 230.0))


@pytest.fixture
def labels():
    array = np.zeros(GRID.shape, np.uint64)
    array[8:20, 20:60, 30:90] = 7
    return array


def test_a_block_gives_a_surface_along_its_faces(labels):
    part = read_thinned(labels, GRID, GRID.to_nm([[14, 40, 60]]), 2000.0)
    assert part.stride.tolist() == [1, 2, 5]

    mesh = surface_of(part, 7)

    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    assert (np.abs(low - (7.5, 19.5, 29.5)) <= part.stride).all()
    assert (np.abs(high - (19.5, 59.5, 89.5)) <= part.stride).all()


def test_it_is_closed_where_the_crop_cuts_it(labels):
    part = read_thinned(labels, GRID, GRID.to_nm([[14, 40, 60]]), 100.0)
    mesh = surface_of(part, 7)

    edges = np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, uses = np.unique(edges, axis=0, return_counts=True)

    assert len(mesh.faces) > 0
    assert set(uses.tolist()) == {2}


@pytest.mark.parametrize("ids", [0, 99, [0, 99]])
def test_no_segment_gives_no_surface(labels, ids):
    part = read_thinned(labels, GRID, GRID.to_nm([[14, 40, 60]]), 300.0)

    assert surface_of(part, ids).is_empty


def test_outside_of_the_volume_there_is_nothing(labels):
    part = read_thinned(labels, GRID, (-9e6, 0.0, 0.0), 300.0)

    assert surface_of(part, 7).is_empty


def test_partners_of_an_error_have_surfaces_and_one_segment_has_one(results):
    # the segment 7 lies left of the middle, 23 right of it
    row = results.findings.iloc[0].copy()
    row["pre_segment"], row["post_segment"] = 7, 23

    meshes = error_meshes(results, row)

    assert not meshes["pre surface"].is_empty
    assert not meshes["post surface"].is_empty
    row["post_segment"] = 7
    merged = error_meshes(results, row)
    assert not merged["pre surface"].is_empty
    assert merged["post surface"].is_empty
