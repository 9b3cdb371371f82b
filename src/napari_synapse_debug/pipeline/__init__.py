"""One file a step: read, call the room, write. Notebooks, commands and window start here."""

from napari_synapse_debug.pipeline.creation import create_project
from napari_synapse_debug.pipeline.demo import (
    planted_rows,
    prepare_demo,
    publish_report,
    sample_folder,
    telling_finding,
)
from napari_synapse_debug.pipeline.description import describe_machine, describe_project
from napari_synapse_debug.pipeline.files import Files, FilesJudged, judge_files
from napari_synapse_debug.pipeline.plan import STEPS
from napari_synapse_debug.pipeline.results import Results, open_partial, open_results
from napari_synapse_debug.pipeline.running import (
    RunSummary,
    StepSummary,
    change_params,
    run_steps,
)
from napari_synapse_debug.pipeline.simulation import Simulated, simulate_project

__all__ = [
    "STEPS",
    "Files",
    "FilesJudged",
    "Results",
    "RunSummary",
    "Simulated",
    "StepSummary",
    "change_params",
    "create_project",
    "describe_machine",
    "describe_project",
    "judge_files",
    "open_partial",
    "open_results",
    "planted_rows",
    "prepare_demo",
    "publish_report",
    "run_steps",
    "sample_folder",
    "simulate_project",
    "telling_finding",
]
