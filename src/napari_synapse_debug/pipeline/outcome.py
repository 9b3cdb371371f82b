"""What a run says in the end: its score in a line, its errors by stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_synapse_debug.io import read_json, read_table
from napari_synapse_debug.report import count_by_stage


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
