"""One file a step: read, call the room, write. Notebooks, commands and window start here."""

from napari_synapse_debug.pipeline.again import TrainedAgain, lessons_of, train_again
from napari_synapse_debug.pipeline.annotations import annotate_again, forget_box
from napari_synapse_debug.pipeline.comparison import Compared, compare_runs
from napari_synapse_debug.pipeline.connectome import export_connectome
from napari_synapse_debug.pipeline.copying import copy_run
from napari_synapse_debug.pipeline.corrections import (
    CorrectedScore,
    score_corrected,
    write_corrected_truth,
)
from napari_synapse_debug.pipeline.creation import annotate_box, create_project
from napari_synapse_debug.pipeline.demo import (
    planted_rows,
    prepare_demo,
    publish_report,
    sample_folder,
    telling_finding,
)
from napari_synapse_debug.pipeline.description import describe_machine, describe_project
from napari_synapse_debug.pipeline.files import Files, FilesJudged, judge_files
from napari_synapse_debug.pipeline.gaps import prepare_gaps
from napari_synapse_debug.pipeline.lessons import Lessons, propose_boxes
from napari_synapse_debug.pipeline.packages import (
    Merged,
    PackageMade,
    make_package,
    merge_packages,
)
from napari_synapse_debug.pipeline.plan import STEPS
from napari_synapse_debug.pipeline.planting import Plantings, plant_faults
from napari_synapse_debug.pipeline.predicted import predicted_box
from napari_synapse_debug.pipeline.preview import Preview, predict_here, warm_up
from napari_synapse_debug.pipeline.results import (
    Results,
    open_partial,
    open_preview,
    open_results,
)
from napari_synapse_debug.pipeline.review import Review, open_review
from napari_synapse_debug.pipeline.review_summary import (
    ReviewSummary,
    describe_review,
    set_review_aside,
    settle_finding,
    summarize_review,
)
from napari_synapse_debug.pipeline.running import (
    RunSummary,
    StepSummary,
    change_params,
    check_params,
    finish_training,
    run_steps,
)
from napari_synapse_debug.pipeline.simulation import Simulated, simulate_project
from napari_synapse_debug.pipeline.training_history import read_sections, read_training_rows
from napari_synapse_debug.pipeline.unpacking import unpack_package

__all__ = [
    "STEPS",
    "Compared",
    "CorrectedScore",
    "Files",
    "FilesJudged",
    "Lessons",
    "Merged",
    "PackageMade",
    "Plantings",
    "Preview",
    "Results",
    "Review",
    "ReviewSummary",
    "RunSummary",
    "Simulated",
    "StepSummary",
    "TrainedAgain",
    "annotate_again",
    "annotate_box",
    "change_params",
    "check_params",
    "compare_runs",
    "copy_run",
    "create_project",
    "describe_machine",
    "describe_project",
    "describe_review",
    "export_connectome",
    "finish_training",
    "forget_box",
    "judge_files",
    "lessons_of",
    "make_package",
    "merge_packages",
    "open_partial",
    "open_preview",
    "open_results",
    "open_review",
    "plant_faults",
    "planted_rows",
    "predict_here",
    "predicted_box",
    "prepare_demo",
    "prepare_gaps",
    "propose_boxes",
    "publish_report",
    "read_sections",
    "read_training_rows",
    "run_steps",
    "sample_folder",
    "score_corrected",
    "set_review_aside",
    "settle_finding",
    "simulate_project",
    "summarize_review",
    "telling_finding",
    "train_again",
    "unpack_package",
    "warm_up",
    "write_corrected_truth",
]
