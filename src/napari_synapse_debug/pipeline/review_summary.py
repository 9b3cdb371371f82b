"""How a review stands: progress, disputes and agreement, as rows to print or show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.io import load_project, set_aside
from napari_synapse_debug.pipeline.review import Review, open_review
from napari_synapse_debug.review import Standing, agreement, count_holding, progress

Rows = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class ReviewSummary:
    """How the review of a run stands.

    Parameters
    ----------
    n_findings, n_reviewed, n_stale : int
        Findings of the run, those with a verdict, and those with one that was given on another
        stage and is not applied.
    verdicts : tuple of mapping
        Findings by verdict that holds.
    progress, disputes, agreement : tuple of mapping
        By reviewer; by finding; by two reviewers.
    """

    n_findings: int
    n_reviewed: int
    n_stale: int
    verdicts: Rows
    progress: Rows
    disputes: Rows
    agreement: Rows


def summarize_review(review: Review) -> ReviewSummary:
    """How ``review`` stands in its run; progress counts all runs."""
    verdicts = review.verdicts()
    fresh = verdicts[~verdicts["is_stale"]]
    settled = review.settled()
    disputed = settled[settled["standing"] == Standing.DISPUTED].rename(
        columns={"now_finding": "finding"}
    )
    stale = set(verdicts["now_finding"]) - set(fresh["now_finding"])
    holds = settled.loc[settled["verdict"] != "", "verdict"].value_counts()
    return ReviewSummary(
        n_findings=len(review.findings),
        n_reviewed=count_holding(settled),
        n_stale=len(stale),
        verdicts=tuple(
            {"verdict": verdict.value, "findings": int(holds[verdict.value])}
            for verdict in Verdict
            if verdict.value in holds
        ),
        progress=_rows(progress(review.state)),
        disputes=_rows(disputed[["finding", "said", "comment"]]),
        agreement=_rows(agreement(fresh, by=("now_finding",))),
    )


def describe_review(folder: Path, run: str = "main") -> ReviewSummary:
    """How the review of ``run`` stands.

    Raises
    ------
    InputError
        Nothing was reviewed in the project.
    """
    with open_review(folder, run, must_exist=True) as review:
        return summarize_review(review)


def settle_finding(
    folder: Path, finding: int, verdict: Verdict, run: str = "main", author: str | None = None
) -> None:
    """Settle what the reviewers hold ``finding`` of ``run`` for.

    Raises
    ------
    InputError
        Nothing was reviewed, or there is no such finding.
    """
    with open_review(folder, run, author, must_exist=True) as review:
        review.settle(finding, verdict)


def set_review_aside(folder: Path) -> Path | None:
    """Rename the project's ``review.sqlite``, so that a new one is begun; its new path.

    None where there was none. Nothing is deleted.
    """
    return set_aside(load_project(folder).review_path)


def _rows(table: pd.DataFrame) -> Rows:
    return tuple(
        {str(name): value for name, value in row.items()} for row in table.to_dict("records")
    )
