"""Two reviewers' packages on 60 findings, 20 shared and 5 in conflict, merge to exactly that."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.records import FINDINGS, conform, empty, points, with_points
from napari_synapse_debug.domain.stages import Cause, ErrorKind, Stage
from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.io import load_project, write_table
from napari_synapse_debug.pipeline import (
    describe_review,
    make_package,
    merge_packages,
    open_results,
    open_review,
    sample_folder,
)

GIVEN = {"anna": range(1, 41), "ben": range(21, 61)}
IN_CONFLICT = range(21, 26)


def measure(work: Path) -> bool:
    """Send both packages, review them where they arrive, and merge them in either order."""
    project = make_project(work / "project")
    for reviewer, numbers in GIVEN.items():
        made = make_package(project, reviewer, work / f"{reviewer}.zip", list(numbers))
        print(f"{reviewer}: {made.findings} findings, {made.size_bytes / 1e6:.2f} MB")
        shutil.unpack_archive(made.path, work / "mailed")
        review(work / "mailed" / reviewer, reviewer)
    verdicts = []
    is_exact = True
    for order in (("anna", "ben"), ("ben", "anna")):
        copy = work / "-".join(order)
        shutil.copytree(project, copy)
        merge_packages(copy, [work / "mailed" / name for name in order])
        again = merge_packages(copy, [work / "mailed" / name for name in order])
        is_exact &= check(copy, order) and sum(count for _, count in again.added) == 0
        with open_review(copy, author="founder") as merged:
            verdicts.append(merged.verdicts())
    is_same = verdicts[0].equals(verdicts[1])
    print(f"the same verdicts in either order: {is_same}")
    return is_exact and is_same


def check(project: Path, order: tuple[str, ...]) -> bool:
    """Print what the merge gave, and say whether it is exactly what was planted."""
    found = describe_review(project)
    disputes = [row["finding"] for row in found.disputes]
    both = found.agreement[0]
    print(
        f"merged {' then '.join(order)}: {found.n_reviewed} of {found.n_findings} reviewed, "
        f"{both['n_shared']} shared, {both['n_agreed']} agreed, disputes {disputes}, "
        f"kappa {both['kappa']:.3f}"
    )
    shared = len(set(GIVEN["anna"]) & set(GIVEN["ben"]))
    return (
        found.n_reviewed + len(found.disputes) == found.n_findings == 60
        and (both["n_shared"], both["n_agreed"]) == (shared, shared - len(IN_CONFLICT))
        and disputes == list(IN_CONFLICT)
        and all(row["assigned_left"] == 0 for row in found.progress)
    )


def review(package: Path, reviewer: str) -> None:
    """Give a verdict on every finding of a package; ben contradicts anna on five."""
    numbers = open_results(package).findings["finding"].tolist()
    choices = list(Verdict)
    with open_review(package) as opened:
        for number in numbers:
            is_other = reviewer == "ben" and number in IN_CONFLICT
            opened.set_verdict(number, choices[(number + is_other) % len(choices)])


def make_project(folder: Path) -> Path:
    """The embedded sample with a run of 60 findings: 40 missed truths, 20 false predictions."""
    shutil.copytree(sample_folder(), folder)
    project = load_project(folder)
    truth = project.truth().iloc[:60].reset_index(drop=True)
    is_false = np.arange(60) % 3 == 2
    texts = {name: "" for name, dtype in FINDINGS.items() if dtype == "str"}
    table = empty(FINDINGS).reindex(range(60)).assign(**texts)
    table["error"] = np.where(is_false, ErrorKind.FALSE.value, ErrorKind.MISSED.value)
    table["stage"] = Stage.CLASSIFIER.value
    table["cause"] = np.where(is_false, Cause.FALSE_SIGNAL.value, Cause.WEAK_SIGNAL.value)
    table["truth_row"] = truth["row"].astype("Int64").mask(is_false)
    table["prediction_row"] = pd.Series(range(1, 61), dtype="Int64").where(is_false)
    for name in ("finding", "fault"):
        table[name] = np.arange(1, 61)
    for name in ("kind", "pre_segment", "post_segment"):
        table[name] = truth[name]
    for end in ("pre", "cleft", "post"):
        table = with_points(table, end, points(truth, end))
    write_table(conform(table, FINDINGS), project.run_folder("main") / "findings.parquet")
    return folder
