from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import ome_zarr.io
import ome_zarr.reader
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.errors import InputError, StorageError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.ome_zarr import create_volume, write_labels, write_volume
from napari_synapse_debug.io.volumes import open_volume

sizes = st.tuples(*[st.floats(0.1, 500)] * 3)
offsets = st.tuples(*[st.floats(-1e6, 1e6)] * 3)
names = st.none() | st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4, unique=True)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(size=sizes, offset=offsets, channels=names)
def test_opening_what_was_created_is_identity(tmp_path: Path, size, offset, channels) -> None:
    grid = Grid((2, 5, 7), size, offset)
    channels = None if channels is None else tuple(channels)
    made = create_volume(tmp_path / "a.zarr", grid, np.float32, channels=channels, fill=-1)
    opened = open_volume(Source(path="a.zarr"), tmp_path)
    assert opened.grid == made.grid == grid
    assert opened.channels == made.channels == channels
    assert opened.dtype == np.float32
    assert (opened.read(grid.box) == -1).all()


def test_blocks_written_in_any_size_give_the_same(tmp_path: Path, grid: Grid) -> None:
    values = np.random.default_rng(0).integers(0, 255, (2, *grid.shape), dtype=np.uint8)
    for index, step in enumerate([(2, 8, 8), (5, 13, 22), (4, 8, 16)]):
        path = tmp_path / f"{index}.zarr"
        made = create_volume(path, grid, np.uint8, channels=("a", "b"), chunks=(2, 8, 8))
        assert made.read(grid.box).max() == 0
        for box in grid.box.blocks(step):
            made.write(box, values[(slice(None), *box.slices)])
        opened = open_volume(Source(path=str(path)))
        assert opened.chunks == (2, 8, 8)
        np.testing.assert_array_equal(opened.read(grid.box), values)


def test_others_read_scale_axes_and_channels(tmp_path: Path, grid: Grid) -> None:
    values = np.random.default_rng(0).random((2, *grid.shape)).astype(np.float32)
    write_volume(tmp_path / "a.zarr", values, grid, channels=("cleft", "mito"))
    node = next(iter(ome_zarr.reader.Reader(ome_zarr.io.parse_url(tmp_path / "a.zarr"))()))
    np.testing.assert_array_equal(np.asarray(node.data[0]), values)
    assert [axis["name"] for axis in node.metadata["axes"]] == ["c", "z", "y", "x"]
    assert {axis.get("unit") for axis in node.metadata["axes"][1:]} == {"nanometer"}
    transforms = node.metadata["coordinateTransformations"][0]
    assert transforms[0]["scale"] == [1.0, 50.0, 4.6, 4.5]
    assert transforms[1]["translation"] == [0.0, 100.0, -9.2, 45.0]
    assert node.metadata["channel_names"] == ["cleft", "mito"]


def test_labels_are_written_whole_and_marked(tmp_path: Path, grid: Grid) -> None:
    labels = np.random.default_rng(0).integers(0, 2**40, grid.shape, dtype=np.uint64)
    volume = write_labels(tmp_path / "seg.zarr", labels, grid)
    assert volume.grid == grid
    np.testing.assert_array_equal(volume.read(grid.box), labels)
    assert "image-label" in (tmp_path / "seg.zarr" / "zarr.json").read_text()
    with pytest.raises(InputError, match="not whole numbers"):
        write_labels(tmp_path / "seg.zarr", labels.astype(float), grid)
    with pytest.raises(InputError, match="does not fit"):
        write_labels(tmp_path / "seg.zarr", labels[1:], grid)
    np.testing.assert_array_equal(volume.read(grid.box), labels)


def test_a_written_volume_is_read_only_until_opened_for_writing(tmp_path: Path, grid: Grid) -> None:
    write_volume(tmp_path / "a.zarr", np.zeros(grid.shape, np.uint8), grid)
    block = Box((0, 0, 0), (1, 2, 3))
    with pytest.raises(InputError, match="reading only"):
        open_volume(Source(path="a.zarr"), tmp_path).write(block, np.ones(block.shape))
    volume = open_volume(Source(path="a.zarr"), tmp_path, is_writable=True)
    volume.write(block, np.ones(block.shape))
    assert volume.read(grid.box).sum() == 6


def test_a_disk_limit_is_a_storage_error_and_leaves_the_old_volume(tmp_path: Path) -> None:
    grid = Grid((4, 64, 64), (40.0, 8.0, 8.0))
    noise = np.random.default_rng(0).integers(0, 255, grid.shape, dtype=np.uint8)
    made = create_volume(tmp_path / "a.zarr", grid, np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(StorageError, match="disk is full or a limit"):
            made.write(grid.box, noise)
        with pytest.raises(StorageError):
            write_volume(tmp_path / "a.zarr", noise, grid)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert made.read(grid.box).max() == 0
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]
