"""The model card as text: its sections, and that of the scores, written without the network."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from napari_synapse_debug.io import Project, replace_file
from napari_synapse_debug.io.model_files import CARD
from napari_synapse_debug.pipeline.outcome import score_of_run

TRAINING, SCORES = "Training", "Scores"
"""Titles of the sections that are read again, or written anew alone."""


def section(title: str, lines: Iterable[str]) -> str:
    """A section in Markdown: its title, and one item a line."""
    return "\n".join([f"## {title}", "", *(f"- {line}" for line in lines)])


def section_lines(card: str, title: str) -> tuple[str, ...]:
    """The items of the section ``title`` of ``card``; none where it has no such section."""
    found = _pattern(title).search(card)
    lines = found[0].splitlines() if found else []
    return tuple(line.removeprefix("- ") for line in lines if line.startswith("- "))


def score_section(folder: Path) -> str:
    """The section of the scores of the run in ``folder``, by its present model."""
    return section(SCORES, score_of_run(folder).splitlines() or ["none yet"])


def write_scores(project: Project, run: str) -> None:
    """Write the scores of ``run`` into the card beside its model; the rest stays as it is.

    A model without a card stays without one.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    path = project.model_folder(run) / CARD
    if not path.is_file():
        return
    card, scores = path.read_text(encoding="utf-8"), score_section(project.run_folder(run))
    with replace_file(path) as beside:
        beside.write_text(_pattern(SCORES).sub(lambda _: scores, card), encoding="utf-8")


def _pattern(title: str) -> re.Pattern[str]:
    """A section up to the blank lines before the next one, or the end."""
    return re.compile(rf"^## {re.escape(title)}$.*?(?=\s*^## |\s*\Z)", re.MULTILINE | re.DOTALL)
