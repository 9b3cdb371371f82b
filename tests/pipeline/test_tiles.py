from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.pipeline.tiles import TiledArray


class Counting:
    """An array that counts how often it is read."""

    def __init__(self, array: np.ndarray) -> None:
        self._array, self.reads = array, 0
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, index: object) -> np.ndarray:
        self.reads += 1
        return self._array[index]


@pytest.fixture
def volume() -> Counting:
    rng = np.random.default_rng(0)
    return Counting(rng.integers(0, 255, (2, 40, 150, 135), dtype=np.uint8))


@pytest.mark.parametrize("seed", range(8))
def test_a_crop_is_that_of_the_array(volume: Counting, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ends = [np.sort(rng.integers(0, n + 1, 2)) for n in volume.shape[1:]]
    crop = tuple(slice(int(a), int(b)) for a, b in ends)
    for lead in (slice(None), 1, slice(0, 1)):
        tiled = TiledArray(volume)[(lead, *crop)]
        np.testing.assert_array_equal(tiled, volume._array[(lead, *crop)])


def test_a_crop_is_read_once(volume: Counting) -> None:
    tiled = TiledArray(volume)
    crop = (slice(None), slice(3, 20), slice(100, 140), slice(0, 30))
    first = tiled[crop]
    reads = volume.reads
    assert reads > 0
    np.testing.assert_array_equal(tiled[crop], first)
    assert volume.reads == reads


def test_old_tiles_are_forgotten(volume: Counting) -> None:
    tiled = TiledArray(volume, most_bytes=1)
    crops = [(slice(None), slice(0, 5), slice(0, 5), slice(a, a + 5)) for a in (0, 129, 0)]
    for crop in crops:
        np.testing.assert_array_equal(tiled[crop], volume._array[crop])
    assert volume.reads == 3
