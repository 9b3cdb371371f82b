import numpy as np

from napari_synapse_debug.train.relight import relight


def test_greys_change_but_the_picture_stays():
    patch = np.random.default_rng(0).standard_normal((5, 16, 20)).astype(np.float32)
    patch[:, :8] += 4
    original = patch.copy()
    for seed in range(30):
        changed = relight(patch, np.random.default_rng(seed))
        assert changed.dtype == np.float32
        assert changed.shape == patch.shape
        assert not np.allclose(changed, patch)
        assert np.corrcoef(changed.ravel(), patch.ravel())[0, 1] > 0.7
    np.testing.assert_array_equal(patch, original)
