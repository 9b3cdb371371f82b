"""F1 over threshold and smallest size from cached tables, and whether the choice was fair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.records import conform, empty, points
from napari_synapse_debug.pipeline.calibration import Calibration, calibration_of
from napari_synapse_debug.pipeline.case import Case
from napari_synapse_debug.pipeline.whatif import WhatIf
from napari_synapse_debug.pipeline.work import Work

SURFACE = {
    "box": "str",
    "threshold": "float64",
    "min_size_vx": "int64",
    "tp": "int64",
    "fn": "int64",
    "fp": "int64",
    "f1": "float64",
}
"""A row for each box (``train`` or ``eval``), threshold and smallest size (rule three_point)."""

SHARES = (0.1, 0.2, 0.35, 0.5, 0.7)
"""Sizes are tried that drop this share of the candidates."""


def measure_surface(whatif: WhatIf, work: Work) -> pd.DataFrame:
    """F1 in the train and the evaluation box (``SURFACE``) at all prepared thresholds.

    Without rows where no F1 is defined: without truth, or where the truth is sparse. A box
    without a true synapse has no rows.

    Parameters
    ----------
    whatif : WhatIf
        Of the run.
    work : Work
        Is told of progress.

    Raises
    ------
    StepCancelledError
        Stopped.
    """
    case = whatif.case
    if case is None or case.evaluate.scope == "sparse":
        return empty(SURFACE)
    boxes = _boxes(case, work.project.config.box("train"))
    params = [
        whatif.params.model_copy(update={"threshold": threshold, "min_size_vx": size})
        for threshold in whatif.thresholds
        for size in sizes_to_try(whatif)
    ]
    rows = []
    for _, found in work.context.map_blocks(
        lambda one: list(_score(whatif, case, boxes, one)), params
    ):
        rows += found
        work.tell("report", "F1 around the threshold", len(rows), len(params) * len(boxes))
    if not rows:
        return empty(SURFACE)
    order = ["box", "threshold", "min_size_vx"]
    return conform(pd.DataFrame(rows), SURFACE).sort_values(order, ignore_index=True)


def sizes_to_try(whatif: WhatIf) -> tuple[int, ...]:
    """Smallest sizes, rising: that in use, the smallest that is prepared, and some beyond.

    The others are half of that in use, and those that drop ``SHARES`` of the candidates at the
    threshold in use.
    """
    used, least = whatif.params.min_size_vx or 0, whatif.smallest_vx
    sizes = whatif.rungs[whatif.params.threshold or 0.0].candidates["size_vx"]
    beyond = np.quantile(sizes, SHARES).round().astype(int) if len(sizes) else []
    return tuple(
        sorted({least, max(least, used // 2), used, *(int(k) for k in beyond if k > used)})
    )


def doubt_choice(work: Work, params: SynapseParams, surface: pd.DataFrame) -> list[str]:
    """What to say if threshold or smallest size were set by hand; nothing if as calibrated.

    Parameters
    ----------
    work : Work
        The run.
    params : SynapseParams
        In use, filled in.
    surface : DataFrame
        ``SURFACE``.
    """
    known = calibration_of(work)
    told = [
        f"{name} {getattr(params, field):g} ({_calibrated(known, field)})"
        for field, name in (("threshold", "threshold"), ("min_size_vx", "smallest size"))
        if getattr(work.params.synapses, field) is not None
        and (known is None or getattr(known, field) != getattr(params, field))
    ]
    if not told:
        return []
    text = "Set by hand, not as calibrated on annotated boxes: " + ", ".join(told) + ". "
    if _is_optimum(surface, params):
        text += (
            "This is the highest F1 of the evaluation box: if it was chosen there, the score "
            "is optimistic. Choose in the train box."
        )
    else:
        text += "If it was chosen by the score in the evaluation box, that score is optimistic."
    return [text]


def _calibrated(known: Calibration | None, field: str) -> str:
    return "no calibration" if known is None else f"calibrated {getattr(known, field):g}"


def _is_optimum(surface: pd.DataFrame, params: SynapseParams) -> bool:
    """Whether the point in use has the highest F1 of the evaluation box, and not all have it."""
    judged = surface[surface["box"] == "eval"]
    here = judged["f1"][
        (judged["threshold"] == params.threshold) & (judged["min_size_vx"] == params.min_size_vx)
    ]
    best = judged["f1"].max()
    return len(here) == 1 and bool(here.iloc[0] == best) and bool((judged["f1"] < best).any())


def _boxes(case: Case, train: Box | None) -> dict[str, Box]:
    """The boxes in which there is truth."""
    index = case.grid.to_index(points(case.truth, "cleft"))
    boxes = {"train": train, "eval": case.box}
    return {
        name: box for name, box in boxes.items() if box is not None and box.contains(index).any()
    }


def _score(
    whatif: WhatIf, case: Case, boxes: dict[str, Box], params: SynapseParams
) -> Iterator[dict[str, object]]:
    for name, box in boxes.items():
        found = replace(whatif, case=replace(case, box=box)).derive(params)
        yield {
            "box": name,
            "threshold": params.threshold,
            "min_size_vx": params.min_size_vx,
            "tp": found.tp,
            "fn": found.fn,
            "fp": found.fp,
            "f1": found.f1,
        }
