"""What the partner model sees of an ordered pair: the table of pairs as seen from one side."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import sided_column

Floats = NDArray[np.float64]

_SHARED = ("flatness", "extent_nm", "probability")
_SHARED_AREAS = ("overlap_nm2", "near_area_nm2")
_SIDED_SHARES = ("inside", "near", "far", "vesicle", "mitochondrion")
_SIDED_LEVELS = ("raw", "edge_raw", "texture")
_SIDED_SIZES = ("thickness_nm", "volume_nm3")

_FLOOR = 0.01
"""Added to shares before their ratio, so that traces of signal are no evidence."""


def ordered_features(
    pairs: pd.DataFrame, *, a_is_pre: bool, without: Iterable[str] = ()
) -> tuple[Floats, tuple[str, ...]]:
    """Features (N, F) float64 of each pair for "a is pre" or "b is pre", and their names (F,).

    Besides those of the table there are: each side's ``hub``, the share of the candidate's
    overlap that is with this neuron, which is 1 for the pre of a polyadic synapse; ``lead``,
    the pair's overlap against the largest of the candidate; and what of each pair of sides is
    larger, as the log ratio or the difference. What is not known (no such class, no raw data)
    is 0, alike on both sides. ``overlap_fraction`` is left out: it tells how many partners
    there are, and trees that learnt it where there were few fail where there are many.

    Parameters
    ----------
    pairs : DataFrame
        ``records.PAIRS``, all of each candidate; features depend on the others of it.
    a_is_pre : bool
        Which order is asked for; swapping the sides of the table gives the other one's.
    without : iterable of str
        Cues that are left out with all that is made of them, such as ``inside``.

    Raises
    ------
    InputError
        There is no such cue to leave out.
    """
    left_out = set(without)
    known = {*_SHARED, *_SHARED_AREAS, *_SIDED_SHARES, *_SIDED_LEVELS, *_SIDED_SIZES, "hub"}
    if not left_out <= known:
        raise InputError(
            "There is no such cue to leave out",
            found=", ".join(sorted(left_out - known)),
            expected="some of " + ", ".join(sorted(known)),
        )
    columns: dict[str, Floats] = {}
    for name in _SHARED:
        columns[name] = _known(pairs[name])
    for name in _SHARED_AREAS:
        columns[name] = np.log1p(_known(pairs[name]))
    largest = pairs.groupby("candidate")["overlap_nm2"].transform("max")
    columns["lead"] = _known(pairs["overlap_nm2"] / largest)

    hubs = dict(zip("ab", _hubs(pairs), strict=True))
    pre, post = ("a", "b") if a_is_pre else ("b", "a")
    for name in (*_SIDED_SHARES, *_SIDED_LEVELS, *_SIDED_SIZES, "hub"):
        of_pre, of_post = (
            hubs[side] if name == "hub" else _known(pairs[sided_column(name, side)])
            for side in (pre, post)
        )
        if name in _SIDED_SIZES:
            of_pre, of_post = np.log1p(of_pre), np.log1p(of_post)
        columns[f"{name} of pre"], columns[f"{name} of post"] = of_pre, of_post
        columns[f"{name} against"] = _against(name, of_pre, of_post)
    names = tuple(name for name in columns if name.split(" ")[0] not in left_out)
    if not len(pairs):
        return np.zeros((0, len(names))), names
    return np.stack([columns[name] for name in names], axis=1), names


def _against(name: str, of_pre: Floats, of_post: Floats) -> Floats:
    if name in _SIDED_SHARES:
        return np.asarray(np.log((of_pre + _FLOOR) / (of_post + _FLOOR)))
    return np.asarray(of_pre - of_post)


def _known(values: pd.Series) -> Floats:
    return np.asarray(np.nan_to_num(values.to_numpy(np.float64)))


def _hubs(pairs: pd.DataFrame) -> tuple[Floats, Floats]:
    """Of each pair: the share of its candidate's overlap that is with a, and that with b."""
    overlap = pairs["overlap_nm2"].to_numpy(np.float64)
    ends = pd.DataFrame(
        {
            "candidate": np.tile(pairs["candidate"].to_numpy(), 2),
            "segment": np.concatenate([pairs["segment_a"], pairs["segment_b"]]),
            "overlap": np.tile(overlap, 2),
        }
    )
    own = ends.groupby(["candidate", "segment"])["overlap"].transform("sum").to_numpy()
    total = pairs.groupby("candidate")["overlap_nm2"].transform("sum").to_numpy(np.float64)
    of_a, of_b = own[: len(pairs)], own[len(pairs) :]
    safe = np.where(total > 0, total, 1.0)
    return of_a / safe, of_b / safe
