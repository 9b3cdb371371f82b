"""Files: volumes, tables, projects and run folders; the only room that opens them.

``io.checkpoint`` (model weights) is imported by its own name, as it needs torch.
"""

from napari_synapse_debug.io.annotation_checks import check_annotations
from napari_synapse_debug.io.arrays import LazyArray, StoredArray
from napari_synapse_debug.io.atomic import (
    guard_storage,
    move_into_place,
    read_json,
    replace_file,
    replace_folder,
    write_json,
    write_text,
)
from napari_synapse_debug.io.checks import check_mask, check_raw, check_segmentation
from napari_synapse_debug.io.fingerprint import fingerprint
from napari_synapse_debug.io.finished import FinishedBlocks
from napari_synapse_debug.io.ome_zarr import create_volume, write_labels, write_volume
from napari_synapse_debug.io.project import Project
from napari_synapse_debug.io.project_checks import check_points, check_project
from napari_synapse_debug.io.project_file import (
    check_no_project,
    create_project,
    load_project,
    move_annotation,
    save_config,
)
from napari_synapse_debug.io.pyramid import (
    annotate,
    begin_level,
    coarsen_block,
    declare_levels,
    level_factors,
    level_volume,
    read_annotations,
)
from napari_synapse_debug.io.review_file import set_aside
from napari_synapse_debug.io.review_store import ReviewStore
from napari_synapse_debug.io.run_lock import lock_run
from napari_synapse_debug.io.runs import (
    RunRecord,
    StepRecord,
    package_versions,
    read_run,
    write_run,
)
from napari_synapse_debug.io.sound import SoundVolumes
from napari_synapse_debug.io.sources import parse_source
from napari_synapse_debug.io.synapse_table import read_synapses
from napari_synapse_debug.io.tables import read_table, write_table
from napari_synapse_debug.io.volumes import Volume, open_volume, single_channel

__all__ = [
    "FinishedBlocks",
    "LazyArray",
    "Project",
    "ReviewStore",
    "RunRecord",
    "SoundVolumes",
    "StepRecord",
    "StoredArray",
    "Volume",
    "annotate",
    "begin_level",
    "check_annotations",
    "check_mask",
    "check_no_project",
    "check_points",
    "check_project",
    "check_raw",
    "check_segmentation",
    "coarsen_block",
    "create_project",
    "create_volume",
    "declare_levels",
    "fingerprint",
    "guard_storage",
    "level_factors",
    "level_volume",
    "load_project",
    "lock_run",
    "move_annotation",
    "move_into_place",
    "open_volume",
    "package_versions",
    "parse_source",
    "read_annotations",
    "read_json",
    "read_run",
    "read_synapses",
    "read_table",
    "replace_file",
    "replace_folder",
    "save_config",
    "set_aside",
    "single_channel",
    "write_json",
    "write_labels",
    "write_run",
    "write_table",
    "write_text",
    "write_volume",
]
