"""What a bioimage.io package says of its model: axes, voxel size, normalisation, weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from napari_synapse_debug import __version__
from napari_synapse_debug.io.model_files import CARD, PLAN, RECORD_FILE, WEIGHTS
from napari_synapse_debug.networks import NetworkPlan
from napari_synapse_debug.networks.standalone import smallest_input

CALIBRATION = "calibration.json"

ATTACHED = (WEIGHTS, PLAN, RECORD_FILE, CALIBRATION)
"""Files of the model folder that a package takes along, and is imported from."""

MARK = "napari_synapse_debug"
"""Key of our entry in the configuration of a package."""


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


def describe_package(spec: ModuleType, folder: Path, plan: NetworkPlan, about: About) -> Any:
    """The description (``ModelDescr``, format 0.5) of the package whose parts lie in ``folder``.

    Parameters
    ----------
    spec : module
        ``bioimageio.spec``.
    folder : Path
        Holds the weights, the test tensors, the card, and what is attached.
    plan : NetworkPlan
        Axes, voxel size (nm, zyx), halo (voxels, zyx) and normalisation.
    about : About
        Name, authors, license.
    """
    from bioimageio.spec.model import v0_5 as model

    def file(name: str) -> Any:
        return spec.common.FileDescr(source=folder / name)

    present = [name for name in ATTACHED if (folder / name).is_file()]
    torch_version = torch.__version__.split("+")[0]
    return model.ModelDescr(
        name=about.name,
        description="Finds synapses and organelles in electron microscopy volumes (3D U-Net)",
        authors=[model.Author(name=name) for name in about.authors],
        cite=[_citation(model)],
        license=about.license,
        documentation=file(CARD),
        tags=["electron-microscopy", "3d", "semantic-segmentation", "synapse", "unet", "pytorch"],
        inputs=[_input(model, file("test_input.npy"), plan)],
        outputs=[_output(model, file("test_output.npy"), plan)],
        weights=model.WeightsDescr(
            torchscript=model.TorchscriptWeightsDescr(
                source=folder / "network.pt", pytorch_version=model.Version(torch_version)
            )
        ),
        attachments=[file(name) for name in present],
        config=model.Config(**{MARK: {"version": __version__, "plan": PLAN}}),
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
