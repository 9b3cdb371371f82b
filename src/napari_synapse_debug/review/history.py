"""Order of a journal's actions, and what undo and redo leave of them.

::

    A  B  undo B  C  undo C  undo A  redo A        stands: A
                                                   next undo: A, next redo: C
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from napari_synapse_debug.domain.verdicts import Action, ActionKind

NOT_UNDONE = frozenset({ActionKind.SEEN, ActionKind.ASSIGN, ActionKind.UNDO, ActionKind.REDO})
"""Actions that undo passes over: a look is no decision, a package was mailed."""


def in_order(actions: Iterable[Action]) -> list[Action]:
    """The actions, each once, by time and then uid: the same whatever order they came in."""
    unique = {action.uid: action for action in actions}
    return sorted(unique.values(), key=lambda action: (action.time, action.uid))


def standing(actions: Iterable[Action]) -> list[Action]:
    """The actions in order, without undone ones and without the undos and redos themselves."""
    ordered = in_order(actions)
    undone: set[str] = set()
    for action in ordered:
        if action.kind is ActionKind.UNDO:
            undone.add(action.target)
        elif action.kind is ActionKind.REDO:
            undone.discard(action.target)
    markers = (ActionKind.UNDO, ActionKind.REDO)
    return [a for a in ordered if a.kind not in markers and a.uid not in undone]


def next_undo(actions: Iterable[Action], author: str, session: str) -> Action | None:
    """The latest action of this author in this session that still stands; None without one."""
    done, _ = _stacks(actions, author, session)
    return done[-1] if done else None


def next_redo(actions: Iterable[Action], author: str, session: str) -> Action | None:
    """The action that was undone last, unless something new was done since; None without one."""
    _, undone = _stacks(actions, author, session)
    return undone[-1] if undone else None


def _stacks(
    actions: Iterable[Action], author: str, session: str
) -> tuple[Sequence[Action], Sequence[Action]]:
    done: list[Action] = []
    undone: list[Action] = []
    for action in in_order(a for a in actions if (a.author, a.session) == (author, session)):
        if action.kind is ActionKind.UNDO:
            _move(action.target, done, undone)
        elif action.kind is ActionKind.REDO:
            _move(action.target, undone, done)
        elif action.kind not in NOT_UNDONE:
            done.append(action)
            undone.clear()
    return done, undone


def _move(uid: str, source: list[Action], to: list[Action]) -> None:
    """Move the action ``uid`` from one stack to the other, if it is there."""
    for at in range(len(source) - 1, -1, -1):
        if source[at].uid == uid:
            to.append(source.pop(at))
            return
