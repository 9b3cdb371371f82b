"""The commands of the review, from a package to the corrected truth."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.cli.review import parse_numbers
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import FINDINGS, conform, empty, points, with_points
from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.io import load_project, read_synapses, write_table
from napari_synapse_debug.pipeline import open_review, sample_folder


@pytest.fixture
def reviewed(tmp_path: Path) -> Path:
    """The embedded sample, with a run in which its first five truths are missed."""
    folder = tmp_path / "project"
    shutil.copytree(sample_folder(), folder)
    truth = load_project(folder).truth().iloc[:5].reset_index(drop=True)
    texts = {name: "" for name, dtype in FINDINGS.items() if dtype == "str"}
    table = empty(FINDINGS).reindex(range(5)).assign(**texts).assign(fault=np.arange(5))
    table = table.assign(finding=np.arange(1, 6), error="missed", stage="classifier")
    for name in ("kind", "pre_segment", "post_segment"):
        table[name] = truth[name]
    table["truth_row"] = truth["row"].astype("Int64")
    for end in ("pre", "cleft", "post"):
        table = with_points(table, end, points(truth, end))
    write_table(conform(table, FINDINGS), folder / "runs" / "main" / "findings.parquet")
    return folder


def give(package: Path, **verdicts: Verdict) -> None:
    with open_review(package) as review:
        for finding, verdict in verdicts.items():
            review.set_verdict(int(finding[1:]), verdict)


def test_from_package_to_corrected_truth(
    reviewed: Path, tmp_path: Path, call: Callable[..., Any]
) -> None:
    for name, findings in (("anna", "1-3"), ("ben", "3,4")):
        made = call(
            "package", reviewed, tmp_path / name, "--reviewer", name, "--findings", findings
        )
        assert made.code == 0, made.err
        assert "findings for" in made.out
    give(tmp_path / "anna", f1=Verdict.UNSURE, f2=Verdict.UNSURE, f3=Verdict.AMBIGUOUS)
    give(tmp_path / "ben", f3=Verdict.GROUND_TRUTH_ERROR, f4=Verdict.GROUND_TRUTH_ERROR)
    merged = call("merge", reviewed, tmp_path / "anna", tmp_path / "ben")
    assert merged.code == 0, merged.err
    assert "3 of 5 findings reviewed" in merged.out  # the third is disputed
    assert "anna: ambiguous; ben: ground_truth_error" in " ".join(merged.out.split())
    settled = call("settle", reviewed, 3, "ground-truth error", "--author", "cleo")
    assert settled.code == 0, settled.err
    told = call("verdicts", reviewed)
    assert "Disputes" not in told.out
    before = load_project(reviewed).truth()
    corrected = call("correct", reviewed, "--no-score")
    assert corrected.code == 0, corrected.err
    assert "2 rows differ" in corrected.out
    after = read_synapses(reviewed / "truth.corrected.csv")
    assert set(before["row"]) - set(after["row"]) == set(before["row"].iloc[[2, 3]])
    pd.testing.assert_frame_equal(load_project(reviewed).truth(), before)


def test_a_review_that_cannot_be_read_is_set_aside(
    reviewed: Path, call: Callable[..., Any]
) -> None:
    call("verdicts", reviewed).assert_one_error("Nothing was reviewed")
    (reviewed / "review.sqlite").write_text("this is no data base at all, it is a letter")
    call("verdicts", reviewed).assert_one_error("cannot be read", "--set-aside")
    told = call("verdicts", reviewed, "--set-aside")
    assert told.code == 0, told.err
    assert len(list(reviewed.glob("review.sqlite.aside-*"))) == 1
    assert "nothing was done" in call("verdicts", reviewed, "--set-aside").out


def test_wrong_calls_are_told_in_one_message(
    reviewed: Path, tmp_path: Path, call: Callable[..., Any]
) -> None:
    (tmp_path / "there").mkdir()
    package = ("package", reviewed, tmp_path / "there", "--reviewer", "anna")
    call(*package).assert_one_error("exists already")
    call(*package, "--findings", "4-2").assert_one_error("'4-2'")
    call("settle", reviewed, 1, "perhaps").assert_one_error("'perhaps'", "ambiguous")
    call("merge", reviewed, tmp_path / "there").assert_one_error("Nothing was reviewed")
    with open_review(reviewed, author="anna") as review:
        review.set_verdict(1, Verdict.UNSURE)
    call("merge", reviewed, tmp_path / "there").assert_one_error("no verdicts in")
    call("settle", reviewed, 9, "unsure").assert_one_error("no finding 9")


@pytest.mark.parametrize(
    ("text", "numbers"), [("3", [3]), ("1-3,7", [1, 2, 3, 7]), (" 7 , 5-7 ", [5, 6, 7])]
)
def test_numbers_and_ranges(text: str, numbers: list[int]) -> None:
    assert parse_numbers(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "3-", "4-2", "1,,2"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        parse_numbers(text)
