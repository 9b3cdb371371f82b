"""Models as bioimage.io packages (zip), which other programs run and which come back whole.

A package holds TorchScript weights with all that other programs need, and as attachments the
files of our model folder, from which it is imported again. Writing needs the extra ``share``.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
import torch
import yaml

from napari_synapse_debug import __version__
from napari_synapse_debug.domain.errors import DataError, InputError, SynapseDebugError
from napari_synapse_debug.io.atomic import replace_file
from napari_synapse_debug.io.checkpoint import PLAN, RECORD_FILE, WEIGHTS, load_model
from napari_synapse_debug.networks import NetworkPlan, TrainedNetwork
from napari_synapse_debug.networks.standalone import smallest_input, trace_network

CALIBRATION = "calibration.json"
DESCRIPTIONS = ("bioimageio.yaml", "rdf.yaml")

_ATTACHED = (WEIGHTS, PLAN, RECORD_FILE, CALIBRATION)
_MARK = "napari_synapse_debug"


class PackageTestError(SynapseDebugError):
    """A package that bioimage.io's own test run did not pass."""


@dataclass(frozen=True)
class About:
    """What a package says of its model.

    Parameters
    ----------
    name : str
        Letters, digits, spaces, ``_ + - ( )``.
    card : str
        The model card, Markdown; becomes its README.
    license : str, optional
        An SPDX identifier, for example ``CC-BY-4.0``.
    authors : tuple of str
        Their names.
    """

    name: str
    card: str
    license: str | None = None
    authors: tuple[str, ...] = ()


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
            model = _describe(spec, folder, trained.plan, about)
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
            for name in set(_ATTACHED) & set(archive.namelist()):
                (folder / name).write_bytes(archive.read(name))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"{path} cannot be read as a package",
            found=str(error),
            expected="a zip file written by `synapse-debug export`",
            fix="copy or export it again",
        ) from error
    return load_model(folder)


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
    if missing or not isinstance(config, dict) or _MARK not in config:
        raise InputError(
            f"{path} is a model of another program",
            found=f"no {' and no '.join(missing)}" if missing else f"no mark {_MARK!r} in it",
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
    (folder / "README.md").write_text(about.card, encoding="utf-8")
    for name in _ATTACHED:
        if (model_folder / name).is_file():
            (folder / name).write_bytes((model_folder / name).read_bytes())


def _fit(sample: np.ndarray[Any, Any], shape: tuple[int, int, int]) -> np.ndarray[Any, Any]:
    """``sample`` cut to ``shape``, mirrored as often as needed."""
    missing = [max(0, n - k) for n, k in zip(shape, sample.shape, strict=True)]
    padded = np.pad(sample, [(0, k) for k in missing], mode="symmetric")
    return padded[tuple(slice(0, n) for n in shape)]


def _describe(spec: ModuleType, folder: Path, plan: NetworkPlan, about: About) -> Any:
    from bioimageio.spec.model import v0_5 as model

    def file(name: str) -> Any:
        return spec.common.FileDescr(source=folder / name)

    present = [name for name in _ATTACHED if (folder / name).is_file()]
    torch_version = torch.__version__.split("+")[0]
    return model.ModelDescr(
        name=about.name,
        description="Finds synapses and organelles in electron microscopy volumes (3D U-Net)",
        authors=[model.Author(name=name) for name in about.authors],
        cite=[_citation(model)],
        license=about.license,
        documentation=file("README.md"),
        tags=["electron-microscopy", "3d", "semantic-segmentation", "synapse", "unet", "pytorch"],
        inputs=[_input(model, file("test_input.npy"), plan)],
        outputs=[_output(model, file("test_output.npy"), plan)],
        weights=model.WeightsDescr(
            torchscript=model.TorchscriptWeightsDescr(
                source=folder / "network.pt", pytorch_version=model.Version(torch_version)
            )
        ),
        attachments=[file(name) for name in present],
        config=model.Config(**{_MARK: {"version": __version__, "plan": PLAN}}),
    )


def _citation(model: ModuleType) -> Any:
    return model.CiteEntry(
        text="Isensee et al., nnU-Net (the rules by which the network is shaped)",
        doi="10.1038/s41592-020-01008-z",
    )


def _input(model: ModuleType, test: Any, plan: NetworkPlan) -> Any:
    steps = zip("zyx", smallest_input(plan), plan.align_vx, plan.voxel_size_nm, strict=True)
    intensity = plan.intensity
    return model.InputTensorDescr(
        id=model.TensorId("raw"),
        description="Grey values of the volume",
        axes=[
            model.BatchAxis(),
            model.ChannelAxis(channel_names=[model.Identifier("raw")]),
            *(
                model.SpaceInputAxis(
                    id=model.AxisId(axis),
                    size=model.ParameterizedSize(min=smallest, step=step),
                    scale=size,
                    unit="nanometer",
                )
                for axis, smallest, step, size in steps
            ),
        ],
        test_tensor=test,
        data=model.IntervalOrRatioDataDescr(type="float32"),
        preprocessing=[
            model.EnsureDtypeDescr(kwargs=model.EnsureDtypeKwargs(dtype="float32")),
            model.FixedZeroMeanUnitVarianceDescr(
                kwargs=model.FixedZeroMeanUnitVarianceKwargs(mean=intensity.mean, std=intensity.std)
            ),
        ],
    )


def _output(model: ModuleType, test: Any, plan: NetworkPlan) -> Any:
    axes = zip("zyx", plan.halo_vx, plan.voxel_size_nm, strict=True)
    names = [model.Identifier(_identifier(spec.name)) for spec in plan.classes]
    return model.OutputTensorDescr(
        id=model.TensorId("probability"),
        description="Probability of each class",
        axes=[
            model.BatchAxis(),
            model.ChannelAxis(channel_names=names),
            *(_output_axis(model, axis, halo, size) for axis, halo, size in axes),
        ],
        test_tensor=test,
        data=model.IntervalOrRatioDataDescr(type="float32", range=(0.0, 1.0)),
    )


def _output_axis(model: ModuleType, axis: str, halo: int, size_nm: float) -> Any:
    kind = model.SpaceOutputAxisWithHalo if halo else model.SpaceOutputAxis
    return kind(
        id=model.AxisId(axis),
        size=model.SizeReference(tensor_id=model.TensorId("raw"), axis_id=model.AxisId(axis)),
        scale=size_nm,
        unit="nanometer",
        **({"halo": halo} if halo else {}),
    )


def _identifier(name: str) -> str:
    """``name`` as the package format allows it: letters, digits and ``_``, no digit first."""
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    return plain if plain[:1].isalpha() else f"class_{plain}"


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
