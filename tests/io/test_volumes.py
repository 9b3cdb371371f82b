from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.volumes import Volume, open_volume

SIZE = (50.0, 4.6, 4.5)


def write_hdf5(path: Path, values: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        made = file.create_dataset("raw", data=values, chunks=(2, 8, 8))
        made.attrs["resolution"] = SIZE


def write_plain_zarr(version: int) -> Callable[[Path, np.ndarray], None]:
    def write(path: Path, values: np.ndarray) -> None:
        array = zarr.create_array(path, data=values, chunks=(2, 8, 8), zarr_format=version)
        array.attrs["resolution"] = list(SIZE)

    return write


def write_imagej(path: Path, values: np.ndarray) -> None:
    tifffile.imwrite(
        path,
        values,
        imagej=True,
        resolution=(1 / SIZE[2], 1 / SIZE[1]),
        metadata={"spacing": SIZE[0], "unit": "nm", "axes": "ZYX"},
    )


def write_npz(path: Path, values: np.ndarray) -> None:
    np.savez_compressed(path, seg=values, voxel_size_nm=SIZE)


FORMATS = {
    "a.h5": write_hdf5,
    "v2.zarr": write_plain_zarr(2),
    "v3.zarr": write_plain_zarr(3),
    "a.tif": write_imagej,
    "a.npz": write_npz,
    "odd.ending": write_hdf5,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_volume(tmp_path: Path, values: np.ndarray, name: str) -> None:
    FORMATS[name](tmp_path / name, values)
    volume = open_volume(Source(path=name), tmp_path)
    assert volume.grid.shape == (5, 13, 22)
    np.testing.assert_allclose(volume.grid.voxel_size_nm, SIZE)
    assert volume.grid.offset_nm == (0.0, 0.0, 0.0)
    assert volume.channels is None
    assert volume.dtype == np.uint16
    box = Box((1, 3, 5), (4, 13, 19))
    np.testing.assert_array_equal(volume.read(box), values[box.slices])
    assert volume.read(Box((2, 2, 2), (2, 4, 4))).shape == (0, 2, 2)
    again = pickle.loads(pickle.dumps(volume))
    np.testing.assert_array_equal(again.read(again.grid.box), values)


def test_a_missing_voxel_size_is_asked_for_not_guessed(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 5, 6)))
    with pytest.raises(InputError, match="--voxel-size z,y,x"):
        open_volume(Source(path="a.npy"), tmp_path)
    volume = open_volume(Source(path="a.npy"), tmp_path, SIZE, (1.0, 2.0, 3.0))
    assert volume.grid == Grid((4, 5, 6), SIZE, (1.0, 2.0, 3.0))


@pytest.mark.parametrize(("given", "warnings"), [((40.0, 4.6, 4.5), 1), ((50.1, 4.6, 4.5), 0)])
def test_a_given_voxel_size_wins_and_a_large_difference_is_logged(
    sample: Path,
    caplog: pytest.LogCaptureFixture,
    given: tuple[float, float, float],
    warnings: int,
) -> None:
    with caplog.at_level(logging.WARNING):
        volume = open_volume(Source(path=str(sample), dataset="volumes/raw"), voxel_size_nm=given)
    assert volume.grid.voxel_size_nm == given
    assert len(caplog.records) == warnings


def test_a_given_offset_wins_and_a_large_difference_is_logged(
    sample: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with h5py.File(sample, "r+") as file:
        file["volumes/raw"].attrs["offset"] = (100.0, 0.0, 9.0)
    source = Source(path=str(sample), dataset="volumes/raw")
    assert open_volume(source).grid.offset_nm == (100.0, 0.0, 9.0)
    assert open_volume(source, offset_nm=(100.0, 1.0, 9.0)).grid.offset_nm == (100.0, 1.0, 9.0)
    assert not caplog.records
    open_volume(source, offset_nm=(0.0, 0.0, 0.0))
    assert "offset" in caplog.text


def test_unknown_formats_and_data_sets_of_single_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.nii").write_bytes(b"abc")
    np.save(tmp_path / "a.npy", np.zeros((4, 5, 6)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"format of .*a\.nii is not known"):
        open_volume(Source(path="a.nii"), tmp_path)
    with pytest.raises(InputError, match="no data sets"):
        open_volume(Source(path="a.npy", dataset="raw"), tmp_path, SIZE)
    with pytest.raises(InputError, match="no volume"):
        open_volume(Source(path="empty"), tmp_path, SIZE)


@pytest.mark.parametrize("name", ["a.h5", "a.tif", "a.npz", "a.npy"])
def test_files_of_noise_are_damaged(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x00\x01noise" * 30)
    with pytest.raises(DataError, match=name):
        open_volume(Source(path=name), tmp_path, SIZE)


def test_a_data_set_must_be_named_among_several(sample: Path) -> None:
    with pytest.raises(InputError, match=r"3 volumes.*labels/clefts.*neuron_ids.*volumes/raw"):
        open_volume(Source(path=str(sample)))
    with pytest.raises(InputError, match=r"no data set 'volumes/row'.*write .*:volumes/raw"):
        open_volume(Source(path=str(sample), dataset="volumes/row"))


def test_an_array_that_is_no_volume_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("flat", data=np.zeros((5, 6)))
    with pytest.raises(InputError, match="2 axes"):
        open_volume(Source(path="a.h5", dataset="flat"), tmp_path, SIZE)


def test_boxes_outside_are_refused(sample: Path) -> None:
    volume = open_volume(Source(path=str(sample), dataset="volumes/raw"))
    with pytest.raises(InputError, match="reaches out"):
        volume.read(Box((0, 0, 0), (6, 1, 1)))
    with pytest.raises(InputError, match="reading only"):
        volume.write(Box((0, 0, 0), (1, 1, 1)), np.zeros((1, 1, 1)))


def test_a_volume_in_memory_has_channels(grid: Grid) -> None:
    array = np.arange(2 * 5 * 13 * 22).reshape(2, 5, 13, 22)
    volume = Volume("memory", grid, array, ("cleft", "mito"))
    np.testing.assert_array_equal(volume.channel("mito").read(grid.box), array[1])
    assert volume.channel("mito").channels is None
    with pytest.raises(InputError, match=r"no channel 'membrane'.*cleft, mito"):
        volume.channel("membrane")
    with pytest.raises(InputError, match="does not fit its grid"):
        Volume("memory", grid, array, ("cleft", "mito", "membrane"))


@pytest.mark.parametrize("name", ["main", "again", "/raw", "elsewhere"])
def test_a_data_set_of_hdf5_has_every_name_that_it_was_given(
    tmp_path: Path, values: np.ndarray, name: str
) -> None:
    write_hdf5(tmp_path / "a.h5", values)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["main"] = h5py.SoftLink("/raw")
        file["again"] = file["raw"]
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["elsewhere"] = h5py.ExternalLink("a.h5", "/raw")
    source = Source(path="b.h5" if name == "elsewhere" else "a.h5", dataset=name)
    volume = open_volume(source, tmp_path)
    np.testing.assert_array_equal(volume.read(volume.grid.box), values)


def test_an_empty_unit_of_hdf5_is_an_unknown_one(
    tmp_path: Path, values: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    write_hdf5(tmp_path / "a.h5", values)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["raw"].attrs["units"] = h5py.Empty("S1")
    with pytest.raises(InputError, match="voxel size"):
        open_volume(Source(path="a.h5"), tmp_path)
    assert open_volume(Source(path="a.h5"), tmp_path, SIZE).grid.voxel_size_nm == SIZE
