"""The oracle of a segmentation without a true one: it mends, and is never a proof."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_synapse_debug.diagnose import survey_run
from napari_synapse_debug.diagnose.budget import error_budget
from napari_synapse_debug.diagnose.derived import derived_segmentation, is_derived
from napari_synapse_debug.diagnose.diagnosis import diagnose_survey
from napari_synapse_debug.diagnose.scene import Scene
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.params import DiagnoseParams
from napari_synapse_debug.simulate.toy_faults import ROW, neurons_merged, no_signal, wrong_partner

BLIND = "true_segmentation"


def scene_of(world, evidence_of):
    evidence, tools = evidence_of(world)
    return Scene(survey_run(evidence, DiagnoseParams(), tools), evidence.grid.box)


def test_only_the_segment_that_holds_both_partners_is_parted(world, evidence_of):
    scene = scene_of(neurons_merged(world).without(BLIND), evidence_of)
    assert is_derived(scene.survey.evidence)
    before, after = scene.segmentation, derived_segmentation(scene)
    row = int(np.flatnonzero(scene.survey.truth.row == ROW)[0])
    pre, post = scene.grid.to_index(scene.survey.truth.ends_nm[row, [0, 2]])
    merged = before[tuple(pre)]
    assert merged == before[tuple(post)]
    assert after[tuple(pre)] != after[tuple(post)]
    is_other = before != merged
    np.testing.assert_array_equal(after[is_other], before[is_other])
    assert set(np.unique(after[~is_other])).isdisjoint(np.unique(before[is_other]))


def test_nothing_is_parted_where_no_partners_are_merged(world, evidence_of):
    scene = scene_of(world.without(BLIND), evidence_of)
    np.testing.assert_array_equal(derived_segmentation(scene), scene.segmentation)


def test_the_parts_meet_where_the_neurons_do(world, evidence_of):
    scene = scene_of(neurons_merged(world).without(BLIND), evidence_of)
    after = derived_segmentation(scene)
    row = int(np.flatnonzero(scene.survey.truth.row == ROW)[0])
    pre, cleft, post = scene.grid.to_index(scene.survey.truth.ends_nm[row])
    column = after[cleft[0], min(pre[1], post[1]) : max(pre[1], post[1]) + 1, cleft[2]]
    changes = np.flatnonzero(np.diff(column.astype(np.int64)))
    assert len(changes) == 1
    assert abs(changes[0] + min(pre[1], post[1]) - cleft[1]) <= 4  # of 16 rows between the points


def test_it_mends_merged_partners_but_confirms_nothing(world, findings_of):
    found = findings_of(neurons_merged(world).without(BLIND)).iloc[0]
    assert found["cause"] == "neurons_merged"
    assert found["fix_set"] == "segmentation"
    assert found["confirmed"] is pd.NA
    with_truth = findings_of(neurons_merged(world)).iloc[0]
    assert with_truth["fix_set"] == "segmentation"
    assert with_truth["confirmed"]


def test_faults_of_other_stages_are_still_proved_and_need_no_parting(world, findings_of):
    for fault, stage in ((no_signal, "classifier"), (wrong_partner, "assignment")):
        found = findings_of(fault(world).without(BLIND))
        missed = found[found["error"] == "missed"].iloc[0]
        assert "segmentation" not in missed["fix_set"]
        assert missed["stage"] == stage


def test_the_budget_says_which_bar_is_derived(world, evidence_of):
    def budget_of(one):
        evidence, tools = evidence_of(one)
        survey = survey_run(evidence, DiagnoseParams(), tools)
        made = error_budget(survey, diagnose_survey(survey, QuietContext()), QuietContext())
        return {str(stage.stage): stage for stage in made.stages}

    blind = budget_of(neurons_merged(world).without(BLIND))
    assert [name for name, stage in blind.items() if stage.is_derived] == ["segmentation"]
    assert blind["segmentation"].is_tested
    assert blind["segmentation"].in_order == 1
    assert not any(stage.is_derived for stage in budget_of(neurons_merged(world)).values())
