"""The review of the open run: verdicts, comments and edits of the truth, saved as they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from psygnal import Signal

from napari_synapse_debug.domain.errors import InputError, SynapseDebugError
from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.domain.verdicts import ActionKind, TruthEdit, Verdict
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.marks import DISPUTED, Marks
from napari_synapse_debug.ui.names import PROJECT_MENU
from napari_synapse_debug.ui.ports import Review
from napari_synapse_debug.ui.replaying import finding_of, is_long, marks_after
from napari_synapse_debug.ui.session import Session

OpenReview = Callable[[Path, str], Review]

_TASK = "marks"


class Reviewing:
    """Joins the session to its project's review; what the session shows is on the disk.

    Parameters
    ----------
    session : Session
        Its marks are set; findings that are gone to are noted as seen.
    open_review : callable
        Opens the review of a run of a project.
    background : Background, optional
        Where long journals are replayed; without it the window waits for them.
    """

    edits_changed = Signal()
    failed = Signal(object)
    problem_changed = Signal(str)

    def __init__(
        self, session: Session, open_review: OpenReview, background: Background | None = None
    ) -> None:
        self._session, self._open_review = session, open_review
        self._background, self._is_replaying, self._is_first = background, False, False
        self._review: Review | None = None
        self._problem: SynapseDebugError | None = None
        self._sessions: dict[Path, str] = {}
        self._noted: set[int] = set()
        self.edits_changed.connect(lambda: self._set_problem(None))
        session.results_changed.connect(self.reopen)
        session.finding_selected.connect(self._note_seen)

    @property
    def is_open(self) -> bool:
        """Whether verdicts can be saved."""
        return self._review is not None

    @property
    def author(self) -> str:
        """Whose name verdicts have; empty where they cannot be saved."""
        return "" if self._review is None else self._review.author

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
            fix=f"open the project that they belong to ({PROJECT_MENU})",
        )

    @property
    def problem(self) -> str:
        """Why verdicts can be neither shown nor saved, or were not saved; empty where they are."""
        return "" if self._problem is None else str(self._problem)

    def reopen(self) -> None:
        """Open the review of the session's run, and show what it holds."""
        before = self.author
        self.close()
        folder, results = self._session.project, self._session.results
        if folder is None or results is None:
            return
        try:
            self._review = self._open_review(folder, self._session.run)
            # one session for as long as the window is open, so that all of it can be undone
            store = self._review.store
            store.session = self._sessions.setdefault(folder, store.session)
            if before and before != self.author:  # the other one looked at what was seen
                marks = self._session.marks
                self._session.set_marks(replace(marks, seen=np.zeros_like(marks.seen)))
            self._show(is_first=True)
        except SynapseDebugError as error:
            self.close()
            self._set_problem(error)

    def close(self) -> None:
        """Close the file."""
        review, self._review = self._review, None
        self._noted, self._is_replaying, self._is_first = set(), False, False
        self._set_problem(None)
        if self._background is not None:
            self._background.forget(_TASK)
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
        finding, at = self._attend()
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
            said, time = f"{author}: {verdict}", self.review.actions()[-1].time
            self._say(at, verdict=verdict.value, said=said, author=author, time=time)
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

    def take_back(self) -> None:
        """Take this person's verdict on the selected finding back, whenever it was given.

        Where that settled a dispute it is the settlement that is taken back, and the verdict that
        was given before stands again.

        Raises
        ------
        SynapseDebugError
            There is none, or it cannot be saved.
        """
        finding, at = self._attend()
        marks, author = self._session.marks, self.review.author
        if marks.is_settled[at] and marks.author[at] == author:
            self.review.settle(finding, None)
            self._show()
            self.edits_changed.emit()
            return
        words = str(marks.said[at]).split("; ")
        if not marks.verdict[at] or not any(word.startswith(f"{author}: ") for word in words):
            raise InputError("You gave no verdict on this error", fix="give one with 1 to 5")
        self.review.set_verdict(finding, None)
        if len(words) == 1 and not marks.is_settled[at]:
            self._say(at, verdict="", said="", author="", time="")
        else:
            self._show()  # others have a say
        self.edits_changed.emit()

    def comment(self, finding: int, text: str) -> None:
        """Put ``text`` in the place of this person's comment on ``finding``."""
        marks, at = self._session.marks, self._session.table.position(finding)
        self.review.set_comment(finding, text)
        self._set_problem(None)
        if marks.comment[at] == marks.own_comment[at]:
            self._say(at, comment=text, own_comment=text)
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
        finding = None if subject is None else finding_of(self._session.table, subject)
        if finding is not None:
            self._session.select(finding)

    def _attend(self) -> tuple[int, int]:
        """The selected finding and its place, once all that was said of it is known."""
        self.refresh()
        self._wait()
        return self._selected()

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
            self._noted.discard(finding)
            self._set_problem(error)
        else:
            self._set_problem(None)

    def _set_problem(self, error: SynapseDebugError | None) -> None:
        if error is not self._problem:
            self._problem = error
            self.problem_changed.emit(self.problem)

    def _say(self, at: int, **values: str) -> None:
        """Show at once what this person said of the finding at place ``at``."""
        self._session.set_marks(self._session.marks.having(at, **values))
        if self._is_replaying:
            self._show()  # what is computed there does not know of it

    def _show(self, *, is_first: bool = False) -> None:
        """Compute the marks of all findings from the journal; in a thread where it is long."""
        review, table = self.review, self._session.table
        actions = review.actions()
        if self._background is None or not is_long(review, actions, len(table)):
            self._take(marks_after(review, actions, table), is_first=is_first)
            return
        self._is_replaying, self._is_first = True, self._is_first or is_first
        self._background.run(
            _TASK,
            lambda: marks_after(review, actions, table),
            lambda marks: self._take(marks, is_first=self._is_first),
            self._fail,
        )

    def _wait(self) -> None:
        """Finish a replay at once: whether a dispute is to be settled depends on it."""
        if self._is_replaying and self._background is not None:
            self._background.forget(_TASK)
            marks = marks_after(self.review, self.review.actions(), self._session.table)
            self._take(marks, is_first=self._is_first)

    def _take(self, computed: Marks, *, is_first: bool) -> None:
        self._is_replaying = self._is_first = False
        now = self._session.marks  # what was looked at and compared meanwhile
        marks = replace(computed, seen=computed.seen | now.seen, change=now.change)
        ids = self._session.table.column("finding")
        self._noted |= set(ids[marks.seen].tolist())
        self._session.set_marks(marks, is_whole=is_first)

    def _fail(self, error: Exception) -> None:
        self._is_replaying = False
        self.failed.emit(error)
