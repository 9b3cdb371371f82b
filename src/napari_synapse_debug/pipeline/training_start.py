"""Where a training begins: an unfinished one that goes on, another model, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.io import read_json, read_run, write_json
from napari_synapse_debug.io.checkpoint import (
    clear_training_state,
    load_model,
    load_training_state,
)
from napari_synapse_debug.io.model_files import WEIGHTS
from napari_synapse_debug.networks import NetworkPlan, TrainingState
from napari_synapse_debug.pipeline.inputs import inputs_of
from napari_synapse_debug.pipeline.lessons import keep_lessons
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.train import start_from

BEGUN = "training.begun.json"
"""Beside an unfinished training: what it learns, and by which parameters."""

_MAY_CHANGE = frozenset({"minutes", "steps", "patience", "device"})
"""Parameters with which an unfinished training goes on whatever they are by now."""

_IN_PLAN = frozenset({"size", "patch_vx", "binning"})
"""Parameters that decide nothing but the plan of the network, which is compared itself."""


def prepare_start(work: Work, plan: NetworkPlan) -> TrainingState | None:
    """Where to begin: an unfinished training, another model, or None for nothing.

    A finished model is renamed, so that training again never destroys one.

    Raises
    ------
    ProjectError
        No model to start from.
    InputError
        The model to start from is another kind of network.
    """
    if "train" in read_run(work.folder).steps:
        forget_start(work)  # it is done; its process ended before it could forget
    state = load_training_state(work.model_folder)
    if state is not None:
        changed = _changed_since_begun(work)
        if state.trained.plan != plan:
            changed.append("plan of the network")
        if not changed:
            return state
        names = ", ".join(changed)
        work.tell("train", f"changed since the unfinished training was begun: {names}; begins anew")
    start = _start_from_model(work, plan)
    work.forget("train")
    if (work.model_folder / WEIGHTS).exists():
        _set_aside(work)
    else:
        clear_training_state(work.model_folder)
    write_json(work.model_folder / BEGUN, _what_is_learnt(work))
    return start


def unfinished(work: Work) -> TrainingState:
    """The unfinished training of the run, whatever changed since it was begun.

    Raises
    ------
    ProjectError
        There is none.
    """
    state = load_training_state(work.model_folder)
    if state is None:
        raise ProjectError(
            f"The run {work.run} has no unfinished training",
            found="a model that is done, or none",
            fix="train it",
        )
    return state


def inputs_when_begun(folder: Path, inputs: Mapping[str, str]) -> dict[str, str]:
    """``inputs`` of a training as they were noted in the model's ``folder`` when it was begun."""
    noted = _noted_in(folder)
    return {name: noted.get(name, value) for name, value in inputs.items()}


def params_when_begun(folder: Path, params: TrainParams) -> TrainParams:
    """``params`` of a training, those that decide its outcome as they were when it was begun."""
    noted = _noted_in(folder)
    before = {
        name: None if noted[named] == str(None) else noted[named]
        for name in TrainParams.model_fields
        if (named := _in_words(name)) in noted
    }
    return TrainParams.build(**{**params.model_dump(), **before})  # which reads the texts


def _noted_in(folder: Path) -> Mapping[str, str]:
    path = folder / BEGUN
    noted: Mapping[str, str] = read_json(path) if path.exists() else {}
    return noted


def forget_start(work: Work) -> None:
    """Forget how far the training is: it is done, and recorded. The model stays."""
    clear_training_state(work.model_folder)
    (work.model_folder / BEGUN).unlink(missing_ok=True)
    _start_note(work).unlink(missing_ok=True)


def _what_is_learnt(work: Work) -> dict[str, str]:
    """What a training must have in common with an unfinished one to go on from there, by name."""
    return {**inputs_of(work.project, work.run, "train"), **_deciding_params(work)}


def _deciding_params(work: Work) -> dict[str, str]:
    params = work.params.train.model_dump(exclude=set(_MAY_CHANGE | _IN_PLAN))
    named = {_in_words(name): str(value) for name, value in params.items()}
    return {**named, "targets": work.params.targets.model_dump_json()}


def _in_words(name: str) -> str:
    return name.replace("_", " ")


def _changed_since_begun(work: Work) -> list[str]:
    """The names of what is not as it was noted; none where nothing was noted."""
    noted, learnt = _noted_in(work.model_folder), _what_is_learnt(work)
    if not noted:  # of an older version
        return []
    before = {**_deciding_params(work), **noted}  # older versions noted fewer parameters
    return [name for name in {**before, **learnt} if before.get(name) != learnt.get(name)]


def _start_from_model(work: Work, plan: NetworkPlan) -> TrainingState | None:
    """The state in which a training with ``train.init_from`` begins; None without it.

    A training that starts from its own run sets that model aside. Where it lies then is noted
    before, and is where the training starts from until it is done, however often it is ended
    and begun again.
    """
    note, folder = _start_note(work), _model_to_start_from(work)
    if folder is None or folder.resolve() != work.model_folder.resolve():
        note.unlink(missing_ok=True)
    elif note.exists() and (noted := _noted(note)).exists():
        folder = noted
    else:
        start = start_from(load_model(folder), plan, work.params.train.seed)
        write_json(note, {"folder": _place_aside(work).name})
        return start
    return None if folder is None else start_from(load_model(folder), plan, work.params.train.seed)


def _model_to_start_from(work: Work) -> Path | None:
    name = work.params.train.init_from
    if not name:
        return None
    if name == work.run or name in work.project.models:  # its own may be set aside already
        return work.project.model_folder(name)
    folder: Path = work.project.folder / Path(name).expanduser()
    return folder


def _start_note(work: Work) -> Path:
    """Beside the model's folder, as that is renamed."""
    return work.model_folder.with_name(f".{work.run}.start.json")


def _noted(note: Path) -> Path:
    noted: Mapping[str, str] = read_json(note)
    return note.with_name(noted["folder"])


def _set_aside(work: Work) -> None:
    aside = work.model_folder.rename(_place_aside(work))
    keep_lessons(aside, work.model_folder)


def _place_aside(work: Work) -> Path:
    weights = work.model_folder / WEIGHTS
    made = datetime.fromtimestamp(weights.stat().st_mtime).strftime("%Y%m%d-%H%M%S")
    return work.model_folder.with_name(f"{work.run}-{made}")
