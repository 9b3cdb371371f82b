"""`evaluate` and `diagnose`: of a project, or of files that other programs made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from napari_synapse_debug.cli.console import out, run_job, say_where, show_table
from napari_synapse_debug.cli.projects import VoxelSizeOption, parse_voxel_size
from napari_synapse_debug.cli.steps import AgainOption, RunOption, SetOption, run_steps
from napari_synapse_debug.domain.errors import InputError

VOLUME = "FILE[:DATASET]"

_RESULTS = Path("evaluation")

_HELP = {
    "evaluate": "Compare prediction with truth: precision, recall, F1, and who matches whom.",
    "diagnose": "Name the stage and cause of every missed, false and mistyped synapse.",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    for step, text in _HELP.items():
        app.command(step, help=text)(_command(step))


def _command(step: str) -> Any:
    def command(
        project: Annotated[
            Path | None, typer.Argument(help="Project folder; or give files by the options")
        ] = None,
        prediction: Annotated[Path | None, typer.Option(help="Predicted 3-point table")] = None,
        truth: Annotated[Path | None, typer.Option(help="True 3-point table")] = None,
        segmentation: Annotated[
            str | None, typer.Option(help=f"Segmentation in use, {VOLUME}")
        ] = None,
        probability: Annotated[
            str | None, typer.Option(help=f"Synapse probability, uint8 or float 0..1, {VOLUME}")
        ] = None,
        mask: Annotated[
            str | None, typer.Option(help=f"True clefts as instance ids, {VOLUME}")
        ] = None,
        true_segmentation: Annotated[
            str | None, typer.Option(help=f"True segmentation, {VOLUME}")
        ] = None,
        candidates: Annotated[Path | None, typer.Option(help="Table of candidates")] = None,
        contacts: Annotated[Path | None, typer.Option(help="Table of contacts")] = None,
        params: Annotated[
            Path | None,
            typer.Option(help="YAML with sections evaluate, diagnose, synapses, contacts"),
        ] = None,
        box: Annotated[
            str | None, typer.Option(help="z0:z1,y0:y1,x0:x1 in voxels; empty: everything")
        ] = None,
        voxel_size: VoxelSizeOption = None,
        out_folder: Annotated[
            Path, typer.Option("--out", help="Folder for the results of files")
        ] = _RESULTS,
        run: RunOption = "main",
        set_: SetOption = None,
        again: AgainOption = False,
    ) -> None:
        of_files = (
            *(prediction, truth, segmentation, probability, mask, true_segmentation),
            *(candidates, contacts, params, box, voxel_size),
        )
        has_files = any(given is not None for given in of_files) or out_folder != _RESULTS
        if project is not None and not has_files:
            run_steps(project, (step,), run, set_ or [], None, None, again)
            return
        if project is not None or prediction is None or truth is None:
            raise InputError(
                f"It is not clear what to {step}",
                found="a project and files" if project else "no pair of tables",
                expected="a project folder, or --prediction and --truth",
                fix=f"synapse-debug {step} PROJECT, or "
                f"synapse-debug {step} --prediction P.csv --truth T.csv --out DIR",
            )
        if set_ or again or run != "main":
            raise InputError(
                "--set, --run and --again are for a project",
                found="files to judge",
                expected="parameters in a file: --params judge.yaml",
                fix="write for example `evaluate: {tolerance_nm: 200}` in judge.yaml",
            )
        from napari_synapse_debug import pipeline

        files = pipeline.Files(
            prediction=prediction,
            truth=truth,
            segmentation=segmentation,
            probability=probability,
            mask=mask,
            true_segmentation=true_segmentation,
            candidates=candidates,
            contacts=contacts,
            params=params,
            box=box,
            voxel_size_nm=parse_voxel_size(voxel_size),
        )
        result = run_job(pipeline.judge_files, step, files, out_folder)
        out.print(result.score, soft_wrap=True)
        show_table("Errors by stage", list(result.errors))
        say_where("Results", out_folder)

    return command
