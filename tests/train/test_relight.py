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
        likeness = [
            np.corrcoef(one.ravel(), other.ravel())[0, 1]
            for one, other in zip(changed, patch, strict=True)
            if one.std() > 0
        ]
        assert len(likeness) >= 4, "at most one section is lost"
        assert sorted(likeness)[1] > 0.7, "a section shown twice is like none"
    np.testing.assert_array_equal(patch, original)


def test_some_sections_are_black_some_grey_and_some_shown_twice():
    patch = np.random.default_rng(1).standard_normal((4, 12, 10)).astype(np.float32)
    black = grey = twice = 0
    for seed in range(1500):
        changed = relight(patch, np.random.default_rng(seed))
        flat = [section for section in changed if section.std() == 0]
        black += any((section < 0).all() for section in flat)
        grey += any((section == 0).all() for section in flat)
        twice += any((changed[k] == changed[k + 1]).all() and changed[k].any() for k in range(3))
    assert min(black, grey, twice) > 2
    assert black + grey + twice < 60


def test_a_patch_of_one_section_has_no_neighbour_to_be_shown():
    patch = np.random.default_rng(2).standard_normal((1, 6, 8)).astype(np.float32)
    for seed in range(60):
        assert np.isfinite(relight(patch, np.random.default_rng(seed))).all()
