from __future__ import annotations

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.io.checks import check_mask, check_raw, check_segmentation
from napari_synapse_debug.io.volumes import Volume

SHAPE = (2, 5, 7)


def volume(array: np.ndarray) -> Volume:
    channels = tuple("ab") if array.ndim == 4 else None
    return Volume("toy", Grid(array.shape[-3:], (40.0, 8.0, 8.0)), array, channels)


def test_what_fits_its_role_passes() -> None:
    check_raw(volume(np.zeros(SHAPE, np.float32)))
    check_raw(volume(np.zeros(SHAPE, np.uint8)))
    check_segmentation(volume(np.zeros(SHAPE, np.int64)))
    check_mask(volume(np.zeros(SHAPE, bool)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_raw_must_be_finite(bad: float) -> None:
    raw = np.zeros(SHAPE, np.float32)
    raw[1, 4, 6] = bad
    with pytest.raises(InputError, match=r"NaN or infinity at voxel \(1, 4, 6\)"):
        check_raw(volume(raw))


def test_a_segmentation_has_ids_from_zero() -> None:
    ids = np.zeros(SHAPE, np.int32)
    ids[0, 3, 2] = -1
    with pytest.raises(InputError, match=r"negative id at voxel \(0, 3, 2\)"):
        check_segmentation(volume(ids))


@pytest.mark.parametrize(
    ("check", "dtype"),
    [
        (check_segmentation, np.float32),
        (check_segmentation, bool),
        (check_mask, np.float64),
        (check_raw, bool),
        (check_raw, complex),
    ],
)
def test_other_types_are_refused(check, dtype) -> None:
    with pytest.raises(InputError, match="values of type"):
        check(volume(np.zeros(SHAPE, dtype)))


@pytest.mark.parametrize("check", [check_raw, check_segmentation, check_mask])
def test_channels_are_refused(check) -> None:
    with pytest.raises(InputError, match="has channels"):
        check(volume(np.zeros((2, *SHAPE), np.uint8)))
