"""What a run says in the end: its score in a line, its errors by stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_synapse_debug.io import read_json, read_run, read_table
from napari_synapse_debug.pipeline.inputs import older_than
from napari_synapse_debug.report import count_by_stage


def score_of_run(folder: Path) -> str:
    """As ``describe_score``; empty where the run's results were made anew since it was scored."""
    return describe_score(folder) if _is_latest(folder, "evaluate", "diagnose") else ""


def errors_of_run(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """As ``error_rows``; empty where the run's results were made anew since the diagnosis."""
    return error_rows(folder) if _is_latest(folder, "diagnose", "report") else ()


def _is_latest(folder: Path, step: str, reader: str) -> bool:
    """Whether ``step`` was done, of the results that are there now; ``reader`` reads its own."""
    record = read_run(folder)
    return step in record.steps and older_than(record, reader) is None


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
    return tuple(count_by_stage(read_table(path))) if path.exists() else ()
