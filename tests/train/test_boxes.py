import dataclasses

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.train import TrainingBox, check_boxes


def test_annotated_boxes_pass_also_when_a_class_is_in_one_of_them_only(balls, tiny_plan):
    without = TrainingBox(balls.raw, {"mito": None})
    check_boxes([without, balls], tiny_plan.classes)


def test_no_box_is_refused(tiny_plan):
    with pytest.raises(InputError, match="nothing to train on"):
        check_boxes([], tiny_plan.classes)


@pytest.mark.parametrize("shape", [(0, 4, 5), (4, 5)])
def test_an_empty_or_flat_box_is_refused(shape, tiny_plan):
    with pytest.raises(InputError, match="training box 1"):
        check_boxes([TrainingBox(np.zeros(shape, np.uint8), {})], tiny_plan.classes)


@pytest.mark.parametrize("value", [0, 1])
def test_a_class_that_is_nowhere_or_everywhere_is_named(value, balls, tiny_plan):
    masks = {**balls.masks, "mito": np.full(balls.raw.shape, value, np.uint8)}
    with pytest.raises(InputError, match=r"'mito'.* of 16128 voxels"):
        check_boxes([dataclasses.replace(balls, masks=masks)], tiny_plan.classes)


def test_a_class_without_any_mask_is_named(balls, tiny_plan):
    masks = {"cleft": None, "mito": balls.masks["mito"]}
    with pytest.raises(InputError, match=r"'cleft'.*no mask"):
        check_boxes([dataclasses.replace(balls, masks=masks)], tiny_plan.classes)


def test_a_mask_of_another_shape_is_refused_with_both_shapes(balls, tiny_plan):
    masks = {**balls.masks, "cleft": balls.masks["cleft"][:, :-1]}
    with pytest.raises(InputError, match=r"\(6, 47, 56\).*\(6, 48, 56\)"):
        check_boxes([dataclasses.replace(balls, masks=masks)], tiny_plan.classes)


def test_nan_in_raw_is_counted_and_placed(balls, tiny_plan):
    raw = balls.raw.astype(np.float32)
    raw[3, 4, 5] = np.nan
    with pytest.raises(InputError, match=r"box 2.*1 NaN.*\(3, 4, 5\)"):
        check_boxes([balls, dataclasses.replace(balls, raw=raw)], tiny_plan.classes)
