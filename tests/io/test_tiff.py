from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.volumes import open_volume

SIZE = (50.0, 4.6, 4.5)
OME = {"axes": "ZYX", "PhysicalSizeZ": 0.05, "PhysicalSizeY": 0.0046, "PhysicalSizeX": 0.0045}


@pytest.fixture
def stack() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 255, (5, 40, 33), dtype=np.uint8)


def opened(tmp_path: Path, **options: object):
    return open_volume(Source(path="a.tif"), tmp_path, **options)


def test_ome_sizes_are_micrometres_unless_a_unit_is_named(tmp_path: Path, stack) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, ome=True, metadata=OME)
    volume = open_volume(Source(path="a.ome.tif"), tmp_path)
    np.testing.assert_allclose(volume.grid.voxel_size_nm, SIZE)
    units = {f"PhysicalSize{axis}Unit": "nm" for axis in "ZYX"}
    sizes = {f"PhysicalSize{a}": size for a, size in zip("ZYX", SIZE, strict=True)}
    tifffile.imwrite(tmp_path / "b.ome.tif", stack, metadata={"axes": "ZYX"} | sizes | units)
    volume = open_volume(Source(path="b.ome.tif"), tmp_path)
    np.testing.assert_allclose(volume.grid.voxel_size_nm, SIZE)


@pytest.mark.parametrize("left_out", ["spacing", "unit", "resolution"])
def test_half_a_voxel_size_of_imagej_is_none(tmp_path: Path, stack, left_out: str) -> None:
    metadata = {"axes": "ZYX", "spacing": 50.0, "unit": "nm"}
    metadata.pop(left_out, None)
    resolution = None if left_out == "resolution" else (1 / 4.5, 1 / 4.6)
    tifffile.imwrite(
        tmp_path / "a.tif", stack, imagej=True, metadata=metadata, resolution=resolution
    )
    if left_out == "resolution":  # tifffile then writes one pixel a unit
        assert opened(tmp_path).grid.voxel_size_nm == (50.0, 1.0, 1.0)
        return
    with pytest.raises(InputError, match="--voxel-size"):
        opened(tmp_path)


def test_plain_pages_are_read_by_page(tmp_path: Path, stack) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for page in stack:
            file.write(page, contiguous=False, metadata=None, compression="zlib")
    volume = opened(tmp_path, voxel_size_nm=SIZE)
    assert volume.chunks == (1, 40, 33)
    np.testing.assert_array_equal(volume.array[1:4, 5:30, -1], stack[1:4, 5:30, -1])


def test_tiles_are_read_by_tile(tmp_path: Path, stack) -> None:
    tifffile.imwrite(tmp_path / "a.tif", stack, tile=(16, 16), metadata=None)
    volume = opened(tmp_path, voxel_size_nm=SIZE)
    assert volume.chunks == (1, 16, 16)
    np.testing.assert_array_equal(volume.read(volume.grid.box), stack)


def test_a_stack_cut_short_is_damaged_not_shorter(tmp_path: Path, stack) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, metadata=None, compression="zlib")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="cannot be opened as a TIFF stack"):
        opened(tmp_path, voxel_size_nm=SIZE)


def test_colours_and_single_pages_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 30, 20, 3), np.uint8), photometric="rgb")
    with pytest.raises(InputError, match="no stack"):
        opened(tmp_path, voxel_size_nm=SIZE)
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((30, 20), np.uint8))
    with pytest.raises(InputError, match="no stack"):
        opened(tmp_path, voxel_size_nm=SIZE)


def test_a_part_of_an_ome_set_tells_no_voxel_size(tmp_path: Path, stack) -> None:
    told = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><BinaryOnly '
    told += 'MetadataFile="all.companion.ome" UUID="urn:uuid:0"/></OME>'
    tifffile.imwrite(tmp_path / "a.tif", stack, description=told, metadata=None)
    assert opened(tmp_path, voxel_size_nm=SIZE).grid.voxel_size_nm == pytest.approx(SIZE)
