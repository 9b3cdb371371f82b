"""Voxels of which the truth is not known, in boxes where it is known elsewhere."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.train import check_boxes
from napari_synapse_debug.train.sampling import PatchSampler


def known_share(box, plan):
    params = TrainParams(batch_size=8, augment=False)
    return PatchSampler([box], plan, params).draw(0).weight.mean(dim=(0, 2, 3, 4)).tolist()


def test_ignored_voxels_have_no_weight_for_their_class_alone(balls, tiny_plan):
    assert known_share(balls, tiny_plan) == [1, 1]
    ignored = np.zeros(balls.raw.shape, np.bool_)
    ignored[:, :, 28:] = True
    half = dataclasses.replace(balls, ignored={"cleft": ignored})
    cleft, mito = known_share(half, tiny_plan)
    assert mito == 1
    assert 0.1 < cleft < 0.9


def test_ignored_voxels_of_another_shape_are_refused(balls, tiny_plan):
    check_boxes([balls], tiny_plan.classes)
    wrong = dataclasses.replace(balls, ignored={"cleft": np.zeros((6, 48, 55), np.bool_)})
    with pytest.raises(InputError, match=r"ignored voxels of class 'cleft'.*\(6, 48, 55\)"):
        check_boxes([wrong], tiny_plan.classes)
