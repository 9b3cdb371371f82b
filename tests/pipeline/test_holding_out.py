from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.pipeline.annotated_box import AnnotatedBox
from napari_synapse_debug.pipeline.holding_out import hold_out, hold_out_voxels
from napari_synapse_debug.train import TrainingBox

SIZE = (50.0, 8.0, 10.0)


def box(starts, length=100, name="box"):
    """Clefts 4 voxels long that start at ``starts`` along y, the longest axis."""
    clefts = np.zeros((4, length, 20), np.uint64)
    for number, start in enumerate(starts, start=1):
        clefts[1:3, start : start + 4, 5:9] = number
    raw = np.arange(clefts.size, dtype=np.uint32).reshape(clefts.shape)
    masks = {"cleft": clefts, "mito": None}
    return AnnotatedBox(name, TrainingBox(raw, masks), Grid(clefts.shape, SIZE), clefts)


SIXTEEN = (*range(0, 78, 6), 82, 88, 94)


def ids(found):
    return set(np.unique(found.clefts)) - {0}


def test_the_end_of_the_longest_axis_is_held_out():
    whole = box(SIXTEEN)
    held = hold_out([whole], 0.2)
    (kept,), (out,) = held.train, held.validation
    assert kept.grid.shape == (4, 80, 20)
    assert out.grid.shape == (4, 20, 20)
    assert out.grid.offset_nm == (0, 640, 0)
    assert ids(kept) == set(range(1, 14))
    assert ids(out) == {14, 15, 16}
    np.testing.assert_array_equal(
        np.concatenate([kept.box.raw, out.box.raw], axis=1), whole.box.raw
    )
    assert out.box.masks["mito"] is None
    assert held.said == (
        "held out for validation: voxels 80 to 100 along y of the box, 3 of its 16 true clefts"
    )


def test_the_slab_is_widened_until_it_holds_enough():
    (kept,), (out,) = hold_out([box(SIXTEEN)], 0.1).train, hold_out([box(SIXTEEN)], 0.1).validation
    # the middle of the third last, 82 to 85, must be in: from 83 on
    assert kept.grid.shape[1] == 83
    assert len(ids(out)) == 3


@pytest.mark.parametrize("first", [76, 77, 78, 79])
def test_a_cleft_at_the_cut_belongs_to_where_most_of_it_lies(first):
    held = hold_out([box((*range(0, 70, 6), first, 84, 90, 96))], 0.2)
    (kept,), (out,) = held.train, held.validation
    assert kept.grid.shape[1] == 80
    is_held = first + 1.5 >= 80
    foreign, home = (kept, out) if is_held else (out, kept)
    assert 13 in ids(home)
    assert 13 not in ids(foreign)
    cut_off = foreign.box.masks["cleft"] == 13
    assert cut_off.any() == (first != 76)
    assert (foreign.box.ignored.get("cleft", np.zeros_like(cut_off)) == cut_off).all()


@pytest.mark.parametrize("starts", [(), (0, 88, 94), (0, 6, 12, 82, 88, 94), range(0, 60, 6)])
def test_nothing_is_held_out_where_clefts_are_too_few_or_elsewhere(starts):
    whole = box(tuple(starts))
    held = hold_out([whole], 0.2)
    assert held.validation == ()
    assert held.train == (whole,)
    assert "nothing is held out" in held.said


def test_the_box_with_most_clefts_gives_its_end_and_the_others_stay():
    boxes = [box((0, 50)), box(SIXTEEN, name="rich"), box(SIXTEEN[4:])]
    held = hold_out(boxes, 0.2)
    assert [b.grid.shape[1] for b in held.train] == [100, 80, 100]
    assert [b.name for b in held.validation] == ["end of the rich"]


def test_a_class_that_lies_in_the_slab_alone_stays_to_be_learnt():
    whole = box(SIXTEEN)
    mito = np.zeros(whole.grid.shape, np.uint8)
    mito[:, 90:95] = 1
    masks = {**whole.box.masks, "mito": mito}
    both = AnnotatedBox("box", TrainingBox(whole.box.raw, masks), whole.grid, whole.clefts)
    assert hold_out([whole], 0.2).validation != ()
    assert hold_out([both], 0.2).validation == ()


def marked(mito, membrane=()):
    """A box of mitochondria (and membranes) that start at these places along y, and no clefts."""
    found, masks = box([]), {}
    for name, starts in (("mito", mito), ("membrane", membrane)):
        masks[name] = np.zeros(found.grid.shape, np.uint8)
        for start in starts:
            masks[name][:, start : start + 5] = 1
    return replace(found, box=TrainingBox(found.box.raw, masks), clefts=None)


def test_without_synapses_a_slab_is_held_out_that_has_all_classes():
    few, most = marked([10, 90], [20, 85]), marked([10, 40, 50, 60, 90], [20, 85])
    held = hold_out_voxels([few, most], 0.2)
    assert [found.grid.shape[1] for found in held.train] == [100, 80]
    (out,) = held.validation
    assert out.grid.offset_nm == (0, 640, 0)
    assert int((out.box.masks["mito"] > 0).sum()) == 4 * 5 * 20
    assert out.clefts is None
    assert held.said == (
        "held out for validation: voxels 80 to 100 along y of the box, judged by the voxels of "
        "membrane and mito"
    )


def test_without_synapses_no_class_is_only_learnt_or_only_judged():
    for lacking in (marked([10, 40], [20, 85]), marked([90], [20, 85]), marked([])):
        held = hold_out_voxels([lacking], 0.2)
        assert held.validation == ()
        assert held.train == (lacking,)
        assert held.said.startswith("nothing is held out")
