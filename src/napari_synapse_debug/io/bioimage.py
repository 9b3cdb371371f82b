"""Models as bioimage.io packages (zip), which other programs run and which come back whole.

A package holds TorchScript weights with all that other programs need, and as attachments the
files of our model folder, from which it is imported again. Writing needs the extra ``share``.
"""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
import torch
import yaml

from napari_synapse_debug.domain.errors import DataError, InputError, SynapseDebugError
from napari_synapse_debug.io.atomic import replace_file
from napari_synapse_debug.io.bioimage_description import (
    ATTACHED,
    MARK,
    About,
    describe_package,
)
from napari_synapse_debug.io.checkpoint import load_model
from napari_synapse_debug.io.model_files import CARD, PLAN, WEIGHTS
from napari_synapse_debug.networks import TrainedNetwork
from napari_synapse_debug.networks.standalone import smallest_input, trace_network

DESCRIPTIONS = ("bioimageio.yaml", "rdf.yaml")


class PackageTestError(SynapseDebugError):
    """A package that bioimage.io's own test run did not pass."""


def write_package(
    model_folder: Path, about: About, sample: np.ndarray[Any, Any], path: Path
) -> None:
    """Write the model in ``model_folder`` as a package at ``path``, after its test run passed.

    Parameters
    ----------
    model_folder : Path
        Written by the step train.
    about : About
        Name, card, license and authors.
    sample : array
        (z, y, x) grey values of raw data, any size: the input of the test run, mirrored or cut
        to the size that it needs.
    path : Path
        Ends in ``.zip``; what is there is replaced.

    Raises
    ------
    InputError
        bioimageio.core is not installed, the name of the file or the license cannot be used.
    PackageTestError
        The test run failed; nothing is written.
    StorageError
        The disk is full or the folder may not be written.
    """
    spec, core = _import_share()
    if path.suffix != ".zip":
        raise InputError(
            "The package cannot be written", found=str(path), expected="a name ending in .zip"
        )
    trained = load_model(model_folder)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _write_parts(folder, model_folder, trained, about, sample)
        with _spec_errors(path):
            model = describe_package(spec, folder, trained.plan, about)
            packed = spec.save_bioimageio_package(model, output_path=folder / "package.zip")
        _test(core, packed, path)
        with replace_file(path) as beside:
            shutil.copyfile(packed, beside)


def read_package(path: Path, folder: Path) -> TrainedNetwork:
    """The model of a package that ``write_package`` made; its files are put into ``folder``.

    Weights are loaded by torch's restricted loader, which runs no code; the TorchScript in the
    package is not opened. Nothing is downloaded.

    Parameters
    ----------
    path : Path
        The package.
    folder : Path
        Exists, and is empty.

    Raises
    ------
    InputError
        There is no such file, it is no package, or none of this program.
    DataError
        A part of it is damaged.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}", fix="correct the path")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_ours(path, archive)
            for name in set(ATTACHED) & set(archive.namelist()):
                with archive.open(name) as packed, (folder / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"{path} cannot be read as a package",
            found=str(error),
            expected="a zip file written by `synapse-debug export`",
            fix="copy or export it again",
        ) from error
    return load_model(folder)


def read_card(path: Path) -> str:
    """The model card in a package that ``read_package`` took; empty where it has none."""
    with zipfile.ZipFile(path) as archive:
        if CARD not in archive.namelist():
            return ""
        return archive.read(CARD).decode("utf-8", errors="replace")


def _check_ours(path: Path, archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    described = [name for name in DESCRIPTIONS if name in names]
    if not described:
        raise InputError(
            f"{path} is no bioimage.io package",
            found=", ".join(names[:5]) or "an empty zip file",
            expected=f"a {DESCRIPTIONS[0]} in it",
            fix="name the file that `synapse-debug export` wrote",
        )
    try:
        content = yaml.safe_load(archive.read(described[0]))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {described[0]} is damaged", found=str(error)) from error
    config = content.get("config") if isinstance(content, dict) else None
    missing = [name for name in (WEIGHTS, PLAN) if name not in names]
    if missing or not isinstance(config, dict) or MARK not in config:
        raise InputError(
            f"{path} is a model of another program",
            found=f"no {' and no '.join(missing)}" if missing else f"no mark {MARK!r} in it",
            expected="the plan of a network that this program can build",
            fix="run that model in its own program and evaluate its files by "
            "`synapse-debug evaluate --prediction …`, or train one here",
        )


def _import_share() -> tuple[ModuleType, ModuleType]:
    try:
        import bioimageio.core
        import bioimageio.spec
    except ImportError as error:
        raise InputError(
            "Models cannot be shared with this installation",
            found="no package bioimageio.core",
            expected="the extra `share`",
            fix="pip install 'napari-synapse-debug[share]'",
        ) from error
    return bioimageio.spec, bioimageio.core


def _write_parts(
    folder: Path,
    model_folder: Path,
    trained: TrainedNetwork,
    about: About,
    sample: np.ndarray[Any, Any],
) -> None:
    """TorchScript, the tensors of the test run, the card, and the files of the model."""
    plan = trained.plan
    network = trace_network(trained)
    network.save(str(folder / "network.pt"))
    shape = smallest_input(plan)
    grey = _fit(np.asarray(sample, np.float32), shape)[None, None]
    intensity = plan.intensity
    normalised = (grey - np.float32(intensity.mean)) / np.float32(intensity.std)
    with torch.no_grad():
        probability = network(torch.from_numpy(normalised)).numpy()
    np.save(folder / "test_input.npy", grey)
    np.save(folder / "test_output.npy", probability)
    (folder / CARD).write_text(about.card, encoding="utf-8")
    for name in ATTACHED:
        if (model_folder / name).is_file():
            (folder / name).write_bytes((model_folder / name).read_bytes())


def _fit(sample: np.ndarray[Any, Any], shape: tuple[int, int, int]) -> np.ndarray[Any, Any]:
    """``sample`` cut to ``shape``, mirrored as often as needed."""
    missing = [max(0, n - k) for n, k in zip(shape, sample.shape, strict=True)]
    padded = np.pad(sample, [(0, k) for k in missing], mode="symmetric")
    return padded[tuple(slice(0, n) for n in shape)]


@contextmanager
def _spec_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # pydantic's ValidationError is one
        raise InputError(
            f"The package {path} cannot be described",
            found=" ".join(str(error).split())[:400],
            expected="what bioimage.io allows (bioimageio.spec)",
            fix="correct --license (an SPDX identifier as CC-BY-4.0), --author or the run's name",
        ) from error


def _test(core: ModuleType, packed: Path, path: Path) -> None:
    summary = core.test_model(packed)
    if summary.status == "passed":
        return
    raise PackageTestError(
        f"The package {path} did not pass bioimage.io's test run",
        found=_first_failures(summary.details),
        expected="the output of the network that was exported",
        fix="update torch and bioimageio.core; nothing was written",
    )


def _first_failures(details: Sequence[Any]) -> str:
    failures = [f"{part.name}: {e.msg}" for part in details for e in part.errors]
    return " ".join("; ".join(failures[:3]).split())[:400] or "no reason was told"
