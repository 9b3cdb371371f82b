import numpy as np
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.networks import check_finite, measure_intensity


def test_mean_and_deviation_count_every_voxel_alike():
    samples = [np.full((1, 2, 3), 10, np.uint8), np.full((1, 1, 2), 50, np.uint8)]
    found = measure_intensity(samples)
    # six voxels of 10, two of 50: mean 20, variance (6 * 100 + 2 * 900) / 8 = 300
    assert found.mean == pytest.approx(20)
    assert found.std == pytest.approx(np.sqrt(300))
    assert (found.low, found.high) == (10, 50)


def test_a_hot_pixel_does_not_stretch_the_range():
    raw = np.random.default_rng(0).integers(90, 111, (5, 40, 50)).astype(np.float32)
    raw[2, 3, 4] = 60_000
    assert raw.std() > 500
    found = measure_intensity([raw])
    assert found.high <= 111
    assert found.std < 10


@pytest.mark.parametrize("samples", [[], [np.zeros((0, 4, 5), np.uint8)]])
def test_no_voxel_is_refused(samples):
    with pytest.raises(InputError, match="no raw voxel"):
        measure_intensity(samples)


def test_a_constant_volume_is_refused():
    with pytest.raises(InputError, match="constant"):
        measure_intensity([np.full((2, 3, 4), 7, np.uint8)])


def test_nan_is_counted_and_placed():
    raw = np.zeros((2, 3, 4), np.float32)
    check_finite(raw, "box 1")
    raw[1, 0, 2] = np.nan
    raw[1, 2, 3] = np.inf
    with pytest.raises(InputError, match=r"box 1.*2 NaN or infinite.*\(1, 0, 2\)"):
        check_finite(raw, "box 1")
