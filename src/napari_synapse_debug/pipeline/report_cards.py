"""A card for each error: its row of the findings, and pictures of its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.records import point_columns
from napari_synapse_debug.domain.roles import Role
from napari_synapse_debug.io import Volume
from napari_synapse_debug.pipeline.report_marks import Marks, marks_of
from napari_synapse_debug.pipeline.results import Results
from napari_synapse_debug.pipeline.tiles import TiledArray
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.report import Card, Crop, Frame, draw_sheet

AROUND_NM = 450.0
PIXEL_NM = 7.5
MOST_PICTURES = 500
"""Findings beyond this number have a card without a picture, so that the page stays small."""


def make_cards(work: Work, results: Results, findings: pd.DataFrame) -> list[Card]:
    """A card for each of ``findings``, in their order.

    Raises
    ------
    StepCancelledError
        Stopped.
    """
    results = _in_tiles(results)
    marks = marks_of(results, findings)
    made: dict[int, Card] = {}
    for number, card in work.context.map_blocks(
        lambda k: _card(results, findings.iloc[k], marks if k < MOST_PICTURES else None),
        range(len(findings)),
    ):
        made[number] = card
        work.tell("report", f"finding {len(made)}", len(made), len(findings))
    return [made[number] for number in sorted(made)]


def _in_tiles(results: Results) -> Results:
    """The results with volumes whose tiles stay in memory, as places of errors overlap."""
    tiled = {
        name: replace(volume, array=TiledArray(volume.array))
        for name, volume in results.volumes.items()
        if name in ("raw", "segmentation", "prediction")
    }
    return replace(results, volumes={**results.volumes, **tiled})


def _card(results: Results, finding: pd.Series, marks: Marks | None) -> Card:
    row = {str(name): _plain(value) for name, value in finding.items()}
    if marks is None:
        return Card(row)
    center = finding[point_columns("cleft")].to_numpy(np.float64)
    crop = _read_crop(results, center)
    z, y, x = (float(value) for value in center)
    frame = Frame((z, y, x), AROUND_NM, PIXEL_NM)
    partners = (int(finding["pre_segment"]), int(finding["post_segment"]))
    near = marks.near(center, int(finding["fault"]), AROUND_NM)
    return Card(row, draw_sheet(crop, frame, partners, near), crop.looks)


def _plain(value: Any) -> Any:
    """A cell as Python has it, as the page asks for True and None by identity."""
    if value is pd.NA:
        return None
    return value.item() if isinstance(value, np.generic) else value


def _read_crop(results: Results, center: NDArray[np.float64]) -> Crop:
    grid = results.grid
    box = _box_around(grid, center)
    segmentation = results.volumes.get("segmentation")
    prediction = results.volumes.get("prediction")
    return Crop(
        raw=results.volumes["raw"].read(box),
        grid=grid.crop(box),
        segmentation=None if segmentation is None else segmentation.read(box),
        probability=None if prediction is None else _synapse_probability(results, prediction, box),
    )


def _box_around(grid: Grid, center: NDArray[np.float64]) -> Box:
    index = np.clip(grid.to_index([center])[0], 0, np.asarray(grid.shape) - 1)
    z, y, x = (int(k) for k in index)
    voxel = Box((z, y, x), (z + 1, y + 1, x + 1))
    return voxel.grow(grid.margin_vx(AROUND_NM), within=grid.box)


def _synapse_probability(results: Results, prediction: Volume, box: Box) -> NDArray[np.uint8]:
    roles = {spec.name: spec.role for spec in results.config.classes}
    wanted = [
        k
        for k, name in enumerate(prediction.channels or ())
        if roles.get(name, Role.OTHER).is_synapse
    ]
    strongest: NDArray[np.uint8] = prediction.read(box)[wanted].max(axis=0, initial=0)
    return strongest
