"""Contacts and pairs of a run under other gaps between neurons, prepared for What if."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from typing import TypeVar

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.events import Event, QuietContext, StepContext
from napari_synapse_debug.domain.params import ContactParams, SynapseParams
from napari_synapse_debug.io import Project, Volume, load_project, lock_run, read_run, write_table
from napari_synapse_debug.pipeline.candidate_pairs import (
    CandidateTooLargeError,
    Scene,
    label_candidates,
    open_scene,
    pairs_of,
)
from napari_synapse_debug.pipeline.contacts import contacts_of
from napari_synapse_debug.pipeline.inputs import check_needs
from napari_synapse_debug.pipeline.ladder import (
    GAPS,
    floor_size,
    gap_file,
    gaps_to_try,
    known_gaps,
    ladder_thresholds,
)
from napari_synapse_debug.pipeline.outcome import errors_of_run, score_of_run
from napari_synapse_debug.pipeline.package_file import refuse_package
from napari_synapse_debug.pipeline.partners import partners_of_run
from napari_synapse_debug.pipeline.running import RunSummary, StepSummary
from napari_synapse_debug.pipeline.synapses import resolve_params
from napari_synapse_debug.pipeline.work import Work, as_made
from napari_synapse_debug.synapses import predict_partners

In = TypeVar("In")
Out = TypeVar("Out")

Labelled = dict[float, tuple[pd.DataFrame, Volume]]
"""Candidates and the volume of their ids, by threshold."""


def prepare_gaps(
    folder: Path,
    run: str = "main",
    *,
    gaps: Sequence[float] | None = None,
    context: StepContext | None = None,
) -> RunSummary:
    """Find contacts and pairs of a run under other gaps, so that What if can try these at once.

    Everything but the gap is as the run was made, its partner model too. What was prepared stays
    until contacts or synapses of the run are made anew; each gap is kept as it is done, so that a
    call that was stopped is gone on with.

    Parameters
    ----------
    folder : Path
        The project.
    run : str
        Name of the run, whose step ``synapses`` was done.
    gaps : sequence of float, optional
        In nm; by default ``gaps_to_try``.
    context : StepContext, optional
        Takes events and knows whether to stop.

    Raises
    ------
    ProjectError
        The run has no synapses or older ones than its contacts, or another process works on it,
        or it is a work package.
    InputError
        A gap that contacts cannot have.
    StepCancelledError
        A stop was asked for.
    """
    started = time.monotonic()
    project = load_project(folder)
    refuse_package(project.folder, "to try other gaps")
    with lock_run(project, run):
        work = as_made(Work(project, run, "", context or QuietContext()), "contacts", "synapses")
        check_needs(read_run(work.folder), "evaluate", "A run in which other gaps are tried")
        used = work.params.contacts.max_gap_nm
        wanted = gaps_to_try(used, project.raw().grid.voxel_size_nm) if gaps is None else gaps
        of_gap = {gap: _with_gap(work, gap) for gap in sorted({*wanted} - {used})}
        due = {g: w for g, w in of_gap.items() if not gap_file(work.folder, g).exists()}
        if due:
            _prepare(work, due)
        score, errors = score_of_run(work.folder), errors_of_run(work.folder)
        known = ", ".join(f"{gap:g}" for gap in sorted({used, *known_gaps(work.folder)}))
    seconds = time.monotonic() - started
    done = (StepSummary(GAPS, f"gaps of {known} nm can be tried", seconds),) if due else ()
    return RunSummary(done, () if due else (GAPS,), score, errors)


def _prepare(work: Work, due: dict[float, Work]) -> None:
    params = resolve_params(work)
    partial = work.folder / f"{GAPS}.partial"
    rmtree(partial, ignore_errors=True)  # of a process that was killed
    try:
        scene = open_scene(replace(work, context=_Telling(work.context, "for all gaps")), params)
        found = _label(scene, params, partial)
        for number, (gap, at_gap) in enumerate(due.items(), start=1):
            said = f"gap {gap:g} nm, {number} of {len(due)}"
            told = replace(at_gap, context=_Telling(work.context, said))
            pairs = _pairs_at_all(replace(scene, work=told), params, found)
            write_table(pairs, gap_file(work.folder, gap))
    finally:
        rmtree(partial, ignore_errors=True)


def _label(scene: Scene, params: SynapseParams, folder: Path) -> Labelled:
    """Candidates at each prepared threshold, which no gap changes, and their labels."""
    found = {}
    for threshold in ladder_thresholds(params):
        at = params.model_copy(update={"threshold": threshold})
        path = folder / f"{threshold:g}.zarr"
        try:
            found[threshold] = label_candidates(scene, at, path, floor_size(params))
        except CandidateTooLargeError as error:
            if threshold == params.threshold:
                raise
            scene.work.tell(GAPS, f"not prepared: {error}")
    return found


def _pairs_at_all(scene: Scene, params: SynapseParams, found: Labelled) -> pd.DataFrame:
    """The pairs at all thresholds by the contacts of the scene's own gap."""
    contacts, _ = contacts_of(scene.work)
    model = partners_of_run(scene.work.folder)
    parts = []
    for threshold, (candidates, labels) in found.items():
        at = params.model_copy(update={"threshold": threshold})
        pairs = pairs_of(replace(scene, contacts=contacts), candidates, labels, at)
        told = pairs if model is None else predict_partners(pairs, model)
        parts.append(told.assign(threshold=np.float64(threshold)))
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _with_gap(work: Work, gap_nm: float) -> Work:
    """The work with this largest gap between neurons that touch."""
    params, config = work.params, work.project.config
    values = {**params.contacts.model_dump(), "max_gap_nm": gap_nm}
    params = params.model_copy(update={"contacts": ContactParams.build(**values)})
    changed = config.model_copy(update={"params": params})
    return replace(work, project=Project(work.project.folder, changed))


@dataclass(frozen=True)
class _Telling:
    """A context that tells before each message which gap it is about."""

    context: StepContext
    said: str

    def report(self, event: Event) -> None:
        """Hand the event on, as one of ``gaps``."""
        self.context.report(replace(event, step=GAPS, message=f"{self.said}: {event.message}"))

    def should_stop(self) -> bool:
        """Whether the user asked to stop."""
        return self.context.should_stop()

    def map_blocks(
        self, function: Callable[[In], Out], blocks: Iterable[In]
    ) -> Iterator[tuple[In, Out]]:
        """Apply ``function`` as the context does."""
        return self.context.map_blocks(function, blocks)
