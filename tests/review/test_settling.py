"""What reviewers hold a finding for together, and how far they agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_synapse_debug.domain.verdicts import ActionKind, Verdict
from napari_synapse_debug.review import agreement, cohen_kappa, replay, settle


def settled(journal: Any) -> list[tuple[str, str, str, int]]:
    table = settle(replay(journal.actions).verdicts, by=("key", "stage"))
    columns = ("key", "verdict", "standing", "n_reviewers")
    return list(zip(*(table[name] for name in columns), strict=True))


def test_one_reviewer_or_several_of_one_mind_agree(journal: Any) -> None:
    journal.say(1, "unsure")
    journal.say(2, "ambiguous")
    journal.say(2, "ambiguous", author="ben")
    assert settled(journal) == [
        ("missed:11", "unsure", "agreed", 1),
        ("missed:12", "ambiguous", "agreed", 2),
    ]


def test_a_dispute_holds_for_nothing_until_it_is_settled(journal: Any) -> None:
    journal.say(1, "unsure")
    journal.say(1, "model_error", author="ben")
    assert settled(journal) == [("missed:11", "", "disputed", 2)]
    journal.say(1, "ambiguous", author="cleo", kind=ActionKind.SETTLE)
    assert settled(journal) == [("missed:11", "ambiguous", "settled", 2)]
    journal.say(1, "model_error", author="cleo", kind=ActionKind.SETTLE)
    assert settled(journal) == [("missed:11", "model_error", "settled", 2)]


def test_no_verdict_gives_an_empty_table(journal: Any) -> None:
    assert settled(journal) == []
    journal.say(1, "look again", kind=ActionKind.COMMENT)
    assert settled(journal) == []


def test_what_was_said_is_listed_by_author(journal: Any) -> None:
    journal.say(1, "unsure", author="ben")
    journal.say(1, "model_error")
    journal.say(1, "blurred", author="ben", kind=ActionKind.COMMENT)
    row = settle(replay(journal.actions).verdicts, by=("key", "stage")).iloc[0]
    assert row["said"] == "anna: model_error; ben: unsure"
    assert row["comment"] == "blurred"


def test_kappa_by_hand() -> None:
    """20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: p_o 0.7, p_e 0.5 · 0.6 + 0.5 · 0.4 = 0.5."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("first", "second", "kappa"),
    [
        ([], [], None),
        (["a", "a"], ["a", "a"], None),
        (["a"], ["b"], 0.0),
        (["a", "b"], ["b", "a"], -1.0),
        (["a", "b"], ["a", "b"], 1.0),
        (["a", "a", "a", "a"], ["a", "a", "a", "b"], 0.0),
    ],
)
def test_kappa_at_its_edges(first: list[str], second: list[str], kappa: float | None) -> None:
    assert cohen_kappa(first, second) == kappa


@given(st.lists(st.tuples(st.sampled_from(Verdict), st.sampled_from(Verdict)), min_size=1))
def test_kappa_is_symmetric_and_bounded(pairs: list[tuple[str, str]]) -> None:
    first, second = (list(side) for side in zip(*pairs, strict=True))
    kappa = cohen_kappa(first, second)
    assert kappa == cohen_kappa(second, first)
    assert kappa is None or -1.0 <= kappa <= 1.0


def test_agreement_is_of_shared_findings_only(journal: Any) -> None:
    for number, (anna, ben) in enumerate([("a", "a"), ("b", "b"), ("a", "b"), ("b", "a")], 1):
        journal.say(number, f"{anna}", author="anna")
        journal.say(number, f"{ben}", author="ben")
    journal.say(5, "a", author="anna")
    journal.say(6, "a", author="cleo")
    table = agreement(replay(journal.actions).verdicts, by=("key",))
    kept = [list(row) for row in table.to_numpy()]
    assert kept[0] == ["anna", "ben", 4, 2, 0.0]
    assert kept[1][:4] == ["anna", "cleo", 0, 0]
    assert np.isnan(kept[1][4])
    assert len(kept) == 3


def test_one_author_has_nobody_to_agree_with(journal: Any) -> None:
    journal.say(1, "unsure")
    assert agreement(replay(journal.actions).verdicts, by=("key",)).empty
