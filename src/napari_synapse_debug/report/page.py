"""The page itself: values in, one HTML text without outside links out."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from napari_synapse_debug.domain.stages import STAGE_HUE, UNEXPLAINED, ErrorKind, Stage
from napari_synapse_debug.report.thumbnails import Views

STAGES = (*Stage, UNEXPLAINED)


@dataclass(frozen=True)
class StepRow:
    """One line of the table of steps: what was made, how many, how long it took (s)."""

    step: str
    made: str
    seconds: float


@dataclass(frozen=True)
class Card:
    """One error: its row of the findings table and its pictures, if they could be drawn."""

    finding: Mapping[str, Any]
    views: Views | None = None


@dataclass(frozen=True)
class Report:
    """All that the page shows.

    Parameters
    ----------
    title, run : str
        Name of the project and of the run.
    score : mapping
        The content of ``evaluation.json``.
    findings : DataFrame
        Columns of ``records.FINDINGS``.
    steps, cards : sequences
        See their classes.
    planted : DataFrame, optional
        Errors that were planted on purpose, with columns ``stage, cause, description, found_as``.
    """

    title: str
    run: str
    score: Mapping[str, Any]
    findings: pd.DataFrame
    steps: Sequence[StepRow] = ()
    cards: Sequence[Card] = ()
    planted: pd.DataFrame | None = None
    details: Mapping[str, str] = field(default_factory=dict)


def render_report(report: Report) -> str:
    """The page as HTML; it holds its pictures and needs nothing else."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("napari_synapse_debug.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["png"] = _data_url
    environment.filters["ratio"] = _ratio
    return environment.get_template("report.html.j2").render(
        report=report,
        stages=_stage_rows(report.findings),
        causes=_cause_rows(report.findings),
        hue=STAGE_HUE,
        order=[str(stage) for stage in Stage],
        planted=None if report.planted is None else report.planted.to_dict("records"),
    )


def count_by_stage(findings: pd.DataFrame) -> list[dict[str, str | int]]:
    """One row for each stage that lost something, in order: ``stage, missed, false, mistyped``."""
    counts = pd.crosstab(findings["stage"], findings["error"])
    counts = counts.reindex(columns=[str(kind) for kind in ErrorKind], fill_value=0)
    return [
        {"stage": str(stage), **{kind: int(counts.loc[stage, kind]) for kind in counts.columns}}
        for stage in STAGES
        if stage in counts.index
    ]


def _stage_rows(findings: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [dict(row) for row in count_by_stage(findings)]
    for row in rows:
        row["total"] = sum(row[kind] for kind in ErrorKind)
    most = max((row["total"] for row in rows), default=1)
    return [{**row, "share": round(100 * row["total"] / most)} for row in rows]


def _cause_rows(findings: pd.DataFrame) -> list[dict[str, Any]]:
    grouped = findings.groupby(["stage", "cause", "error"]).size().reset_index(name="count")
    grouped["order"] = grouped["stage"].map({str(s): i for i, s in enumerate(STAGES)})
    ordered = grouped.sort_values(["order", "count"], ascending=[True, False])
    return [{str(k): v for k, v in row.items()} for row in ordered.to_dict("records")]


def _data_url(picture: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="WEBP", quality=82)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
