import dataclasses

import numpy as np
import pytest
import torch

from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.train import TrainingBox
from napari_synapse_debug.train.sampling import PatchSampler


def sampler(boxes, plan, **params):
    return PatchSampler(boxes, plan, TrainParams(**{"batch_size": 4, **params}))


def test_a_step_always_gives_the_same_patches_and_another_seed_others(balls, tiny_plan):
    one, again, other = (sampler([balls], tiny_plan, seed=seed).draw(7).raw for seed in (3, 3, 4))
    torch.testing.assert_close(one, again, rtol=0, atol=0)
    assert not torch.allclose(one, other)


def test_shapes_and_ranges(balls, tiny_plan):
    batch = sampler([balls], tiny_plan).draw(0)
    assert batch.raw.shape == (4, 1, 4, 32, 32)
    assert batch.target.shape == batch.weight.shape == (4, 2, 4, 32, 32)
    assert 0 <= batch.target.min() <= batch.target.max() <= 1
    assert batch.raw.dtype == batch.target.dtype == batch.weight.dtype == torch.float32


def test_raw_and_truth_stay_together(balls, tiny_plan):
    plain = sampler([balls], tiny_plan, augment=False)
    batch = plain.draw(0)
    inside = batch.raw[:, 0][batch.target[:, 0] == 1]
    outside = batch.raw[:, 0][batch.target.sum(dim=1) == 0]
    assert len(inside) > 100
    assert inside.mean() - outside.mean() == pytest.approx(80 / 40, abs=0.2)


def test_foreground_patches_hold_the_rare_class(tiny_plan):
    mask = np.zeros((6, 200, 200), np.uint8)
    mask[2, 150, 40:44] = 1
    box = TrainingBox(np.zeros(mask.shape, np.uint8), {"cleft": mask, "mito": mask})

    def share(fraction):
        drawn = sampler(
            [box], tiny_plan, foreground_fraction=fraction, augment=False, batch_size=40
        )
        return (drawn.draw(0).target.amax(dim=(1, 2, 3, 4)) > 0).float().mean()

    assert share(0.0) < 0.2
    assert share(1.0) == 1


def test_a_class_of_one_voxel_in_a_bin_of_three_is_sampled(tiny_plan):
    plan = tiny_plan.model_copy(update={"binning": (1, 3, 3), "patch_vx": (4, 16, 16)})
    line, block = np.zeros((6, 300, 300), np.uint8), np.zeros((6, 300, 300), np.uint8)
    line[2, 240:270, 40] = 1  # ten bins, a third of each
    block[2, 240:270, 40:60] = 1  # of bins 13 to 19; two of the three columns of bin 13
    box = TrainingBox(np.zeros(line.shape, np.uint8), {"cleft": line, "mito": block})
    drawn = sampler([box], plan, foreground_fraction=1.0, augment=False, batch_size=40)
    cleft, mito = drawn._places
    assert drawn.thin_classes == ("cleft",)
    assert cleft.tolist() == [[0, 2, y, 13] for y in range(80, 90)]
    assert len(mito) == 10 * 7
    target = drawn.draw(0).target
    assert (target[:, 0].amax(dim=(1, 2, 3)) > 0).float().mean() > 0.5


def test_a_class_with_enough_bins_of_at_least_half_has_its_places_in_these(tiny_plan):
    plan = tiny_plan.model_copy(update={"binning": (1, 3, 3), "patch_vx": (4, 16, 16)})
    mask = np.zeros((6, 300, 300), np.uint8)
    mask[2, 240:270, 38:43] = 1  # bin 12: a third, bin 13: all, bin 14: a third
    box = TrainingBox(np.zeros(mask.shape, np.uint8), {"cleft": mask, "mito": mask})
    drawn = sampler([box], plan)
    assert drawn.thin_classes == ()
    assert drawn._places[0].tolist() == [[0, 2, y, 13] for y in range(80, 90)]


def test_a_class_without_a_mask_is_ignored_in_that_box_only(balls, tiny_plan):
    unknown = dataclasses.replace(balls, masks={"cleft": balls.masks["cleft"], "mito": None})
    everywhere = sampler([balls], tiny_plan, augment=False).draw(0)
    partly = sampler([unknown, balls], tiny_plan, augment=False, batch_size=16).draw(0)
    assert (everywhere.weight == 1).all()
    assert (partly.weight[:, 0] == 1).all()
    known = partly.weight[:, 1].amax(dim=(1, 2, 3))
    assert {0.0, 1.0} == set(known.tolist())


def test_a_box_smaller_than_the_patch_is_padded_and_the_padding_ignored(balls, tiny_plan):
    small = TrainingBox(
        balls.raw[:2, :20, :18], {name: mask[:2, :20, :18] for name, mask in balls.masks.items()}
    )
    batch = sampler([small], tiny_plan, augment=False).draw(0)
    assert batch.raw.shape == (4, 1, 4, 32, 32)
    assert batch.weight[0, 0].sum() == 2 * 20 * 18
    assert torch.isfinite(batch.raw).all()


def test_boxes_are_drawn_by_their_annotated_voxels(tiny_plan):
    """A dark box of one part, a bright one of three, and one of which nothing is known."""
    shapes_and_greys = [((4, 32, 40), 0), ((4, 32, 120), 250)]
    boxes = [
        TrainingBox(np.full(shape, grey, np.uint8), dict.fromkeys(("cleft", "mito"), None))
        for shape, grey in shapes_and_greys
    ]
    known = [
        dataclasses.replace(box, masks={"cleft": np.zeros(box.raw.shape, np.uint8)})
        for box in boxes
    ]
    drawn = sampler([*known, boxes[0]], tiny_plan, augment=False, batch_size=200).draw(0)
    bright = (drawn.raw.mean(dim=(1, 2, 3, 4)) > 0).float().mean()
    assert bright == pytest.approx(0.75, abs=0.1)
    assert (drawn.weight[:, 0] == 1).all(), "never from the box without a mask"
    assert (drawn.weight[:, 1] == 0).all()


def test_each_process_draws_other_patches_of_the_same_step(balls, tiny_plan):
    params = TrainParams(batch_size=2)
    both = PatchSampler([balls], tiny_plan, TrainParams(batch_size=4)).draw(3).raw
    parts = [PatchSampler([balls], tiny_plan, params, rank).draw(3).raw for rank in (0, 1)]
    torch.testing.assert_close(torch.cat(parts), both, rtol=0, atol=0)
    assert not torch.allclose(*parts)


def test_patches_are_drawn_around_hard_places_by_their_weights(tiny_plan):
    raw = np.zeros((6, 200, 200), np.uint8)
    raw[3, 30, 30], raw[3, 170, 170] = 255, 100
    mask = np.zeros(raw.shape, np.uint8)
    mask[2, 100, 100] = 1
    places = np.array([(3, 30, 30, 3.0), (3, 170, 170, 1.0)])
    box = TrainingBox(raw, {"cleft": mask, "mito": mask}, hard_places=places)

    def shares(fraction):
        drawn = sampler([box], tiny_plan, hard_fraction=fraction, augment=False, batch_size=80)
        brightest = drawn.draw(0).raw.amax(dim=(1, 2, 3, 4))
        lit = brightest > drawn.draw(0).raw.min()
        return float(lit.float().mean()), float((brightest == brightest.max()).float().mean())

    some, _ = shares(0.0)
    every, first = shares(1.0)
    assert some < 0.3
    assert every == 1
    assert first == pytest.approx(0.75, abs=0.15)
