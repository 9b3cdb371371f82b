"""What the window shows: one evented state, changed by requests, without Qt and napari."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import EmitLoopError, Signal, SignalInstance

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import FINDINGS, empty
from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.ui.finding_table import FindingFilter, FindingTable
from napari_synapse_debug.ui.ports import Results

PROJECT = "project"
"""The making of a project, told like a step."""


@dataclass(frozen=True)
class JobState:
    """How the running step stands; ``status`` is idle, running, done, failed or cancelled."""

    status: str = "idle"
    step: str = ""
    message: str = ""
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    values: Mapping[str, float] = field(default_factory=dict)
    details: str = ""

    @property
    def is_running(self) -> bool:
        """Whether a step is at work."""
        return self.status == "running"

    @property
    def seconds_left(self) -> float | None:
        """Time left at the rate so far; None where that is not known."""
        if self.done <= 0 or self.total <= self.done or self.seconds <= 0:
            return None
        return self.seconds * (self.total - self.done) / self.done


class Session:
    """The state of one viewer's window.

    Views read it and ask for changes by its methods; each change is told once by its signal.
    The listed rows are places in the table of findings, after filter and sort.
    """

    project_changed = Signal(object)
    results_changed = Signal()
    listing_changed = Signal()
    finding_selected = Signal(object)
    job_changed = Signal(JobState)

    def __init__(self) -> None:
        self.project: Path | None = None
        self.results: Results | None = None
        self.table = FindingTable(empty(FINDINGS))
        self.filter = FindingFilter()
        self.sort_by = "finding"
        self.ascending = True
        self.listed: NDArray[np.intp] = np.empty(0, np.intp)
        self.selected: int | None = None
        self.seen: frozenset[int] = frozenset()
        self.job = JobState()
        self.training: tuple[Mapping[str, float], ...] = ()

    def set_project(self, folder: Path | None) -> None:
        """Make ``folder`` the open project; its results are given by ``set_results``."""
        self.project = folder
        _tell(self.project_changed, folder)

    def set_results(self, results: Results | None) -> None:
        """Show ``results``; filter and selection begin anew, what was seen is forgotten."""
        findings = None if results is None else results.findings
        self.results = results
        self.table = FindingTable(empty(FINDINGS) if findings is None else findings)
        self.filter = FindingFilter()
        self.selected = None
        self.seen = frozenset()
        self._list()
        _tell(self.results_changed)
        _tell(self.listing_changed)
        _tell(self.finding_selected, None)

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

    def select(self, finding: int | None) -> None:
        """Go to ``finding``, also if it is the selected one already (the camera may have moved)."""
        if finding is not None:
            self.table.position(finding)
            self.seen |= {finding}
        self.selected = finding
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

    def select_first_missed(self) -> None:
        """Select the first listed miss; without one the first listed finding, if any."""
        if not len(self.listed):
            return
        missed = self.table.column("error")[self.listed] == ErrorKind.MISSED
        self.select(int(self.table.ids(self.listed)[int(np.argmax(missed))]))

    def set_job(self, job: JobState) -> None:
        """Tell how the running step stands; figures of a training are added to ``training``."""
        if job.step == "train" and job.is_running:
            before = self.training if self.job.step == "train" and self.job.is_running else ()
            self.training = (*before, job.values) if job.values else before
        self.job = job
        _tell(self.job_changed, job)

    def selected_row(self) -> pd.Series[Any] | None:
        """All values of the selected finding; None where none is selected."""
        return None if self.selected is None else self.table.row(self.selected)

    def _list(self) -> None:
        self.listed = self.table.listed(self.filter, self.sort_by, ascending=self.ascending)


def _tell(signal: SignalInstance, *values: object) -> None:
    """Emit ``signal``; an error of a listener is raised as it is, not as psygnal wraps it."""
    try:
        signal.emit(*values)
    except EmitLoopError as error:
        raise error.__cause__ or error from None
