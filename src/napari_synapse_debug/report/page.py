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

from napari_synapse_debug.domain.stages import STAGE_HUE, Stage
from napari_synapse_debug.report import scores
from napari_synapse_debug.report.budget_chart import draw_budget
from napari_synapse_debug.report.curve_chart import draw_curve
from napari_synapse_debug.report.figures import Chart
from napari_synapse_debug.report.matrix_chart import Connectomes, draw_matrices
from napari_synapse_debug.report.surface_chart import draw_surface
from napari_synapse_debug.report.tallies import count_by_cause, count_by_stage
from napari_synapse_debug.report.thumbnails import Look

_QUALITY = 50
_MOST_SUSPECTS = 10


@dataclass(frozen=True)
class StepRow:
    """One line of the table of steps: what was made, how many, how long it took (s)."""

    step: str
    made: str
    seconds: float


@dataclass(frozen=True)
class Card:
    """One error: its row of the findings table, and its picture if it could be drawn.

    Parameters
    ----------
    finding : mapping
        ``records.FINDINGS``; None where there is no value.
    sheet : (rows, columns, 3) uint8, optional
        From ``draw_sheet``, a row for each of ``looks``.
    looks : sequence of Look
        What the rows of the sheet show.
    """

    finding: Mapping[str, Any]
    sheet: NDArray[np.uint8] | None = None
    looks: Sequence[Look] = ()


@dataclass(frozen=True)
class Operating:
    """The threshold and smallest size in use, and F1 around them.

    ``surface`` has the columns ``box, threshold, min_size_vx, f1``; see ``draw_surface``.
    """

    threshold: float
    min_size_vx: int
    surface: pd.DataFrame


@dataclass(frozen=True)
class Report:
    """All that the page shows; what is None or empty is left out.

    Parameters
    ----------
    title, run : str
        Name of the project and of the run.
    score : mapping
        The content of ``evaluation.json``.
    findings : DataFrame
        ``records.FINDINGS``.
    warnings : sequence of str
        What must be known before the scores are believed.
    budget : mapping, optional
        The content of ``budget.json``.
    suspects : DataFrame, optional
        Errors that speak against the truth, the surest first, with the columns ``finding,
        proposal, cause, suspect_truth, f1_as_it_is, f1_if_accepted``.
    kinds : DataFrame, optional
        From ``confuse_kinds``.
    connectomes : Connectomes, optional
    operating : Operating, optional
    steps, cards : sequences
        See their classes.
    planted : DataFrame, optional
        Errors that were planted on purpose, with columns ``stage, cause, description, found_as``.
    details : mapping of str to str
        Told beside the title.
    """

    title: str
    run: str
    score: Mapping[str, Any]
    findings: pd.DataFrame
    warnings: Sequence[str] = ()
    budget: Mapping[str, Any] | None = None
    suspects: pd.DataFrame | None = None
    kinds: pd.DataFrame | None = None
    connectomes: Connectomes | None = None
    operating: Operating | None = None
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
    environment.filters["picture"] = _picture_url
    environment.filters["chart"] = _chart_url
    environment.filters["words"] = _in_words
    return environment.get_template("report.html.j2").render(
        report=report,
        headline=scores.headline(report.score),
        recipe=scores.recipe(report.score),
        rates=scores.details(report.score),
        losses=_losses(report.findings),
        charts=_charts(report),
        hue=STAGE_HUE,
        order=[str(stage) for stage in Stage],
        kinds=[] if report.kinds is None else _kind_rows(report.kinds),
        suspects=_rows(report.suspects)[:_MOST_SUSPECTS],
        planted=_rows(report.planted),
    )


def _rows(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    records = [] if table is None else table.to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in records]


def _charts(report: Report) -> dict[str, Chart | None]:
    at = report.operating
    surface = None if at is None else draw_surface(at.surface, at.threshold, at.min_size_vx)
    known = report.connectomes
    return {
        "curve": draw_curve(report.score),
        "budget": None if report.budget is None else draw_budget(report.budget),
        "matrices": None if known is None else draw_matrices(known),
        "surface": surface,
    }


def _losses(findings: pd.DataFrame) -> list[dict[str, Any]]:
    """The stages that lost something with their causes, and their share of the worst in percent."""
    causes = count_by_cause(findings)
    rows: list[dict[str, Any]] = [dict(row) for row in count_by_stage(findings)]
    for row in rows:
        row["causes"] = [cause for cause in causes if cause["stage"] == row["stage"]]
        for name in ("total", "faults", "confirmed"):
            known = [cause[name] for cause in row["causes"] if cause[name] is not None]
            row[name] = sum(known) if known else None
    most = max((row["total"] for row in rows), default=1)
    for counted in (*rows, *causes):
        counted["share"] = round(100 * counted["total"] / most)
    return rows


def _kind_rows(kinds: pd.DataFrame) -> list[list[str]]:
    """A table with its headings: rows are true, columns predicted kinds."""
    if not len(kinds):
        return []
    head = ["true \\ predicted", *(_in_words(str(name)) for name in kinds.columns)]
    body = [
        [
            _in_words(str(name)),
            *(
                "" if str(name) == "false" and c == "missed" else str(n)
                for c, n in kinds.loc[name].items()
            ),
        ]
        for name in kinds.index
    ]
    return [head, *body]


def _in_words(name: str) -> str:
    return name.replace("_", " ")


def _chart_url(chart: Chart) -> str:
    return _url("image/svg+xml", chart.svg.encode("utf-8"))


def _picture_url(picture: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="WEBP", quality=_QUALITY)
    return _url("image/webp", buffer.getvalue())


def _url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64," + base64.b64encode(content).decode("ascii")
