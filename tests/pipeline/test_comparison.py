"""Two runs of the toy: the second sees cleft 8 as well, and a false one elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from napari_synapse_debug.cli.main import main
from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.params import CompareParams
from napari_synapse_debug.io import read_json, read_table, write_table
from napari_synapse_debug.pipeline import change_params, compare_runs, run_steps


@pytest.fixture
def two_runs(finished: Path) -> Path:
    """Runs ``main`` and ``other``; in ``other`` truth 4 is lost and truth 3 has its direction."""
    shutil.copytree(finished / "runs/main", finished / "runs/other")
    shutil.copytree(finished / "models/main", finished / "models/other")
    place = finished / "runs/other"
    matches = read_table(place / "matches.parquet")
    rows = read_table(place / "synapses.parquet")
    twin = matches.set_index("truth_row")["refused_row"][3]
    lost = matches.set_index("truth_row")["prediction_row"][4]
    swapped = rows["row"] == twin
    for axis in "zyx":
        pre, post = (rows.loc[swapped, f"{end}_{axis}_nm"].copy() for end in ("pre", "post"))
        rows.loc[swapped, f"pre_{axis}_nm"], rows.loc[swapped, f"post_{axis}_nm"] = post, pre
    write_table(rows[rows["row"] != lost], place / "synapses.parquet")
    run_steps(finished, ["evaluate", "diagnose"], run="other", again=True)
    return finished


def changes(rows: pd.DataFrame) -> dict[int, str]:
    true = rows[rows["truth_row"].notna()]
    return dict(zip(true["truth_row"].astype(int), true["change"], strict=True))


def test_each_truth_and_each_false_one_is_told(two_runs: Path) -> None:
    compared = compare_runs(two_runs, "main", "other")
    assert changes(compared.rows) == {
        1: "kept_right",
        2: "kept_wrong",
        3: "fixed",
        4: "broken",
        5: "kept_right",
        6: "kept_right",
        8: "kept_wrong",
    }
    false = compared.rows[compared.rows["truth_row"].isna()]
    assert sorted(false["change"]) == ["kept_false", "vanished"]
    content = read_json(compared.folder / "comparison.json")
    assert content == compared.content
    assert content["changes"]["fixed"] == content["changes"]["broken"] == 1
    assert (content["clefts"]["better"], content["clefts"]["worse"]) == (1, 1)
    assert content["clefts"]["p_value"] == 1.0
    assert content["f1"] == pytest.approx([8 / 13, 8 / 12])
    assert content["f1_difference"] == pytest.approx(8 / 12 - 8 / 13)
    low, high = content["f1_difference_interval"]
    assert low < 0 < high
    assert compared.folder == two_runs / "comparisons/main-other"
    assert len(read_table(compared.folder / "comparison.parquet")) == 9


def test_stages_come_from_the_run_that_was_wrong(two_runs: Path) -> None:
    compared = compare_runs(two_runs, "main", "other")
    rows = compared.rows.set_index("truth_row")
    fixed, broken = rows.loc[3], rows.loc[4]
    assert (fixed["stage_a"], fixed["stage_b"]) == ("assignment", "")
    assert broken["stage_a"] == ""
    assert broken["stage_b"] != ""
    table = {
        row["stage"]: row for row in compare_runs(two_runs, "main", "other").content["by_stage"]
    }
    assert table["assignment"]["fixed"] == 1
    assert sum(row["broken"] for row in table.values()) == 1


def test_the_other_way_round_changes_places(two_runs: Path) -> None:
    there = compare_runs(two_runs, "main", "other").content
    back = compare_runs(two_runs, "other", "main").content
    assert there["f1_difference"] == pytest.approx(-back["f1_difference"])
    assert there["changes"]["vanished"] == back["changes"]["new"] == 1


def test_out_of_reach_false_ones_are_no_pair(two_runs: Path, tmp_path: Path) -> None:
    nothing = CompareParams(rekey_nm=0.0)
    content = compare_runs(two_runs, "main", "other", nothing, tmp_path / "out").content
    assert content["changes"]["kept_false"] == 0
    assert (content["false"]["better"], content["false"]["worse"]) == (2, 1)
    assert (tmp_path / "out/comparison.json").exists()


@pytest.mark.parametrize("rule", ["cremi", "cleft"])
def test_other_rules_are_compared_by_their_own_matches(two_runs: Path, rule: str) -> None:
    change_params(two_runs, {"evaluate": {"rule": rule}})
    for run in ("main", "other"):
        run_steps(two_runs, ["evaluate"], run=run, again=True)
    content = compare_runs(two_runs, "main", "other").content
    assert content["rule"] == rule
    kept = sum(content["changes"][k] for k in ("kept_right", "fixed", "broken", "kept_wrong"))
    assert kept == content["n_truth"] == 7


def test_runs_judged_unlike_are_refused(two_runs: Path) -> None:
    change_params(two_runs, {"evaluate": {"tolerance_nm": 200.0}})
    run_steps(two_runs, ["evaluate"], run="other")
    with pytest.raises(InputError, match=r"not evaluated alike.*tolerance_nm 400.0 and 200.0"):
        compare_runs(two_runs, "main", "other")


def test_a_truth_that_changed_since_is_refused(two_runs: Path) -> None:
    truth = pd.read_csv(two_runs / "truth.csv")
    truth[truth["row"] != 1].to_csv(two_runs / "truth.csv", index=False)
    with pytest.raises(InputError, match=r"other data than the project names now.*truth"):
        compare_runs(two_runs, "main", "other")


def test_what_cannot_be_compared_says_what_to_do(two_runs: Path) -> None:
    with pytest.raises(ProjectError, match=r"no run 'third'.*main, other"):
        compare_runs(two_runs, "main", "third")
    with pytest.raises(InputError, match="with itself"):
        compare_runs(two_runs, "main", "main")
    change_params(two_runs, {"evaluate": {"rule": "overlap"}})
    for run in ("main", "other"):
        run_steps(two_runs, ["evaluate"], run=run, again=True)
    with pytest.raises(InputError, match=r"rule overlap.*evaluate\.rule=cleft"):
        compare_runs(two_runs, "main", "other")


def test_the_command_prints_what_was_found(
    two_runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["compare", str(two_runs), "main", "other", "--out", str(tmp_path / "out")])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for text in ("fixed", "vanished", "By stage", "clefts 1 better, 1 worse (p 1)", "n 7 true"):
        assert text in told
    assert (tmp_path / "out/comparison.parquet").exists()


def test_where_a_score_has_no_f1_changes_are_told_without_it(two_runs: Path) -> None:
    change_params(two_runs, {"evaluate": {"rule": "cleft", "scope_segments": [11, 12, 13, 14]}})
    for run in ("main", "other"):
        run_steps(two_runs, ["evaluate"], run=run)
    content = compare_runs(two_runs, "main", "other").content
    assert content["f1"] == [None, None]
    assert content["f1_difference"] is None
    assert content["summary"].startswith("clefts ")
