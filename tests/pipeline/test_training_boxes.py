"""The annotated boxes of the toy project, and what is refused in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.verdicts import HARD_PLACES, DeleteSynapse
from napari_synapse_debug.io import load_project, write_labels, write_table, write_volume
from napari_synapse_debug.pipeline import (
    annotate_box,
    change_params,
    create_project,
    open_review,
)
from napari_synapse_debug.pipeline.inputs import inputs_of
from napari_synapse_debug.pipeline.lessons import HARD, TRUE
from napari_synapse_debug.pipeline.training_boxes import AnnotatedBoxes, read_annotated_boxes
from napari_synapse_debug.pipeline.work import Work

PART = "5:14,0:28,0:96"


@pytest.fixture
def told() -> list[str]:
    """What was said while boxes were read."""
    return []


@pytest.fixture
def read(told: list[str]) -> Callable[[Path], AnnotatedBoxes]:
    """Reads the annotated boxes of a project."""

    def boxes(folder: Path) -> AnnotatedBoxes:
        context = QuietContext(lambda event: told.append(event.message))
        return read_annotated_boxes(Work(load_project(folder), "main", "", context))

    return boxes


@pytest.fixture
def points_only(fresh: Path) -> Callable[..., Path]:
    """Makes a project of the toy's raw data and truth alone."""

    def make(**changes: Any) -> Path:
        named = {"raw": str(fresh / "raw.zarr"), "truth": str(fresh / "truth.csv"), **changes}
        return create_project(fresh.parent / "points", **{"train_box": "0:14,0:56,0:96", **named})

    return make


def test_the_train_box_is_read_with_all_masks_and_its_clefts(
    fresh: Path, read: Callable[[Path], AnnotatedBoxes], world: SimpleNamespace, told: list[str]
) -> None:
    boxes = read(fresh)
    (found,) = boxes.train
    assert found.grid == world.grid.crop(load_project(fresh).config.box("train"))
    assert tuple(found.box.masks) == world.channels
    np.testing.assert_array_equal(found.box.masks["shaft"], world.masks()["shaft"][:5])
    assert set(np.unique(found.clefts)) == {0, 7, 9}
    assert boxes.validation == ()
    assert "nothing is held out" in told[-1]


def test_a_class_that_was_not_annotated_in_a_box_is_ignored_in_it(
    open_box: Path, read: Callable[[Path], AnnotatedBoxes]
) -> None:
    annotate_box(open_box, PART, masks={"shaft": None, "vesicle": None})
    _, part = read(open_box).train
    assert set(part.box.masks) == {"shaft", "vesicle"}
    assert part.clefts is None  # clefts on spine heads may be anywhere
    annotate_box(open_box, "5:14,28:56,0:96", masks={"shaft": None, "spine_head": None})
    assert set(np.unique(read(open_box).train[2].clefts)) == {0, 4, 5, 6, 8}


def test_a_validation_box_that_is_named_is_taken(
    open_box: Path, read: Callable[[Path], AnnotatedBoxes], told: list[str]
) -> None:
    annotate_box(open_box, PART, use="validation")
    boxes = read(open_box)
    assert [found.name for found in boxes.validation] == [f"validation box {PART}"]
    assert [found.name for found in boxes.train] == ["training box 0:5,0:56,0:96"]
    assert told == []


EMPTY = "5:14,0:4,0:96"


def test_a_validation_box_in_which_nothing_is_marked_is_refused(
    open_box: Path, read: Callable[[Path], AnnotatedBoxes], world: SimpleNamespace
) -> None:
    assert not any(mask[5:14, :4].any() for mask in world.masks().values())
    annotate_box(open_box, EMPTY, use="validation")
    with pytest.raises(InputError, match=rf"judged in validation box {EMPTY}.*shaft: 0"):
        read(open_box)
    annotate_box(open_box, PART, use="validation")
    assert len(read(open_box).validation) == 2, "it may lie beside one with something in it"


def test_a_validation_box_that_lacks_a_class_of_synapses_is_refused(
    open_box: Path, read: Callable[[Path], AnnotatedBoxes]
) -> None:
    annotate_box(open_box, PART, masks={"shaft": None}, use="validation")
    with pytest.raises(InputError, match=r"spine_head annotated in the same box"):
        read(open_box)


def test_a_mask_may_hold_the_box_alone(
    open_box: Path, read: Callable[[Path], AnnotatedBoxes], world: SimpleNamespace
) -> None:
    cut = world.masks()["shaft"][5:14, 0:28]
    write_labels(open_box / "cut.zarr", cut, Grid(cut.shape, world.grid.voxel_size_nm))
    annotate_box(open_box, PART, masks={"shaft": str(open_box / "cut.zarr")})
    np.testing.assert_array_equal(read(open_box).train[1].box.masks["shaft"], cut)


