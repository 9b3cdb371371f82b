"""Commands that close the loop: train again with what a review taught, where to annotate next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_synapse_debug.cli.console import ProgressLine, out, run_job, show_table
from napari_synapse_debug.cli.steps import show_summary
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.events import QuietContext

ProjectArg = Annotated[Path, typer.Argument(help="Project folder")]
RunOption = Annotated[str, typer.Option("--run", help="Name of the run")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command()(again)
    app.command()(propose)


def again(
    project: ProjectArg,
    run: RunOption = "main",
    name: Annotated[
        str | None, typer.Option("--as", help="Name of the new run; default main-2, main-3, …")
    ] = None,
    minutes: Annotated[float, typer.Option(help="Longest time to train, min")] = 4.0,
    learn_share: Annotated[
        float, typer.Option(help="Part of the evaluation box to learn from; the rest judges")
    ] = 0.0,
    hard_fraction: Annotated[
        float, typer.Option(help="Part of the patches around confirmed classifier errors")
    ] = 0.3,
    learning_rate: Annotated[float, typer.Option(help="Highest rate of AdamW")] = 3e-3,
    learn_by: Annotated[
        str, typer.Option(help="Targets in the part to learn from: auto, points or masks")
    ] = "auto",
) -> None:
    """Train on with what the review of a run taught, make the next run, and compare."""
    from napari_synapse_debug import pipeline
    from napari_synapse_debug.domain.params import AgainParams

    params = AgainParams.build(
        minutes=minutes,
        learn_share=learn_share,
        hard_fraction=hard_fraction,
        learning_rate=learning_rate,
        learn_by=learn_by,
    )
    made = run_job(pipeline.train_again, project, run=run, name=name, params=params)
    out.print(f"Learnt from {made.lessons}.", soft_wrap=True)
    show_summary(made.summary)
    if made.compared is not None:
        out.print(f"{made.before} → {made.run}: {made.compared.content['summary']}", soft_wrap=True)
        changes = made.compared.content["changes"]
        show_table("Changes", [{"change": name, "errors": n} for name, n in changes.items()])


def propose(
    project: ProjectArg,
    run: RunOption = "main",
    size: Annotated[str, typer.Option(help="Voxels of a box, Z,Y,X")] = "16,256,256",
    count: Annotated[int, typer.Option(min=1, help="Most boxes")] = 5,
) -> None:
    """List boxes to annotate next: where the model is least sure of its synapses."""
    from napari_synapse_debug import pipeline

    parts = size.split(",")
    if len(parts) != 3 or not all(part.strip().isdigit() for part in parts):
        raise InputError(
            "The size of the boxes cannot be read",
            found=size,
            expected="three whole numbers, Z,Y,X",
            fix="write for example --size 16,256,256",
        )
    z, y, x = map(int, parts)
    with ProgressLine() as line:
        context = QuietContext(line.show)
        boxes = pipeline.propose_boxes(project, (z, y, x), count, run, context=context)
    show_table(
        "Boxes to annotate",
        [{"box": str(box), "unsure": f"{4 * unsure:.0%}"} for box, unsure in boxes],
    )
    if not boxes:
        out.print("Nothing is left to propose: every place is annotated or judged.")
