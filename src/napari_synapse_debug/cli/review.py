"""Commands of the review: packages for reviewers, their merge, disputes, the corrected truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_synapse_debug.cli.console import ProgressLine, out, say_where, show_table
from napari_synapse_debug.domain.errors import InputError

ProjectArg = Annotated[Path, typer.Argument(help="Project folder")]
RunOption = Annotated[str, typer.Option("--run", help="Name of the run")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command()(package)
    app.command()(merge)
    app.command()(verdicts)
    app.command()(settle)
    app.command()(correct)


def package(
    project: ProjectArg,
    to: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make, or a .zip")],
    reviewer: Annotated[str, typer.Option(help="Who will review; signs the verdicts")],
    findings: Annotated[
        str | None, typer.Option(help="Numbers, as 1-20,33; empty: all of the run")
    ] = None,
    run: RunOption = "main",
    margin: Annotated[float, typer.Option(min=0, help="nm of volume around a finding")] = 1000.0,
) -> None:
    """Make a work package that can be mailed: findings and what is around them."""
    from napari_synapse_debug import pipeline
    from napari_synapse_debug.domain.events import QuietContext

    chosen = None if findings is None else parse_numbers(findings)
    with ProgressLine() as line:
        made = pipeline.make_package(
            project,
            reviewer,
            to,
            chosen,
            run=run,
            margin_nm=margin,
            context=QuietContext(line.show),
        )
    out.print(f"{made.findings} findings for {reviewer}, {made.size_bytes / 1e6:.1f} MB")
    say_where("Work package", made.path)


def merge(
    project: ProjectArg,
    packages: Annotated[
        list[Path], typer.Argument(help="Folders, zips, or review.sqlite files that came back")
    ],
    run: RunOption = "main",
) -> None:
    """Take up the verdicts of work packages; nothing is overwritten, twice does no harm."""
    from napari_synapse_debug import pipeline

    merged = pipeline.merge_packages(project, packages)
    show_table("Merged", [{"package": str(path), "new": count} for path, count in merged.added])
    _show_review(project, run)


def verdicts(
    project: ProjectArg,
    run: RunOption = "main",
    set_aside: Annotated[
        bool, typer.Option("--set-aside", help="Rename a review.sqlite that cannot be read")
    ] = False,
) -> None:
    """Tell how the review stands: verdicts, progress, disputes and agreement."""
    from napari_synapse_debug import pipeline

    if not set_aside:
        _show_review(project, run)
        return
    kept = pipeline.set_review_aside(project)
    if kept is None:
        out.print("There is no review.sqlite; nothing was done.")
    else:
        say_where("Kept as", kept)


def settle(
    project: ProjectArg,
    finding: Annotated[int, typer.Argument(help="Number of the finding in the run")],
    verdict: Annotated[str, typer.Argument(help="What it is held for from now on")],
    run: RunOption = "main",
    author: Annotated[str | None, typer.Option(help="Who settles; default your name")] = None,
) -> None:
    """Settle what reviewers dispute; their own verdicts stay in the journal."""
    from napari_synapse_debug import pipeline
    from napari_synapse_debug.domain.verdicts import parse_verdict

    word = parse_verdict(verdict)
    pipeline.settle_finding(project, finding, word, run, author)
    out.print(f"Finding {finding} is settled: {word}.")


def correct(
    project: ProjectArg,
    to: Annotated[
        Path | None, typer.Option("--to", help="Table to write; default truth.corrected.csv")
    ] = None,
    run: RunOption = "main",
    score: Annotated[bool, typer.Option(help="Score the run against it, now and before")] = True,
) -> None:
    """Write the truth as verdicts and edits correct it; the original stays as it is."""
    from napari_synapse_debug import pipeline

    path, changes = pipeline.write_corrected_truth(project, to)
    out.print(f"{changes} rows differ from the original.")
    say_where("Corrected truth", path)
    if not score:
        return
    with pipeline.open_review(project, run, must_exist=True) as review:
        scored = pipeline.score_corrected(review)
    out.print(f"before: {scored.before['summary']}", soft_wrap=True)
    out.print(f"now:    {scored.now['summary']}", soft_wrap=True)
    out.print(f"{scored.caution}.", soft_wrap=True)


def parse_numbers(text: str) -> list[int]:
    """The whole numbers in ``1-20,33``, each once, ascending; ranges hold both of their ends.

    Raises
    ------
    InputError
        The text has another form, or a range runs backwards.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        first, is_range, last = part.strip().partition("-")
        try:
            start, stop = int(first), int(last if is_range else first)
        except ValueError:
            start, stop = 1, 0
        if start > stop:
            raise InputError(
                "The findings cannot be read",
                found=repr(text),
                expected="numbers and ranges as 1-20,33",
                fix="look at the list of errors for their numbers",
            )
        numbers |= set(range(start, stop + 1))
    return sorted(numbers)


def _show_review(project: Path, run: str) -> None:
    from napari_synapse_debug import pipeline

    found = pipeline.describe_review(project, run)
    show_table(f"Verdicts that hold in run {run}", found.verdicts)
    out.print(f"{found.n_reviewed} of {found.n_findings} findings reviewed.")
    if found.n_stale:
        out.print(f"{found.n_stale} with a verdict on another stage, which is not applied.")
    show_table("Reviewers", found.progress)
    show_table("Disputes: settle them with `synapse-debug settle`", found.disputes)
    show_table("Agreement (Cohen's kappa)", found.agreement)
