from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr

from napari_synapse_debug.domain.errors import InputError, ProjectError, StepCancelledError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.records import PREDICTION
from napari_synapse_debug.io import read_json, read_table
from napari_synapse_debug.jobs.context import CallbackContext
from napari_synapse_debug.pipeline import candidate_pairs, change_params, run_steps
from napari_synapse_debug.pipeline.ladder import CANDIDATES_FILE
from napari_synapse_debug.pipeline.whatif import WhatIf, load_whatif

STEPS = ("contacts", "synapses", "evaluate")


@pytest.fixture
def whatif(predicted: Path) -> WhatIf:
    """Threshold 0.4 in use, 0.3 and 0.5 prepared; candidates of 9 // 4 = 2 voxels and more."""
    change_params(predicted, {"synapses": {"threshold": 0.4}})
    run_steps(predicted, STEPS)
    return load_whatif(predicted)


def test_without_a_change_it_is_the_run(predicted, whatif):
    assert whatif.thresholds == (0.3, 0.4, 0.5)
    assert [whatif.nearest(t) for t in (0.34, 0.35, 0.36, 0.99)] == [0.3, 0.3, 0.4, 0.5]
    stored = read_table(predicted / "runs" / "main" / "synapses.parquet", PREDICTION)
    assert len(stored) == 8
    found = whatif.derive(SynapseParams())
    pd.testing.assert_frame_equal(found.synapses, stored)
    score = read_json(predicted / "runs" / "main" / "evaluation.json")
    assert (found.tp, found.fn, found.fp) == (score["tp"], score["fn"], score["fp"]) == (4, 3, 2)
    assert found.f1 == pytest.approx(8 / 13)
    with pytest.raises(InputError, match=r"not prepared.*0.3, 0.4"):
        whatif.derive(SynapseParams(threshold=0.35))
    assert whatif.smallest_vx == 2
    with pytest.raises(InputError, match="so small"):
        whatif.derive(SynapseParams(min_size_vx=1))


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"threshold": 0.3, "polyadic": True}, 9),  # the weak synapse 2 comes in
        ({"threshold": 0.5, "min_size_vx": 50, "min_overlap_nm2": 12000.0}, 0),
        ({"min_score": 0.47}, 4),
    ],
    ids=str,
)
def test_a_moved_filter_gives_what_the_step_gives(predicted, whatif, change, count):
    found = whatif.derive(SynapseParams(**change))
    assert len(found.synapses) == count
    change_params(predicted, {"synapses": change})
    run_steps(predicted, STEPS)
    place = predicted / "runs" / "main"
    stored = read_table(place / "synapses.parquet", PREDICTION)
    pd.testing.assert_frame_equal(found.synapses, stored)
    score = read_json(place / "evaluation.json")
    assert (found.tp, found.fn, found.fp) == (score["tp"], score["fn"], score["fp"])


def test_it_is_the_run_whatever_the_project_says_by_now(predicted, whatif):
    change_params(
        predicted,
        {"synapses": {"threshold": 0.5, "min_size_vx": 50}, "evaluate": {"tolerance_nm": 1.0}},
    )
    again = load_whatif(predicted)
    assert again.params == whatif.params
    found, before = again.derive(SynapseParams()), whatif.derive(SynapseParams())
    pd.testing.assert_frame_equal(found.synapses, before.synapses)
    assert (found.tp, found.fn, found.fp) == (before.tp, before.fn, before.fp)


def test_a_run_without_synapses_has_nothing_prepared(predicted):
    with pytest.raises(ProjectError, match="nothing prepared"):
        load_whatif(predicted)


def test_without_truth_there_is_no_score(predicted):
    run_steps(predicted, STEPS[:2])
    config = predicted / "project.yaml"
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join(line for line in lines if not line.startswith("truth:")))
    assert "truth:" not in config.read_text()
    found = load_whatif(predicted).derive(SynapseParams())
    assert len(found.synapses) == 8
    assert found.f1 is None


def test_under_a_sparse_truth_nothing_is_false_and_there_is_no_f1(predicted):
    change_params(predicted, {"evaluate": {"scope": "sparse"}, "synapses": {"live_levels": 0}})
    run_steps(predicted, STEPS)
    found = load_whatif(predicted).derive(SynapseParams())
    assert (found.tp, found.fn, found.fp, found.f1) == (4, 3, None, None)


def test_a_stop_while_other_thresholds_are_prepared_leaves_the_run_as_it_was(
    predicted: Path,
) -> None:
    run_steps(predicted, STEPS)
    folder = predicted / "runs/main"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    heard: list[str] = []
    context = CallbackContext(
        lambda event: heard.append(event.message),
        lambda: any("candidates at 0.60" in message for message in heard),
    )
    change_params(predicted, {"synapses": {"min_size_vx": 2, "threshold": 0.5}})
    with pytest.raises(StepCancelledError):
        run_steps(predicted, ["synapses"], context=context)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    made = {path.relative_to(folder).parts[0] for path in after.keys() - before.keys()}
    assert made <= {"candidates.partial.zarr"}
    assert {path: after.get(path) for path in before} == before


def test_candidates_that_run_into_one_another_are_told_and_not_prepared(
    predicted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    image = zarr.open_array(predicted / "runs/main/prediction.zarr/0", mode="r+")
    haze = (0, slice(9, 10), slice(14, 18), slice(20, 80))
    image[haze] = np.maximum(image[haze], 50)  # 0.2, from the first synapse to the third
    change_params(predicted, {"synapses": {"min_size_vx": 2, "threshold": 0.5, "live_levels": 4}})
    run_steps(predicted, ["contacts", "synapses"])
    table = read_table(predicted / "runs/main" / CANDIDATES_FILE)
    edges = [table[f"stop_{a}"] - table[f"start_{a}"] for a in "zyx"]
    volume = edges[0] * edges[1] * edges[2]
    at = volume.groupby(table["threshold"]).max()
    assert at.loc[0.1] > at.loc[0.5]
    monkeypatch.setattr(candidate_pairs, "MOST_CROP_VX", int(at.loc[0.5]))
    context = QuietContext(lambda event: told.append(event.message))
    run_steps(predicted, ["synapses"], again=True, context=context)
    left = read_table(predicted / "runs/main" / CANDIDATES_FILE)["threshold"].unique()
    assert 0.5 in left
    assert 0.1 not in left
    assert any("At the threshold 0.10 candidates run into one another" in text for text in told)

    monkeypatch.setattr(candidate_pairs, "MOST_CROP_VX", int(at.loc[0.5]) - 1)
    with pytest.raises(InputError, match=r"threshold 0\.50 candidates run into one another"):
        run_steps(predicted, ["synapses"], again=True)