def test_rows_alone_are_painted(
    points_only: Callable[..., Path],
    read: Callable[[Path], AnnotatedBoxes],
    world: SimpleNamespace,
    told: list[str],
) -> None:
    folder = points_only()
    assert [spec.name for spec in load_project(folder).config.classes] == ["spine_head", "shaft"]
    (found,) = read(folder).train
    assert told[0] == (
        f"training box 0:14,0:56,0:96: 9 of 9 rows of {folder.parent}/project/truth.csv "
        "lie inside; the others are not learnt here"
    )
    assert set(np.unique(found.clefts)) == set(range(10))
    assert set(np.unique(found.box.masks["shaft"])) == {0, *world.truth.query("kind=='shaft'").row}
    true = sum(world.masks()[name] for name in ("shaft", "spine_head"))
    for number in range(1, 10):
        assert ((found.clefts == number) & (true == number)).any()
    ignored = found.box.ignored["shaft"]
    assert ignored.any()
    assert not ignored.all()


def test_masks_win_over_points_in_their_box(
    open_box: Path, read: Callable[[Path], AnnotatedBoxes]
) -> None:
    truth = str(open_box / "truth.csv")
    annotate_box(open_box, PART, masks={"shaft": None}, truth=truth)
    annotate_box(open_box, "5:14,28:56,0:96", truth=truth)
    whole, both, points = read(open_box).train
    assert set(whole.box.ignored) == set()
    assert set(both.box.ignored) == {"spine_head"}
    assert set(points.box.ignored) == {"shaft", "spine_head"}
    assert "vesicle" not in points.box.masks
    assert both.clefts is not None


def test_a_box_without_any_row_is_refused_and_the_rows_are_counted(
    points_only: Callable[..., Path], read: Callable[[Path], AnnotatedBoxes]
) -> None:
    folder = points_only(train_box="0:1,0:10,0:10")
    with pytest.raises(InputError, match=r"No synapse lies in the training box.*0 of 9 rows"):
        read(folder)


def test_a_box_of_other_voxels_is_resampled_and_it_is_said(
    fresh: Path,
    read: Callable[[Path], AnnotatedBoxes],
    world: SimpleNamespace,
    told: list[str],
    tmp_path: Path,
) -> None:
    """The toy again, with each voxel cut into two along z and x."""
    fine = Grid((28, 56, 192), (20.0, 8.0, 5.0), (1000.0, 0.0, 0.0))
    raw = load_project(fresh).raw()
    halves = raw.read(raw.grid.box).repeat(2, axis=0).repeat(2, axis=2)
    write_volume(tmp_path / "fine.zarr", halves, fine)
    mask = world.masks()["shaft"].repeat(2, axis=0).repeat(2, axis=2)
    write_labels(tmp_path / "fine_shaft.zarr", mask, fine)
    added = annotate_box(
        fresh,
        "10:28,0:56,0:192",
        masks={"shaft": str(tmp_path / "fine_shaft.zarr")},
        raw=str(tmp_path / "fine.zarr"),
    )
    assert added.raw is not None
    found = read(fresh).train[1]
    assert found.grid == Grid((9, 56, 96), world.grid.voxel_size_nm, (1210.0, 0.0, 2.5))
    np.testing.assert_array_equal(found.box.masks["shaft"], world.masks()["shaft"][5:14])
    np.testing.assert_array_equal(found.box.raw, raw.read(raw.grid.box)[5:14])
    assert "resampled from voxels of 20 × 8 × 5 nm to 40 × 8 × 10 nm" in told[0]


def test_hard_places_say_nothing_about_boxes_of_another_volume(
    fresh: Path, read: Callable[[Path], AnnotatedBoxes], world: SimpleNamespace, tmp_path: Path
) -> None:
    write_volume(
        tmp_path / "other.zarr", load_project(fresh).raw().read(world.grid.box), world.grid
    )
    annotate_box(
        fresh,
        "0:5,0:56,0:96",
        masks={"shaft": str(fresh / "shaft.zarr")},
        raw=str(tmp_path / "other.zarr"),
    )
    place = dict(zip(HARD_PLACES, (80.0, 80.0, 100.0, 2.0, "missed", "row 3"), strict=True))
    write_table(pd.DataFrame([place]), fresh / "models/main" / HARD)
    own, other = read(fresh).train
    assert (own.is_in_raw, other.is_in_raw) == (True, False)
    np.testing.assert_array_equal(own.box.hard_places, [(0, 8, 10, 2.0)])  # it begins at 80, 16, 0
    assert len(other.box.hard_places) == 0


