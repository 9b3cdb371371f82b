"""Whether truth and prediction lie in the same space: units, and the order of the axes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import AXES, points

Points = NDArray[np.float64]

LEAST_ROWS = 8
"""With fewer rows on a side their extents say nothing."""

_GOOD, _POOR = 0.5, 0.1
_FACTORS = (4.0, 50.0)


def check_same_space(
    truth: pd.DataFrame, prediction: pd.DataFrame, voxel_size_nm: tuple[float, float, float]
) -> tuple[str, ...]:
    """What to tell about the extents of both tables; refuses a mistake that can be named.

    A table is taken to be in voxels, in µm, in a unit of another size, or in another order of
    axes if so changed it agrees with the other, and as it is it does not. Tables agree as far as
    the clefts of each have one of the other nearer than half the usual distance between true
    clefts; by chance that is so for one in ten.

    Parameters
    ----------
    truth, prediction : DataFrame
        As ``records.TRUTH`` and ``records.PREDICTION``.
    voxel_size_nm : tuple of float
        Of the volume, zyx.

    Returns
    -------
    tuple of str
        A note if the extents differ by a factor of 4 or more and no reason was found; else empty,
        as it is with fewer than ``LEAST_ROWS`` rows on a side.

    Raises
    ------
    InputError
        Another unit or another order of the axes, with what to do.
    """
    true, predicted = (np.unique(points(table, "cleft"), axis=0) for table in (truth, prediction))
    if min(len(true), len(predicted)) < LEAST_ROWS:
        return ()
    as_is = _agreement(true, predicted)
    if as_is >= _GOOD:
        return ()
    ratio = _extent(true) / _extent(predicted)
    told = [
        (_agreement(changed_truth, changed_prediction), advice)
        for advice, changed_truth, changed_prediction in _mistakes(true, predicted, voxel_size_nm)
    ]
    best, advice = max(told, key=lambda one: one[0])
    if best >= _GOOD and best > 2 * as_is:
        raise InputError(
            "Truth and prediction do not lie in the same space",
            found="extents z, y, x of "
            f"{_in_words(_extent(true))} (truth) and {_in_words(_extent(predicted))} "
            f"(prediction), a factor of {_in_words(ratio)}",
            expected="both in nm, in the order z, y, x",
            fix=advice,
        )
    is_far = (ratio >= _FACTORS[0]) | (ratio <= 1 / _FACTORS[0])
    if as_is < _POOR and is_far.sum() >= 2:
        return (
            f"The extents of truth and prediction differ by a factor of {_in_words(ratio)} "
            "(z, y, x) and few of their clefts meet; check that both are in nm.",
        )
    return ()


def _mistakes(
    true: Points, predicted: Points, voxel_size_nm: tuple[float, float, float]
) -> Iterator[tuple[str, Points, Points]]:
    """What may be mistaken: the advice, and both tables as they would be then."""
    voxel = np.asarray(voxel_size_nm)
    if not np.allclose(voxel, 1):
        by = _in_words(voxel)
        yield _multiply("the prediction", "in voxels", by), true, predicted * voxel
        yield _multiply("the truth", "in voxels", by), true * voxel, predicted
    yield _multiply("the prediction", "in µm", "1000"), true, predicted * 1000
    yield _multiply("the truth", "in µm", "1000"), true * 1000, predicted
    for order in permutations(range(3)):
        if order != (0, 1, 2):
            names = ", ".join(AXES[k] for k in order)
            advice = (
                "the axes of one table seem to be exchanged; columns z, y, x of the prediction "
                f"hold {names} of the truth"
            )
            yield advice, true[:, list(order)], predicted
    ratio = _extent(true) / _extent(predicted)
    middle = float(np.median(ratio))
    factors: tuple[Points, ...] = (np.full(3, middle), ratio)
    for factor in factors:
        if _FACTORS[0] <= middle <= _FACTORS[1]:
            advice = _multiply("the prediction", "in another unit", _in_words(factor))
            yield advice, true, predicted * factor
        if _FACTORS[0] <= 1 / middle <= _FACTORS[1]:
            yield (
                _multiply("the truth", "in another unit", _in_words(1 / factor)),
                true / factor,
                predicted,
            )


def _multiply(whose: str, what: str, by: str) -> str:
    return f"{whose} looks like coordinates {what}; multiply z, y, x by {by}"


def _agreement(true: Points, predicted: Points) -> float:
    """The smaller share of clefts that have one of the other side near, in the truth's extent."""
    apart = KDTree(true).query(true, k=2)[0][:, 1]
    radius = float(np.median(apart)) / 2
    low, high = true.min(axis=0) - radius, true.max(axis=0) + radius
    predicted = predicted[((predicted >= low) & (predicted <= high)).all(axis=1)]
    if len(predicted) < LEAST_ROWS:
        return 0.0
    found = KDTree(predicted).query(true)[0] <= radius
    right = KDTree(true).query(predicted)[0] <= radius
    return float(min(found.mean(), right.mean()))


def _extent(places: Points) -> Points:
    """Widths between the 5 % and 95 % quantiles: (3,); 1 where all lie in one plane."""
    width = np.quantile(places, 0.95, axis=0) - np.quantile(places, 0.05, axis=0)
    return np.asarray(np.where(width > 0, width, 1.0), dtype=np.float64)


def _in_words(values: Points) -> str:
    rounded = [f"{value:.3g}" if value < 100 else f"{value:.0f}" for value in values]
    return rounded[0] if len(set(rounded)) == 1 else ", ".join(rounded)
