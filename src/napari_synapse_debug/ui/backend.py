"""What the window has done for it: the functions of the pipeline, and who runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.ui.ports import Results

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
    open_results: Callable[..., Results]
    create_project: Callable[..., Path]
    make_jobs: Callable[[], Jobs]
    open_partial: Callable[..., Any] = lambda *_, **__: None
    predict_here: Callable[..., Any] = lambda *_, **__: None
    open_preview: Callable[..., Any] = lambda *_, **__: None
    read_training_rows: Callable[..., Any] = lambda *_, **__: ()
    read_sections: Callable[..., Any] = lambda *_, **__: {}
    annotate_box: Callable[..., Any] = lambda *_, **__: None
    forget_box: Callable[..., Any] = lambda *_, **__: None


def product_backend() -> Backend:
    """The real one; imported only when it is first used, so that docks open at once."""
    from napari_synapse_debug import jobs, pipeline

    return Backend(
        run_steps=pipeline.run_steps,
        open_results=pipeline.open_results,
        create_project=pipeline.create_project,
        make_jobs=jobs.JobRunner,
        open_partial=pipeline.open_partial,
        predict_here=pipeline.predict_here,
        open_preview=pipeline.open_preview,
        read_training_rows=pipeline.read_training_rows,
        read_sections=pipeline.read_sections,
        annotate_box=pipeline.annotate_again,
        forget_box=pipeline.forget_box,
    )
