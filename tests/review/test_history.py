"""Undo and redo of a journal's actions, and its order."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_synapse_debug.domain.verdicts import Action, ActionKind
from napari_synapse_debug.review import in_order, next_redo, next_undo, standing


def names(actions: list[Action]) -> list[str]:
    return [action.value for action in actions]


def test_what_was_undone_does_not_stand(journal: Any) -> None:
    a = journal.do(ActionKind.COMMENT, "a")
    b = journal.do(ActionKind.COMMENT, "b")
    assert names(standing(journal.actions)) == ["a", "b"]
    journal.do(ActionKind.UNDO, target=b.uid)
    assert names(standing(journal.actions)) == ["a"]
    assert next_undo(journal.actions, "anna", "one") == a
    assert next_redo(journal.actions, "anna", "one") == b
    journal.do(ActionKind.REDO, target=b.uid)
    assert names(standing(journal.actions)) == ["a", "b"]
    assert next_redo(journal.actions, "anna", "one") is None


def test_something_new_ends_what_could_be_done_again(journal: Any) -> None:
    a = journal.do(ActionKind.COMMENT, "a")
    journal.do(ActionKind.UNDO, target=a.uid)
    assert next_redo(journal.actions, "anna", "one") == a
    b = journal.do(ActionKind.COMMENT, "b")
    assert next_redo(journal.actions, "anna", "one") is None
    assert next_undo(journal.actions, "anna", "one") == b


@pytest.mark.parametrize(("author", "session"), [("ben", "one"), ("anna", "two")])
def test_nobody_undoes_what_another_window_did(journal: Any, author: str, session: str) -> None:
    journal.do(ActionKind.COMMENT, "a")
    assert next_undo(journal.actions, "anna", "one") is not None
    assert next_undo(journal.actions, author, session) is None


def test_a_look_is_not_undone_but_the_verdict_before_it_is(journal: Any) -> None:
    verdict = journal.say(1, "unsure")
    journal.say(2, "", kind=ActionKind.SEEN)
    assert next_undo(journal.actions, "anna", "one") == verdict


def test_an_undo_of_the_unknown_changes_nothing(journal: Any) -> None:
    journal.do(ActionKind.COMMENT, "a")
    journal.do(ActionKind.UNDO, target="f" * 32)
    assert names(standing(journal.actions)) == ["a"]


@given(steps=st.lists(st.sampled_from(["new", "undo", "redo"]), max_size=30), seed=st.integers())
def test_the_journal_agrees_with_two_stacks_in_any_order(steps: list[str], seed: int) -> None:
    actions: list[Action] = []

    def add(kind: ActionKind, target: str = "") -> Action:
        number = len(actions)
        time = f"2026-01-01T00:00:00.{number:06d}+00:00"
        action = Action(f"{number:032x}", time, "anna", "one", kind, "", None, target)
        actions.append(action)
        return action

    done: list[Action] = []
    undone: list[Action] = []
    for step in steps:
        if step == "new":
            done.append(add(ActionKind.COMMENT))
            undone.clear()
        elif step == "undo" and done:
            undone.append(done.pop())
            add(ActionKind.UNDO, undone[-1].uid)
        elif step == "redo" and undone:
            done.append(undone.pop())
            add(ActionKind.REDO, done[-1].uid)
    shuffled = actions * 2
    random.Random(seed).shuffle(shuffled)
    assert in_order(shuffled) == actions
    assert standing(shuffled) == sorted(done, key=lambda action: action.time)
    assert next_undo(shuffled, "anna", "one") == (done[-1] if done else None)
    assert next_redo(shuffled, "anna", "one") == (undone[-1] if undone else None)
