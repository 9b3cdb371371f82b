"""What the window has done for it: the functions of the pipeline, and who runs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.ui.ports import Results, Review

Lane = Literal["steps", "interactive"]


class Job(Protocol):
    """A step that runs somewhere."""

    def cancel(self) -> None:
        """Ask it to stop; returns at once."""

    def result(self) -> Any:
        """What it returned; raises what it raised."""


class Jobs(Protocol):
    """Runs functions elsewhere; ``on_event`` and ``on_done`` may be called in any thread."""

    def submit(
        self,
        function: Callable[..., Any],
        *args: Any,
        on_event: Callable[[Event], Any] | None = None,
        on_done: Callable[[Any], Any] | None = None,
        lane: Lane = "steps",
        retries: int = 0,
    ) -> Job:
        """Start ``function(*args, context=…)`` and return at once.

        What is ``interactive`` never waits for a step. ``retries``: how often it is begun again
        when its process died.
        """

    def close(self) -> None:
        """Stop what runs and give everything back."""


@dataclass(frozen=True)
class Backend:
    """Functions as in ``pipeline``, and ``make_jobs``, which makes a runner of jobs."""

    run_steps: Callable[..., Any]
    finish_training: Callable[..., Any]
    prepare_gaps: Callable[..., Any]
    open_results: Callable[..., Results]
    create_project: Callable[..., Path]
    make_jobs: Callable[[], Jobs]
    open_partial: Callable[..., Any]
    predict_here: Callable[..., Any]
    open_preview: Callable[..., Any]
    warm_up: Callable[..., Any]
    read_training_rows: Callable[..., Any]
    read_sections: Callable[..., Any]
    annotate_box: Callable[..., Any]
    forget_box: Callable[..., Any]
    open_review: Callable[..., Review]
    score_corrected: Callable[..., Any]
    correct_truth: Callable[..., Any]
    load_whatif: Callable[..., Any]
    compare_runs: Callable[..., Any]
    make_package: Callable[..., Any]
    unpack_package: Callable[[Path], Path]
    merge_packages: Callable[..., Any]
    describe_review: Callable[..., Any]
    list_runs: Callable[..., Sequence[str]]
    read_budget: Callable[..., Any]
    train_again: Callable[..., Any]
    lessons_of: Callable[..., Any]
    propose_boxes: Callable[..., Any]


def product_backend() -> Backend:
    """The real one; imported only when it is first used, so that docks open at once."""
    from napari_synapse_debug import jobs, pipeline
    from napari_synapse_debug.io import load_project
    from napari_synapse_debug.pipeline.whatif import load_whatif
    from napari_synapse_debug.review import correct_truth

    return Backend(
        run_steps=pipeline.run_steps,
        finish_training=pipeline.finish_training,
        prepare_gaps=pipeline.prepare_gaps,
        open_results=pipeline.open_results,
        create_project=pipeline.create_project,
        make_jobs=jobs.JobRunner,
        open_partial=pipeline.open_partial,
        predict_here=pipeline.predict_here,
        open_preview=pipeline.open_preview,
        warm_up=pipeline.warm_up,
        read_training_rows=pipeline.read_training_rows,
        read_sections=pipeline.read_sections,
        annotate_box=pipeline.annotate_again,
        forget_box=pipeline.forget_box,
        open_review=pipeline.open_review,
        score_corrected=pipeline.score_corrected,
        correct_truth=correct_truth,
        load_whatif=load_whatif,
        compare_runs=pipeline.compare_runs,
        make_package=pipeline.make_package,
        unpack_package=pipeline.unpack_package,
        merge_packages=pipeline.merge_packages,
        describe_review=pipeline.describe_review,
        list_runs=lambda folder: load_project(folder).runs,
        read_budget=_read_budget,
        train_again=pipeline.train_again,
        lessons_of=pipeline.lessons_of,
        propose_boxes=pipeline.propose_boxes,
    )


def _read_budget(folder: Path, run: str) -> Any:
    """The content of ``budget.json``; None where it was not made."""
    from napari_synapse_debug.io import load_project, read_json

    path = load_project(folder).run_folder(run) / "budget.json"
    return read_json(path) if path.exists() else None
