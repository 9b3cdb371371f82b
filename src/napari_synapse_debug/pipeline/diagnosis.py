"""The step `diagnose`: the stage and cause of every error."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from napari_synapse_debug.domain.events import StepContext
from napari_synapse_debug.io import write_table
from napari_synapse_debug.pipeline.case import Case, case_of_run
from napari_synapse_debug.pipeline.evaluation import Judged
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work


def diagnose(work: Work) -> StepDone:
    raise NotImplementedError

def diagnose_case(case: Case, judged: Judged, context: StepContext) -> pd.DataFrame:
    raise NotImplementedError


def write_findings(findings: pd.DataFrame, folder: Path) -> None:
    """Write ``findings.parquet`` and ``findings.csv`` into ``folder``."""
    write_table(findings, folder / "findings.csv")
    write_table(findings, folder / "findings.parquet")
