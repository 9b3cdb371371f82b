"""What training again takes from a review, and what a package takes of the volumes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError, StepCancelledError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.verdicts import HARD_PLACES
from napari_synapse_debug.review import (
    FindingIndex,
    chunks_around,
    crop_boxes,
    find_again,
    hard_places,
    replay,
    rows_meeting,
    settle,
    uncertain_boxes,
)


def places_of(journal: Any, findings: Any) -> Any:
    verdicts = find_again(replay(journal.actions).verdicts, FindingIndex.of(findings))
    return hard_places(settle(verdicts, by=("now_finding",)), findings)


def test_hard_places_are_the_confirmed_errors_of_the_classifier(
    journal: Any, findings: Any
) -> None:
    assert places_of(journal, findings).empty
    for number in (1, 2, 4):  # 2 is of the segmentation
        journal.say(number, "model_error")
    journal.say(3, "ambiguous")
    proven = findings.assign(confirmed=(findings["finding"] == 4).astype("boolean"))
    places = places_of(journal, proven)
    assert list(places.columns) == list(HARD_PLACES)
    assert places.iloc[:, :5].to_numpy().tolist() == [
        [40.0, 80.0, 100.0, 0.5, "missed"],
        [80.0, 160.0, 100.0, 1.0, "false"],
    ]


def unsure_at(*spots: Box) -> Any:
    values = np.full((12, 20, 28), 0.99)
    for box in spots:
        values[box.slices] = 0.5
    return lambda box: values[box.slices]


WHOLE = Box((0, 0, 0), (12, 20, 28))


def test_the_least_sure_boxes_come_first_and_do_not_meet() -> None:
    strong, weak = Box((4, 4, 8), (8, 8, 16)), Box((8, 12, 20), (12, 14, 24))
    found = uncertain_boxes(unsure_at(strong, weak), WHOLE, (4, 4, 8), 4)
    assert found[0] == (Box((4, 4, 8), (8, 8, 16)), 0.25)
    assert found[1][0].overlaps(weak)
    boxes = [box for box, _ in found]
    assert len(boxes) == 4
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    assert [mean for _, mean in found] == sorted((mean for _, mean in found), reverse=True)


def test_annotated_boxes_are_not_proposed() -> None:
    spot = Box((4, 4, 8), (8, 8, 16))
    assert uncertain_boxes(unsure_at(spot), WHOLE, (4, 4, 8), 1)[0][0] == spot
    found = uncertain_boxes(unsure_at(spot), WHOLE, (4, 4, 8), 20, [spot])
    assert found
    assert not any(box.overlaps(spot) for box, _ in found)
    assert uncertain_boxes(unsure_at(), WHOLE, (4, 4, 8), 5, [WHOLE]) == []


def test_of_several_channels_the_least_sure_counts() -> None:
    read = unsure_at(Box((0, 0, 0), (4, 4, 8)))
    found = uncertain_boxes(
        lambda box: np.stack([np.zeros(box.shape), read(box)]), WHOLE, (4, 4, 8), 1
    )
    assert found == [(Box((0, 0, 0), (4, 4, 8)), 0.25)]


def test_no_room_gives_no_box_and_a_flat_one_is_refused() -> None:
    assert uncertain_boxes(unsure_at(), WHOLE, (40, 4, 4), 2) == []
    with pytest.raises(InputError, match="too small"):
        uncertain_boxes(unsure_at(), WHOLE, (1, 4, 4), 2)


GRID = Grid((10, 60, 100), (40.0, 8.0, 10.0))


def test_a_crop_holds_the_three_points_and_the_margin(findings: Any) -> None:
    """Finding 1: z 1, y 4–16, x 10; a margin of 40 nm is 1 × 5 × 4 voxels."""
    first = crop_boxes(findings[:1], GRID, 40.0)
    assert first == [Box((0, 0, 6), (3, 22, 15))]
    assert len(crop_boxes(findings, GRID, 40.0)) == 5  # x 1300 and 1700 nm lie outside
    assert crop_boxes(findings[:0], GRID, 40.0) == []


def test_chunks_cover_the_boxes_once() -> None:
    boxes = [Box((0, 0, 6), (3, 22, 15)), Box((1, 10, 14), (4, 12, 40))]
    chunks = list(chunks_around(boxes, (4, 16, 32), GRID.box))
    assert len(chunks) == len(set(chunks)) == 3
    for box in boxes:
        assert sum(box.intersect(chunk).size for chunk in chunks) == box.size


def test_rows_are_those_whose_box_meets_one() -> None:
    bounds = {"start_z": [0, 3, 0], "start_y": [0, 0, 22], "start_x": [0, 6, 6]}
    bounds |= {"stop_z": [1, 5, 3], "stop_y": [60, 9, 30], "stop_x": [100, 15, 15]}
    table = pd.DataFrame(bounds)
    assert rows_meeting(table, [Box((0, 0, 6), (3, 22, 15))]).tolist() == [True, False, False]
    assert rows_meeting(table, [Box((2, 0, 6), (4, 23, 7))]).tolist() == [False, True, True]
    assert not rows_meeting(table, []).any()


def test_each_reading_is_told_and_what_is_raised_there_ends_the_search():
    told, read = [], []

    def probabilities(box):
        read.append(box)
        return np.zeros(box.shape)

    def stop_after_two(done, total):
        told.append((done, total))
        if done == 2:
            raise StepCancelledError("stopped")

    within = Box((0, 0, 0), (64, 256, 768))  # three readings of 64 × 256 × 256
    with pytest.raises(StepCancelledError):
        uncertain_boxes(probabilities, within, (64, 256, 256), 1, on_read=stop_after_two)
    assert told == [(1, 3), (2, 3)]
    assert len(read) == 2
