"""A prediction that is stopped goes on where it was, and blocks leave no trace in the results."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import Event, QuietContext
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io import load_project, open_volume, read_table, write_json
from napari_synapse_debug.jobs import run_inline
from napari_synapse_debug.pipeline import RunSummary, change_params, run_steps
from napari_synapse_debug.pipeline.inputs import inputs_of
from napari_synapse_debug.pipeline.plan import step_key
from napari_synapse_debug.pipeline.prediction import predict as predict_volume
from napari_synapse_debug.pipeline.running import effective_params
from napari_synapse_debug.pipeline.work import Work

BLOCKS = 6  # 1 × 2 × 3 of them cover 14 × 56 × 96 voxels


def predict(project: Path, stop_after: int | None = None) -> tuple[RunSummary | None, list[Event]]:
    """Predict; with ``stop_after`` the stop is asked for after so many blocks."""
    events: list[Event] = []

    def run(context: Any) -> RunSummary:
        return run_steps(project, ["predict"], context=context)

    stops = partial(lambda: stop_after is not None and len(events) >= stop_after)
    if stop_after is None:
        return run_inline(run, on_event=events.append, should_stop=stops), events
    with pytest.raises(StepCancelledError):
        run_inline(run, on_event=events.append, should_stop=stops)
    return None, events


def prediction_of(project: Path) -> np.ndarray:
    volume = open_volume(Source(path=str(project / "runs/main/prediction.zarr")))
    return volume.read(volume.grid.box)


def test_a_stopped_prediction_keeps_its_blocks_and_ends_the_same(
    untrained: Path, tmp_path: Path
) -> None:
    _, events = predict(untrained, stop_after=4)
    kept = len(events)
    assert kept == 5, "the block that was computed while the fourth was written is kept"
    assert not (untrained / "runs/main/prediction.zarr").exists()

    summary, events = predict(untrained)
    assert summary is not None
    assert len(events) == BLOCKS - kept, "the finished blocks are not done again"
    resumed = prediction_of(untrained)

    run_steps(untrained, ["predict"], again=True)
    whole = prediction_of(untrained)
    assert np.ptp(whole[0]) > 20, "the toy network sees something"
    np.testing.assert_array_equal(resumed, whole)
    left = {path.name for path in (untrained / "runs/main").iterdir()}
    assert left == {"prediction.zarr", "run.json"}


def test_a_prediction_that_was_killed_before_it_was_recorded_is_not_done_again(
    untrained: Path,
) -> None:
    project = load_project(untrained)
    params, inputs = effective_params(project, "predict"), inputs_of(project, "main", "predict")
    predict_volume(Work(project, "main", step_key(params, inputs), QuietContext()))
    whole = prediction_of(untrained)
    summary, events = predict(untrained)
    assert summary is not None
    assert [step.name for step in summary.steps] == ["predict"]
    assert events == [], "no block is done again"
    np.testing.assert_array_equal(prediction_of(untrained), whole)
    left = {path.name for path in (untrained / "runs/main").iterdir()}
    assert left == {"prediction.zarr", "run.json"}


def test_blocks_of_other_parameters_are_not_gone_on_with(untrained: Path) -> None:
    predict(untrained, stop_after=4)
    change_params(untrained, {"predict": {"views": "mirrored"}})
    _, events = predict(untrained)
    assert len(events) == BLOCKS


def test_mirrored_views_change_the_prediction(untrained: Path) -> None:
    predict(untrained)
    plain = prediction_of(untrained)
    change_params(untrained, {"predict": {"views": "mirrored"}})
    predict(untrained)
    assert (prediction_of(untrained) != plain).mean() > 0.1


def test_a_stop_before_the_first_block_leaves_the_old_prediction(untrained: Path) -> None:
    predict(untrained)
    before = prediction_of(untrained)
    change_params(untrained, {"predict": {"views": "mirrored"}})
    predict(untrained, stop_after=0)
    np.testing.assert_array_equal(prediction_of(untrained), before)
    change_params(untrained, {"predict": {"views": "one"}})
    summary, _ = predict(untrained)
    assert summary is not None
    assert summary.skipped == ("predict",), "the old prediction is still that of its parameters"


def test_a_model_for_other_voxels_is_refused(untrained: Path, world: SimpleNamespace) -> None:
    path = untrained / "project.yaml"
    path.write_text(path.read_text().replace("[40.0, 8.0, 10.0]", "[9.0, 8.0, 10.0]"))
    truth = path.parent / "truth.csv"
    truth.unlink()
    path.write_text(path.read_text().replace("truth: truth.csv", "truth: null"))
    world.pretend_done(untrained, "train")
    with pytest.raises(Exception, match="trained on voxels of another size"):
        run_steps(untrained, ["predict"])


TABLES = ("contacts", "candidates", "pairs", "synapses", "matches")


@pytest.mark.parametrize(
    "blocks",
    [
        {"contacts": {"block_vx": [5, 20, 30]}, "synapses": {"block_vx": [9, 31, 22]}},
        {"contacts": {"block_vx": [3, 56, 17]}, "synapses": {"block_vx": [2, 13, 96]}},
    ],
)
def test_any_blocks_give_identical_tables(
    finished: Path, blocks: Mapping[str, Mapping[str, Any]]
) -> None:
    def tables() -> dict[str, pd.DataFrame]:
        return {name: read_table(finished / f"runs/main/{name}.parquet") for name in TABLES}

    def labels() -> np.ndarray:
        volume = open_volume(Source(path=str(finished / "runs/main/candidates.zarr")))
        return volume.read(volume.grid.box)

    whole, whole_labels = tables(), labels()
    assert [len(whole[name]) for name in TABLES] == [8, 8, 8, 8, 11]
    change_params(finished, blocks)
    run_steps(finished, ["contacts", "synapses", "evaluate"], again=True)
    for name, table in tables().items():
        pd.testing.assert_frame_equal(table, whole[name], obj=name)
    np.testing.assert_array_equal(labels(), whole_labels)


def test_a_threshold_is_asked_for_where_no_model_was_calibrated(predicted: Path) -> None:
    (predicted / "models/main/calibration.json").unlink()
    run_steps(predicted, ["contacts"])
    with pytest.raises(Exception, match=r"No threshold is known.*--set synapses\.threshold"):
        run_steps(predicted, ["synapses"])
    change_params(predicted, {"synapses": {"threshold": 0.2, "min_size_vx": 0}})
    assert run_steps(predicted, ["synapses"]).steps[0].made.startswith("9 synapses")
    write_json(
        predicted / "models/main/calibration.json", {"threshold": 0.5, "min_size_vx": 9, "f1": 1}
    )
    change_params(predicted, {"synapses": {"threshold": None, "min_size_vx": None}})
    assert run_steps(predicted, ["synapses"]).steps[0].made.startswith("8 synapses")
