from __future__ import annotations

import pandas as pd

from napari_synapse_debug.diagnose.outcomes import Outcomes
from napari_synapse_debug.domain.records import MATCHES, empty


def _matches():
    table = empty(MATCHES).reindex(range(5))
    return table.assign(
        truth_row=pd.array([0, 4, 7, None, None], dtype="Int64"),
        prediction_row=pd.array([3, None, 9, 0, 5], dtype="Int64"),
        outcome=["tp", "fn", "ignored", "fp", "unjudged"],
    )


def test_rows_are_sorted_by_outcome_and_row_0_is_a_row():
    found = Outcomes.of(_matches())
    assert found.found == {0}
    assert found.missed == {4}
    assert found.false == {0}


def test_partners_are_told_whether_they_count_or_not():
    assert Outcomes.of(_matches()).partner == {0: 3, 7: 9}


def test_no_match_gives_nothing():
    found = Outcomes.of(empty(MATCHES))
    assert not found.found | found.missed | found.false
    assert not found.partner
