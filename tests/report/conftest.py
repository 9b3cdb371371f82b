"""Findings and a score, as small as a page takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import FINDINGS, conform, empty
from napari_synapse_debug.domain.stages import Stage
from napari_synapse_debug.evaluate import Curve, CurvePoint, EdgeCount, Evaluation, KindRate


@pytest.fixture
def score() -> dict[str, Any]:
    """The content of ``evaluation.json``: 61 true and 58 predicted synapses, 52 of them right."""
    curve = Curve(
        points=(
            CurvePoint(threshold=0.9, precision=1.0, recall=20 / 61, f1=40 / 81),
            CurvePoint(threshold=0.5, precision=52 / 58, recall=52 / 61, f1=104 / 119),
        ),
        area=0.81,
        best_f1=104 / 119,
        best_threshold=0.5,
    )
    found = Evaluation(
        rule="three_point",
        judge="gt",
        scope="complete",
        params=EvaluateParams(),
        box="0:4,0:50,0:60",
        notes=("One note.",),
        n_truth=61,
        n_prediction=58,
        tp=52,
        fn=9,
        fp=6,
        precision=52 / 58,
        recall=52 / 61,
        f1=104 / 119,
        precision_interval=(0.79, 0.95),
        recall_interval=(0.74, 0.92),
        f1_interval=(0.8, 0.93),
        recall_by_kind=(KindRate(kind="spine_head", rate=0.9, n=40),),
        precision_by_kind=(KindRate(kind="shaft", rate=None, n=0),),
        kind_accuracy=0.5,
        kind_accuracy_interval=(0.4, 0.6),
        curve=curve,
        edges=(EdgeCount(at=1, tp=10, fp=4, fn=6), EdgeCount(at=5, tp=0, fp=None, fn=0)),
    )
    part = {"n_truth": 50, "n_prediction": 48, "f1": 0.7}
    clefts = {
        "overlap": {**part, "rule": "overlap", "tolerance_nm": 400.0, "chance_f1": None},
        "cleft_200": {**part, "rule": "cleft", "tolerance_nm": 200.0, "chance_f1": 0.11},
    }
    return found.model_dump(mode="json") | {"clefts": clefts}


@pytest.fixture
def findings_of() -> Callable[..., pd.DataFrame]:
    """Makes ``records.FINDINGS`` from tuples (error, stage, cause)."""

    def make(*errors: tuple[str, str, str]) -> pd.DataFrame:
        rows = []
        for number, (error, stage, cause) in enumerate(errors, start=1):
            row: dict[str, Any] = dict.fromkeys(FINDINGS)
            row |= {name: 0.0 for name, kind in FINDINGS.items() if kind == "float64"}
            row |= {name: "" for name, kind in FINDINGS.items() if kind == "str"}
            row |= {f"{name}_outcome": "untested" for name in Stage}
            row |= {"finding": number, "fault": number, "pre_segment": 4, "post_segment": 7}
            row |= {"error": error, "stage": stage, "cause": cause}
            rows.append(row)
        return conform(pd.DataFrame(rows), FINDINGS) if rows else empty(FINDINGS)

    return make
