"""What is there: a project and its runs, or this machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import psutil

from napari_synapse_debug.io import load_project, package_versions, read_run
from napari_synapse_debug.pipeline.outcome import score_of_run
from napari_synapse_debug.pipeline.plan import STEPS

Rows = tuple[Mapping[str, str], ...]


def describe_project(folder: Path) -> Rows:
    """Rows ``what, is``: volumes, boxes, classes, and the steps done in each run.

    Raises
    ------
    ProjectError
        There is no such project.
    """
    project = load_project(folder)
    config = project.config
    raw = project.raw()
    facts = {
        "raw": f"{config.raw} · {' × '.join(map(str, raw.grid.shape))} voxels",
        "voxel size": " × ".join(f"{v:g}" for v in config.voxel_size_nm) + " nm (zyx)",
        "segmentation": str(config.segmentation or "none"),
        "true segmentation": str(config.true_segmentation or "none"),
        "classes": ", ".join(f"{c.name} ({c.role})" for c in config.classes) or "none",
        "truth": "none"
        if config.truth is None
        else f"{config.truth} · {len(project.truth())} synapses",
        "train box": config.train_box or "none",
        "evaluation box": config.eval_box or "none",
    }
    for number, found in enumerate(config.annotations, start=1):
        painted = ", ".join(mask.name for mask in config.masks_in(found))
        rows = "" if found.truth is None else f"rows of {found.truth}"
        content = ", ".join(part for part in (painted, rows) if part)
        facts[f"annotation {number}"] = f"{found} · {content or 'nothing'}"
    for run in project.runs:
        done = read_run(project.run_folder(run)).steps
        facts[f"run {run}"] = ", ".join(s for s in STEPS if s in done) or "nothing done"
        score = score_of_run(project.run_folder(run))
        if score:
            facts[f"run {run}, score"] = score.splitlines()[0]
    return tuple({"what": what, "is": text} for what, text in facts.items())


def describe_machine() -> Rows:
    """Rows ``what, is``: versions, cores, memory, and the devices that torch can use."""
    from napari_synapse_debug.networks import choose_device, choose_dtype  # torch loads slowly

    device = choose_device("auto")
    memory = psutil.virtual_memory()
    facts = {
        "system": platform.platform(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory.total / 2**30:.0f} GiB, {memory.available / 2**30:.0f} GiB free",
        "device": f"{device.type}, {str(choose_dtype(device)).removeprefix('torch.')}",
        **package_versions(),
    }
    return tuple({"what": what, "is": text} for what, text in facts.items())
