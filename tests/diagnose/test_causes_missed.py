"""Each cause of a missed synapse, planted into the toy world at synapse 2 (row 12, B → F)."""

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.diagnose.case import missed_case
from napari_synapse_debug.diagnose.rerun import rerun, rerun_part
from napari_synapse_debug.diagnose.survey import survey_run
from napari_synapse_debug.domain.params import DiagnoseParams
from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE, Cause, Stage
from napari_synapse_debug.simulate.toy import slab
from napari_synapse_debug.simulate.toy_faults import (
    NEW,
    ROW,
    TOY_FAULTS,
    X,
    dropped,
    duplicate_row,
    lost_in_matching,
    merged_candidate,
    neurons_merged,
    no_contact,
    no_signal,
    partner_far_away,
    partner_in_background,
    point_outside,
    reversed_row,
    too_small,
    weak_signal,
    wrong_partner,
)


def only(findings, error="missed"):
    """The finding of row 12; there is no other miss."""
    chosen = findings[findings["error"] == error]
    assert list(chosen["truth_row"]) == [ROW]
    return chosen.iloc[0]


PLANTED = (
    Cause.GT_SAME_SEGMENT,
    Cause.GT_POINT_IN_BACKGROUND,
    Cause.NOT_PREDICTED,
    Cause.NO_SIGNAL,
    Cause.WEAK_SIGNAL,
    Cause.TOO_SMALL,
    Cause.NEURONS_MERGED,
    Cause.PARTNER_IN_BACKGROUND,
    Cause.NO_CONTACT,
    Cause.CONTACT_TOO_SMALL,
    Cause.BELOW_OVERLAP,
    Cause.BELOW_SCORE,
    Cause.WRONG_PARTNER,
    Cause.REVERSED,
    Cause.BEYOND_TOLERANCE,
)


def test_an_unplanted_world_has_no_error(world, findings_of):
    assert len(findings_of(world)) == 0


@pytest.mark.parametrize("cause", PLANTED, ids=str)
def test_a_planted_cause_is_named_and_proved(world, findings_of, cause):
    found = only(findings_of(TOY_FAULTS[cause].plant(world)))
    assert found["cause"] == cause
    assert found["stage"] == STAGE_OF_CAUSE[cause]
    assert found["confirmed"]
    assert found["side_effects"] is pd.NA or found["side_effects"] == 0


@pytest.mark.parametrize("plant", [point_outside, partner_far_away])
def test_implausible_points_are_told_from_faults_of_the_run(world, findings_of, plant):
    found = only(findings_of(plant(world), counterfactuals=False))
    assert found["cause"] == Cause.GT_POINTS_IMPLAUSIBLE
    assert found["suspect_truth"] == 1.0


def test_a_duplicate_row_is_a_fault_of_the_truth(world, findings_of):
    found = only(findings_of(duplicate_row(world)))
    assert found["cause"] == Cause.GT_DUPLICATE
    assert "row 9" in found["summary"]


def test_rows_of_one_pair_with_other_clefts_are_no_duplicates(world, findings_of):
    unlike = duplicate_row(world).move(9, synapse=7)
    found = only(findings_of(unlike, counterfactuals=False))
    assert found["cause"] != Cause.GT_DUPLICATE


def test_a_candidate_over_two_clefts_is_merged(world, findings_of):
    """Its one row lies between both clefts: two misses, and a false row that is their twin."""
    findings = findings_of(merged_candidate(world))
    assert list(findings["error"]) == ["missed", "missed", "false"]
    assert set(findings["cause"]) == {"merged_candidate"}
    assert list(findings["fault"]) == [1, 2, 1]
    assert findings["confirmed"].all()
    assert "2 true clefts (2, 3)" in findings["summary"].iloc[0]


def test_a_right_row_that_was_given_elsewhere(world, findings_of):
    """No oracle of the evaluation makes one prediction match two truths."""
    found = only(findings_of(lost_in_matching(world)))
    assert (found["stage"], found["cause"]) == ("evaluation", "lost_in_matching")
    assert not found["confirmed"]
    assert "was matched to truth row 15" in found["summary"]


