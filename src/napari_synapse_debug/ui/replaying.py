"""What the journal of a review leads to in the list that is open; nothing is changed here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.domain.verdicts import Action, FindingRef, finding_keys
from napari_synapse_debug.review import replay
from napari_synapse_debug.ui.finding_table import FindingTable
from napari_synapse_debug.ui.marks import Marks, marks_of
from napari_synapse_debug.ui.ports import Review

FEW = 500
"""A journal of as many actions is replayed at once; a longer one in a thread."""

_ROWS_PER_ACTION = 4  # names of as many findings take as long as an action
_ACTIONS_PER_READ = 50  # take as long as the segments under the points of a synapse
_NEAR_NM = 1.0


def is_long(review: Review, actions: Sequence[Action], n_findings: int) -> bool:
    """Whether a journal is to be replayed in a thread; an empty one is not."""
    work = len(actions) + n_findings // _ROWS_PER_ACTION
    if actions and work <= FEW:
        work += _ACTIONS_PER_READ * review.n_moved(actions)
    return bool(actions) and work > FEW


def marks_after(review: Review, actions: Sequence[Action], table: FindingTable) -> Marks:
    """The marks of all findings after ``actions``."""
    state, author, frame = replay(actions), review.author, table.frame
    position = {finding: at for at, finding in enumerate(frame["finding"].tolist())}
    mine = {key for key, who in state.seen if who == author}
    seen = np.zeros(len(frame), np.bool_)
    if mine:
        seen = finding_keys(frame).isin(mine).to_numpy(np.bool_)
    return marks_of(review.verdicts(state), position, seen, table.marks, author)


def finding_of(table: FindingTable, subject: FindingRef) -> int | None:
    """The finding of that key; it may have another number by now, or be gone."""
    if subject.truth_row is not None and subject.error is not ErrorKind.FALSE:
        at = np.flatnonzero(table.frame["truth_row"].eq(subject.truth_row).fillna(value=False))
    else:
        offset = np.abs(table.cleft_nm - np.array(subject.cleft_nm))
        at = np.flatnonzero((offset < _NEAR_NM).all(axis=1))
    rows = table.frame.iloc[at]
    named = rows["finding"][finding_keys(rows) == subject.key].tolist()
    return int(named[0]) if named else None
