"""Work packages: findings and their surroundings that a reviewer is sent, and brought back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.events import QuietContext, StepContext
from napari_synapse_debug.domain.verdicts import Action
from napari_synapse_debug.io import (
    ReviewStore,
    guard_storage,
    replace_file,
    replace_folder,
)
from napari_synapse_debug.pipeline.package_contents import fill_package
from napari_synapse_debug.pipeline.package_file import reviews_of_package
from napari_synapse_debug.pipeline.review import Review, open_review

MARGIN_NM = 1000.0
"""Of the volumes around each finding, where no other margin is asked for."""


@dataclass(frozen=True)
class PackageMade:
    """A work package on disk: where, for how many findings, and how large."""

    path: Path
    findings: int
    size_bytes: int


@dataclass(frozen=True)
class Merged:
    """What a merge brought: the actions that were new, by package."""

    added: tuple[tuple[Path, int], ...]


def make_package(
    folder: Path,
    reviewer: str,
    out: Path,
    findings: Sequence[int] | None = None,
    run: str = "main",
    margin_nm: float = MARGIN_NM,
    context: StepContext | None = None,
) -> PackageMade:
    """A folder (or zip, if ``out`` ends so) with what ``reviewer`` needs for ``findings``.

    It is a project of its own with paths relative to itself: the findings, all true and found
    synapses, and every volume in its full shape, of which only chunks near a finding are
    written, so that it is small and no coordinate changes. The findings are noted as assigned.

    Parameters
    ----------
    folder : Path
        The project.
    reviewer : str
        Whose name the verdicts will have.
    out : Path
        Must not exist.
    findings : sequence of int, optional
        Numbers in ``run``; default all.
    margin_nm : float
        Least of the volumes to be seen around the points of a finding.
    context : StepContext, optional
        Takes progress and may stop it.

    Raises
    ------
    InputError
        ``out`` exists, the reviewer has no name, or there are no such findings.
    StorageError
        The disk is full, or ``out`` may not be written.
    StepCancelledError
        Stopped; nothing is left at ``out``.
    """
    context = context or QuietContext()
    out = out.absolute()
    _check(out, reviewer)
    with open_review(folder, run) as review:
        chosen = _chosen(review, findings)
        numbers = chosen["finding"].tolist()
        with _new_package(out) as place:
            fill_package(place, review, chosen, reviewer.strip(), margin_nm, context)
        review.assign(reviewer.strip(), numbers)
    return PackageMade(out, len(numbers), _size(out))


def merge_packages(folder: Path, packages: Sequence[Path]) -> Merged:
    """Take up the verdicts and edits of work packages (folders, zips, or their review.sqlite).

    The union of the journals: nothing is overwritten, a package merged twice adds nothing, and
    the order does not matter. All packages are read before anything is written.

    Raises
    ------
    InputError
        A package that is none, or belongs to another project; nothing is merged.
    DataError
        A package that is damaged; nothing is merged.
    """
    with open_review(folder, must_exist=True) as review:
        own = review.store.review_id
        read = []
        for path in packages:
            found = _read(path, review.author)
            if any(review_id != own for review_id, _ in found):
                raise _foreign(path, folder)
            read.append((path, [action for _, actions in found for action in actions]))
        return Merged(tuple((path, review.merge(actions)) for path, actions in read))


def _read(path: Path, author: str) -> list[tuple[str, list[Action]]]:
    """The id of the review that a package belongs to, and its actions; of each one in a zip."""
    with reviews_of_package(path) as copies:
        found = []
        try:
            for copy in copies:
                with ReviewStore(copy, author) as store:
                    found.append((store.review_id, [action for _, action in store.actions()]))
            return found
        except DataError as error:
            raise DataError(
                f"The verdicts in the work package {path} cannot be read",
                found=error.found,
                expected=error.expected,
                fix="ask for the package again; it was damaged, or is of a newer version",
            ) from error


def _check(out: Path, reviewer: str) -> None:
    if not reviewer.strip():
        raise InputError("The reviewer has no name", found=repr(reviewer), fix="give one")
    if out.exists():
        raise InputError(
            f"{out} exists already",
            fix="choose another place; a package with verdicts in it is never overwritten",
        )


@contextmanager
def _new_package(out: Path) -> Iterator[Path]:
    """An empty folder to fill, which becomes ``out``: as it is, or as a zip."""
    if out.suffix.lower() != ".zip":
        with replace_folder(out) as beside:
            yield beside
        return
    with guard_storage(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{out.stem}.", dir=out.parent) as place:
            folder = Path(place) / out.stem
            folder.mkdir()
            yield folder
            with replace_file(out) as beside, zipfile.ZipFile(beside, "w") as archive:
                for part in sorted(folder.rglob("*")):
                    archive.write(part, part.relative_to(place))


def _chosen(review: Review, findings: Sequence[int] | None) -> pd.DataFrame:
    table = review.findings
    if findings is not None:
        for number in findings:
            review.refer(number)
        table = table[table["finding"].isin(findings)]
    if table.empty:
        raise InputError(
            "There is nothing to review",
            found=f"no findings chosen of {len(review.findings)} in the run {review.run}",
            fix="run `synapse-debug diagnose` first, or choose other findings",
        )
    return table


def _foreign(path: Path, folder: Path) -> InputError:
    return InputError(
        f"The work package {path} belongs to another project",
        found="verdicts on the findings of another review",
        expected=f"a package that was made from {folder}",
        fix="merge it into the project that it was made from; if that project's review.sqlite "
        "was set aside, put it back first",
    )


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