def test_a_row_dropped_as_a_duplicate(world, findings_of):
    findings = findings_of(dropped(world), counterfactuals=False)
    missed = findings[findings["error"] == "missed"]
    assert list(missed["cause"]) == ["dropped"]


def test_a_split_partner_is_told_from_a_wrong_one(world, findings_of):
    """Fragment 20 of neuron F lies at the cleft; the truth's point lies in fragment 6."""
    fragment = world.segments((slice(None), slice(24, 31), slice(100, 200)), 20)
    asked = fragment.change(
        evaluate=world.evaluate.model_copy(update={"judge": "in_use", "snap_nm": 0.0})
    )
    found = only(findings_of(asked))
    assert (found["stage"], found["cause"]) == ("segmentation", "partner_split")
    assert found["confirmed"]
    blind = only(findings_of(asked.without("true_segmentation"), counterfactuals=False))
    assert blind["cause"] != "partner_split"


def test_a_partner_merged_with_a_wrong_partner(world, findings_of):
    """One segment holds F and the neuron beneath which the prediction is placed."""
    true_segmentation = world.true_segmentation.copy()
    true_segmentation[:, 24:30, 100:200] = 9
    planted = world.change(true_segmentation=true_segmentation).move(ROW, post_y_nm=450.0)
    found = only(findings_of(planted, reach_nm=300.0, counterfactuals=False))
    assert (found["stage"], found["cause"]) == ("segmentation", "neurons_merged")
    assert "true segment 9" in found["summary"]


def test_the_first_name_is_given_without_a_true_segmentation(world, findings_of):
    blind = findings_of(neurons_merged(world).without("true_segmentation"))
    found = only(blind)
    assert found["cause"] == "neurons_merged"
    assert found["suspect_truth"] == 0.5
    assert found["ground_truth_outcome"] == "untested"
    assert found["confirmed"] is pd.NA


def test_a_signal_below_the_high_threshold_is_weak(world, findings_of):
    just = world.signal("shaft", slab(X), 0.6)
    strict = just.change(synapses=world.synapses.model_copy(update={"high_threshold": 0.7}))
    assert not len(findings_of(just))
    found = only(findings_of(strict))
    assert (found["stage"], found["cause"], found["confirmed"]) == (
        "classifier",
        "weak_signal",
        True,
    )
    assert "Peak 0.60 in the zone reaches the threshold 0.50, but" in found["summary"]
    assert "0.70 somewhere (synapses.high_threshold)" in found["summary"]
    assert found["candidate_outcome"] == "untested"
    assert found["fix_set"] == "classifier"


def test_a_high_threshold_may_be_reached_beyond_the_zone(world, findings_of):
    """Half of a cleft is strong, which lies outside of a small zone around the other half."""
    half = world.synapses.model_copy(update={"high_threshold": 0.7})
    found = findings_of(too_small(world).change(synapses=half))
    assert only(found)["cause"] == "too_small"


def test_an_ignored_row_is_no_reason_to_remove_its_twin(world, findings_of):
    twin = no_signal(duplicate_row(world))
    twin.truth.loc[twin.truth["row"] == 9, "ignore"] = True
    found = only(findings_of(twin))
    assert (found["truth_row"], found["cause"]) == (12, "no_signal")


def test_every_stage_tells_its_evidence_with_numbers(world, findings_of):
    found = only(findings_of(weak_signal(world)))
    outcomes = [found[f"{stage}_outcome"] for stage in Stage]
    assert outcomes == ["pass", "fail", "untested", "pass", "pass", "untested", "untested"]
    assert found["peak"] == pytest.approx(76 / 255)
    assert found["threshold"] == 0.5
    assert "Peak 0.30 in the zone, threshold 0.50; at 0.29" in found["summary"]
    assert "nm²" in found["contact_evidence"]
    assert all(found[f"{stage}_evidence"] for stage in Stage)


def test_two_faults_at_once_are_both_in_the_fix_set(world, findings_of):
    found = only(findings_of(no_contact(no_signal(world))))
    assert found["fix_set"] == "classifier,contact"
    assert found["stage"] == "classifier"
    assert found["confirmed"]


