"""Models sent out as bioimage.io packages, and brought in from them, with a model card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.events import Event, QuietContext, StepContext
from napari_synapse_debug.domain.grid import Box, Triple
from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.io import (
    Project,
    StepRecord,
    load_project,
    package_versions,
    read_json,
    read_run,
    replace_file,
    replace_folder,
    save_config,
    write_run,
)
from napari_synapse_debug.io.bioimage import read_card, read_package, write_package
from napari_synapse_debug.io.bioimage_description import CALIBRATION, About
from napari_synapse_debug.io.checkpoint import load_plan
from napari_synapse_debug.io.model_files import CARD, RECORD_FILE
from napari_synapse_debug.networks import NetworkPlan
from napari_synapse_debug.networks.standalone import smallest_input
from napari_synapse_debug.pipeline.card import (
    TRAINING,
    score_section,
    section,
    section_lines,
)
from napari_synapse_debug.pipeline.fit import choose_fit
from napari_synapse_debug.pipeline.inputs import inputs_of
from napari_synapse_debug.pipeline.running import effective_params
from napari_synapse_debug.predict import MOST

_SHORTEST = 5
"""Letters of a name that bioimage.io takes."""


def export_model(
    folder: Path,
    package: Path,
    *,
    run: str = "main",
    license: str | None = None,
    authors: tuple[str, ...] = (),
    context: StepContext | None = None,
) -> Path:
    """The bioimage.io package that was written, after bioimageio.core's test run passed.

    Parameters
    ----------
    folder : Path
        The project.
    package : Path
        To be written; ends in ``.zip``.
    run : str
        Whose model.
    license : str, optional
        SPDX identifier, for example ``CC-BY-4.0``.
    authors : tuple of str
        Their names.
    context : StepContext, optional
        Takes events.

    Raises
    ------
    ProjectError
        There is no such project, or no model.
    InputError
        The extra ``share`` is not installed, or name, license or file cannot be used.
    PackageTestError
        The test run failed; nothing is written.
    """
    context = context or QuietContext()
    project = load_project(folder)
    model = project.model_folder(run)
    plan = load_plan(model)
    card = model_card(project, run, license)
    about = About(package_name(project.config.name, run), card, license, authors)
    context.report(Event("export", "writing the package and running its test"))
    write_package(model, about, _sample(project, smallest_input(plan)), package)
    return package


def package_name(project: str, run: str) -> str:
    """Their names as the specification takes them: ASCII, and five letters at least."""
    plain = "".join(c if c.isascii() and c.isalnum() else " " for c in f"{project} {run}")
    return plain if len(plain) >= _SHORTEST else f"synapses {plain}"


def import_model(
    folder: Path, package: Path, *, run: str = "main", context: StepContext | None = None
) -> str:
    """What was brought in from ``package`` as the model of ``run``, in one line.

    The step `train` of the run counts as done, so that `predict` goes on with this model; its
    record and card say where it was trained. A project without classes takes those of the model.

    Raises
    ------
    ProjectError
        There is no such project, the run has a model already, or the model has other classes.
    InputError
        No such package, one of another program, or a model whose voxels are too far from those of
        the raw volume.
    DataError
        The package is damaged.
    """
    context = context or QuietContext()
    project = load_project(folder)
    model = project.model_folder(run)
    if model.exists():
        raise ProjectError(
            f"The run {run!r} has a model already",
            found=str(model),
            fix="choose another name with --run, or move that folder away",
        )
    context.report(Event("import", f"reading {package}"))
    with replace_folder(model) as beside:
        plan = read_package(package, beside).plan
        notes = choose_fit(project.raw(), plan).notes
        project = _with_classes(project, plan.classes)
    _count_as_trained(project, run, _origin(package))
    write_model_card(project, run)
    names = ", ".join(f"{spec.name} ({spec.role})" for spec in plan.classes)
    return "; ".join((f"a model of {names}, for voxels of {_sizes(plan)}", *notes))


def model_card(project: Project, run: str, license: str | None = None) -> str:
    """The model card of ``run`` in Markdown: what it finds, in what, learnt from what, how well.

    Raises
    ------
    ProjectError
        The run has no model.
    """
    model = project.model_folder(run)
    plan = load_plan(model)
    sections = [
        f"# {project.config.name}, {run}",
        "Finds structures in volume electron microscopy with a 3D U-Net. Made with "
        "napari-synapse-debug; `synapse-debug import PROJECT PACKAGE.zip` brings it back there.",
        section("Classes", [f"`{spec.name}`: {spec.role}" for spec in plan.classes]),
        section("Input", _input_lines(plan)),
        section("Operating point", _operating_lines(model)),
        section(TRAINING, _training_lines(project, run)),
        score_section(project.run_folder(run)),
        section("Versions", [f"{k} {v}" for k, v in package_versions().items()]),
        section("License", [license or "not stated"]),
    ]
    return "\n\n".join(sections) + "\n"


def write_model_card(project: Project, run: str) -> None:
    """Write the model card of ``run`` to ``README.md`` beside the model.

    Raises
    ------
    ProjectError
        The run has no model.
    StorageError
        The disk is full or the folder may not be written.
    """
    with replace_file(project.model_folder(run) / CARD) as beside:
        beside.write_text(model_card(project, run), encoding="utf-8")


def _input_lines(plan: NetworkPlan) -> list[str]:
    grey = plan.intensity
    return [
        f"axes z, y, x; voxels of {_sizes(plan)}; others are resampled to them, "
        f"up to a factor of {MOST:g}",
        f"grey values clipped to {grey.low:g} to {grey.high:g}, less {grey.mean:.4g}, "
        f"divided by {grey.std:.4g}",
        f"probabilities are right {_times(plan.halo_vx)} voxels away from the faces of a tile",
    ]


def _operating_lines(model: Path) -> list[str]:
    path = model / CALIBRATION
    if not path.exists():
        return ["not calibrated"]
    return [f"{name.replace('_', ' ')}: {_plain(v)}" for name, v in read_json(path).items()]


def _training_lines(project: Project, run: str) -> list[str]:
    record = read_run(project.run_folder(run)).steps.get("train")
    if record is not None and record.origin:
        return list(record.origin)
    lines = list(_progress_lines(project.model_folder(run) / RECORD_FILE))
    if record is None:
        return [*lines, "no record of what it was trained on"]
    lines += [f"{name}: {_without_folders(value)}" for name, value in record.inputs.items()]
    params = ", ".join(f"{k} {_plain(v)}" for k, v in record.params.items() if v is not None)
    return [*lines, f"parameters: {params}", f"finished {record.finished}"]


def _progress_lines(path: Path) -> Iterator[str]:
    record = pd.read_csv(path) if path.is_file() else pd.DataFrame()
    if len(record):
        last = record.iloc[-1]
        yield f"{int(last['step'])} steps in {last['minutes']:.1f} minutes"


def _without_folders(text: str) -> str:
    """The text with file names alone: where they lay tells others nothing they should know."""
    return " ".join(PurePath(w).name if "/" in w or "\\" in w else w for w in text.split(" "))


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _sizes(plan: NetworkPlan) -> str:
    return " × ".join(f"{size:g}" for size in plan.voxel_size_nm) + " nm (zyx)"


def _times(values: Triple) -> str:
    return " × ".join(map(str, values))


def _sample(project: Project, shape: Triple) -> NDArray[Any]:
    """Raw data from the middle of the volume, at most of ``shape``."""
    raw = project.raw()
    wanted = np.minimum(shape, raw.grid.shape)
    start = (np.asarray(raw.grid.shape) - wanted) // 2
    z, y, x = (int(a) for a in start)
    k, n, m = (int(a) for a in start + wanted)
    return raw.read(Box((z, y, x), (k, n, m)))


def _with_classes(project: Project, classes: tuple[ClassSpec, ...]) -> Project:
    """The project with the classes of the model; those that it has must be the same."""
    known = project.config.classes
    if known == classes:
        return project
    if known:
        raise ProjectError(
            "The model has other classes than the project",
            found=_list(classes),
            expected=_list(known) + ", in this order",
            fix="import it into a project that was made without --mask and --points",
        )
    config = project.config.model_copy(update={"point_classes": classes})
    changed = Project(project.folder, config)
    save_config(changed)
    return changed


def _list(classes: tuple[ClassSpec, ...]) -> str:
    return ", ".join(f"{spec.name}:{spec.role}" for spec in classes)


def _origin(package: Path) -> tuple[str, ...]:
    """What the card of ``package`` says of the training, after the name of the package."""
    told = section_lines(read_card(package), TRAINING)
    return f"imported from {package.name}", *(told or ("its card does not tell of the training",))


def _count_as_trained(project: Project, run: str, origin: tuple[str, ...]) -> None:
    folder = project.run_folder(run)
    record = StepRecord(
        step="train",
        params=effective_params(project, "train"),
        inputs=inputs_of(project, run, "train"),
        origin=origin,
    )
    write_run(folder, read_run(folder).with_step(record))
