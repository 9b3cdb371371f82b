"""Who judges identity: the neuron ids that matching compares, and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import points

Judge = Literal["gt", "in_use", "column", "none"]
Ids = NDArray[np.uint64]
LookUp = Callable[[NDArray[np.float64]], Ids]
"""Segments (N,) uint64 under points (N, 3) in nm; see ``look_up_segments``."""


@dataclass(frozen=True)
class Identities:
    """The ids by which rows are compared; 0 is no neuron and equals nothing.

    Parameters
    ----------
    truth, prediction : (N, 2) uint64
        Ids of pre and post of each row, in the order of the tables.
    truth_is_autapse, prediction_is_autapse : (N,) bool
        Rows from a neuron to itself, which are left out of the matching.
    judge : str
        Who judged; not always the one asked for, see ``notes``.
    notes : tuple of str
        What a reader of the numbers must know about the judge.
    """

    truth: Ids
    prediction: Ids
    truth_is_autapse: NDArray[np.bool_]
    prediction_is_autapse: NDArray[np.bool_]
    judge: Judge
    notes: tuple[str, ...] = ()


def judge_ids(
    truth: pd.DataFrame,
    prediction: pd.DataFrame,
    params: EvaluateParams,
    in_gt: LookUp | None = None,
    in_use: LookUp | None = None,
) -> Identities:
    """The ids of the ends of each row, by the judge that ``params`` asks for.

    Parameters
    ----------
    truth, prediction : DataFrame
        As ``records.TRUTH`` and ``records.PREDICTION``.
    params : EvaluateParams
        ``judge``; the look-ups are expected to snap by ``snap_nm``.
    in_gt, in_use : callable, optional
        Look up points in the ground-truth segmentation, and in the one in use. Without the
        volume that the judge needs, ``in_use`` stands in, then ``column``; ``notes`` says so.

    Raises
    ------
    InputError
        Rule ``cremi`` without a ground-truth segmentation, or rule ``synful`` without ids.

    Notes
    -----
    Under rule ``cremi`` the judge is ``gt``, nothing is an autapse, and ``in_gt`` should round
    as ``cremi_look_up`` does. Under ``synful`` a row is an autapse by the ids alone.

    A row is an autapse where ``gt`` or ``column`` gives both ends one id. A segmentation in use
    may merge two neurons, so it is not asked. A *true* row whose own columns name two
    different neurons, or none, stays in even if its points lie in one true segment: such a row
    is a fault of the ground truth, to be found by the diagnosis rather than dropped here.
    """
    if params.rule == "cremi":
        return _judge_as_cremi(truth, prediction, in_gt)
    judge, notes = _available(params.judge, in_gt is not None, in_use is not None)
    if params.rule == "synful" and judge == "none":
        raise InputError(
            "The rule synful cannot be used",
            found="judge 'none'",
            expected="ids of the neurons: judge gt, in_use or column",
            fix="choose one of these judges, or the rule three_point",
        )
    look_up = {"gt": in_gt, "in_use": in_use}.get(judge)
    true_ids = _ids(truth, judge, look_up)
    predicted_ids = _ids(prediction, judge, look_up)
    if judge == "column":
        notes += _strangers(true_ids, predicted_ids)
    columns = _column_ids(truth)
    if params.rule == "synful":
        columns = true_ids
    by_judge = _is_one_neuron(true_ids) if judge in ("gt", "column") else False
    of_prediction = _is_one_neuron(predicted_ids)
    return Identities(
        truth=true_ids,
        prediction=predicted_ids,
        truth_is_autapse=np.asarray(_is_one_neuron(columns) & by_judge),
        prediction_is_autapse=of_prediction & (judge in ("gt", "column")),
        judge=judge,
        notes=notes,
    )


def _judge_as_cremi(
    truth: pd.DataFrame, prediction: pd.DataFrame, in_gt: LookUp | None
) -> Identities:
    if in_gt is None:
        raise InputError(
            "The rule cremi cannot be used",
            found="no ground-truth segmentation",
            expected="the neurons of truth and prediction looked up in one true segmentation",
            fix="give --true-segmentation, or use the rule synful, which can take ids of columns",
        )
    return Identities(
        truth=_ids(truth, "gt", in_gt),
        prediction=_ids(prediction, "gt", in_gt),
        truth_is_autapse=np.zeros(len(truth), dtype=bool),
        prediction_is_autapse=np.zeros(len(prediction), dtype=bool),
        judge="gt",
    )


def _strangers(truth: Ids, prediction: Ids) -> tuple[str, ...]:
    """What to say if the columns of both tables have not one id in common."""
    true, predicted = np.unique(truth[truth != 0]), np.unique(prediction[prediction != 0])
    if min(len(true), len(predicted)) == 0 or np.isin(true, predicted).any():
        return ()
    return (
        "The columns pre_segment and post_segment of truth and prediction share no id "
        f"(for example {true[0]} and {predicted[0]}); they seem to come from different "
        "segmentations, so that nothing can match.",
    )


def _available(asked: Judge, has_gt: bool, has_use: bool) -> tuple[Judge, tuple[str, ...]]:
    """The judge that the volumes allow, and what to say if it is another one."""
    judge: Judge = asked
    if judge == "gt" and not has_gt:
        judge = "in_use"
    if judge == "in_use" and not has_use:
        judge = "column"
    if judge == asked:
        return judge, ()
    lacking = "ground-truth segmentation" if asked == "gt" else "segmentation in use"
    return judge, (f"Judge {asked!r} was asked for; without a {lacking} it is {judge!r}.",)


def _ids(table: pd.DataFrame, judge: Judge, look_up: LookUp | None) -> Ids:
    if look_up is not None:
        return np.stack([look_up(points(table, end)) for end in ("pre", "post")], axis=1)
    if judge == "none":
        return np.zeros((len(table), 2), dtype=np.uint64)
    return _column_ids(table)


def _column_ids(table: pd.DataFrame) -> Ids:
    columns = [table[name].to_numpy(np.uint64) for name in ("pre_segment", "post_segment")]
    return np.stack(columns, axis=1)


def _is_one_neuron(ids: Ids) -> NDArray[np.bool_]:
    return np.asarray((ids[:, 0] == ids[:, 1]) & (ids[:, 0] != 0))