def test_a_fault_behind_a_fault_joins_the_fix_set(world, findings_of):
    """The assignment never saw a candidate, but would have chosen the wrong partner."""
    found = only(findings_of(wrong_partner(world).signal("shaft", slab(X), 0.1)))
    assert found["assignment_outcome"] == "untested"
    assert found["fix_set"] == "classifier,assignment"


def test_no_claim_is_proved_without_the_later_stages(world, findings_of):
    found = only(findings_of(no_contact(world).without("stages")))
    assert found["cause"] == "no_contact"
    assert found["confirmed"] is pd.NA
    assert found["fix_set"] == ""


def test_a_ball_stands_in_for_a_missing_mask(world, findings_of):
    found = only(findings_of(no_contact(world).without("clefts"), counterfactuals=False))
    assert found["cause"] == "no_contact"


def test_findings_do_not_depend_on_the_order_of_rows(world, findings_of):
    planted = reversed_row(world)
    forward = findings_of(planted, counterfactuals=False)
    turned = planted.change(truth=planted.truth[::-1].reset_index(drop=True))
    backward = findings_of(turned, counterfactuals=False)
    assert len(forward) == 2
    assert np.array_equal(forward["cause"], backward["cause"])
    assert np.array_equal(forward["truth_row"].fillna(-1), backward["truth_row"].fillna(-1))


LATER_OR_BESIDE = {
    no_signal: ("candidate", "segmentation", "contact", "assignment", "evaluation"),
    too_small: ("segmentation", "contact", "assignment", "evaluation"),
    neurons_merged: ("classifier", "candidate", "contact", "assignment", "evaluation"),
    partner_in_background: ("classifier", "candidate", "contact", "assignment", "evaluation"),
    no_contact: ("classifier", "candidate", "assignment", "evaluation"),
    wrong_partner: ("classifier", "candidate", "segmentation", "contact", "evaluation"),
    reversed_row: ("classifier", "candidate", "segmentation", "contact", "evaluation"),
}


@pytest.mark.parametrize("plant", LATER_OR_BESIDE, ids=lambda plant: plant.__name__)
def test_an_oracle_mends_no_fault_before_it_or_beside_it(world, evidence_of, plant):
    evidence, tools = evidence_of(plant(world))
    survey = survey_run(evidence, DiagnoseParams(), tools)
    case = missed_case(survey, survey.truth.at(ROW))
    scene = rerun_part(case)
    for stage in LATER_OR_BESIDE[plant]:
        after = rerun(scene, tools.stages, frozenset({Stage(stage)})).matches
        assert list(after.loc[after["truth_row"] == ROW, "outcome"]) == ["fn"], stage


def test_a_rerun_without_oracles_is_the_run(world, evidence_of):
    evidence, tools = evidence_of(merged_candidate(world))
    survey = survey_run(evidence, DiagnoseParams(), tools)
    scene = rerun_part(missed_case(survey, survey.truth.at(ROW)))
    again = rerun(scene, tools.stages, frozenset())
    truths = again.truth["row"]
    before = evidence.matches[evidence.matches["truth_row"].isin(truths)]
    after = again.matches[again.matches["truth_row"].notna()]
    assert len(before) > 1
    assert list(after["truth_row"]) == list(before["truth_row"])
    assert list(after["outcome"]) == list(before["outcome"])
    assert len(again.new_rows) == (again.matches["outcome"] == "fp").sum() == 1


def test_a_partner_in_the_corner_of_the_reach_is_too_far(world, findings_of):
    """The post neuron is 180 nm from the cleft along x and y each, 255 nm away; 200 is allowed."""
    corner = (slice(None), slice(40, 48), slice(179, 190))
    planted = world.neurons(corner, NEW).move(ROW, post_x_nm=1850.0, post_y_nm=528.0)
    found = only(findings_of(planted, reach_nm=200.0, counterfactuals=False))
    assert found["cause"] == Cause.GT_POINTS_IMPLAUSIBLE
    assert found["summary"].startswith("The true post neuron 9 is 255 nm from the cleft")
    nearer = only(findings_of(planted, reach_nm=260.0, counterfactuals=False))
    assert nearer["cause"] != Cause.GT_POINTS_IMPLAUSIBLE
