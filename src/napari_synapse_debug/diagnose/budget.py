"""The error budget: what the score would be if one stage after another were right.

::

    as it is      .62 ████████████
    + classifier  .81 ████████████████        in order: each stage added to those before it
    + contact     .90 ██████████████████
    …
    + evaluation  .98 ███████████████████▌
    unexplained   .02                    ▌    what is left to 1
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.diagnose.case import Case, false_case, missed_case
from napari_synapse_debug.diagnose.derived import is_derived
from napari_synapse_debug.diagnose.evidence import Stages
from napari_synapse_debug.diagnose.proof import UNMATCHABLE
from napari_synapse_debug.diagnose.rerun import (
    Oracles,
    box_of_error,
    can_rerun,
    evaluate_params,
    is_redone,
    rerun_part,
    rows_in_part,
)
from napari_synapse_debug.diagnose.scene import Scene
from napari_synapse_debug.diagnose.survey import Survey
from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.stages import ErrorKind, Stage

_LOCAL = frozenset(
    {Stage.CLASSIFIER, Stage.CANDIDATE, Stage.SEGMENTATION, Stage.CONTACT, Stage.ASSIGNMENT}
)


@dataclass(frozen=True)
class StageBudget:
    """F1 with a stage replaced by its oracle.

    Parameters
    ----------
    stage : Stage
    alone : float
        Only this one. What stages gain alone overlaps, so it does not add up.
    in_order : float
        This one and all before it.
    all_but : float
        All but this one.
    is_tested : bool
        Whether there is an oracle; without one the stage is left as it is.
    is_derived : bool
        Whether the oracle is derived from the truth's points, so that the gain proves nothing.
    """

    stage: Stage
    alone: float
    in_order: float
    all_but: float
    is_tested: bool
    is_derived: bool = False


@dataclass(frozen=True)
class Budget:
    """The score as it is, and with stages replaced; parameters and judge stay the same.

    Parameters
    ----------
    f1 : float
        As it is.
    stages : tuple of StageBudget
        In the order the data passes them.
    n_truth, n_prediction : int
        Rows that counted, as it is.
    """

    f1: float
    stages: tuple[StageBudget, ...]
    n_truth: int
    n_prediction: int

    @property
    def unexplained(self) -> float:
        """What is missing to 1 when all stages are right."""
        return 1.0 - self.stages[-1].in_order


def error_budget(survey: Survey, findings: pd.DataFrame, context: StepContext) -> Budget | None:
    """The error budget of a run; None without the later stages.

    Only the surroundings of the errors are run again; where nothing is wrong a stage that is
    right changes nothing. The rows made there replace those of the run, and all are matched
    again.

    Parameters
    ----------
    survey : Survey
        The run.
    findings : DataFrame
        ``records.FINDINGS`` of this run.
    context : StepContext
        Is told of progress, and asked whether to stop.

    Raises
    ------
    StepCancelledError
        A stop was asked for.
    """
    stages = survey.tools.stages
    if stages is None:
        return None
    cases = list(_cases(survey, findings))
    tested = {stage for stage in _LOCAL if _has_oracle(survey, stage)}
    sets = _sets_of(tested)
    made = _Made(survey, stages)
    for done, case in enumerate(cases):
        if context.should_stop():
            raise StepCancelledError(
                "The error budget was stopped", found=f"{done} of {len(cases)} errors run again"
            )
        context.report(Event("diagnose", "Error budget", done, len(cases)))
        made.run_again(case, sets)
    unmatchable = findings.loc[
        findings["cause"].isin([cause.value for cause in UNMATCHABLE]), "truth_row"
    ]
    dropped = frozenset(unmatchable.dropna().astype(int))
    scores: dict[Oracles, float] = {}

    def f1(oracles: Iterable[Stage]) -> float:
        wanted = frozenset(oracles)
        if wanted not in scores:
            scores[wanted] = _f1(made.match(wanted, tested, dropped))
        return scores[wanted]

    order = list(Stage)
    counted = _counts(survey.evidence.matches)
    return Budget(
        f1=f1(()),
        stages=tuple(
            StageBudget(
                stage=stage,
                alone=f1({stage}),
                in_order=f1(order[: at + 1]),
                all_but=f1(set(order) - {stage}),
                is_tested=stage not in _LOCAL or stage in tested,
                is_derived=stage is Stage.SEGMENTATION and is_derived(survey.evidence),
            )
            for at, stage in enumerate(order)
        ),
        n_truth=counted[0] + counted[2],
        n_prediction=counted[0] + counted[1],
    )


class _Made:
    """The rows that come out around the errors, for each set of oracles."""

    def __init__(self, survey: Survey, stages: Stages) -> None:
        self._survey, self._stages = survey, stages
        self._cores: list[Box] = []
        self._redone = np.zeros(len(survey.prediction.row), dtype=bool)
        self._new: dict[Oracles, list[pd.DataFrame]] = {}
        self._at = survey.evidence.grid.to_index(survey.prediction.ends_nm[:, 1])

    def run_again(self, case: Case, sets: list[Oracles]) -> None:
        """Run the surroundings of an error again, once for each set."""
        part = rerun_part(case)
        if part is None or self._is_known(case):
            return
        core, survey = part.core, self._survey
        free = core.contains(self._at) & is_redone(survey, core) & ~self._in_cores(self._at)
        self._redone |= free
        for oracles in sets:
            rows = rows_in_part(part, self._stages, oracles)
            index = survey.evidence.grid.to_index(points(rows, "cleft"))
            own = rows[core.contains(index) & ~self._in_cores(index)]
            self._new.setdefault(oracles, []).append(own)
        self._cores.append(core)

    def match(self, oracles: Oracles, tested: set[Stage], dropped: frozenset[int]) -> pd.DataFrame:
        """``records.MATCHES`` of the whole run with these oracles around the errors."""
        evidence = self._survey.evidence
        prediction, truth = evidence.prediction, evidence.truth
        local = oracles & tested
        if local:
            first = int(self._survey.prediction.row.max(initial=0)) + 1
            new = [part for part in self._new.get(local, []) if len(part)]
            rows = pd.concat(new, ignore_index=True) if new else prediction[:0]
            rows = rows.assign(row=np.arange(first, first + len(rows)))
            held = [part for part in (prediction[~self._redone], rows) if len(part)]
            prediction = pd.concat(held, ignore_index=True) if held else prediction[:0]
        if Stage.GROUND_TRUTH in oracles:
            truth = truth[~truth["row"].isin(list(dropped))]
        usable = oracles & (tested | {Stage.EVALUATION})
        return self._stages.match(truth, prediction, evaluate_params(self._survey, usable))

    def _in_cores(self, index: Any) -> Any:
        inside = np.zeros(len(index), dtype=bool)
        for core in self._cores:
            inside |= core.contains(index)
        return inside

    def _is_known(self, case: Case) -> bool:
        """Whether an earlier core holds the error and all that it touches."""
        core = box_of_error(case, 0.0)
        return any(known.holds(core) for known in self._cores)


def _cases(survey: Survey, findings: pd.DataFrame) -> Iterable[Case]:
    for _, finding in findings.iterrows():
        if finding["error"] == ErrorKind.FALSE:
            yield false_case(survey, survey.prediction.at(int(finding["prediction_row"])))
        else:
            truth = survey.truth.at(int(finding["truth_row"]))
            yield missed_case(survey, truth, ErrorKind(finding["error"]))


def _sets_of(tested: set[Stage]) -> list[Oracles]:
    """All sets of oracles that must be run: each alone, in order, and all but each."""
    order = list(Stage)
    wanted = [{stage} for stage in order]
    wanted += [set(order[: at + 1]) for at in range(len(order))]
    wanted += [set(order) - {stage} for stage in order]
    local = [frozenset(one & tested) for one in wanted]
    return [one for one in dict.fromkeys(local) if one]


def _has_oracle(survey: Survey, stage: Stage) -> bool:
    evidence = survey.evidence
    scene = Scene(survey, evidence.grid.box)
    return can_rerun(Case(ErrorKind.MISSED, scene, None, None, 0), stage)


def _counts(matches: pd.DataFrame) -> tuple[int, int, int]:
    """True positives, false positives, false negatives."""
    outcome = matches["outcome"]
    tp, fp, fn = (int((outcome == name).sum()) for name in ("tp", "fp", "fn"))
    return tp, fp, fn


def _f1(matches: pd.DataFrame) -> float:
    tp, fp, fn = _counts(matches)
    return 1.0 if tp + fp + fn == 0 else 2 * tp / (2 * tp + fp + fn)
