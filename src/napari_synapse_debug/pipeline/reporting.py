"""The step `report`: one page with scores, error budget, errors by stage, and a card an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.records import empty
from napari_synapse_debug.io import read_json, read_run, read_table, write_table, write_text
from napari_synapse_debug.pipeline.case import case_of_run
from napari_synapse_debug.pipeline.demo import planted_errors
from napari_synapse_debug.pipeline.diagnosis import BUDGET, SUSPECTS
from napari_synapse_debug.pipeline.ladder import CANDIDATES_FILE, PAIRS_FILE
from napari_synapse_debug.pipeline.plan import STEPS, StepDone
from napari_synapse_debug.pipeline.report_cards import make_cards
from napari_synapse_debug.pipeline.report_matrices import compare_connectomes
from napari_synapse_debug.pipeline.results import Results, open_results
from napari_synapse_debug.pipeline.surface import SURFACE, doubt_choice, measure_surface
from napari_synapse_debug.pipeline.synapses import resolve_params
from napari_synapse_debug.pipeline.whatif import load_whatif
from napari_synapse_debug.pipeline.work import Work, as_made
from napari_synapse_debug.report import Operating, Report, StepRow, confuse_kinds, render_report

SURFACE_FILE = "surface.csv"


def report(work: Work) -> StepDone:
    """Write ``report.html`` and ``surface.csv`` of the run.

    Raises
    ------
    ProjectError
        The run has not been diagnosed.
    StepCancelledError
        Stopped.
    """
    work = as_made(work, "contacts", "synapses", "evaluate")
    results = open_results(work.project.folder, work.run)
    findings, evaluation = results.findings, results.evaluation
    if findings is None or evaluation is None:  # pragma: no cover  the plan sees to that
        raise RuntimeError("the report was asked for before the diagnosis")
    surface = _surface(work)
    params = resolve_params(work)
    warnings = doubt_choice(work, params, surface)
    budget, suspects = work.folder / BUDGET, work.folder / SUSPECTS
    cards = make_cards(work, results, findings)
    page = render_report(
        Report(
            title=results.config.name,
            run=work.run,
            score=evaluation,
            findings=findings,
            details=_details(work, params),
            warnings=warnings,
            budget=read_json(budget) if budget.exists() else None,
            suspects=read_table(suspects) if suspects.exists() else None,
            operating=Operating(params.threshold or 0.0, params.min_size_vx or 0, surface),
            steps=_step_rows(work),
            cards=cards,
            planted=planted_errors(work.project.folder, work.folder),
            **_compared(work, results),
        )
    )
    write_table(surface, work.folder / SURFACE_FILE)
    write_text(work.folder / "report.html", page)
    for warning in warnings:
        work.tell("report", warning)
    return StepDone(f"report.html with {len(cards)} errors", {"cards": len(cards)})


def _surface(work: Work) -> pd.DataFrame:
    """F1 around the threshold in use; without rows where the run has nothing prepared."""
    if not all((work.folder / name).exists() for name in (CANDIDATES_FILE, PAIRS_FILE)):
        return empty(SURFACE)
    return measure_surface(load_whatif(work.project.folder, work.run, gaps=False), work)


def _compared(work: Work, results: Results) -> dict[str, Any]:
    """What is shown of truth and prediction side by side."""
    if results.matches is None or results.truth is None or results.synapses is None:
        return {}
    return {
        "kinds": confuse_kinds(results.matches, results.truth, results.synapses),
        "connectomes": compare_connectomes(case_of_run(work), results.matches),
    }


def _details(work: Work, params: SynapseParams) -> dict[str, str]:
    record = read_run(work.folder).steps["evaluate"]
    return {
        "threshold": f"{params.threshold or 0.0:.3g}",
        "smallest candidate": f"{params.min_size_vx or 0} voxels",
        "evaluated": record.finished.replace("T", " ").replace("+00:00", " UTC"),
        "by napari-synapse-debug": record.versions.get("napari-synapse-debug", "unknown"),
    }


def _step_rows(work: Work) -> list[StepRow]:
    steps = read_run(work.folder).steps
    return [
        StepRow(name, _in_words(steps[name].counts), steps[name].seconds)
        for name in STEPS
        if name in steps
    ]


def _in_words(counts: Mapping[str, int | float | None]) -> str:
    told = {name.replace("_", " "): value for name, value in counts.items() if value}
    parts = [
        f"{name} {value:,}" if float(value).is_integer() else f"{name} {value:.4g}"
        for name, value in told.items()
    ]
    return ", ".join(parts)
