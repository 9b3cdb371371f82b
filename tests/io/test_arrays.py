from __future__ import annotations

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_synapse_debug.domain.errors import DataError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.arrays import expand_index
from napari_synapse_debug.io.volumes import open_volume

SHAPE = (4, 1, 7)


def parts() -> st.SearchStrategy:
    number = st.none() | st.integers(-9, 9)
    return st.builds(slice, number, number, st.none() | st.integers(1, 3)) | st.integers(-9, 9)


@given(st.lists(parts() | st.just(...), max_size=5).map(tuple))
def test_indices_mean_what_they_mean_in_numpy(index: tuple) -> None:
    array = np.arange(28).reshape(SHAPE)
    if index.count(...) > 1:
        return
    try:
        expected = array[index]
    except IndexError:
        with pytest.raises(IndexError):
            expand_index(index, SHAPE)
        return
    expanded = expand_index(index, SHAPE)
    assert len(expanded) == 3
    np.testing.assert_array_equal(array[expanded], expected)


@pytest.mark.parametrize("index", [[0, 1], np.array([True]), "a", None, slice(None, None, -1)])
def test_other_indices_are_refused(index: object) -> None:
    with pytest.raises(IndexError):
        expand_index(index, SHAPE)


def test_array_slices_as_numpy_and_travels_by_address(sample: Path, values: np.ndarray) -> None:
    array = open_volume(Source(path=str(sample), dataset="volumes/raw")).array
    expected = values.astype(np.uint8)
    assert (array.shape, array.ndim, array.dtype, len(array)) == ((5, 13, 22), 3, np.uint8, 5)
    for index in [np.s_[:], np.s_[1], np.s_[-1, ::2, 3:9], np.s_[..., 4], np.s_[2:2], np.s_[9:]]:
        np.testing.assert_array_equal(array[index], expected[index])
    assert array[4, 12, 21] == expected[4, 12, 21]
    assert np.isscalar(array[4, 12, 21])
    sent = pickle.dumps(array)
    assert len(sent) < 2000
    np.testing.assert_array_equal(np.asarray(pickle.loads(sent)), expected)


def test_what_was_read_may_be_changed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", seg=np.ones((2, 4, 5), np.uint8), voxel_size_nm=[40.0, 8, 8])
    volume = open_volume(Source(path="a.npz"), tmp_path)
    block = volume.read(volume.grid.box)
    block[:] = 9
    assert volume.read(volume.grid.box).max() == 1


def test_cremi_background_reads_as_zero(tmp_path: Path) -> None:
    top = 2**64
    stored = np.array([[[0, 7, top - 4], [top - 3, top - 2, top - 1]]], dtype=np.uint64)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("clefts", data=stored)
    volume = open_volume(Source(path="a.h5"), tmp_path, (40.0, 4.0, 4.0))
    assert volume.array[0].tolist() == [[0, 7, top - 4], [0, 0, 0]]


def test_foreign_byte_order_reads_as_native(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("raw", data=np.arange(24, dtype=">u4").reshape(2, 3, 4))
    array = open_volume(Source(path="a.h5"), tmp_path, (40.0, 4.0, 4.0)).array
    assert array.dtype.isnative
    assert array[1].dtype.isnative
    assert array[1, 2, 3] == 23


def test_a_corrupt_chunk_names_file_data_set_and_box(sample: Path) -> None:
    volume = open_volume(Source(path=str(sample), dataset="volumes/raw"))
    with h5py.File(sample) as file:
        chunk = file["volumes/raw"].id.get_chunk_info_by_coord((2, 8, 0))
    content = bytearray(sample.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    sample.write_bytes(content)
    assert volume.read(Box((0, 0, 0), (2, 8, 8))).shape == (2, 8, 8)
    with pytest.raises(DataError, match=r"sample\.h5:volumes/raw cannot be read at 1:4,8:9,0:4"):
        volume.read(Box((1, 8, 0), (4, 9, 4)))
