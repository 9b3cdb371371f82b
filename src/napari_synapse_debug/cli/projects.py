"""Commands that make a project, simulate data, and tell what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_synapse_debug.cli.console import out, say_where, show_table
from napari_synapse_debug.domain.errors import InputError

VoxelSizeOption = Annotated[
    str | None, typer.Option("--voxel-size", help="z,y,x in nm, where the file does not tell")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command()(init)
    app.command()(annotate)
    app.command()(simulate)
    app.command()(info)


def init(
    project: Annotated[Path, typer.Argument(help="Folder to make")],
    raw: Annotated[str, typer.Option(help="EM volume, FILE[:DATASET]")],
    segmentation: Annotated[
        str | None, typer.Option(help="Neuron segmentation in use, FILE[:DATASET]")
    ] = None,
    true_segmentation: Annotated[
        str | None, typer.Option(help="Ground-truth neuron segmentation, FILE[:DATASET]")
    ] = None,
    mask: Annotated[
        list[str] | None, typer.Option(help="Ground truth, CLASS[:ROLE]=FILE[:DATASET]; repeat")
    ] = None,
    extra_layer: Annotated[
        list[str] | None, typer.Option(help="Shown only, NAME=FILE[:DATASET]; repeat")
    ] = None,
    truth: Annotated[str | None, typer.Option(help="3-point truth, CSV or Parquet")] = None,
    points: Annotated[
        list[str] | None,
        typer.Option(
            help="Class painted from the rows of --truth, CLASS[:ROLE]; repeat. Empty: the kinds "
            "in the truth, where no --mask marks synapses"
        ),
    ] = None,
    train_box: Annotated[
        list[str] | None,
        typer.Option(help="z0:z1,y0:y1,x0:x1, voxels of the raw volume; repeat"),
    ] = None,
    validation_box: Annotated[
        list[str] | None,
        typer.Option(help="The same, to choose weights and threshold by; repeat"),
    ] = None,
    eval_box: Annotated[str | None, typer.Option(help="The same, for the evaluation")] = None,
    voxel_size: VoxelSizeOption = None,
) -> None:
    """Make a project folder from volumes, truth and boxes."""
    from napari_synapse_debug import pipeline

    folder = pipeline.create_project(
        project,
        raw=raw,
        segmentation=segmentation,
        true_segmentation=true_segmentation,
        masks=_named(mask or [], "--mask", "CLASS[:ROLE]"),
        extra_layers=_named(extra_layer or [], "--extra-layer", "NAME"),
        truth=truth,
        train_box=next(iter(train_box or []), None),
        more_train_boxes=(train_box or [])[1:],
        validation_boxes=validation_box or [],
        point_classes=points or [],
        eval_box=eval_box,
        voxel_size_nm=parse_voxel_size(voxel_size),
    )
    say_where("Project", folder)
    out.print(f"Next: synapse-debug run {folder}", soft_wrap=True)


def annotate(
    project: Annotated[Path, typer.Argument(help="Project folder, made by `init`")],
    box: Annotated[str, typer.Option(help="z0:z1,y0:y1,x0:x1, voxels of the raw volume")],
    mask: Annotated[
        list[str] | None,
        typer.Option(
            help="Class painted in this box: CLASS[:ROLE]=FILE[:DATASET], or CLASS alone for the "
            "project's own mask; repeat. Empty: all masks, or with --truth none"
        ),
    ] = None,
    truth: Annotated[
        str | None, typer.Option(help="3-point rows, complete in this box; CSV or Parquet")
    ] = None,
    use: Annotated[str, typer.Option(help="train or validation")] = "train",
    raw: Annotated[
        str | None, typer.Option(help="Another EM volume than the project's, FILE[:DATASET]")
    ] = None,
    voxel_size: VoxelSizeOption = None,
) -> None:
    """Add an annotated box to a project; classes that are not named are ignored in it."""
    from napari_synapse_debug import pipeline

    if use not in ("train", "validation"):
        raise InputError("--use cannot be read", found=repr(use), expected="train or validation")
    own = dict.fromkeys(text for text in mask or [] if "=" not in text)
    files = _named([text for text in mask or [] if "=" in text], "--mask", "CLASS[:ROLE]")
    added = pipeline.annotate_box(
        project,
        box,
        masks={**own, **files} if mask else None,
        truth=truth,
        use="train" if use == "train" else "validation",
        raw=raw,
        voxel_size_nm=parse_voxel_size(voxel_size),
    )
    out.print(f"Added: {added}", soft_wrap=True)


def simulate(
    folder: Annotated[Path, typer.Argument(help="Folder to make")],
    shape: Annotated[str, typer.Option(help="Voxels z,y,x")] = "48,320,320",
    voxel_size: Annotated[str, typer.Option("--voxel-size", help="z,y,x in nm")] = "40,8,8",
    synapses: Annotated[float, typer.Option(help="Synapses a µm³")] = 7.0,
    planted: Annotated[int, typer.Option(help="Planted errors of each cause")] = 0,
    seed: Annotated[int, typer.Option(help="Same seed, same volume")] = 0,
) -> None:
    """Simulate neuropil with known truth, and plant errors in it; makes a ready project."""
    from napari_synapse_debug import pipeline
    from napari_synapse_debug.domain.params import SimulateParams

    params = SimulateParams.build(
        shape_vx=_numbers(shape, "--shape", int),
        voxel_size_nm=_numbers(voxel_size, "--voxel-size", float),
        synapses_per_um3=synapses,
        planted=planted,
        seed=seed,
    )
    made = pipeline.simulate_project(folder, params)
    show_table("Simulated", made.rows)
    show_table("Planted", made.events)
    say_where("Project", folder)


def info(
    project: Annotated[Path | None, typer.Argument(help="Project folder, or empty")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="The embedded sample")] = False,
) -> None:
    """Tell what a project holds and which steps are done; without one, what this machine has."""
    from napari_synapse_debug import pipeline

    if project is None and not sample:
        show_table("This machine", pipeline.describe_machine())
        return
    folder = pipeline.sample_folder() if project is None else project
    show_table(f"Project {folder}", pipeline.describe_project(folder))


def parse_voxel_size(text: str | None) -> tuple[float, float, float] | None:
    """A voxel size zyx in nm from ``z,y,x``; None stays None."""
    return None if text is None else _numbers(text, "--voxel-size", float)


def _numbers(text: str, option: str, kind: type) -> tuple:  # type: ignore[type-arg]
    try:
        values = tuple(kind(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 3:
        raise InputError(
            f"{option} cannot be read",
            found=repr(text),
            expected="three numbers z,y,x",
            fix=f"write for example {option} {'48,320,320' if kind is int else '40,8,8'}",
        )
    return values


def _named(texts: list[str], option: str, name: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for text in texts:
        key, has_source, source = text.partition("=")
        if not (has_source and key and source):
            raise InputError(
                f"{option} cannot be read",
                found=repr(text),
                expected=f"{name}=FILE[:DATASET]",
                fix=f"name it, for example {option} cleft:synapse=volume.h5:labels/clefts",
            )
        if key in named:
            raise InputError(
                f"{option} {key} is given twice",
                found=f"{named[key]} and {source}",
                fix="give each name once",
            )
        named[key] = source
    return named
