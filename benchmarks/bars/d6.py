"""Intervals cover 90-99 % on 200 simulated evaluations; McNemar on equal runs <= 6 %."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.params import CompareParams
from napari_synapse_debug.domain.records import MATCHES, PREDICTION, TRUTH, conform, point_columns
from napari_synapse_debug.evaluate import RunSide, compare_rows, false_change, truth_change
from napari_synapse_debug.evaluate.score import intervals
from napari_synapse_debug.evaluate.units import tally

EVALUATIONS = 200
LEAST, MOST = 0.90, 0.99
MOST_ALARMS = 0.06
TOGETHER = 0.3
"""Correlation of the rows of one cleft: a third of their fate is the cleft's own."""


class Setting(NamedTuple):
    """Clefts in the box, most rows of a cleft, and the rates that hold in the long run."""

    name: str
    clefts: int
    partners: int
    recall: float
    precision: float


SETTINGS = (
    Setting("monadic, n 60", 60, 1, 0.8, 0.9),
    Setting("monadic, n 15", 15, 1, 0.8, 0.8),
    Setting("polyadic, n 40", 40, 7, 0.7, 0.75),
    Setting("polyadic, n 12", 12, 7, 0.7, 0.75),
    Setting("polyadic, n 300", 300, 7, 0.6, 0.8),
)


def evaluation(setting: Setting, groups: np.ndarray, rng: np.random.Generator) -> tuple:
    """Truth, predictions and matches of one simulated evaluation with the rates of ``setting``.

    ``groups`` are the rows of each cleft.
    """
    synapse = np.repeat(np.arange(setting.clefts), groups)
    is_found = _together(setting.recall, groups, rng)
    mean_rows = (1 + setting.partners) / 2
    wrong = setting.clefts * mean_rows * setting.recall * (1 / setting.precision - 1)
    of_false = rng.integers(1, setting.partners + 1, rng.poisson(wrong / mean_rows))
    candidate = np.concatenate(
        [synapse[is_found], 10_000 + np.repeat(np.arange(len(of_false)), of_false)]
    )
    truth = _rows(len(synapse), TRUTH, synapse=synapse, ignore=False)
    prediction = _rows(
        len(candidate), PREDICTION, candidate=candidate, contact=candidate, score=np.nan
    )
    n_right = int(is_found.sum())
    matches = pd.DataFrame(
        {
            "truth_row": _ids(
                np.flatnonzero(is_found), np.flatnonzero(~is_found), len(candidate) - n_right
            ),
            "prediction_row": pd.array(
                [
                    *range(n_right),
                    *[pd.NA] * int((~is_found).sum()),
                    *range(n_right, len(candidate)),
                ],
                dtype="Int64",
            ),
            "outcome": np.repeat(
                ["tp", "fn", "fp"], [n_right, int((~is_found).sum()), len(candidate) - n_right]
            ),
            **dict.fromkeys(("cost_nm", "pre_nm", "cleft_nm", "post_nm"), np.nan),
            "refusal": "",
            "refusals": "",
            "refused_row": pd.NA,
        }
    )
    return truth, prediction, conform(matches, MATCHES)


def rows_of_clefts(setting: Setting, rng: np.random.Generator) -> np.ndarray:
    """How many partners each cleft has."""
    return rng.integers(1, setting.partners + 1, setting.clefts)


def _together(rate: float, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether each row is found; rows of one group share a beta-distributed chance."""
    strength = 1 / TOGETHER - 1
    chance = rng.beta(rate * strength, (1 - rate) * strength, len(groups))
    return rng.random(int(groups.sum())) < np.repeat(chance, groups)


def _ids(found: np.ndarray, missed: np.ndarray, n_false: int) -> pd.api.extensions.ExtensionArray:
    return pd.array([*found, *missed, *[pd.NA] * n_false], dtype="Int64")


def _rows(n: int, columns: dict, **values: object) -> pd.DataFrame:
    table = pd.DataFrame({"row": np.arange(n), "pre_segment": 1, "post_segment": 2})
    places = {
        name: 1000.0 * np.arange(n)
        for end in ("pre", "cleft", "post")
        for name in point_columns(end)
    }
    table = table.assign(kind="shaft", **places, **values)
    return conform(table, columns)


def coverage(setting: Setting, rng: np.random.Generator) -> dict[str, float]:
    """How often the intervals of P, R and F1 hold the rates that were put in."""
    p, r = setting.precision, setting.recall
    known = {"precision": p, "recall": r, "f1": 2 * p * r / (p + r)}
    held = dict.fromkeys(known, 0)
    for _ in range(EVALUATIONS):
        groups = rows_of_clefts(setting, rng)
        truth, prediction, matches = evaluation(setting, groups, rng)
        found = intervals(tally(matches, truth, prediction), is_sparse=False)
        for name, value in known.items():
            interval = found[f"{name}_interval"]
            held[name] += interval is not None and interval[0] <= value <= interval[1]
    return {name: count / EVALUATIONS for name, count in held.items()}


def alarms(setting: Setting, rng: np.random.Generator) -> tuple[float, float]:
    """How often two runs of the same rates differ significantly: by clefts, and by false ones."""
    by_cleft = by_false = 0
    for _ in range(EVALUATIONS):
        groups = rows_of_clefts(setting, rng)
        truth, prediction, matches = evaluation(setting, groups, rng)
        _, other, other_matches = evaluation(setting, groups, rng)
        before = RunSide(matches, prediction, _one_pair(len(prediction)))
        after = RunSide(other_matches, other, _one_pair(len(other)))
        rows = compare_rows(truth, before, after, CompareParams(rekey_nm=0.0))
        by_cleft += truth_change(rows).p_value < 0.05
        by_false += false_change(rows).p_value < 0.05
    return by_cleft / EVALUATIONS, by_false / EVALUATIONS


def _one_pair(n: int) -> np.ndarray:
    return np.ones((n, 2), dtype=np.uint64)


def measure(_: Path) -> bool:
    """Print coverage and false alarms of every setting; whether all are within the bar."""
    rng = np.random.default_rng(0)
    holds = True
    for setting in SETTINGS:
        held = coverage(setting, rng)
        text = ", ".join(f"{name} {share:.3f}" for name, share in held.items())
        print(f"{setting.name:18} interval holds the rate: {text}", flush=True)
        holds &= all(LEAST <= share <= MOST for share in held.values())
    for setting in SETTINGS[:4]:
        by_cleft, by_false = alarms(setting, rng)
        print(f"{setting.name:18} McNemar alarms: clefts {by_cleft:.3f}, false {by_false:.3f}")
        holds &= by_cleft <= MOST_ALARMS and by_false <= MOST_ALARMS
    return holds
