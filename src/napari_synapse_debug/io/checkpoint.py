"""Model folders: a trained network, and a training that can go on.

A folder holds ``weights.pt`` (weights and plan, all that prediction reads), ``plan.json`` (the
plan, to be read without torch), ``training.csv`` (the record), ``last.pt`` (the weights at the end
of the training, where ``weights.pt`` holds the best ones) and, while a training is not finished,
``training.pt``. Files are unpickled by torch's restricted loader only, which builds
tensors and plain values and runs no code.
"""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from pydantic import ValidationError

from napari_synapse_debug.domain.errors import DataError, ProjectError
from napari_synapse_debug.domain.records import conform, empty
from napari_synapse_debug.io.atomic import replace_file, write_text
from napari_synapse_debug.io.model_files import LAST, PLAN, RECORD_FILE, STATE, WEIGHTS
from napari_synapse_debug.networks import (
    RECORD,
    BestWeights,
    NetworkPlan,
    TrainedNetwork,
    TrainingState,
    load_weights,
)

_RETRAIN = "train the model again, or restore its folder from a copy"


def save_model(folder: Path, trained: TrainedNetwork) -> None:
    """Write a trained network to ``folder``; each file whole or not at all, the weights last.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    plan = trained.plan.model_dump_json(indent=2)
    write_text(folder / PLAN, plan + "\n")
    write_text(folder / RECORD_FILE, trained.record.to_csv(index=False))
    _save(folder / WEIGHTS, {"plan": plan, "weights": dict(trained.weights)})


def save_last(folder: Path, trained: TrainedNetwork) -> None:
    """Write the weights at the end of a training beside the best ones, whole or not at all.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    plan = trained.plan.model_dump_json(indent=2)
    _save(folder / LAST, {"plan": plan, "weights": dict(trained.weights)})


def load_model(folder: Path) -> TrainedNetwork:
    """The trained network in ``folder``, on the CPU; its weights are checked against its plan.

    Raises
    ------
    ProjectError
        There is no model in the folder.
    DataError
        A file is damaged, holds something else, or was made by a newer version.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise ProjectError(
            f"There is no trained model in {folder}",
            found=f"no file {WEIGHTS}" if folder.is_dir() else "no such folder",
            expected="a folder written by the step train",
            fix="train a model first, or name the folder of another one",
        )
    content = _load(path, {"plan": str, "weights": dict})
    plan = _parse_plan(content["plan"], path)
    trained = TrainedNetwork(plan, content["weights"], _read_record(folder / RECORD_FILE))
    load_weights(trained)
    return trained


def load_plan(folder: Path) -> NetworkPlan:
    """The plan of the model in ``folder``, from ``plan.json``.

    Raises
    ------
    ProjectError
        There is no model in the folder.
    DataError
        The file is damaged or was made by a newer version.
    """
    path = folder / PLAN
    if not path.is_file():
        raise ProjectError(
            f"There is no model in {folder}",
            found=f"no file {PLAN}",
            expected="a folder written by the step train",
            fix="train a model first, or name the folder of another one",
        )
    return _parse_plan(path.read_text(encoding="utf-8"), path)


def save_training_state(folder: Path, state: TrainingState) -> None:
    """Write a training to ``folder``, so that it can go on; a model there stays as it is.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    content = {
        "averaged": dict(state.trained.weights),
        "plan": state.trained.plan.model_dump_json(),
        "weights": dict(state.weights),
        "optimizer": state.optimizer,
        "record": state.trained.record.to_dict("list"),
        "step": state.step,
        "seconds": state.seconds,
        "averaged_steps": state.averaged_steps,
        "rollbacks": state.rollbacks,
        "best": {} if state.best is None else {**vars(state.best)},
        "device": state.device,
        "is_bfloat16": state.is_bfloat16,
        "clock": dict(state.clock),
    }
    _save(folder / STATE, content)


def load_training_state(folder: Path) -> TrainingState | None:
    """The unfinished training in ``folder``; None if there is none.

    Raises
    ------
    DataError
        The file is damaged, holds something else, or was made by a newer version.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    kinds = {
        **dict.fromkeys(("averaged", "weights", "optimizer", "record", "best"), dict),
        **dict.fromkeys(("step", "averaged_steps", "rollbacks"), int),
        "plan": str,
        "seconds": float,
    }
    content = _load(path, kinds)
    record = _as_record(pd.DataFrame(content["record"]))
    plan = _parse_plan(content["plan"], path)
    return TrainingState(
        TrainedNetwork(plan, content["averaged"], record),
        content["weights"],
        content["optimizer"],
        content["step"],
        content["seconds"],
        content["averaged_steps"],
        content["rollbacks"],
        BestWeights(**content["best"]) if content["best"] else None,
        str(content.get("device", "")),  # older versions did not say
        bool(content.get("is_bfloat16", False)),
        dict(content.get("clock", {})),
    )


def clear_training_state(folder: Path) -> None:
    """Forget the unfinished training in ``folder``; the model stays."""
    (folder / STATE).unlink(missing_ok=True)


def _save(path: Path, content: dict[str, Any]) -> None:
    with replace_file(path) as beside:
        torch.save(content, beside)


def _load(path: Path, kinds: dict[str, type]) -> dict[str, Any]:
    """What torch's restricted loader finds in ``path``, with values of these ``kinds``."""
    try:
        with zipfile.ZipFile(path) as archive:  # torch checks no sums, and takes bare pickles too
            damaged = archive.testzip()
        if damaged is not None:
            raise zipfile.BadZipFile(f"wrong check sum of {damaged}")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise DataError(
            f"{path} cannot be read as a model",
            found=str(error).splitlines()[0],
            expected="a file written by the step train, holding tensors and plain values",
            fix=_RETRAIN + "; a model from someone else may hold code: do not run it",
        ) from error
    named = content if isinstance(content, dict) else {}
    wrong = [name for name, kind in kinds.items() if not isinstance(named.get(name), kind)]
    if wrong:
        raise DataError(
            f"{path} is no model of this program",
            found=f"no {' and no '.join(wrong)}",
            expected="a file written by the step train",
            fix=_RETRAIN,
        )
    return named


def _parse_plan(text: str, path: Path) -> NetworkPlan:
    try:
        return NetworkPlan.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(
            f"The plan of the network in {path} cannot be used",
            found=f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}",
            expected="a plan of this version of the program",
            fix="update the program, or " + _RETRAIN,
        ) from error


def _read_record(path: Path) -> pd.DataFrame:
    """The training record; empty if the file is gone or damaged: nothing depends on it."""
    if not path.is_file():
        return empty(RECORD)
    try:
        return _as_record(pd.read_csv(path))
    except (ValueError, DataError):  # of pandas, too
        return empty(RECORD)


def _as_record(frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` with the columns of ``RECORD``; those of an older version are NaN."""
    lacking = {name: float("nan") for name in RECORD if name not in frame.columns}
    return conform(frame.assign(**lacking), RECORD, "training record")
