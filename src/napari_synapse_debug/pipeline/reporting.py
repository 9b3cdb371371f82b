"""The step `report`: one page with the score, the errors by stage, and a card an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.records import ENDS, point_columns, points
from napari_synapse_debug.domain.roles import Role
from napari_synapse_debug.io import Volume, read_run, write_text
from napari_synapse_debug.pipeline.demo import planted_errors
from napari_synapse_debug.pipeline.plan import STEPS, StepDone
from napari_synapse_debug.pipeline.results import Results, open_results
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.report import (
    Card,
    Crop,
    Mark,
    Report,
    StepRow,
    Views,
    draw_views,
    render_report,
)

AROUND_NM = 450.0
MOST_PICTURES = 500
"""Findings beyond this number have a card without pictures, so that the page stays small."""


def report(work: Work) -> StepDone:
    """Write ``report.html`` of the run.

    Raises
    ------
    ProjectError
        The run has not been diagnosed.
    StepCancelledError
        Stopped.
    """
    results = open_results(work.project.folder, work.run)
    findings, evaluation = results.findings, results.evaluation
    if findings is None or evaluation is None:  # pragma: no cover  the plan sees to that
        raise RuntimeError("the report was asked for before the diagnosis")
    cards = []
    for number, card in work.context.map_blocks(
        lambda k: _card(results, findings.iloc[k], with_views=k < MOST_PICTURES),
        range(len(findings)),
    ):
        cards.append(card)
        work.tell("report", f"finding {number + 1}", number + 1, len(findings))
    page = render_report(
        Report(
            title=results.config.name,
            run=work.run,
            score=evaluation,
            findings=findings,
            steps=_step_rows(work),
            cards=cards,
            planted=planted_errors(work.project.folder, work.folder),
        )
    )
    write_text(work.folder / "report.html", page)
    return StepDone(f"report.html with {len(cards)} errors", {"cards": len(cards)})


def _step_rows(work: Work) -> list[StepRow]:
    steps = read_run(work.folder).steps
    return [
        StepRow(name, _in_words(steps[name].counts), steps[name].seconds)
        for name in STEPS
        if name in steps
    ]


def _in_words(counts: Mapping[str, int | float | None]) -> str:
    parts = [f"{name.replace('_', ' ')} {value:.4g}" for name, value in counts.items() if value]
    return ", ".join(parts)


def _card(results: Results, finding: pd.Series, *, with_views: bool) -> Card:
    return Card(
        {str(name): _plain(value) for name, value in finding.items()},
        _views(results, finding) if with_views else None,
    )


def _plain(value: Any) -> Any:
    return None if value is pd.NA else value


def _views(results: Results, finding: pd.Series) -> Views:
    center = finding[point_columns("cleft")].to_numpy(np.float64)
    grid = results.grid
    box = _box_around(grid, center)
    segmentation = results.volumes.get("segmentation")
    prediction = results.volumes.get("prediction")
    crop = Crop(
        raw=results.volumes["raw"].read(box),
        grid=grid.crop(box),
        segmentation=None if segmentation is None else segmentation.read(box),
        probability=None if prediction is None else _synapse_probability(results, prediction, box),
    )
    partners = (int(finding["pre_segment"]), int(finding["post_segment"]))
    return draw_views(crop, center.tolist(), partners, _marks(results, center))


def _box_around(grid: Grid, center: np.ndarray[Any, Any]) -> Box:
    index = np.clip(grid.to_index([center])[0], 0, np.asarray(grid.shape) - 1)
    z, y, x = (int(k) for k in index)
    voxel = Box((z, y, x), (z + 1, y + 1, x + 1))
    return voxel.grow(grid.margin_vx(AROUND_NM), within=grid.box)


def _synapse_probability(
    results: Results, prediction: Volume, box: Box
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    roles = {mask.name: mask.role for mask in results.config.masks}
    wanted = [
        k
        for k, name in enumerate(prediction.channels or ())
        if roles.get(name, Role.OTHER).is_synapse
    ]
    strongest: np.ndarray[Any, np.dtype[np.uint8]] = prediction.read(box)[wanted].max(axis=0)
    return strongest


def _marks(results: Results, center: np.ndarray[Any, Any]) -> list[Mark]:
    marks = []
    for table, is_truth in ((results.truth, True), (results.synapses, False)):
        if table is None or table.empty:
            continue
        ends = np.stack([points(table, end) for end in ENDS], axis=1)
        near = np.abs(ends[:, 1] - center).max(axis=1) <= AROUND_NM
        marks += [Mark(one, is_truth) for one in ends[near]]
    return marks
