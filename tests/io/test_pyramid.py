from __future__ import annotations

from pathlib import Path

import numpy as np
import ome_zarr.io
import ome_zarr.reader
import pytest

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io import (
    Volume,
    annotate,
    begin_level,
    coarsen_block,
    declare_levels,
    level_factors,
    open_volume,
    read_annotations,
    write_volume,
)

GRID = Grid((5, 300, 270), (40.0, 8.0, 10.0), (80.0, 16.0, -5.0))


def build(path: Path, factors: tuple, block: tuple[int, int, int]) -> None:
    finer = open_volume(Source(path=str(path)))
    for number, factor in enumerate(factors, start=1):
        coarser = begin_level(path, number, factor)
        for box in coarser.grid.box.blocks(block):
            coarsen_block(finer, coarser, box)
        finer = coarser
    declare_levels(path, factors)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image of two channels with one coarser level (1, 2, 2)."""
    values = np.random.default_rng(0).integers(0, 256, (2, *GRID.shape), dtype=np.uint8)
    path = tmp_path / "a.zarr"
    write_volume(path, values, GRID, channels=("cleft", "mito"), chunks=(4, 64, 32))
    assert len(open_volume(Source(path=str(path))).levels) == 1
    build(path, level_factors(GRID), (2, 32, 64))
    return path


def test_axes_are_halved_until_voxels_are_isotropic_and_sections_small() -> None:
    assert level_factors(GRID) == ((1, 2, 2),)
    assert level_factors(Grid((9, 256, 200), (40.0, 8.0, 8.0))) == ()
    thick = Grid((500, 3000, 5000), (40.0, 8.0, 8.0))
    # voxels are 40, 16, 16, then 40, 32, 32; from there on all are within a factor of two
    wanted = ((1, 2, 2), (1, 4, 4), (2, 8, 8), (4, 16, 16), (8, 32, 32))
    assert level_factors(thick) == wanted
    assert level_factors(Grid((1, 600, 4), (4.0, 4.0, 4.0))) == ((1, 2, 2), (1, 4, 4))


def test_levels_are_means_of_what_they_cover(image: Path) -> None:
    finest, coarse = open_volume(Source(path=str(image))).levels
    assert finest.grid == GRID
    assert coarse.grid == GRID.coarsen((1, 2, 2))
    assert coarse.channels == ("cleft", "mito")
    assert coarse.chunks == (4, 64, 32)
    cells = finest.read(GRID.box).reshape(2, 5, 150, 2, 135, 2).astype(float)
    found = coarse.read(coarse.grid.box)
    assert np.ptp(found) > 100
    assert np.abs(found - cells.mean(axis=(3, 5))).max() <= 0.5


def test_cells_that_the_face_cuts_are_means_of_what_there_is(tmp_path: Path) -> None:
    values = np.array([[[0, 10, 4, 6, 9]]], np.uint8)
    path = tmp_path / "a.zarr"
    write_volume(path, values, Grid(values.shape, (4.0, 4.0, 4.0)))
    build(path, ((1, 1, 2),), (1, 1, 2))
    coarse = open_volume(Source(path=str(path))).levels[1]
    np.testing.assert_array_equal(coarse.read(coarse.grid.box), [[[5, 5, 9]]])


@pytest.mark.parametrize("block", [(5, 150, 135), (1, 7, 50)])
def test_any_blocks_give_the_same_level(image: Path, block: tuple[int, int, int]) -> None:
    before = open_volume(Source(path=str(image))).levels[1]
    wanted = before.read(before.grid.box)
    build(image, ((1, 2, 2),), block)
    after = open_volume(Source(path=str(image))).levels[1]
    np.testing.assert_array_equal(after.read(after.grid.box), wanted)


def test_others_read_every_level_with_its_scale(image: Path) -> None:
    node = next(iter(ome_zarr.reader.Reader(ome_zarr.io.parse_url(image))()))
    assert [level.shape for level in node.data] == [(2, 5, 300, 270), (2, 5, 150, 135)]
    scales = [steps[0]["scale"] for steps in node.metadata["coordinateTransformations"]]
    moves = [steps[1]["translation"] for steps in node.metadata["coordinateTransformations"]]
    assert scales == [[1, 40, 8, 10], [1, 40, 16, 20]]
    # a voxel of two has its centre half a voxel further
    assert moves == [[0, 80, 16, -5], [0, 80, 20, 0]]


def test_a_given_voxel_size_counts_for_all_levels(image: Path) -> None:
    volume = open_volume(
        Source(path=str(image)), voxel_size_nm=(50.0, 4.0, 5.0), offset_nm=(0.0, 0.0, 0.0)
    )
    coarse = volume.levels[1]
    assert coarse.grid == Grid(GRID.shape, (50.0, 4.0, 5.0)).coarsen((1, 2, 2))
    one = volume.channel("mito").levels[1]
    assert one.channels is None
    box = Box((1, 3, 5), (3, 9, 8))
    np.testing.assert_array_equal(one.read(box), coarse.read(box)[1])


def test_a_level_is_opened_by_its_name_and_has_no_levels_of_its_own(image: Path) -> None:
    coarse = open_volume(Source(path=str(image), dataset="1"))
    assert coarse.grid == GRID.coarsen((1, 2, 2))
    assert coarse.levels == (coarse,)
    in_memory = Volume("a", GRID, np.zeros(GRID.shape))
    assert in_memory.levels == (in_memory,)


def test_notes_are_kept_beside_the_metadata_of_the_image(image: Path) -> None:
    assert read_annotations(image) == {}
    annotate(image, {"box": "0:1,0:2,0:3"})
    assert read_annotations(image) == {"box": "0:1,0:2,0:3"}
    assert len(open_volume(Source(path=str(image))).levels) == 2
