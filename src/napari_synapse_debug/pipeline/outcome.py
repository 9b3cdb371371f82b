"""What a run says in the end: its score in a line, its errors by stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from napari_synapse_debug.domain.stages import UNEXPLAINED, ErrorKind, Stage
from napari_synapse_debug.io import read_json, read_table


def describe_score(folder: Path) -> str:
    """The score in ``folder`` with its rule, and that of the clefts alone; empty without one."""
    path = folder / "evaluation.json"
    if not path.exists():
        return ""
    content = read_json(path)
    lines = [str(content["summary"])]
    lines += [f"clefts alone: {part['summary']}" for part in content["clefts"].values()]
    lines += [str(note) for note in content.get("notes", ())]
    return "\n".join(lines)


def error_rows(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """Errors by stage and kind in ``folder``, in the stages' order; empty without findings."""
    path = folder / "findings.parquet"
    return count_errors(read_table(path)) if path.exists() else ()


def count_errors(findings: pd.DataFrame) -> tuple[Mapping[str, Any], ...]:
    """One row a stage that lost something: ``stage``, and the number of each kind of error."""
    counts = pd.crosstab(findings["stage"], findings["error"])
    return tuple(
        {
            "stage": str(stage),
            **{
                str(kind): int(counts.loc[stage, kind]) if kind in counts.columns else 0
                for kind in ErrorKind
            },
        }
        for stage in (*Stage, UNEXPLAINED)
        if stage in counts.index
    )
