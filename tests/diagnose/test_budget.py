"""The error budget of toy worlds, and that no oracle mends a fault of another stage."""

import numpy as np
import pytest

from napari_synapse_debug.diagnose import diagnose_survey, error_budget, queue_suspects
from napari_synapse_debug.diagnose.case import missed_case
from napari_synapse_debug.diagnose.rerun import can_rerun, rerun, rerun_part
from napari_synapse_debug.diagnose.survey import survey_run
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.params import DiagnoseParams
from napari_synapse_debug.domain.stages import Stage
from napari_synapse_debug.simulate.toy import cleft_x, slab
from napari_synapse_debug.simulate.toy_faults import (
    ROW,
    beyond_tolerance,
    forgotten,
    no_contact,
    no_signal,
    partner_in_background,
    reversed_row,
    same_segment,
    too_small,
)

FAULT_OF = {
    Stage.GROUND_TRUTH: same_segment,
    Stage.CLASSIFIER: no_signal,
    Stage.CANDIDATE: too_small,
    Stage.SEGMENTATION: partner_in_background,
    Stage.CONTACT: no_contact,
    Stage.ASSIGNMENT: reversed_row,
    Stage.EVALUATION: beyond_tolerance,
}
MENDS_MORE = {
    (Stage.CLASSIFIER, Stage.CANDIDATE),
    (Stage.SEGMENTATION, Stage.CONTACT),
    (Stage.ASSIGNMENT, Stage.EVALUATION),
}
"""An oracle gives the stage after it better input: strong clefts are large, true neurons touch,
and the true cleft point is not too far away."""


def surveyed(evidence_of, world):
    evidence, tools = evidence_of(world)
    return survey_run(evidence, DiagnoseParams(), tools)


def budget_of(evidence_of, world):
    survey = surveyed(evidence_of, world)
    findings = diagnose_survey(survey, QuietContext())
    return error_budget(survey, findings, QuietContext())


@pytest.mark.parametrize("fault", FAULT_OF, ids=str)
@pytest.mark.parametrize("oracle", list(Stage)[1:], ids=str)
def test_an_oracle_mends_the_faults_of_its_own_stage(world, evidence_of, fault, oracle):
    survey = surveyed(evidence_of, FAULT_OF[fault](world))
    case = missed_case(survey, survey.truth.at(ROW))
    assert can_rerun(case, oracle)
    part = rerun_part(case)
    before = rerun(part, survey.tools.stages, frozenset()).matches
    after = rerun(part, survey.tools.stages, frozenset({oracle})).matches
    assert list(before.loc[before["truth_row"] == ROW, "outcome"]) == ["fn"]
    is_mended = list(after.loc[after["truth_row"] == ROW, "outcome"]) == ["tp"]
    assert is_mended == (oracle is fault or (oracle, fault) in MENDS_MORE)


def test_in_order_the_budget_ends_at_one(world, evidence_of):
    """Synapse 1 is too small, 2 reversed in the truth, 4 not seen: 1 of 4 right, 1 false."""
    wrong = reversed_row(world).signal("shaft", slab(cleft_x(4)), 0.0)
    wrong = wrong.signal("shaft", slab(cleft_x(1)), 0.0)
    wrong = wrong.signal("shaft", slab(cleft_x(1), half_x=1, half_y=1), 0.9)
    budget = budget_of(evidence_of, wrong)
    assert budget.f1 == pytest.approx(2 * 1 / (2 * 1 + 1 + 3))
    assert (budget.n_truth, budget.n_prediction) == (4, 2)
    by_stage = {part.stage: part for part in budget.stages}
    assert by_stage[Stage.CANDIDATE].alone == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))
    assert by_stage[Stage.CLASSIFIER].alone == pytest.approx(2 * 3 / (2 * 3 + 1 + 1))
    assert by_stage[Stage.ASSIGNMENT].alone == pytest.approx(2 * 2 / (2 * 2 + 0 + 2))
    assert by_stage[Stage.SEGMENTATION].alone == pytest.approx(budget.f1)
    assert by_stage[Stage.ASSIGNMENT].all_but == pytest.approx(2 * 3 / (2 * 3 + 1 + 1))
    in_order = [part.in_order for part in budget.stages]
    assert np.all(np.diff(in_order) >= 0)
    assert in_order[-1] == 1.0
    assert budget.unexplained == 0.0


def test_a_row_that_nothing_can_match_is_the_truths(world, evidence_of):
    """Row 12 goes, its false twin stays: 3 right, 1 false."""
    budget = budget_of(evidence_of, same_segment(world))
    assert budget.f1 == pytest.approx(2 * 3 / (2 * 3 + 1 + 1))
    assert budget.stages[0].alone == pytest.approx(2 * 3 / (2 * 3 + 1 + 0))


def test_without_errors_every_bar_is_one(world, evidence_of):
    budget = budget_of(evidence_of, world)
    assert budget.f1 == 1.0
    assert {part.all_but for part in budget.stages} == {1.0}


def test_without_the_later_stages_there_is_no_budget(world, evidence_of):
    assert budget_of(evidence_of, no_signal(world).without("stages")) is None


def test_suspects_come_surest_first_with_the_score_if_they_are_right(world, evidence_of):
    """A row that nothing can match goes before a synapse that the truth may lack."""
    wrong = same_segment(world)
    lacking = forgotten(world)
    survey = surveyed(evidence_of, lacking)
    queue = queue_suspects(diagnose_survey(survey, QuietContext()), survey.evidence.matches)
    assert list(queue["proposal"]) == ["add"]
    assert queue["f1_as_it_is"].iloc[0] == pytest.approx(2 * 3 / (2 * 3 + 1))
    assert queue["f1_if_accepted"].iloc[0] == 1.0
    assert 0.5 < queue["suspect_truth"].iloc[0] <= 0.9
    survey = surveyed(evidence_of, wrong)
    queue = queue_suspects(diagnose_survey(survey, QuietContext()), survey.evidence.matches)
    assert list(queue["proposal"]) == ["remove"]
    assert queue["suspect_truth"].iloc[0] == 1.0


def test_a_run_without_errors_has_no_suspects(world, evidence_of):
    survey = surveyed(evidence_of, world)
    findings = diagnose_survey(survey, QuietContext())
    assert len(findings) == 0
    assert len(queue_suspects(findings, survey.evidence.matches)) == 0


def test_under_a_sparse_truth_suspects_have_no_score(world, evidence_of):
    survey = surveyed(evidence_of, forgotten(world))
    findings = diagnose_survey(survey, QuietContext())
    queue = queue_suspects(findings, survey.evidence.matches, is_sparse=True)
    assert list(queue["proposal"]) == ["add"]
    assert queue[["f1_as_it_is", "f1_if_accepted"]].isna().all(axis=None)
