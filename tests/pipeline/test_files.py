"""Evaluation and diagnosis of files alone, as another program would hand them over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.records import points, with_points
from napari_synapse_debug.io import (
    open_volume,
    parse_source,
    read_json,
    read_table,
    write_labels,
    write_volume,
)
from napari_synapse_debug.pipeline import Files, judge_files

JUDGED = "5:14,0:56,0:96"


@pytest.fixture
def files(finished: Path) -> Files:
    """Two tables whose ids are those of one segmentation, and no volume."""
    prediction = pd.read_csv(finished / "runs/main/synapses.csv")
    truth = pd.read_csv(finished / "truth.csv")
    true_id = {1: 14, 2: 11, 3: 16, 4: 12, 5: 15, 6: 13}
    for column in ("pre_segment", "post_segment"):
        prediction[column] = prediction[column].map(true_id)
    inside = truth["cleft_z_nm"] > 270  # sections 5 to 13
    truth[inside].to_csv(finished / "truth.csv", index=False)
    prediction[prediction["cleft_z_nm"] > 270].to_csv(finished / "prediction.csv", index=False)
    return Files(prediction=finished / "prediction.csv", truth=finished / "truth.csv")


@pytest.fixture
def with_volumes(files: Files, world: SimpleNamespace) -> Files:
    """The same with all that the project knows, as files; all clefts are of one class."""
    project, masks = files.truth.parent, world.masks()
    write_labels(project / "clefts.zarr", masks["shaft"] + masks["spine_head"], world.grid)
    painted = world.probability()[:2].max(axis=0)
    write_volume(project / "probability.zarr", painted, world.grid)
    write_volume(project / "share.zarr", painted.astype(np.float32) / 255, world.grid)
    return replace(
        files,
        segmentation=str(project / "segmentation.zarr"),
        true_segmentation=str(project / "true_segmentation.zarr"),
        mask=str(project / "clefts.zarr"),
        probability=str(project / "probability.zarr"),
        candidates=project / "runs/main/candidates.parquet",
        contacts=project / "runs/main/contacts.parquet",
        box=JUDGED,
    )


def test_two_tables_are_enough(files: Files, tmp_path: Path) -> None:
    judged = judge_files("evaluate", files, tmp_path / "out")
    content = read_json(tmp_path / "out/evaluation.json")
    assert (content["tp"], content["fn"], content["fp"]) == (4, 3, 2)
    assert content["judge"] == "column"
    assert content["clefts"] == {}
    assert "'gt' was asked for" in judged.score
    assert judged.errors == ()
    matches = read_table(tmp_path / "out/matches.parquet")
    assert matches["outcome"].value_counts().to_dict() == {"tp": 4, "fn": 3, "fp": 2}


def test_tables_that_name_no_segments_are_told(files: Files, tmp_path: Path) -> None:
    table = pd.read_csv(files.truth).drop(columns=["pre_segment", "post_segment"])
    table.to_csv(files.truth, index=False)
    judge_files("evaluate", replace(files, prediction=files.truth), tmp_path / "out")
    content = read_json(tmp_path / "out/evaluation.json")
    assert content["f1"] == 0
    told = [note for note in content["notes"] if "nothing can match" in note]
    assert [note[:20] for note in told] == ["No row of the truth ", "No row of the predic"]
    assert all("evaluate.judge=none" in note for note in told)


def test_plain_misses_are_not_blamed_on_right_rows_nor_on_the_truth(tmp_path: Path) -> None:
    """Half of the rows were found, exactly; nothing else is known."""
    places = np.random.default_rng(1).uniform(0, 3000, (60, 3))
    columns = {
        f"{end}_{axis}_nm": places[:, k] + dx * (axis == "x")
        for end, dx in (("pre", -60.0), ("cleft", 0.0), ("post", 60.0))
        for k, axis in enumerate("zyx")
    }
    truth = pd.DataFrame({**columns, "pre_segment": 2 * np.arange(60) + 1})
    truth["post_segment"] = truth["pre_segment"] + 1
    truth.to_csv(tmp_path / "truth.csv", index=False)
    truth[::2].to_csv(tmp_path / "found.csv", index=False)
    files = Files(prediction=tmp_path / "found.csv", truth=tmp_path / "truth.csv")
    judge_files("diagnose", files, tmp_path / "out")
    findings = read_table(tmp_path / "out/findings.parquet")
    assert len(findings) == 30
    assert not findings["cause"].isin(["wrong_partner", "gt_points_implausible"]).any()


def test_tables_alone_can_be_diagnosed(files: Files, tmp_path: Path) -> None:
    judged = judge_files("diagnose", files, tmp_path / "out")
    findings = read_table(tmp_path / "out/findings.parquet")
    assert (tmp_path / "out/findings.csv").exists()
    assert sorted(findings["error"]) == ["false", "false", "missed", "missed", "missed"]
    assert sum(row["missed"] for row in judged.errors) == 3
    missed = findings[findings["error"] == "missed"].set_index("truth_row")
    assert set(missed["classifier_outcome"]) == {"untested"}, "no probability was given"
    twin = findings[(findings["error"] == "false") & (findings["refusal"] == "reversed")].iloc[0]
    assert twin["fault"] == missed.loc[3, "fault"]
    assert twin["assignment_outcome"] == "fail"
    assert "12 → 16; the truth says 16 → 12" in twin["assignment_evidence"]


def test_volumes_bring_the_judge_and_the_causes(with_volumes: Files, tmp_path: Path) -> None:
    judged = judge_files("diagnose", with_volumes, tmp_path / "out")
    content = read_json(tmp_path / "out/evaluation.json")
    assert (content["judge"], content["box"]) == ("gt", JUDGED)
    assert (content["tp"], content["fn"], content["fp"]) == (4, 3, 2)
    findings = read_table(tmp_path / "out/findings.parquet")
    missed = findings[findings["error"] == "missed"].set_index("truth_row")["cause"]
    assert (missed[2], missed[8]) == ("weak_signal", "no_signal")
    assert sum(row["missed"] + row["false"] for row in judged.errors) == 5


def test_rows_without_segments_are_looked_up_where_a_segmentation_is_given(
    with_volumes: Files, tmp_path: Path
) -> None:
    judge_files("diagnose", with_volumes, tmp_path / "with")
    table = pd.read_csv(with_volumes.prediction)
    table.drop(columns=["pre_segment", "post_segment"]).to_csv(with_volumes.prediction, index=False)
    judge_files("diagnose", with_volumes, tmp_path / "without")
    first, second = (
        read_table(tmp_path / name / "findings.parquet") for name in ("with", "without")
    )
    pd.testing.assert_frame_equal(first, second)
    twin = first[(first["error"] == "false") & (first["refusal"] == "reversed")].iloc[0]
    assert twin["cause"] == "reversed"


def test_the_judge_column_reads_the_columns_also_beside_a_segmentation(
    with_volumes: Files, tmp_path: Path
) -> None:
    params = tmp_path / "judge.yaml"
    params.write_text("evaluate: {judge: column}\n")
    judge_files("evaluate", replace(with_volumes, params=params), tmp_path / "out")
    content = read_json(tmp_path / "out/evaluation.json")
    assert (content["judge"], content["tp"], content["fp"]) == ("column", 4, 2)


def test_volumes_that_lie_elsewhere_are_refused_unless_the_file_tells_nothing(
    with_volumes: Files, tmp_path: Path, world: SimpleNamespace
) -> None:
    project, grid = with_volumes.truth.parent, world.grid
    assert any(grid.offset_nm)
    labels = np.asarray(open_volume(parse_source(with_volumes.segmentation)).array[...])
    silent = replace(grid, offset_nm=(0.0, 0.0, 0.0))
    write_volume(project / "silent.zarr", labels, silent)
    judge_files("diagnose", with_volumes, tmp_path / "told")
    quiet = replace(with_volumes, segmentation=str(project / "silent.zarr"))
    judge_files("diagnose", quiet, tmp_path / "silent")
    for name in ("findings.parquet", "matches.parquet"):
        told, found = (read_table(tmp_path / place / name) for place in ("told", "silent"))
        pd.testing.assert_frame_equal(told, found)
    z, y, x = grid.voxel_size_nm
    for size, offset in (
        (grid.voxel_size_nm, (0.0, 0.0, grid.offset_nm[2] + x)),
        ((z, y, 1.5 * x), grid.offset_nm),
    ):
        other = replace(grid, voxel_size_nm=size, offset_nm=offset)
        write_volume(project / "other.zarr", labels, other)
        elsewhere = replace(with_volumes, segmentation=str(project / "other.zarr"))
        with pytest.raises(InputError, match="lies elsewhere"):
            judge_files("evaluate", elsewhere, tmp_path / "out")


def test_probabilities_may_be_floats(with_volumes: Files, tmp_path: Path) -> None:
    judge_files("diagnose", with_volumes, tmp_path / "bytes")
    as_share = replace(with_volumes, probability=str(with_volumes.truth.parent / "share.zarr"))
    judge_files("diagnose", as_share, tmp_path / "shares")
    one, other = (read_table(tmp_path / n / "findings.parquet") for n in ("bytes", "shares"))
    assert len(one) == 5
    pd.testing.assert_frame_equal(one, other)


def test_parameters_come_from_a_file(files: Files, tmp_path: Path) -> None:
    given = tmp_path / "params.yaml"
    given.write_text("evaluate: {tolerance_nm: 5}\n")
    judge_files("evaluate", replace(files, params=given), tmp_path / "out")
    content = read_json(tmp_path / "out/evaluation.json")
    assert content["params"]["tolerance_nm"] == 5
    assert content["tp"] == 0

    given.write_text("evaluate: {tolerance: 5}\n")
    with pytest.raises(InputError, match=r"'evaluate\.tolerance' of StepParams"):
        judge_files("evaluate", replace(files, params=given), tmp_path / "out")
    for text in ("- 5\n", "evaluate: [\n", "5: {}\n"):
        given.write_text(text)
        with pytest.raises(InputError, match=r"params\.yaml cannot be read.*write for example"):
            judge_files("evaluate", replace(files, params=given), tmp_path / "out")
    with pytest.raises(InputError, match="file of parameters is not there"):
        judge_files("evaluate", replace(files, params=tmp_path / "no.yaml"), tmp_path / "out")


def test_an_empty_prediction_misses_all(files: Files, tmp_path: Path) -> None:
    header = files.prediction.read_text().splitlines()[0]
    files.prediction.write_text(header + "\n")
    judge_files("diagnose", files, tmp_path / "out")
    content = read_json(tmp_path / "out/evaluation.json")
    assert (content["tp"], content["fn"], content["fp"], content["f1"]) == (0, 7, 0, 0)
    assert len(read_table(tmp_path / "out/findings.parquet")) == 7


def test_a_perfect_prediction_has_no_findings(files: Files, tmp_path: Path) -> None:
    same = replace(files, prediction=files.truth)
    judged = judge_files("diagnose", same, tmp_path / "out")
    assert judged.score.startswith("P 1.00 R 1.00 F1 1.00")
    assert judged.errors == ()
    assert len(read_table(tmp_path / "out/findings.parquet")) == 0


def test_files_that_do_not_fit_are_refused(
    with_volumes: Files, tmp_path: Path, world: SimpleNamespace
) -> None:
    project, grid = with_volumes.truth.parent, world.grid
    short = grid.crop(Box((0, 0, 0), (14, 56, 90)))
    write_volume(project / "short.zarr", np.ones(short.shape, np.uint16), short)
    write_volume(project / "real.zarr", np.ones(grid.shape, np.float32), grid)
    cases = {
        r"different shapes.*mask \(14, 56, 90\)": {"mask": str(project / "short.zarr")},
        r"real\.zarr cannot be used.*float32.*whole numbers": {
            "segmentation": str(project / "real.zarr")
        },
        r"probability cannot be used.*uint16": {"probability": str(project / "shaft.zarr")},
        r"reaches out of the volume.*0:15": {"box": "0:15,0:56,0:96"},
        r"no file or folder .*nothing\.zarr": {"mask": str(project / "nothing.zarr")},
        r"no true synapse.*0 of 7 rows": {"box": "0:2,0:8,0:8"},
    }
    for text, change in cases.items():
        with pytest.raises(InputError, match=text):
            judge_files("evaluate", replace(with_volumes, **change), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_points_outside_of_the_volumes_are_refused(with_volumes: Files, tmp_path: Path) -> None:
    table = pd.read_csv(with_volumes.prediction)
    moved = with_points(table, "post", points(table, "post") + np.array([0, 0, 5000]))
    moved.to_csv(with_volumes.prediction, index=False)
    with pytest.raises(InputError, match=r"prediction\.csv have points outside"):
        judge_files("evaluate", with_volumes, tmp_path / "out")
