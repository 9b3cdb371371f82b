"""Layers of volumes are made without reading much of them."""

import numpy as np
import pytest
from tests.ui.conftest import MemoryVolume

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui.volume_layers import raw_layer

GRID = Grid((33, 1536, 1400), (50.0, 4.6, 4.0))


class FileArray:
    """An array as of a file, of chunks; it notes which parts of sections are read.

    The section that napari itself reads, to show it, is whole.
    """

    shape, ndim, chunks = GRID.shape, 3, (33, 256, 200)

    def __init__(self, name, dtype=np.uint8):
        self.name, self.dtype, self.windows = name, np.dtype(dtype), []

    def __getitem__(self, index):
        z, y, x = index
        (low_y, high_y), (low_x, high_x) = y.indices(1536)[:2], x.indices(1400)[:2]
        if (high_y - low_y, high_x - low_x) != self.shape[1:]:
            self.windows.append((int(z), (low_y, high_y), (low_x, high_x)))
        across = np.arange(low_x, high_x) * 200 // self.shape[2]  # 0 at the left, 199 at the right
        return np.broadcast_to(across.astype(self.dtype), (high_y - low_y, high_x - low_x))


def made(array, before=None):
    return raw_layer(MemoryVolume(array, GRID), before)


def test_the_contrast_is_found_in_a_few_windows_each_in_one_chunk():
    array = FileArray("a.zarr")

    low, high = made(array).contrast_limits

    assert 1 < len(array.windows) <= 12
    for _, rows, columns in array.windows:
        for (start, stop), edge in ((rows, 256), (columns, 200)):
            assert 0 < stop - start <= edge
            assert start // edge == (stop - 1) // edge
    assert len({z for z, *_ in array.windows}) > 6
    assert low <= 5
    assert high == pytest.approx(199 * 1.3, abs=10)


def test_the_contrast_of_the_same_file_is_not_measured_again():
    first = made(FileArray("a.zarr"))
    first.contrast_limits = (3, 4)
    again, other, wider = FileArray("a.zarr"), FileArray("b.zarr"), FileArray("a.zarr", np.uint16)

    assert made(again, first).contrast_limits == [3, 4]
    assert again.windows == []
    for array in (other, wider):
        assert made(array, first).contrast_limits != [3, 4]
        assert array.windows != []


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 5, 3)])
def test_small_volumes_have_contrast_too(shape):
    grid = Grid(shape, (50.0, 4.6, 4.0))
    low, high = raw_layer(MemoryVolume(np.zeros(shape, np.uint8), grid)).contrast_limits
    assert (low, high) == (0, 1.3)
