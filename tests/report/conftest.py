"""Findings and a score, as small as a page takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from napari_synapse_debug.domain.records import FINDINGS, conform, empty
from napari_synapse_debug.domain.stages import Stage


@pytest.fixture
def score() -> dict[str, Any]:
    """The part of ``evaluation.json`` that the page shows."""
    return {
        "rule": "three_point",
        "judge": "gt",
        "scope": "complete",
        "n_truth": 61,
        "n_prediction": 58,
        "tp": 52,
        "fn": 9,
        "fp": 6,
        "precision": 52 / 58,
        "recall": 52 / 61,
        "f1": 104 / 119,
        "precision_interval": (0.79, 0.95),
        "recall_interval": (0.74, 0.92),
        "f1_interval": (0.8, 0.93),
        "clefts": {},
    }


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
