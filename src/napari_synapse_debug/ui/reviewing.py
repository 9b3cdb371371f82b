"""The review of the open run: verdicts, comments and edits of the truth, saved as they are made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from psygnal import Signal

from napari_synapse_debug.domain.errors import InputError, SynapseDebugError
from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.domain.verdicts import ActionKind, TruthEdit, Verdict, finding_keys
from napari_synapse_debug.ui.marks import DISPUTED, marks_of
from napari_synapse_debug.ui.ports import Review
from napari_synapse_debug.ui.session import Session

OpenReview = Callable[[Path, str], Review]


class Reviewing:
    """Joins the session to its project's review; what the session shows is on the disk.

    Parameters
    ----------
    session : Session
        Its marks are set; findings that are gone to are noted as seen.
    open_review : callable
        Opens the review of a run of a project.
    """

    edits_changed = Signal()

    def __init__(self, session: Session, open_review: OpenReview) -> None:
        self._session, self._open_review = session, open_review
        self._review: Review | None = None
        self._problem: SynapseDebugError | None = None
        self._sessions: dict[Path, str] = {}
        self._noted: set[int] = set()
        self._keys: pd.Series[str] | None = None
        session.results_changed.connect(self.reopen)
        session.finding_selected.connect(self._note_seen)

    @property
    def is_open(self) -> bool:
        """Whether verdicts can be saved."""
        return self._review is not None

    @property
    def review(self) -> Review:
        """The open review.

        Raises
        ------
        SynapseDebugError
            There is none, and why.
        """
        if self._review is not None:
            return self._review
        raise self._problem or InputError(
            "Verdicts have nowhere to be saved",
            found="errors that were opened without a project",
            fix="open the project that they belong to (Plugins › Project)",
        )

    def reopen(self) -> None:
        """Open the review of the session's run, and show what it holds."""
        self.close()
        folder, results = self._session.project, self._session.results
        if folder is None or results is None:
            return
        try:
            self._review = self._open_review(folder, self._session.run)
            # one session for as long as the window is open, so that all of it can be undone
            store = self._review.store
            store.session = self._sessions.setdefault(folder, store.session)
            self._show()
        except SynapseDebugError as error:
            self.close()
            self._problem = error  # told as soon as something is to be saved

    def close(self) -> None:
        """Close the file."""
        review, self._review, self._problem = self._review, None, None
        self._noted, self._keys = set(), None
        if review is not None:
            review.close()

    def refresh(self) -> None:
        """Take up what other windows and programs saved since."""
        if self._review is None or not self._review.store.is_changed_elsewhere():
            return
        self._review.refresh()  # an action of our own may have taken them up already
        self._show()
        self.edits_changed.emit()

    def give(self, verdict: Verdict) -> None:
        """Hold the selected finding for ``verdict`` and go to the next one without any.

        Where reviewers differ it settles the dispute, and where that is settled it does so anew.

        Raises
        ------
        SynapseDebugError
            Nothing is selected, or it cannot be saved.
        """
        self.refresh()
        finding, at = self._selected()
        marks, author = self._session.marks, self.review.author
        is_for_all = marks.verdict[at] == DISPUTED or marks.is_settled[at]
        following = self._session.next_unreviewed(1)
        if is_for_all:
            self.review.settle(finding, verdict)
        else:
            self.review.set_verdict(finding, verdict)
        if is_for_all or marks.said[at] not in ("", f"{author}: {marks.verdict[at]}"):
            self._show()  # others have a say
        else:
            said = f"{author}: {verdict}"
            self._session.set_marks(marks.having(at, verdict=verdict.value, said=said))
        self.edits_changed.emit()
        if following is not None:
            self._session.select(following)

    def accept(self) -> None:
        """Hold the selected false finding for true: the corrected truth gains it.

        Raises
        ------
        InputError
            The selected finding is none that was found without a truth.
        """
        _, at = self._selected()
        if self._session.table.column("error")[at] != ErrorKind.FALSE:
            raise InputError(
                "Only a synapse that was found without a truth can be accepted",
                found=f"a {self._session.table.column('error')[at]} one",
                fix="select a false one, or give a verdict with 1 to 5",
            )
        self.give(Verdict.GROUND_TRUTH_ERROR)

    def comment(self, text: str) -> None:
        """Put ``text`` in the place of this person's comment on the selected finding."""
        finding, at = self._selected()
        marks = self._session.marks
        self.review.set_comment(finding, text)
        if marks.comment[at] == marks.own_comment[at]:
            self._session.set_marks(marks.having(at, comment=text, own_comment=text))
        else:
            self._show()  # others have a say

    def undo(self) -> None:
        """Undo the last thing done in this window, and go to the finding that it was about."""
        self._after(self.review.undo())

    def redo(self) -> None:
        """Do again what was undone last."""
        self._after(self.review.redo())

    def edit(self, edit: TruthEdit) -> None:
        """Change the corrected truth by hand.

        Raises
        ------
        SynapseDebugError
            There is no such row, or it cannot be saved.
        """
        self.review.edit(edit)
        self.edits_changed.emit()

    def _after(self, action: object | None) -> None:
        if action is None:
            raise InputError("There is nothing more to undo or redo in this window")
        self._show()
        self.edits_changed.emit()
        subject = getattr(action, "subject", None)
        if subject is not None:  # the findings may have other numbers by now, or be gone
            at = np.flatnonzero((self._finding_keys() == subject.key).to_numpy(np.bool_))
            if len(at):
                self._session.select(int(self._session.table.column("finding")[at[0]]))

    def _finding_keys(self) -> pd.Series[str]:
        if self._keys is None:
            self._keys = finding_keys(self._session.table.frame)
        return self._keys

    def _selected(self) -> tuple[int, int]:
        finding = self._session.selected
        if finding is None:
            raise InputError("Select an error of the list first")
        return finding, self._session.table.position(finding)

    def _note_seen(self, finding: int | None) -> None:
        if self._review is None or finding is None or finding in self._noted:
            return
        self._noted.add(finding)
        try:
            # not ``mark_seen``: that replays the journal, which is long after a day of reviewing
            self._review.store.append(ActionKind.SEEN, subject=self._review.refer(finding))
        except SynapseDebugError as error:
            self._problem = error

    def _show(self) -> None:
        """Compute the marks of all findings from the journal."""
        table = self._session.table
        ids = table.column("finding").tolist()
        position = {int(finding): at for at, finding in enumerate(ids)}
        said, author = self.review.verdicts(), self.review.author
        marks = marks_of(said, position, self._seen(), table.marks, author)
        self._noted |= {int(ids[at]) for at in np.flatnonzero(marks.seen)}
        self._session.set_marks(marks)

    def _seen(self) -> np.ndarray:
        """Which findings this person looked at, in this window or before: (N,) bool."""
        seen = self._session.marks.seen
        mine = {key for key, author in self.review.state.seen if author == self.review.author}
        if not mine:
            return seen
        return np.asarray(seen | self._finding_keys().isin(mine).to_numpy(np.bool_), dtype=np.bool_)