def test_what_the_corrected_truth_lacks_is_ignored_beside_painted_points(
    open_box: Path, read: Callable[[Path], AnnotatedBoxes], world: SimpleNamespace
) -> None:
    annotate_box(open_box, PART, masks={"shaft": None}, truth=str(open_box / "truth.csv"))
    before = world.masks()["shaft"][5:14, :28]
    row = int(np.unique(before[before > 0])[0])
    truth = load_project(open_box).truth()
    write_table(truth[truth["row"] != row], open_box / "models/main" / TRUE)
    found = read(open_box).train[-1]
    assert set(found.box.ignored) == {"shaft", "spine_head"}
    assert found.box.ignored["shaft"][before == row].all()


def test_a_box_that_is_learnt_late_was_not_held_out(
    fresh: Path, read: Callable[[Path], AnnotatedBoxes]
) -> None:
    (learnt,) = read(fresh).train
    early = replace(learnt, name="a validation box")
    late = replace(learnt, name="end of the train box")
    with_places = replace(late, box=replace(late.box))
    boxes = AnnotatedBoxes((learnt,), (early, late), (with_places,))
    assert boxes.held_out == (early,)


def test_a_box_of_much_larger_voxels_is_refused(
    fresh: Path, read: Callable[[Path], AnnotatedBoxes], tmp_path: Path
) -> None:
    grey = np.random.default_rng(0).integers(0, 200, (4, 20, 30), dtype=np.uint8)
    write_volume(tmp_path / "coarse.zarr", grey, Grid(grey.shape, (100.0, 8.0, 10.0)))
    annotate_box(fresh, "0:4,0:20,0:30", masks={}, raw=str(tmp_path / "coarse.zarr"))
    with pytest.raises(InputError, match=r"cannot be resampled.*100\.0"):
        read(fresh)


def test_a_constant_box_is_refused(
    fresh: Path, read: Callable[[Path], AnnotatedBoxes], world: SimpleNamespace
) -> None:
    grey = np.full(world.grid.shape, 7, np.uint8)
    grey[9] = 8
    write_volume(fresh / "raw.zarr", grey, world.grid)
    with pytest.raises(InputError, match=r"training box .* are constant.*value 7 everywhere"):
        read(fresh)


def test_a_class_that_no_box_has_is_named(
    fresh: Path, read: Callable[[Path], AnnotatedBoxes], world: SimpleNamespace
) -> None:
    write_labels(fresh / "vesicle.zarr", np.zeros(world.grid.shape, np.uint8), world.grid)
    with pytest.raises(InputError, match=r"Class 'vesicle' cannot be learnt.*0 of 26880 voxels"):
        read(fresh)


def test_a_project_without_annotations_is_told_what_to_add(
    points_only: Callable[..., Path], read: Callable[[Path], AnnotatedBoxes]
) -> None:
    folder = points_only(train_box=None)
    with pytest.raises(ProjectError, match=r"nothing to learn from.*synapse-debug annotate"):
        read(folder)


def test_training_depends_on_every_box_and_on_its_rows(
    open_box: Path, world: SimpleNamespace
) -> None:
    def inputs() -> dict[str, str]:
        return inputs_of(load_project(open_box), "main", "train")

    one = inputs()
    assert inputs() == one
    rows = open_box / "rows.csv"
    write_table(world.truth, rows)
    annotate_box(open_box, PART, truth=str(rows))
    two = inputs()
    assert two != one
    write_table(world.truth.iloc[:5], rows)
    three = inputs()
    assert three != two
    change_params(open_box, {"targets": {"radius_nm": 100}})
    assert inputs() != three


def test_edits_of_the_truth_that_are_not_learnt_are_told(
    points_only: Callable[..., Path], read: Callable[[Path], AnnotatedBoxes], told: list[str]
) -> None:
    folder = points_only()
    with open_review(folder, author="anna") as review:
        row = review.edit(DeleteSynapse(row=int(review.corrected_truth()["row"].iloc[0])))
        review.edit(DeleteSynapse(row=int(review.corrected_truth()["row"].iloc[0])))
        review.undo()
        assert row not in set(review.corrected_truth()["row"])
    read(folder)
    assert any("edits of the truth in the review (1) are not learnt" in text for text in told)


def test_mitochondria_alone_are_validated_by_their_voxels(
    fresh: Path, read: Callable[[Path], AnnotatedBoxes], world: SimpleNamespace, told: list[str]
) -> None:
    mito = np.zeros(world.grid.shape, np.uint8)
    mito[:, :, 10:12] = mito[:, :, 80:84] = 1
    write_labels(fresh / "mito.zarr", mito, world.grid)
    folder = create_project(
        fresh.parent / "mitochondria",
        raw=str(fresh / "raw.zarr"),
        masks={"mitochondrion:mitochondrion": str(fresh / "mito.zarr")},
        train_box="0:14,0:56,0:96",
    )
    boxes = read(folder)
    (out,) = boxes.validation
    assert out.box.masks["mitochondrion"].any()
    assert out.clefts is None
    assert told[-1].endswith("judged by the voxels of mitochondrion")
