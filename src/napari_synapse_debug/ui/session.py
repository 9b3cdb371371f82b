"""What the window shows: one evented state, changed by requests, without Qt and napari."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import EmitLoopError, Signal, SignalInstance

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import FINDINGS, empty
from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.ui.candidate_sizes import SIZE, with_sizes
from napari_synapse_debug.ui.finding_table import FindingFilter, FindingTable
from napari_synapse_debug.ui.marks import Marks
from napari_synapse_debug.ui.ports import Results

PROJECT = "project"
"""The making of a project, told like a step."""


@dataclass(frozen=True)
class JobState:
    """How the running step stands; ``status`` is idle, running, done, failed or cancelled.

    ``done_before`` of ``total`` was done when the step had run for ``seconds_before``: earlier
    work that it goes on from, which says nothing about its speed.
    """

    status: str = "idle"
    step: str = ""
    message: str = ""
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    values: Mapping[str, float] = field(default_factory=dict)
    details: str = ""
    done_before: int = 0
    seconds_before: float = 0.0

    @property
    def is_running(self) -> bool:
        """Whether a step is at work."""
        return self.status == "running"

    @property
    def seconds_left(self) -> float | None:
        """Time left at the rate so far; None where that is not known."""
        done, seconds = self.done - self.done_before, self.seconds - self.seconds_before
        if done <= 0 or self.total <= self.done or seconds <= 0:
            return None
        return seconds * (self.total - self.done) / done


class Session:
    """The state of one viewer's window.

    Views read it and ask for changes by its methods; each change is told once by its signal.
    The listed rows are places in the table of findings, after filter and sort.
    """

    project_changed = Signal(object)
    results_changing = Signal(bool)
    results_changed = Signal()
    listing_changed = Signal()
    marks_changed = Signal()
    finding_selected = Signal(object)
    job_changed = Signal(JobState)
    box_proposed = Signal(Box)

    def __init__(self) -> None:
        self.project: Path | None = None
        self.run = "main"
        self.results: Results | None = None
        self.table = FindingTable(with_sizes(empty(FINDINGS), None))
        self.filter = FindingFilter()
        self.sort_by = "finding"
        self.ascending = True
        self.listed: NDArray[np.intp] = np.empty(0, np.intp)
        self.selected: int | None = None
        self._row: pd.Series[Any] | None = None
        self.job = JobState()
        self.training: tuple[Mapping[str, float], ...] = ()
        self.proposed_box: Box | None = None

    @property
    def marks(self) -> Marks:
        """What people said of the findings."""
        return self.table.marks

    def set_project(self, folder: Path | None, run: str = "main") -> None:
        """Make ``folder`` the open project; its results are given by ``set_results``."""
        self.project, self.run = folder, run
        _tell(self.project_changed, folder)

    def set_results(self, results: Results | None, *, goes_on: bool = False) -> None:
        """Show ``results``; filter and selection begin anew.

        Where ``goes_on``, and the findings are the same, both stay: other results of the run
        changed.
        """
        findings = None if results is None else results.findings
        found = empty(FINDINGS) if findings is None else findings
        is_same = goes_on and found.equals(self.table.frame.drop(columns=SIZE))
        _tell(self.results_changing, is_same)  # the others are open still
        self.results, self.proposed_box = results, None
        table = FindingTable(with_sizes(found, results))
        self.table = table.with_marks(self.table.marks) if is_same else table
        if not is_same:
            self.filter = FindingFilter()
            self.selected = None
        self._row = None if self.selected is None else self.table.row(self.selected)
        self._list()
        _tell(self.results_changed)
        _tell(self.listing_changed)
        _tell(self.finding_selected, self.selected)

    def set_filter(self, chosen: FindingFilter) -> None:
        """List the findings that pass ``chosen``."""
        self.filter = chosen
        self._list()
        _tell(self.listing_changed)

    def sort(self, column: str, *, ascending: bool) -> None:
        """List the findings by ``column``."""
        self.sort_by, self.ascending = column, ascending
        self._list()
        _tell(self.listing_changed)

    def set_marks(self, marks: Marks, *, is_whole: bool = False) -> None:
        """Show what people said; findings are listed anew only where that decides the list.

        Their order stays as it is, that a row does not jump under the mouse, but where the marks
        of all findings are known for the first time (``is_whole``).
        """
        says_more = marks.comment is not self.marks.comment and bool(self.filter.text.strip())
        is_sorted = is_whole and self.sort_by in Marks.COLUMNS
        self.table = self.table.with_marks(marks)
        if self.filter.needs_marks or says_more or is_sorted:
            self._list()
            _tell(self.listing_changed)
        _tell(self.marks_changed)

    def select(self, finding: int | None) -> None:
        """Go to ``finding``, also if it is the selected one already (the camera may have moved)."""
        if finding is not None:
            at = self.table.position(finding)
            if not self.marks.seen[at]:
                self.table = self.table.with_marks(self.marks.having(at, seen=True))
        self.selected = finding
        self._row = None if finding is None else self.table.row(finding)
        _tell(self.finding_selected, finding)

    def go_to(self, finding: int) -> None:
        """Select ``finding`` that a person named.

        Raises
        ------
        InputError
            There is no such finding.
        """
        known = self.table.column("finding")
        if finding not in known:
            raise InputError(
                f"There is no finding {finding}",
                found=f"{len(known)} findings",
                expected=f"a number from {min(known)} to {max(known)}" if len(known) else None,
                fix="look at the list of errors for its numbers",
            )
        self.select(finding)

    def step(self, by: int) -> None:
        """Select the finding ``by`` rows further down the list; it stops at either end."""
        if not len(self.listed):
            return
        ids = self.table.ids(self.listed)
        here = np.flatnonzero(ids == self.selected)
        start = int(here[0]) + by if len(here) else (0 if by > 0 else len(ids) - 1)
        self.select(int(ids[min(max(start, 0), len(ids) - 1)]))

    def next_unreviewed(self, by: int) -> int | None:
        """The nearest listed finding below (``by`` 1) or above (-1) without a verdict that holds.

        At the end of the list it goes on from the other one; None where all are reviewed.
        """
        open_rows = np.flatnonzero(~self.marks.is_reviewed[self.listed])
        if not len(open_rows):
            return None
        ids = self.table.ids(self.listed)
        here = np.flatnonzero(ids == self.selected)
        start = int(here[0]) if len(here) else (-1 if by > 0 else len(ids))
        beyond = open_rows[open_rows > start] if by > 0 else open_rows[open_rows < start][::-1]
        around = open_rows if by > 0 else open_rows[::-1]
        return int(ids[int(beyond[0] if len(beyond) else around[0])])

    def step_unreviewed(self, by: int) -> None:
        """Select the next (1) or previous (-1) finding without a verdict.

        Raises
        ------
        InputError
            Every listed finding has one.
        """
        finding = self.next_unreviewed(by)
        if finding is None:
            raise InputError(f"All {len(self.listed)} listed errors are reviewed")
        self.select(finding)

    def select_first_missed(self) -> None:
        """Select the first listed miss; without one the first listed finding, if any."""
        if not len(self.listed):
            return
        missed = self.table.column("error")[self.listed] == ErrorKind.MISSED
        self.select(int(self.table.ids(self.listed)[int(np.argmax(missed))]))

    def propose_box(self, box: Box) -> None:
        """Make ``box`` (voxels of the raw volume) the one to annotate next."""
        self.proposed_box = box
        _tell(self.box_proposed, box)

    def set_training(self, figures: Iterable[Mapping[str, float]]) -> None:
        """Make ``figures``, one mapping a report, those of the training that is shown."""
        self.training = tuple(figures)

    def set_job(self, job: JobState) -> None:
        """Tell how the running step stands; figures of a training are added to ``training``.

        Those of before stay as far as it goes on from them.
        """
        if job.step == "train" and job.is_running and job.values:
            now = job.values.get("minutes", 0.0)
            before = [row for row in self.training if row.get("minutes", 0.0) < now]
            self.training = (*before, job.values)
        self.job = job
        _tell(self.job_changed, job)

    def selected_row(self) -> pd.Series[Any] | None:
        """All values of the selected finding; None where none is selected."""
        return self._row

    def _list(self) -> None:
        self.listed = self.table.listed(self.filter, self.sort_by, ascending=self.ascending)


def _tell(signal: SignalInstance, *values: object) -> None:
    """Emit ``signal``; an error of a listener is raised as it is, not as psygnal wraps it."""
    try:
        signal.emit(*values)
    except EmitLoopError as error:
        raise error.__cause__ or error from None
