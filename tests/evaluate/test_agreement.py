"""Units and axes that do not agree are named; what merely differs is not refused."""

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import with_points
from napari_synapse_debug.evaluate import check_same_space

VOXEL_NM = (40.0, 8.0, 10.0)
EXTENT_NM = (2000.0, 4100.0, 5300.0)


def tables(truth_at, predicted_at, n=60, found=0.8, seed=0):
    """Truth at random, and predictions 30 nm beside most of it."""
    rng = np.random.default_rng(seed)
    places = rng.random((n, 3)) * EXTENT_NM
    near = places[rng.random(n) < found] + rng.normal(0, 20.0, 3)
    stray = rng.random((n // 6, 3)) * EXTENT_NM
    return at(truth_at, places), at(predicted_at, np.concatenate([near, stray]))


def at(make, places):
    table = make(np.zeros(len(places)))
    for end in ("pre", "cleft", "post"):
        table = with_points(table, end, places)
    return table


def changed(table, change):
    places = change(table[[f"cleft_{axis}_nm" for axis in "zyx"]].to_numpy())
    for end in ("pre", "cleft", "post"):
        table = with_points(table, end, places)
    return table


def test_tables_in_one_space_say_nothing(truth_at, predicted_at):
    assert check_same_space(*tables(truth_at, predicted_at), VOXEL_NM) == ()


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (lambda p: p / VOXEL_NM, "the prediction looks like coordinates in voxels; .* 40, 8, 10"),
        (lambda p: p / 1000, "the prediction looks like coordinates in µm; .* by 1000"),
        (lambda p: p / 8, "the prediction looks like coordinates in another unit; .* by (7|8)"),
        (lambda p: p[:, ::-1], "axes of one table seem to be exchanged; .* hold x, y, z"),
        (lambda p: p[:, [0, 2, 1]], "axes of one table seem to be exchanged; .* hold z, x, y"),
        (lambda p: p[:, [1, 2, 0]], "axes of one table seem to be exchanged; .* hold y, x, z"),
    ],
)
def test_what_is_mistaken_in_the_prediction_is_named(truth_at, predicted_at, change, advice):
    truth, prediction = tables(truth_at, predicted_at)
    with pytest.raises(InputError, match=advice):
        check_same_space(truth, changed(prediction, change), VOXEL_NM)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (lambda p: p / VOXEL_NM, "the truth looks like coordinates in voxels"),
        (lambda p: p / 1000, "the truth looks like coordinates in µm"),
    ],
)
def test_what_is_mistaken_in_the_truth_is_named(truth_at, predicted_at, change, advice):
    truth, prediction = tables(truth_at, predicted_at)
    with pytest.raises(InputError, match=advice):
        check_same_space(changed(truth, change), prediction, VOXEL_NM)


def test_a_truth_in_a_part_of_the_volume_is_right(truth_at, predicted_at):
    """A dense prediction of ten times the extent, of which a part is right."""
    truth, near = tables(truth_at, predicted_at)
    rng = np.random.default_rng(1)
    wide = np.concatenate(
        [
            near[[f"cleft_{axis}_nm" for axis in "zyx"]].to_numpy(),
            rng.random((6000, 3)) * 10 * np.asarray(EXTENT_NM),
        ]
    )
    assert check_same_space(truth, at(predicted_at, wide), VOXEL_NM) == ()


@pytest.mark.parametrize("seed", range(5))
def test_a_prediction_without_any_luck_is_not_refused(truth_at, predicted_at, seed):
    truth, _ = tables(truth_at, predicted_at, seed=seed)
    rng = np.random.default_rng(100 + seed)
    same = at(predicted_at, rng.random((80, 3)) * EXTENT_NM)
    assert check_same_space(truth, same, VOXEL_NM) == ()
    wide = at(predicted_at, rng.random((3000, 3)) * 9 * np.asarray(EXTENT_NM))
    notes = check_same_space(truth, wide, VOXEL_NM)
    assert "differ by a factor of 0.1" in notes[0]
    assert "check that both are in nm" in notes[0]


def test_a_few_rows_say_nothing(truth_at, predicted_at):
    truth, prediction = tables(truth_at, predicted_at, n=7)
    assert check_same_space(truth, changed(prediction, lambda p: p / 1000), VOXEL_NM) == ()
    assert check_same_space(truth[:0], prediction[:0], VOXEL_NM) == ()
