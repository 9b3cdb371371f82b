"""Verdicts, edits and the corrected truth of a finished project."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import points
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.domain.verdicts import (
    AddSynapse,
    ChangeKind,
    DeleteSynapse,
    MovePoint,
    Verdict,
)
from napari_synapse_debug.io import (
    load_project,
    read_synapses,
    read_table,
    write_json,
    write_table,
)
from napari_synapse_debug.pipeline import (
    change_params,
    describe_review,
    lessons_of,
    open_review,
    run_steps,
    set_review_aside,
    settle_finding,
)
from napari_synapse_debug.pipeline.corrections import (
    score_corrected,
    write_corrected_truth,
)
from napari_synapse_debug.pipeline.lessons import (
    propose_boxes,
    read_hard_places,
    read_lessons,
    write_lessons,
)


def numbers(review: Any, error: str, stage: str | None = None) -> list[int]:
    table = review.findings
    chosen = (table["error"] == error) & ((table["stage"] == stage) | (stage is None))
    return table.loc[chosen, "finding"].tolist()


def test_verdicts_outlive_the_window(finished: Path) -> None:
    with open_review(finished, author="anna") as review:
        first, second = numbers(review, "missed")[:2]
        assert review.verdicts().empty
        review.set_verdict(first, Verdict.MODEL_ERROR)
        review.set_verdict(second, Verdict.UNSURE)
        review.set_comment(second, " blurred ")
        review.mark_seen(second)
        review.mark_seen(second)
        assert len(review.state.seen) == 1
        assert len(review.actions()) == 4
    with open_review(finished, author="anna") as review:
        table = review.verdicts().set_index("now_finding")
    assert table.loc[first, "verdict"] == "model_error"
    assert table.loc[second, ["verdict", "comment"]].tolist() == ["unsure", "blurred"]
    assert not table["is_stale"].any()


def test_two_windows_see_each_other_and_undo_their_own(finished: Path) -> None:
    with open_review(finished, author="anna") as one, open_review(finished, author="ben") as two:
        finding = numbers(one, "missed")[0]
        one.set_verdict(finding, Verdict.MODEL_ERROR)
        two.set_verdict(finding, Verdict.UNSURE)
        assert one.refresh()
        assert not one.refresh()
        assert one.settled()["said"].tolist() == ["anna: model_error; ben: unsure"]
        undone = one.undo()
        assert undone is not None
        assert undone.author == "anna"
        assert one.undo() is None
        assert one.settled()["said"].tolist() == ["ben: unsure"]
        one.redo()
        two.refresh()
        assert two.settled()["standing"].tolist() == ["disputed"]
        one.set_verdict(finding, None)
        assert one.settled()["said"].tolist() == ["ben: unsure"]


def test_verdicts_are_found_again_in_a_run_made_anew(finished: Path) -> None:
    with open_review(finished, author="anna") as review:
        for finding in review.findings["finding"]:
            review.set_verdict(finding, Verdict.AMBIGUOUS)
        before = len(review.findings)
    change_params(finished, {"diagnose": {"oracle_radius_nm": 120.0}})
    run_steps(finished, ("diagnose",))
    with open_review(finished, author="anna") as review:
        assert len(review.verdicts()) == len(review.findings) == before > 2


def test_a_verdict_on_another_stage_is_shown_and_not_applied(finished: Path) -> None:
    with open_review(finished, author="anna") as review:
        finding = numbers(review, "missed")[0]
        review.set_verdict(finding, Verdict.MODEL_ERROR)
        path = review.project.run_folder("main") / "findings.parquet"
    table = read_table(path)
    write_table(table.assign(stage="evaluation"), path)
    with open_review(finished, author="anna") as review:
        assert review.verdicts()["is_stale"].tolist() == [True]
        assert review.settled().empty
    summary = describe_review(finished)
    assert (summary.n_reviewed, summary.n_stale) == (0, 1)


def test_the_corrected_truth_is_scored_and_the_original_kept(finished: Path) -> None:
    truth_path = load_project(finished).truth_path
    original = truth_path.read_bytes()
    with open_review(finished, author="anna") as review:
        assert not numbers(review, "mistyped")
        before = score_corrected(review)
        assert before.before == before.now
        false = numbers(review, "false")
        for finding in false:
            review.set_verdict(finding, Verdict.GROUND_TRUTH_ERROR)
        scored = score_corrected(review)
        table = review.corrected_truth()
    assert scored.before["fp"] == len(false) > 0
    assert scored.now["fp"] == 0
    assert scored.now["tp"] == scored.before["tp"] + len(false)
    assert f"{len(false)} of" in scored.caution
    added = table[table["correction"] == "accepted"]
    assert set(added["pre_segment"]) <= set(range(11, 17))  # looked up in the true segmentation
    assert truth_path.read_bytes() == original


def test_the_corrected_table_reads_back_as_a_truth(finished: Path) -> None:
    with pytest.raises(InputError, match="Nothing was reviewed"):
        write_corrected_truth(finished)
    with open_review(finished, author="anna") as review:
        truth = review.project.truth()
        ends = {"pre_nm": (120, 40, 50), "cleft_nm": (120, 48, 50), "post_nm": (120, 56, 50)}
        added = review.edit(AddSynapse(**ends, kind=Kind.SOMA))
        assert review.edit(DeleteSynapse(row=8)) == 8
        review.edit(MovePoint(row=2, end="post", point_nm=(440.0, 150.0, 500.0)))
        review.edit(ChangeKind(row=4, kind=Kind.SPINE_HEAD))
    path, changes = write_corrected_truth(finished)
    table = read_synapses(path)
    assert path.name == "truth.corrected.csv"
    assert changes == 4
    assert len(table) == len(truth)
    assert 8 not in set(table["row"])
    assert added in set(table["row"])
    by_row = table.set_index("row")
    assert by_row.loc[2, "post_x_nm"] == 500.0
    assert by_row.loc[4, "kind"] == "spine_head"
    kept = table[table["correction"].fillna("").isin(["", "nan"])]
    merged = kept.merge(truth, on="row", suffixes=("", "_then"))
    assert (points(merged, "cleft") == merged[[f"cleft_{a}_nm_then" for a in "zyx"]]).all(None)


def test_what_cannot_be_meant_is_refused(finished: Path) -> None:
    with open_review(finished, author="anna") as review:
        with pytest.raises(InputError, match="no finding 999"):
            review.set_verdict(999, Verdict.UNSURE)
        with pytest.raises(InputError, match="no row 77"):
            review.edit(DeleteSynapse(row=77))
        with pytest.raises(InputError, match="'end'"):
            MovePoint.build(row=1, end="soma", point_nm=(0, 0, 0))
        assert review.actions() == ()
    with pytest.raises(InputError, match="no name"):
        open_review(finished, author="  ")


def test_the_summary_counts_and_settling_ends_a_dispute(finished: Path) -> None:
    for author, verdict in (("anna", Verdict.MODEL_ERROR), ("ben", Verdict.UNSURE)):
        with open_review(finished, author=author) as review:
            first, second = numbers(review, "missed")[:2]
            review.set_verdict(first, verdict)
            review.set_verdict(second, Verdict.MODEL_ERROR)
            n_findings = len(review.findings)
    summary = describe_review(finished)
    assert (summary.n_findings, summary.n_reviewed) == (n_findings, 1)  # the other is disputed
    assert lessons_of(finished).verdicts == 1
    assert [row["finding"] for row in summary.disputes] == [first]
    assert summary.agreement[0]["n_agreed"] == 1
    assert [row["reviewed"] for row in summary.progress] == [2, 2]
    settle_finding(finished, first, Verdict.AMBIGUOUS, author="cleo")
    summary = describe_review(finished)
    assert summary.disputes == ()
    assert summary.verdicts == (
        {"verdict": "model_error", "findings": 1},
        {"verdict": "ambiguous", "findings": 1},
    )


def test_set_aside_the_verdicts_are_kept(finished: Path) -> None:
    assert set_review_aside(finished) is None
    with open_review(finished, author="anna") as review:
        review.set_verdict(numbers(review, "missed")[0], Verdict.UNSURE)
    kept = set_review_aside(finished)
    assert kept is not None
    with open_review(finished, author="anna") as review:
        assert review.actions() == ()
    (finished / "review.sqlite").unlink()
    shutil.copy(kept, finished / "review.sqlite")
    assert describe_review(finished).n_reviewed == 1


def test_lessons_for_the_next_training(finished: Path) -> None:
    with open_review(finished, author="anna") as review:
        classifier = numbers(review, "missed", "classifier") + numbers(
            review, "false", "classifier"
        )
        for finding in review.findings["finding"]:
            review.set_verdict(finding, Verdict.MODEL_ERROR)
        write_lessons(review, review.project, "main")
        clefts = review.findings.set_index("finding").loc[classifier]
    places = read_hard_places(finished / "models/main")
    assert places is not None
    assert classifier
    assert sorted(map(tuple, points(places, "place"))) == sorted(
        map(tuple, points(clefts, "cleft"))
    )
    assert read_hard_places(finished / "models/other") is None
    boxes = propose_boxes(finished, (2, 16, 16), 3)
    config = load_project(finished).config
    assert boxes == []  # train and evaluation box fill the toy
    free = config.model_copy(update={"eval_box": "9:14,0:56,0:96"})
    (finished / "project.yaml").write_text(
        (finished / "project.yaml").read_text().replace(config.eval_box, free.eval_box)
    )
    told = []
    context = QuietContext(lambda event: told.append((event.step, event.done, event.total)))
    boxes = propose_boxes(finished, (2, 16, 16), 3, context=context)
    assert len(boxes) == 3
    assert all(box.start[0] >= 5 and box.stop[0] <= 9 for box, _ in boxes)
    assert told == [("propose", 1, 1)]  # the toy is read at once


def test_what_was_to_be_learnt_where_nothing_is_judged_any_more_stays(finished: Path) -> None:
    folder = finished / "models/main"
    with open_review(finished, author="anna") as review:
        withdrawn, *others = numbers(review, "missed", "classifier")
        for finding in (withdrawn, *others):
            review.set_verdict(finding, Verdict.MODEL_ERROR)
        write_lessons(review, review.project, "main")
        told = read_hard_places(folder)
        assert told is not None
        assert len(told) == 1 + len(others) >= 2
        box, voxel_nm = review.project.raw().grid.box, review.project.raw().grid.voxel_size_nm
        half = box.stop[2] // 2
        learnt = Box(box.start, (*box.stop[:2], half))
        gone = told.iloc[[0, 0]].assign(
            key=["gone, learnt", "gone, judged"],
            place_x_nm=review.project.raw().grid.offset_nm[2]
            + np.array([half - 1, half]) * voxel_nm[2],
        )
        write_table(pd.concat([told, gone]), folder / "hard_places.parquet")
        write_json(folder / "division.json", {"learnt": str(learnt), "judged": str(box)})
        review.set_verdict(withdrawn, None)

        lessons = write_lessons(review, review.project, "main")

        places = read_hard_places(folder)
        assert places is not None
        assert set(places["key"]) == {"gone, learnt", *told["key"][1:]}
        assert lessons == read_lessons(folder)
        assert lessons.hard == len(places)
        written = (folder / "hard_places.parquet").stat().st_mtime_ns
        write_lessons(review, review.project, "main")
        assert (folder / "hard_places.parquet").stat().st_mtime_ns == written


def test_a_project_without_a_run_can_be_annotated(fresh: Path) -> None:
    with open_review(fresh, author="anna") as review:
        assert review.verdicts().empty
        review.edit(DeleteSynapse(row=1))
        assert len(review.corrected_truth()) == 8
        assert isinstance(review.findings, pd.DataFrame)


REVIEWER = """
import itertools
import sys
from pathlib import Path
from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.pipeline import open_review

with open_review(Path(sys.argv[1]), author="anna") as review:
    findings = review.findings["finding"].tolist()
    for number in itertools.count():
        finding, verdict = findings[number % len(findings)], list(Verdict)[number % 5]
        review.set_verdict(finding, verdict)
        print(finding, verdict, flush=True)
"""


@pytest.mark.slow
def test_killed_at_a_random_moment_every_verdict_given_is_there(finished: Path) -> None:
    program = [sys.executable, "-c", REVIEWER, str(finished)]
    reviewer = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert reviewer.stdout is not None
    lines = [reviewer.stdout.readline()]
    time.sleep(random.Random(11).uniform(0.1, 0.4))
    reviewer.kill()
    lines += reviewer.stdout.read().splitlines()
    reviewer.wait()
    with open_review(finished, author="anna") as review:
        given = [action.value for action in review.actions()]
        assert len(review.verdicts()) == min(len(given), len(review.findings))
    told = [line.split()[1] for line in lines if line.strip()]
    assert len(told) > 1
    assert given[: len(told)] == told
    assert len(given) - len(told) in (0, 1)  # one may be saved and not told yet
