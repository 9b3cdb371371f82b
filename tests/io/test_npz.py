from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.volumes import open_volume


def test_entries_give_array_and_grid(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        raw=np.zeros((4, 5, 6), np.uint8),
        seg=np.ones((2, 7, 6), np.uint16),
        voxel_size_nm=(40, 8, 9),
        offset_nm=(0, 16, 0),
    )
    volume = open_volume(Source(path="a.npz", dataset="seg"), tmp_path)
    assert volume.grid.shape == (2, 7, 6)
    assert volume.grid.voxel_size_nm == (40.0, 8.0, 9.0)
    assert volume.grid.offset_nm == (0.0, 16.0, 0.0)
    with pytest.raises(InputError, match="raw, seg"):
        open_volume(Source(path="a.npz"), tmp_path)


def test_python_objects_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((2, 4, 5), None), allow_pickle=True)
    with pytest.raises(DataError, match="NumPy file"):
        open_volume(Source(path="a.npy"), tmp_path, (40.0, 8.0, 8.0))


def test_npy_of_four_axes_has_channels(tmp_path: Path) -> None:
    values = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    np.save(tmp_path / "a.npy", values)
    volume = open_volume(Source(path="a.npy"), tmp_path, (40.0, 8.0, 8.0))
    assert volume.channels == ("0", "1")
    np.testing.assert_array_equal(volume.channel("1").array[2], values[1, 2])
