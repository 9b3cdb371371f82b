"""The step `predict`: a box, a mask, other voxels, want of memory, and levels."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_synapse_debug.domain.errors import InputError, StepCancelledError
from napari_synapse_debug.domain.events import Event, QuietContext, box_of
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io import (
    Volume,
    load_project,
    open_volume,
    read_json,
    write_json,
    write_labels,
    write_volume,
)
from napari_synapse_debug.io.checkpoint import load_plan
from napari_synapse_debug.jobs import run_inline
from napari_synapse_debug.pipeline import change_params, predicted_box, prediction, run_steps
from napari_synapse_debug.pipeline.fit import choose_fit
from napari_synapse_debug.pipeline.levels import add_levels
from napari_synapse_debug.pipeline.predicted import PARTIAL
from napari_synapse_debug.pipeline.tile_plan import (
    TilePlan,
    counting_start,
    read_tile_plan,
    write_tile_plan,
)
from napari_synapse_debug.predict import Predictor

PLACE = "runs/main"


def predict(project: Path) -> tuple[np.ndarray, list[Event]]:
    events: list[Event] = []
    run_steps(project, ["predict"], context=QuietContext(events.append))
    volume = open_volume(Source(path=str(project / PLACE / "prediction.zarr")))
    return volume.read(volume.grid.box).astype(int), events


def stop_after(project: Path, count: int) -> None:
    events: list[Event] = []
    with pytest.raises(StepCancelledError):
        run_inline(
            lambda context: run_steps(project, ["predict"], context=context),
            on_event=events.append,
            should_stop=lambda: len(events) >= count,
        )


def files_of(project: Path) -> set[str]:
    return {path.name for path in (project / PLACE).iterdir()}


def test_a_box_is_as_in_the_whole_and_the_rest_is_empty(untrained: Path) -> None:
    whole, _ = predict(untrained)
    assert predicted_box(untrained / PLACE) == Box((0, 0, 0), (14, 56, 96))
    change_params(untrained, {"predict": {"box": "2:9,10:50,30:96"}})
    part, events = predict(untrained)
    box = Box((2, 10, 30), (9, 50, 96))
    assert predicted_box(untrained / PLACE) == box
    inside = (slice(None), *box.slices)
    assert np.ptp(whole[inside]) > 20
    assert np.abs(part[inside] - whole[inside]).max() <= 3
    assert part.sum() == part[inside].sum() > 0
    told = [box_of(event) for event in events]
    assert None not in told
    assert sum(block.size for block in told if block) == box.size


def test_a_box_or_mask_that_does_not_fit_is_refused(untrained: Path) -> None:
    change_params(untrained, {"predict": {"box": "0:15,0:5,0:5"}})
    with pytest.raises(InputError, match="box to predict reaches out"):
        run_steps(untrained, ["predict"])
    write_labels(
        untrained / "m.zarr", np.ones((2, 5, 5), np.uint8), Grid((2, 5, 5), (40.0, 8.0, 10.0))
    )
    change_params(untrained, {"predict": {"box": None, "within": "m.zarr"}})
    with pytest.raises(InputError, match="mask to predict in does not fit"):
        run_steps(untrained, ["predict"])


def test_within_a_mask_it_is_as_in_the_whole(untrained: Path) -> None:
    whole, _ = predict(untrained)
    mask = np.zeros(whole.shape[1:], np.uint8)
    mask[3:8, 5:20, 60:70] = 1
    grid = load_project(untrained).raw().grid
    write_labels(untrained / "soma.zarr", mask, grid)
    change_params(untrained, {"predict": {"within": "soma.zarr"}})
    part, _ = predict(untrained)
    np.testing.assert_array_equal(part, whole * mask)
    write_labels(untrained / "soma.zarr", 1 - mask, grid)
    other, _ = predict(untrained)
    np.testing.assert_array_equal(other, whole * (1 - mask))


class Hungry(Predictor):
    """A predictor whose network has no memory for more than ``most`` voxels."""

    most = 14 * 56 * 64

    def _network(self, dtype: torch.dtype) -> Any:
        network = super()._network(dtype)

        def limited(batch: torch.Tensor) -> Any:
            if batch.numel() > self.most:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore")
            return network(batch)

        return limited


def test_want_of_memory_halves_the_blocks_until_it_suffices(
    untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = predict(untrained)
    change_params(untrained, {"predict": {"block_vx": [14, 56, 96]}})
    monkeypatch.setattr(prediction, "Predictor", Hungry)
    events: list[Event] = []
    run_steps(untrained, ["predict"], again=True, context=QuietContext(events.append))
    told = [event.message for event in events if "memory" in event.message]
    assert len(told) >= 1
    assert told[0].startswith(
        "memory did not suffice for blocks of 14×56×96 voxels on cpu (CUDA out of memory. "
        "Tried to allocate 2 GiB); begins again with blocks of 14×56×48"
    )
    blocks = [block for event in events if (block := box_of(event))]
    assert sum(block.size for block in blocks) == 14 * 56 * 96
    volume = open_volume(Source(path=str(untrained / PLACE / "prediction.zarr")))
    assert np.abs(volume.read(volume.grid.box) - whole).max() <= 3
    assert files_of(untrained) == {"prediction.zarr", "run.json"}


def test_where_no_block_is_small_enough_it_is_told_what_to_do(
    untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hungry, "most", 10)
    monkeypatch.setattr(prediction, "Predictor", Hungry)
    with pytest.raises(InputError, match=r"Memory does not suffice.*train a smaller network"):
        run_steps(untrained, ["predict"])


def test_a_graphics_card_without_memory_leaves_it_to_the_processor(
    untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Card(Predictor):
        def __init__(self, trained: Any, device: str, **named: Any) -> None:
            super().__init__(trained, "cpu", **named)
            self._is_full = device == "cuda"

        def compute(self, tile: Any) -> Any:
            if self._is_full:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().compute(tile)

    monkeypatch.setattr(prediction, "Predictor", Card)
    monkeypatch.setattr(prediction, "choose_device", torch.device)
    monkeypatch.setattr(prediction, "choose_dtype", lambda _: torch.float32)
    change_params(untrained, {"predict": {"device": "cuda"}})
    _, events = predict(untrained)
    told = [event.message for event in events if "memory" in event.message]
    assert told[-1].endswith("blocks of 14×28×40 voxels on cpu")
    assert "on cuda" in told[0]


def test_other_errors_of_the_network_are_not_taken_for_want_of_memory(
    untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Predictor:
        raise RuntimeError("Given groups=1, weight of size 3")

    monkeypatch.setattr(prediction, "Predictor", fail)
    with pytest.raises(RuntimeError, match="groups"):
        run_steps(untrained, ["predict"])


def test_the_blocks_of_the_first_start_are_kept(
    untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_params(untrained, {"predict": {"block_vx": None}})
    monkeypatch.setattr(Predictor, "choose_block", lambda *_: (14, 28, 40))
    stop_after(untrained, 2)
    plan = read_json(untrained / PLACE / "prediction.plan.json")
    assert (plan["block_vx"], plan["number"], plan["starts"]) == ([14, 28, 40], 0, 0)
    monkeypatch.setattr(Predictor, "choose_block", lambda *_: (14, 56, 96))
    _, events = predict(untrained)
    assert len(events) == 6 - 3
    _, events = predict_again(untrained)
    assert len(events) == 1


def predict_again(project: Path) -> tuple[None, list[Event]]:
    events: list[Event] = []
    run_steps(project, ["predict"], again=True, context=QuietContext(events.append))
    return None, events


def test_a_process_that_died_twice_without_a_block_asks_for_less(untrained: Path) -> None:
    stop_after(untrained, 0)
    path = untrained / PLACE / "prediction.plan.json"
    content = read_json(path)
    assert content["starts"] == 0, "stopped is not died"
    write_json(path, {**content, "starts": 1})
    _, events = predict(untrained)
    assert len(events) == 6
    write_json(path, {**content, "starts": 2})
    _, events = predict_again(untrained)
    assert "died 2 times without a block" in events[0].message
    assert events[0].message.endswith("begins again with blocks of 14×28×20 voxels on cpu")


@pytest.mark.parametrize(("starts", "is_smaller"), [(5, False), (6, True)])
def test_one_that_had_finished_blocks_may_die_more_often(
    untrained: Path, starts: int, is_smaller: bool
) -> None:
    stop_after(untrained, 2)
    path = untrained / PLACE / "prediction.plan.json"
    content = read_json(path)
    assert content["is_proven"]
    write_json(path, {**content, "starts": starts})
    _, events = predict(untrained)
    assert ("died 6 times without a block" in events[0].message) == is_smaller


def test_a_process_that_is_killed_after_a_stop_did_not_die_of_memory(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan = TilePlan(key="a", asked="auto", block_vx=(4, 8, 9), device="cpu")
    is_asked = threading.Event()
    with counting_start(path, plan, is_asked.is_set):
        assert read_json(path)["starts"] == 1
        is_asked.set()
        for _ in range(200):
            if read_json(path)["starts"] == 0:
                break
            time.sleep(0.05)
        assert read_json(path)["starts"] == 0  # before it comes to its end


def test_what_was_put_into_place_before_a_kill_is_neither_lost_nor_done_again(
    untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def move_and_die(folder: Path, path: Path) -> None:
        folder.replace(path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prediction, "move_into_place", move_and_die)
        with pytest.raises(KeyboardInterrupt):
            predict(untrained)
    place = untrained / PLACE
    before = open_volume(Source(path=str(place / "prediction.zarr")))
    values = before.read(before.grid.box).astype(int)
    assert values.any()
    found, events = predict(untrained)
    np.testing.assert_array_equal(found, values)
    assert events == []
    assert not {"prediction.blocks", "prediction.plan.json"} & files_of(untrained)


def test_blocks_of_a_half_finished_prediction_that_is_gone_do_not_count(untrained: Path) -> None:
    stop_after(untrained, 2)
    shutil.rmtree(untrained / PLACE / PARTIAL)
    found, events = predict(untrained)
    assert len(events) == 6
    predict_again(untrained)
    whole = open_volume(Source(path=str(untrained / PLACE / "prediction.zarr")))
    np.testing.assert_array_equal(found, whole.read(whole.grid.box))


def test_a_plan_counts_for_its_own_step_and_what_was_asked(tmp_path: Path) -> None:
    plan = TilePlan(key="a", asked="auto", block_vx=(4, 8, 9), device="cpu", starts=1)
    path = tmp_path / "plan.json"
    assert read_tile_plan(path, "a", "auto") is None
    write_tile_plan(path, plan)
    assert read_tile_plan(path, "a", "auto") == plan
    assert read_tile_plan(path, "b", "auto") is None
    assert read_tile_plan(path, "a", "cuda") is None
    path.write_text("{")
    assert read_tile_plan(path, "a", "auto") is None
    assert plan.on((4, 4, 9), "cpu").blocks_key != plan.blocks_key
    assert plan.on((4, 8, 9), "cpu").starts == 0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_it_goes_on_in_the_number_format_that_it_began_with(
    untrained: Path, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    used: list[str] = []

    class Watched(Predictor):
        def compute(self, tile: Any) -> Any:
            used.append(str(self._dtype))
            return super().compute(tile)

    monkeypatch.setattr(prediction, "Predictor", Watched)
    monkeypatch.setattr(prediction, "computes_in", lambda *_: True)
    monkeypatch.setattr(prediction, "choose_dtype", lambda _: getattr(torch, dtype))
    stop_after(untrained, 2)
    assert read_json(untrained / PLACE / "prediction.plan.json")["dtype"] == dtype
    other = {"float32": torch.bfloat16, "bfloat16": torch.float32}[dtype]
    monkeypatch.setattr(prediction, "choose_dtype", lambda _: other)
    _, events = predict(untrained)
    assert len(events) < 6, "it went on"
    assert len(used) >= 6
    assert set(used) == {f"torch.{dtype}"}


def test_a_format_that_is_not_computed_here_begins_anew_and_an_old_plan_goes_on(
    untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = untrained / PLACE / "prediction.plan.json"
    monkeypatch.setattr(prediction, "choose_dtype", lambda _: torch.float32)
    stop_after(untrained, 2)
    content = read_json(path)
    write_json(path, {**content, "dtype": "bfloat16"})
    with monkeypatch.context() as patch:
        patch.setattr(prediction, "computes_in", lambda _, name: name == "float32")
        stop_after(untrained, 1)
    assert read_json(path)["dtype"] == "float32"

    old = TilePlan.model_validate({k: v for k, v in content.items() if k != "dtype"})
    assert old.dtype is None
    assert old.blocks_key == f"{old.key} plan 0 cpu {old.block_vx}", "as it was written then"
    assert old.on((4, 8, 9), "cpu").dtype is None
    new = TilePlan.model_validate(content)
    assert new.blocks_key != old.blocks_key
    assert new.on((4, 8, 9), "cpu").dtype == "float32"


def test_other_voxels_are_resampled_and_told(untrained: Path) -> None:
    path = untrained / "project.yaml"
    text = path.read_text()
    assert "[40.0, 8.0, 10.0]" in text
    model = load_plan(untrained / "models/main")

    def fit_at(y: float, x: float) -> Any:
        raw = load_project(untrained).raw()
        grid = Grid(raw.grid.shape, (40.0, y, x))
        return choose_fit(Volume("raw", grid, raw.array), model)

    same, alike, other = fit_at(8.0, 10.0), fit_at(9.0, 10.0), fit_at(16.0, 20.0)
    assert (same.is_resampled, same.notes) == (False, ())
    assert not alike.is_resampled
    assert alike.notes == (
        "the model was trained on voxels of 40×8×10 nm, used as it is on 40×9×10 nm",
    )
    assert other.is_resampled
    assert other.notes == ("resampled from 40×16×20 nm to 40×8×10 nm for the model, and back",)
    assert other.target.shape == (14, 56, 96)


def test_the_level_that_fits_the_model_is_read(untrained: Path) -> None:
    coarse = load_project(untrained).raw()
    fine = np.repeat(np.repeat(coarse.read(coarse.grid.box), 2, axis=1), 2, axis=2)
    path = untrained / "fine.zarr"
    grid = Grid(fine.shape, (40.0, 4.0, 5.0), (80.0, 14.0, -2.5))
    raw = write_volume(path, np.tile(fine, (1, 3, 2)), Grid((14, 336, 384), grid.voxel_size_nm))
    assert add_levels(path, "key", "predict", QuietContext()) == 1
    fit = choose_fit(raw, load_plan(untrained / "models/main"))
    assert fit.source.grid.voxel_size_nm == (40.0, 8.0, 10.0)
    assert fit.target == raw.grid
    assert fit.is_resampled
    assert len(fit.notes) == 1
    assert "reads the coarser level" in fit.notes[0]


def test_a_stopped_pyramid_goes_on_to_the_same_levels(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 255, (4, 700, 300), dtype=np.uint8)
    grid = Grid(values.shape, (40.0, 8.0, 8.0))

    def levels(path: Path) -> list[np.ndarray]:
        return [v.read(v.grid.box) for v in open_volume(Source(path=str(path))).levels]

    for name in ("a", "b"):
        write_volume(tmp_path / f"{name}.zarr", values, grid, chunks=(2, 32, 32))
    assert add_levels(tmp_path / "a.zarr", "key", "predict", QuietContext()) == 2
    asked = iter(range(100))
    with pytest.raises(StepCancelledError):
        run_inline(
            lambda context: add_levels(tmp_path / "b.zarr", "key", "predict", context),
            should_stop=lambda: next(asked) >= 5,
        )
    assert len(levels(tmp_path / "b.zarr")) == 1, "levels are not declared before they are done"
    add_levels(tmp_path / "b.zarr", "key", "predict", QuietContext())
    wanted, found = levels(tmp_path / "a.zarr"), levels(tmp_path / "b.zarr")
    assert [level.shape for level in wanted] == [(4, 700, 300), (4, 350, 150), (4, 175, 75)]
    for one, other in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(one, other)
    assert {p.name for p in tmp_path.iterdir()} == {"a.zarr", "b.zarr"}
