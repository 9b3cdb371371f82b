"""The numbers of the toy, counted by hand in ``conftest``: 4 right, 3 missed, 2 false."""

from __future__ import annotations

import shutil
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.io import load_project, read_json, read_table, write_labels
from napari_synapse_debug.pipeline import change_params, run_steps

KEYS = {
    *("rule", "judge", "scope", "params", "box", "summary", "clefts"),
    *("n_truth", "n_prediction", "tp", "fp", "fn", "precision", "recall", "f1"),
    *("precision_interval", "recall_interval", "f1_interval", "curve", "edges"),
}


def evaluation_of(project: Path) -> dict[str, Any]:
    return dict(read_json(project / "runs/main/evaluation.json"))


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), written out."""
    z, p = 1.959964, right / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return middle - half, middle + half


def test_rows_are_counted_as_by_hand(finished: Path) -> None:
    content = evaluation_of(finished)
    assert set(content) >= KEYS
    assert {name: content[name] for name in ("rule", "judge", "scope", "box")} == {
        "rule": "three_point",
        "judge": "gt",
        "scope": "complete",
        "box": "5:14,0:56,0:96",
    }
    assert (content["tp"], content["fn"], content["fp"], content["ignored"]) == (4, 3, 2, 2)
    assert (content["n_truth"], content["n_prediction"]) == (7, 6)
    assert content["precision"] == pytest.approx(4 / 6)
    assert content["recall"] == pytest.approx(4 / 7)
    assert content["f1"] == pytest.approx(8 / 13)
    assert content["precision_interval"] == pytest.approx(wilson(4, 6), abs=1e-5)
    assert content["recall_interval"] == pytest.approx(wilson(4, 7), abs=1e-5)
    assert content["direction_accuracy"] == pytest.approx(4 / 5)
    assert content["kind_accuracy"] == 1
    assert content["recall_by_kind"] == [
        {"kind": "shaft", "rate": 2 / 4, "n": 4},
        {"kind": "spine_head", "rate": pytest.approx(2 / 3), "n": 3},
    ]


def test_each_truth_has_its_outcome(finished: Path) -> None:
    matches = read_table(finished / "runs/main/matches.parquet")
    outcome = matches.dropna(subset="truth_row").set_index("truth_row")["outcome"].to_dict()
    right, missed = dict.fromkeys([1, 4, 5, 6], "tp"), dict.fromkeys([2, 3, 8], "fn")
    assert outcome == {**right, **missed, 7: "ignored", 9: "ignored"}
    false = matches[matches["outcome"] == "fp"]
    assert sorted(false["refusal"]) == ["reversed", "wrong_post"]
    assert set(false["refused_row"]) == {3, 8}


def test_clefts_alone_are_counted_as_by_hand(finished: Path) -> None:
    clefts = evaluation_of(finished)["clefts"]
    assert set(clefts) == {"overlap", "cleft_400", "cleft_200"}
    overlap = clefts["overlap"]  # the reversed cleft 3 is detected all the same
    assert (overlap["tp"], overlap["fn"], overlap["fp"]) == (5, 2, 1)
    assert overlap["f1"] == pytest.approx(10 / 13)
    for part in clefts.values():
        assert {"rule", "n_truth", "n_prediction", "summary"} <= set(part)


@pytest.mark.parametrize("numbered", ["not at all", "each for itself"])
def test_clefts_are_the_same_however_their_masks_are_numbered(
    finished: Path, numbered: str
) -> None:
    for name in ("shaft", "spine_head"):
        mask = load_project(finished).mask(name)
        ids = mask.read(mask.grid.box)
        _, inverse = np.unique(ids, return_inverse=True)
        own = np.minimum(inverse, 1) if numbered == "not at all" else inverse
        path = finished / f"{name}.zarr"
        shutil.rmtree(path)
        write_labels(path, own.reshape(ids.shape).astype(ids.dtype), mask.grid)
    run_steps(finished, ["evaluate"])
    overlap = evaluation_of(finished)["clefts"]["overlap"]
    assert (overlap["tp"], overlap["fn"], overlap["fp"]) == (5, 2, 1)


def test_the_other_rules_take_the_headline(finished: Path) -> None:
    run_steps(finished, ["evaluate"], again=True)
    change_params(finished, {"evaluate": {"rule": "overlap"}})
    run_steps(finished, ["evaluate"])
    content = evaluation_of(finished)
    assert (content["rule"], content["tp"], content["fn"], content["fp"]) == ("overlap", 5, 2, 1)
    matches = read_table(finished / "runs/main/matches.parquet")
    assert matches["outcome"].value_counts()["tp"] == 4, "the matches stay those of rows"


def test_another_judge_finds_the_same_where_the_segmentations_agree(finished: Path) -> None:
    change_params(finished, {"evaluate": {"judge": "in_use"}})
    run_steps(finished, ["evaluate"])
    content = evaluation_of(finished)
    assert (content["judge"], content["tp"], content["fn"], content["fp"]) == ("in_use", 4, 3, 2)

    change_params(finished, {"evaluate": {"judge": "column"}})
    run_steps(finished, ["evaluate"])
    content = evaluation_of(finished)  # the columns hold ids of two segmentations
    assert (content["judge"], content["tp"]) == ("column", 0)


def test_an_empty_prediction_misses_all(predicted: Path) -> None:
    change_params(predicted, {"synapses": {"threshold": 0.95}})
    summary = run_steps(predicted, ["contacts", "synapses", "evaluate", "diagnose", "report"])
    content = evaluation_of(predicted)
    assert (content["tp"], content["fn"], content["fp"]) == (0, 7, 0)
    assert content["precision"] is None
    assert content["f1"] == 0
    assert summary.errors == ({"stage": "classifier", "missed": 7, "false": 0, "mistyped": 0},)


def test_a_box_without_truth_is_refused(finished: Path) -> None:
    truth = pd.read_csv(finished / "truth.csv")
    truth[truth["row"] == 7].to_csv(finished / "truth.csv", index=False)
    with pytest.raises(InputError, match=r"no true synapse.*0 of 1 rows.*5:14,0:56,0:96"):
        run_steps(finished, ["evaluate"])
    assert evaluation_of(finished)["tp"] == 4


def test_a_project_without_truth_or_masks_says_so(finished: Path) -> None:
    path = finished / "project.yaml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, "truth": None}))
    with pytest.raises(ProjectError, match=r"evaluate needs a truth.*project\.yaml"):
        run_steps(finished, ["evaluate"])

    masks = [mask for mask in content["masks"] if mask["role"] == "vesicle"]
    assert len(masks) == 1
    path.write_text(yaml.safe_dump({**content, "masks": masks}))
    run_steps(finished, ["evaluate"])
    assert set(evaluation_of(finished)["clefts"]) == {"cleft_400", "cleft_200"}
    change_params(finished, {"evaluate": {"rule": "overlap"}})
    with pytest.raises(InputError, match="rule overlap cannot be used"):
        run_steps(finished, ["evaluate"])


def test_a_truth_segmentation_that_is_not_there_is_told_in_the_notes(finished: Path) -> None:
    path = finished / "project.yaml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, "true_segmentation": None}))
    shutil.rmtree(finished / "true_segmentation.zarr")
    summary = run_steps(finished, ["evaluate"])
    assert evaluation_of(finished)["judge"] == "in_use"
    assert "'gt' was asked for" in summary.score


@pytest.mark.parametrize("rule", ["cremi", "synful", "cleft"])
def test_the_matches_by_another_rule_have_a_table_of_their_own(finished: Path, rule: str) -> None:
    place = finished / "runs/main"
    assert not (place / "asked_matches.parquet").exists()
    before = read_table(place / "matches.parquet")
    change_params(finished, {"evaluate": {"rule": rule}})
    run_steps(finished, ["evaluate"])
    content = evaluation_of(finished)
    asked = read_table(place / "asked_matches.parquet")["outcome"].value_counts()
    assert content["rule"] == rule
    assert [content[k] for k in ("tp", "fn", "fp")] == [asked.get(k, 0) for k in ("tp", "fn", "fp")]
    pd.testing.assert_frame_equal(read_table(place / "matches.parquet"), before)

    change_params(finished, {"evaluate": {"rule": "three_point"}})
    run_steps(finished, ["evaluate"])
    assert not (place / "asked_matches.parquet").exists()


def test_the_published_rules_count_as_by_hand(finished: Path) -> None:
    """The two wrong rows differ in the pair of neurons, so that all rules agree on the toy."""
    for rule in ("cremi", "synful"):
        change_params(finished, {"evaluate": {"rule": rule}})
        run_steps(finished, ["evaluate"])
        content = evaluation_of(finished)
        assert (content["tp"], content["fn"], content["fp"]) == (4, 3, 2), rule


def test_cremi_without_a_true_segmentation_is_refused(finished: Path) -> None:
    path = finished / "project.yaml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, "true_segmentation": None}))
    change_params(finished, {"evaluate": {"rule": "cremi"}})
    with pytest.raises(InputError, match=r"rule cremi cannot be used.*--true-segmentation"):
        run_steps(finished, ["evaluate"])


def test_ids_that_no_segmentation_has_are_told(finished: Path) -> None:
    assert not any("no segmentation" in note for note in evaluation_of(finished)["notes"])
    truth = pd.read_csv(finished / "truth.csv")
    truth.loc[truth["row"].isin([1, 2]), "pre_segment"] = [770, 771]
    truth.to_csv(finished / "truth.csv", index=False)
    run_steps(finished, ["evaluate"])
    (note,) = [n for n in evaluation_of(finished)["notes"] if "no segmentation" in n]
    assert "2 of " in note
    assert "rows of the truth" in note
    assert "770, 771" in note
