from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import InputError, ProjectError, StepCancelledError
from napari_synapse_debug.domain.events import Event, QuietContext, box_of
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io import load_project, open_volume
from napari_synapse_debug.jobs import run_inline
from napari_synapse_debug.pipeline import predict_here, preview, run_steps, warm_up
from napari_synapse_debug.pipeline.preview import warm_predictor

BOX = Box((3, 10, 20), (9, 50, 90))


def test_a_preview_is_the_prediction_of_its_box(untrained: Path) -> None:
    run_steps(untrained, ["predict"])
    whole = open_volume(Source(path=str(untrained / "runs/main/prediction.zarr")))
    made = predict_here(untrained, BOX)
    assert made.box == BOX
    found = open_volume(Source(path=str(made.path)))
    assert found.grid == whole.grid.crop(BOX)
    assert found.channels == whole.channels
    wanted = whole.read(BOX).astype(int)
    assert np.ptp(wanted) > 20
    assert np.abs(found.read(found.grid.box) - wanted).max() <= 3


def test_what_is_at_the_focus_comes_first_and_all_in_the_end(
    untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "_FIRST_VX", 15_000)
    monkeypatch.setattr(preview, "_LATER_VX", 90_000)
    events: list[Event] = []
    seen: list[int] = []

    def watch(event: Event) -> None:
        events.append(event)
        shown = open_volume(Source(path=str(untrained / "runs/main/preview.zarr")))
        seen.append(np.count_nonzero(shown.read(shown.grid.box)))

    predict_here(untrained, BOX, focus=(4, 45, 25), context=QuietContext(watch))
    assert box_of(events[0]) is None
    assert seen[0] == 0
    parts = [part for event in events if (part := box_of(event))]
    assert len(parts) >= 3
    assert all(BOX.holds(part) for part in parts)
    assert bool(parts[0].contains([(4, 45, 25)])[0])
    assert parts[0].size < parts[1].size
    assert sum(part.size for part in parts[1:]) == BOX.size
    distances = [np.linalg.norm(np.add(p.start, p.stop) / 2 - (4, 45, 25)) for p in parts[1:]]
    assert distances == sorted(distances)
    assert 0 < seen[1] <= seen[-1]


def test_the_model_is_loaded_once_and_again_when_it_has_changed(untrained: Path) -> None:
    warm_up(untrained)
    project = load_project(untrained)
    first = warm_predictor(project)
    assert warm_predictor(load_project(untrained)) is first
    weights = untrained / "models/main/weights.pt"
    weights.write_bytes(weights.read_bytes())
    assert warm_predictor(project) is not first


def test_a_preview_is_cut_to_the_volume_and_refused_beside_it(untrained: Path) -> None:
    made = predict_here(untrained, Box((10, 40, 80), (20, 200, 300)))
    assert made.box == Box((10, 40, 80), (14, 56, 96))
    with pytest.raises(InputError, match="outside of the volume"):
        predict_here(untrained, Box((10, 56, 80), (20, 200, 300)))


def test_without_a_model_it_is_told(fresh: Path) -> None:
    with pytest.raises(ProjectError, match="no trained model"):
        predict_here(fresh, BOX)


def test_a_stop_comes_between_parts(untrained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "_FIRST_VX", 15_000)
    monkeypatch.setattr(preview, "_LATER_VX", 90_000)
    events: list[Event] = []
    with pytest.raises(StepCancelledError):
        run_inline(
            lambda context: predict_here(untrained, BOX, context=context),
            on_event=events.append,
            should_stop=lambda: len(events) >= 2,
        )
    assert 2 <= len(events) <= 3


def test_a_stop_comes_within_a_part_too_and_the_model_stays(untrained: Path) -> None:
    predict_here(untrained, BOX)
    loaded = warm_predictor(load_project(untrained))
    events: list[Event] = []
    asked: list[None] = []

    def at_the_third_time() -> bool:  # the first is before the first part
        asked.append(None)
        return len(asked) >= 3

    with pytest.raises(StepCancelledError):
        run_inline(
            lambda context: predict_here(untrained, BOX, context=context),
            on_event=events.append,
            should_stop=at_the_third_time,
        )
    assert [box_of(event) for event in events] == [None], "no part was finished"
    assert warm_predictor(load_project(untrained)) is loaded
    predict_here(untrained, BOX, context=QuietContext(events.append))
    assert box_of(events[-1]) == BOX


def test_a_wider_network_is_given_smaller_parts(
    untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warm_predictor(load_project(untrained)).plan.filters[0] == 4
    shapes = []
    for narrow in (4, 1):
        monkeypatch.setattr(preview, "_FIRST_VX", 60_000)
        monkeypatch.setattr(preview, "_LATER_VX", 90_000)
        monkeypatch.setattr(preview, "_WIDTH", narrow)
        events: list[Event] = []
        predict_here(untrained, BOX, context=QuietContext(events.append))
        shapes.append([part.shape for event in events if (part := box_of(event))])
    assert len(shapes[1]) > len(shapes[0]) >= 2
    assert np.prod(shapes[1][0]) < np.prod(shapes[0][0])
