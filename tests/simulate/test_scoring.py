from __future__ import annotations

import pandas as pd
import pytest

from napari_synapse_debug.domain import records
from napari_synapse_debug.simulate import RUN_EVENTS, score_events


def events(**columns: object) -> pd.DataFrame:
    row = {
        "event": 1,
        "stage": "classifier",
        "cause": "no_signal",
        "error": "missed",
        "truth_row": 12,
        "description": "",
        "also_rows": "",
        "changed": "prediction",
        **dict.fromkeys([*records.point_columns("cleft"), *records.point_columns("at")], 0.0),
        **columns,
    }
    return records.conform(pd.DataFrame([row]), RUN_EVENTS)


def findings(*rows: dict) -> pd.DataFrame:
    base = {"error": "missed", "truth_row": 12, "confirmed": True}
    base |= dict.fromkeys(records.point_columns("cleft"), 0.0)
    return pd.DataFrame([{**base, **row} for row in rows]).astype({"truth_row": "Int64"})


def test_an_event_is_named_by_the_finding_of_its_row() -> None:
    other = {"truth_row": 13, "stage": "candidate", "cause": "too_small"}
    own = {"stage": "classifier", "cause": "no_signal"}
    score = score_events(events(), findings(other, own)).iloc[0]
    assert score["named_cause"] == "no_signal"
    assert score["stage_is_right"]
    assert not score["wrongly_confirmed"]


def test_a_wrong_stage_that_was_confirmed_counts_against_the_diagnosis() -> None:
    score = score_events(events(), findings({"stage": "contact", "cause": "no_contact"})).iloc[0]
    assert not score["stage_is_right"]
    assert score["wrongly_confirmed"]


@pytest.mark.parametrize(("z_nm", "had_effect"), [(290.0, True), (310.0, False)])
def test_a_false_synapse_is_known_by_its_place(z_nm: float, had_effect: bool) -> None:
    event = events(error="false", truth_row=pd.NA, stage="candidate", cause="split_candidate")
    false = {"error": "false", "truth_row": pd.NA, "cleft_z_nm": z_nm}
    found = findings({**false, "stage": "candidate", "cause": "split_candidate"})
    assert score_events(event, found)["had_effect"].iloc[0] == had_effect


@pytest.mark.parametrize(
    ("old", "had_effect"),
    [({"cleft_x_nm": 90.0}, False), ({"cleft_x_nm": 110.0}, True), ({"post_segment": 4}, True)],
)
def test_a_false_synapse_that_was_there_before_is_no_effect(old: dict, had_effect: bool) -> None:
    event = events(error="false", truth_row=pd.NA, stage="candidate", cause="split_candidate")
    false = {"error": "false", "truth_row": pd.NA, "pre_segment": 2, "post_segment": 3}
    found = findings({**false, "stage": "candidate", "cause": "split_candidate"})
    before = findings({**false, **old})
    assert score_events(event, found, before)["had_effect"].iloc[0] == had_effect


def test_a_row_lost_in_its_place_counts_too() -> None:
    found = findings({"truth_row": 99, "stage": "classifier", "cause": "no_signal"})
    assert not score_events(events(), found)["had_effect"].iloc[0]
    assert score_events(events(also_rows="98,99"), found)["cause_is_right"].iloc[0]


def test_no_events_no_scores() -> None:
    none = records.empty(RUN_EVENTS)
    scores = score_events(none, findings({"stage": "classifier", "cause": "no_signal"}))
    assert len(scores) == 0
    assert "had_effect" in scores
