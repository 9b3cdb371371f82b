"""The record of a run: what each step was given, and what came of it (``run.json``)."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from napari_synapse_debug import __version__
from napari_synapse_debug.domain.errors import DataError, ProjectError
from napari_synapse_debug.domain.params import Params
from napari_synapse_debug.io.atomic import read_json, write_json

RECORD = "run.json"

_PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "zarr",
    "h5py",
    "torch",
    "monai",
    "connected-components-3d",
)


def package_versions() -> dict[str, str]:
    """Versions of this package, Python and the packages that results depend on."""
    found = {"napari-synapse-debug": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class StepRecord(Params):
    """One finished step: its parameters, inputs, versions, and figures.

    ``inputs`` holds the fingerprint of each input by its name; ``counts`` what the user is
    told, for example ``{"contacts": 5120}``; ``finished`` is UTC in ISO 8601. ``origin`` is set
    where a model was imported: what its card said of its training, which was not done here.
    """

    step: str
    params: dict[str, Any]
    inputs: dict[str, str] = Field(default_factory=dict)
    counts: dict[str, int | float | None] = Field(default_factory=dict)
    seconds: float = 0.0
    versions: dict[str, str] = Field(default_factory=package_versions)
    finished: str = Field(default_factory=_now)
    origin: tuple[str, ...] = ()


class RunRecord(Params):
    """The finished steps of one run, by name.

    ``is_base``: another run was trained on from its model, which is kept as it is from then on.
    """

    format: int = Field(1, ge=1, le=1)
    steps: dict[str, StepRecord] = Field(default_factory=dict)
    is_base: bool = False

    def is_current(self, step: str, params: Mapping[str, Any], inputs: Mapping[str, str]) -> bool:
        """Whether ``step`` was finished with just these parameters and inputs."""
        record = self.steps.get(step)
        return (
            record is not None
            and _plain(record.params) == _plain(params)
            and _plain(record.inputs) == _plain(inputs)
        )

    def with_step(self, record: StepRecord) -> RunRecord:
        """A copy with ``record`` added, or in place of the same step's earlier one."""
        return self.model_copy(update={"steps": {**self.steps, record.step: record}})

    def without_step(self, step: str) -> RunRecord:
        """A copy without ``step``; done before a step begins to overwrite its results."""
        steps = {k: v for k, v in self.steps.items() if k != step}
        return self.model_copy(update={"steps": steps})

    def as_base(self) -> RunRecord:
        """A copy that says that another run was trained on from its model."""
        return self.model_copy(update={"is_base": True})


def read_run(folder: Path) -> RunRecord:
    """The record of the run in ``folder``; one without steps where there is none yet.

    Raises
    ------
    ProjectError
        The record is damaged, or of a newer version.
    """
    path = folder / RECORD
    if not path.is_file():
        return RunRecord()
    try:
        return RunRecord.model_validate(read_json(path))
    except (ValidationError, DataError) as error:
        raise ProjectError(
            f"The run record {path} cannot be read",
            found=str(error),
            fix="remove it and run the steps again, or update napari-synapse-debug",
        ) from error


def write_run(folder: Path, record: RunRecord) -> None:
    """Write the record of the run in ``folder``, whole or not at all.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    write_json(folder / RECORD, record.model_dump(mode="json"))


def _plain(values: Mapping[str, Any]) -> Any:
    """The values as JSON gives them back (tuples are lists there)."""
    return json.loads(json.dumps(dict(values), sort_keys=True))
