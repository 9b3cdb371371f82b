"""The corrected truth of a project: written beside the original, and scored against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.io import write_table
from napari_synapse_debug.pipeline.case import case_of_run
from napari_synapse_debug.pipeline.evaluation import judge
from napari_synapse_debug.pipeline.review import Review, open_review
from napari_synapse_debug.pipeline.work import Work, as_made
from napari_synapse_debug.review import count_holding

CORRECTED = "truth.corrected.csv"


@dataclass(frozen=True)
class CorrectedScore:
    """The score against the truth as it was, and as it was corrected.

    ``before`` and ``now`` are the contents of evaluation.json; ``n_reviewed`` of
    ``n_findings`` findings have a verdict that holds.
    """

    before: Mapping[str, Any]
    now: Mapping[str, Any]
    n_reviewed: int
    n_findings: int

    @property
    def caution(self) -> str:
        """What must be said wherever the corrected score is."""
        return (
            f"{self.n_reviewed} of {self.n_findings} errors were reviewed, and only errors: "
            "wrong truths that were matched stay, so the corrected score is biased up"
        )


def score_corrected(review: Review) -> CorrectedScore:
    """The run's score before and now, by the same rule, judge and box.

    Raises
    ------
    ProjectError
        The project has no truth, or the run no synapses.
    InputError
        No true synapse lies in the box.
    """
    work = Work(review.project, review.run, "", QuietContext())
    case = case_of_run(as_made(work, "contacts", "synapses", "evaluate"))
    return CorrectedScore(
        before=judge(case).content,
        now=judge(replace(case, truth=review.corrected_truth())).content,
        n_reviewed=count_holding(review.settled()),
        n_findings=len(review.findings),
    )


def write_corrected_truth(folder: Path, out: Path | None = None) -> tuple[Path, int]:
    """Write the corrected truth, by default to ``truth.corrected.csv`` in the project.

    Returns
    -------
    (Path, int)
        The file, and how many rows were added, changed or removed.

    Raises
    ------
    InputError
        Nothing was reviewed in the project.
    StorageError
        The file cannot be written.
    """
    with open_review(folder, must_exist=True) as review:
        table = review.corrected_truth()
        has_truth = review.project.config.truth is not None
        before = len(review.project.truth()) if has_truth else 0
        path = review.project.folder / CORRECTED if out is None else out
    write_table(table, path)
    added = int(table["correction"].isin(("added", "accepted")).sum())
    removed = before + added - len(table)
    return path, int((table["correction"] != "").sum()) + removed
