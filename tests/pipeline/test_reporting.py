"""The step report on the painted project."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from napari_synapse_debug.domain.events import Event, QuietContext
from napari_synapse_debug.domain.records import point_columns
from napari_synapse_debug.io import load_project, read_table
from napari_synapse_debug.pipeline import change_params, open_results, run_steps
from napari_synapse_debug.pipeline.case import case_of_run
from napari_synapse_debug.pipeline.report_cards import make_cards
from napari_synapse_debug.pipeline.report_marks import marks_of
from napari_synapse_debug.pipeline.report_matrices import compare_connectomes
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.report import Look

ALL = ("contacts", "synapses", "evaluate", "diagnose", "report")


def work_in(folder: Path) -> Work:
    return Work(load_project(folder), "main", "", QuietContext())


def test_the_page_has_all_its_parts(finished: Path) -> None:
    place = finished / "runs" / "main"
    page = (place / "report.html").read_text(encoding="utf-8")
    for heading in (
        "Scores",
        "Where synapses are lost",
        "The connectome",
        "Threshold and smallest size",
        "The errors",
        "What was done",
    ):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<article") == 5
    assert "rule three_point · judge gt · T 400 nm" in page
    assert "threshold 0.5 · smallest candidate 9 voxels" in page
    assert "Beware" not in page
    assert "all 6, those that mostly give first" in page
    table = read_table(place / "surface.csv")
    assert set(table["box"]) == {"train", "eval"}
    assert {"threshold", "min_size_vx", "tp", "fn", "fp", "f1"} <= set(table.columns)


def test_a_threshold_by_hand_is_told_on_the_page_and_while_it_is_made(finished: Path) -> None:
    change_params(finished, {"synapses": {"threshold": 0.45, "live_levels": 0}})
    events: list[Event] = []
    run_steps(finished, ALL, context=QuietContext(events.append))
    told = "threshold 0.45 (calibrated 0.5)"
    assert any(told in event.message for event in events)
    page = (finished / "runs" / "main" / "report.html").read_text(encoding="utf-8")
    assert told in page


def test_both_connectomes_are_of_the_same_neurons(finished: Path, world: SimpleNamespace) -> None:
    case = case_of_run(work_in(finished))
    matches = open_results(finished).matches
    assert matches is not None
    found = compare_connectomes(case, matches)
    assert found is not None
    assert found.n_neurons == len(found.ids) == 6
    counted = [site for site in world.sites if site.number not in (7, 9)]
    assert found.true.sum() == len(counted) == 7
    assert found.predicted.sum() == 6, "4 right and 2 false"
    place = {int(name): k for k, name in enumerate(found.ids)}
    a, b, c, d = (place[name] for name in (14, 11, 16, 12))
    assert (found.true[a, b], found.predicted[a, b]) == (1, 1), "synapse 1"
    assert (found.true[b, c], found.predicted[b, c]) == (1, 0), "synapse 2 is too weak"
    assert (found.true[c, d], found.predicted[c, d]) == (1, 0), "synapse 3 is reversed"
    assert (found.true[d, c], found.predicted[d, c]) == (0, 1)


@pytest.mark.parametrize(
    "evaluate", [{"judge": "none"}, {"scope": "sparse"}], ids=["judge", "scope"]
)
def test_without_judged_neurons_there_are_no_matrices(
    finished: Path, evaluate: dict[str, str]
) -> None:
    change_params(finished, {"evaluate": evaluate})
    matches = open_results(finished).matches
    assert matches is not None
    assert compare_connectomes(case_of_run(work_in(finished)), matches) is None


def test_an_error_is_drawn_with_what_it_was_refused_against(finished: Path) -> None:
    results = open_results(finished)
    findings, truth = results.findings, results.truth
    assert findings is not None
    assert truth is not None
    marks = marks_of(results, findings)
    assert len(marks.keys) == len(truth) + 8
    missed = findings[findings["truth_row"] == 3].iloc[0]
    assert missed["refusal"] == "reversed"
    center = missed[point_columns("cleft")].to_numpy(np.float64)
    own = [m for m in marks.near(center, int(missed["fault"]), 450.0) if not m.is_other]
    assert sorted(mark.is_truth for mark in own) == [False, True]
    true, predicted = sorted(own, key=lambda mark: not mark.is_truth)
    assert true.points_nm[0, 2] < true.points_nm[2, 2], "from C to D"
    assert predicted.points_nm[0, 2] > predicted.points_nm[2, 2], "the other way round"
    everything = marks.near(center, -1, 450.0)
    assert len(everything) > 2
    assert all(mark.is_other for mark in everything)


def test_cards_come_in_the_order_of_the_findings_with_their_pictures(finished: Path) -> None:
    results = open_results(finished)
    findings = results.findings
    assert findings is not None
    cards = make_cards(work_in(finished), results, findings)
    assert [card.finding["finding"] for card in cards] == [1, 2, 3, 4, 5]
    assert {tuple(card.looks) for card in cards} == {tuple(Look)}
    for card in cards:
        assert card.sheet is not None
        assert card.sheet.shape == (366, 366, 3), "3 × 120 pixels and 2 gaps"
        assert len(np.unique(card.sheet)) > 20
    falses = [card for card in cards if card.finding["error"] == "false"]
    assert len(falses) == 2
    assert all(card.finding["truth_row"] is None for card in falses)
