"""Each cause of a false or mistyped synapse, planted into the toy world."""

import pandas as pd
import pytest

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.simulate.toy import slab

X = 150  # voxel of synapse 2
B, F = 2, 6
WEAK = (slice(3, 6), slice(22, 26), slice(100, 112))  # between synapses 1 and 2, on B | F


def false_ones(findings):
    return findings[findings["error"] == "false"]


def test_signal_in_no_zone_is_the_classifiers(world, findings_of):
    assert len(findings_of(world)) == 0
    findings = findings_of(world.signal("shaft", WEAK, 0.6))
    assert list(findings["error"]) == ["false"]
    found = findings.iloc[0]
    assert (found["stage"], found["cause"]) == ("classifier", "false_signal")
    assert found["confirmed"]


def test_what_lies_under_a_false_signal_is_told(world, findings_of):
    planted = world.signal("shaft", WEAK, 0.95).signal("mito", WEAK, 0.8)
    found = findings_of(planted).iloc[0]
    assert found["cause"] == "false_signal"
    assert "mitochondrion (mean probability 0.80)" in found["summary"]


def test_a_strong_signal_without_truth_speaks_against_the_truth(world, findings_of):
    """Row 12 is forgotten, mask and all."""
    clefts = world.clefts.copy()
    clefts[clefts == 2] = 0
    truth = world.truth[world.truth["row"] != 12].reset_index(drop=True)
    findings = findings_of(world.change(truth=truth, clefts=clefts))
    assert list(findings["cause"]) == ["gt_probably_missing"]
    assert findings["suspect_truth"].iloc[0] > 0.5
    assert findings["confirmed"].iloc[0] is pd.NA


def test_a_second_candidate_of_a_cleft_is_split(world, findings_of):
    cut = world.signal("shaft", (slice(3, 6), slice(22, 26), slice(148, 156)), 0.0)
    near = world.synapses.model_copy(update={"duplicate_nm": 10.0})
    findings = findings_of(cut.change(synapses=near))
    assert list(findings["error"]) == ["false"]
    assert list(findings["cause"]) == ["split_candidate"]
    assert findings["confirmed"].iloc[0]


def test_the_false_half_of_a_reversed_row_is_its_twin(world, findings_of):
    old = world.truth.set_index("row").loc[12]
    swapped = {
        f"{end}_{axis}_nm": old[f"{other}_{axis}_nm"]
        for end, other in (("pre", "post"), ("post", "pre"))
        for axis in "zyx"
    }
    findings = findings_of(world.move(12, **swapped, pre_segment=F, post_segment=B))
    assert list(findings["error"]) == ["missed", "false"]
    assert list(findings["cause"]) == ["reversed", "reversed"]
    assert list(findings["fault"]) == [1, 1]
    assert set(findings["suspect_truth"]) == {0.5}


def test_a_partner_too_many(world, findings_of):
    """The cleft lies on F and 9; the truth has only B → F."""
    segmentation = world.segmentation.copy()
    segmentation[:, 24:, 155:200] = 9
    both = world.synapses.model_copy(update={"polyadic": True})
    planted = world.change(segmentation=segmentation, true_segmentation=segmentation, synapses=both)
    findings = findings_of(planted)
    assert list(findings["cause"]) == ["extra_partner"]
    assert findings["post_segment"].iloc[0] == 9
    assert findings["confirmed"].iloc[0]


def test_a_candidate_leaks_onto_another_contact(world, findings_of):
    """Where the cleft is the neurons do not touch; the candidate reaches on to C | G."""
    gap = world.segments((slice(None), slice(17, 31), slice(100, 200)), 0)
    leak = gap.signal("shaft", (slice(3, 6), slice(22, 26), slice(138, 214)), 0.9)
    findings = findings_of(leak)
    found = false_ones(findings).iloc[0]
    assert found["contact_outcome"] == "fail"
    assert "only outside" in found["contact_evidence"]


def test_a_truth_beyond_the_margin_is_the_evaluations(world, findings_of):
    box = Box((0, 0, 0), (8, 48, 150))
    tight = world.evaluate.model_copy(update={"margin_nm": 0.0})
    assert len(findings_of(world.change(box=box))) == 0
    findings = findings_of(world.change(box=box, evaluate=tight))
    assert list(findings["error"]) == ["false"]
    assert list(findings["cause"]) == ["outside_box"]
    assert findings["refusal"].iloc[0] == "outside_box"
    assert findings["confirmed"].iloc[0]


def test_a_row_between_fragments_of_the_true_partners(world, findings_of):
    """Judged in the segmentation in use, a fragment of F is another neuron."""
    fragment = world.segments((slice(None), slice(24, 31), slice(100, 200)), 20)
    asked = world.evaluate.model_copy(update={"judge": "in_use", "snap_nm": 0.0})
    findings = findings_of(fragment.change(evaluate=asked))
    found = false_ones(findings).iloc[0]
    assert found["segmentation_outcome"] == "fail"
    assert found["cause"] == "partner_split"


def test_a_kind_that_the_classifier_got_wrong(world, findings_of):
    cleft = slab(X)
    findings = findings_of(world.signal("shaft", cleft, 0.4).signal("head", cleft, 0.9))
    assert list(findings["error"]) == ["mistyped"]
    assert list(findings["cause"]) == ["wrong_class"]
    assert findings["confirmed"].iloc[0]
    assert "69% is spine_head and 31% shaft, the true kind" in findings["summary"].iloc[0]


def test_a_kind_that_was_lost_after_the_classifier(world, findings_of):
    """In the zone the true class is stronger; the candidate beyond it turns the balance."""
    tail = (slice(3, 6), slice(10, 38), slice(168, 199))
    findings = findings_of(world.signal("head", tail, 0.9).signal("shaft", slab(X, half_x=18), 0.9))
    assert list(findings["error"]) == ["mistyped"]
    assert list(findings["cause"]) == ["wrong_kind"]


def test_a_haze_of_another_class_around_the_candidate_is_not_its_kind(world, findings_of):
    """The zone holds more of the other class, but below the threshold, beside the candidate."""
    tail = (slice(3, 6), slice(10, 38), slice(168, 199))
    haze = world.signal("head", (slice(2, 7), slice(12, 36), slice(120, 180)), 0.45)
    findings = findings_of(haze.signal("head", tail, 0.9).signal("shaft", slab(X, half_x=18), 0.9))
    assert list(findings["error"]) == ["mistyped"]
    assert list(findings["cause"]) == ["wrong_kind"]


def test_an_unknown_kind_is_no_mistake(world, findings_of):
    assert len(findings_of(world.move(12, kind="unknown"))) == 0


@pytest.mark.parametrize("row", [11, 14])
def test_ignored_truth_is_no_error(world, findings_of, row):
    hidden = world.signal("shaft", slab(50 if row == 11 else 350), 0.0)
    assert list(findings_of(hidden)["truth_row"]) == [row]
    assert len(findings_of(hidden.move(row, ignore=True))) == 0


def test_a_leak_is_one_also_where_its_partners_touch_in_the_zone(world, findings_of):
    """Neuron 9 begins in the zone, but most of the candidate's part on it lies beyond."""
    other = world.neurons((slice(None), slice(24, 48), slice(166, 200)), 9)
    leak = other.signal("shaft", (slice(3, 6), slice(22, 26), slice(138, 198)), 0.9)
    both = world.synapses.model_copy(update={"polyadic": True})
    findings = findings_of(leak.change(synapses=both))
    (found,) = (row for _, row in findings.iterrows() if row["post_segment"] == 9)
    assert found["cause"] == "contact_leaks"
    assert found["confirmed"]
