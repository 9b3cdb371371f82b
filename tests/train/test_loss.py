import math

import pytest
import torch

from napari_synapse_debug.train.loss import masked_loss


def voxels(*values):
    """One patch, one class, voxels in a row."""
    return torch.tensor(values, dtype=torch.float32).reshape(1, 1, 1, 1, -1)


def test_cross_entropy_and_dice_by_hand():
    # probability 1/2 twice, one voxel true: entropy ln 2; Dice (2 * .5 + 1) / (1 + 1 + 1)
    loss = masked_loss(voxels(0, 0), voxels(1, 0), voxels(1, 1))
    assert loss.item() == pytest.approx(math.log(2) + 1 - 2 / 3)


def test_a_sure_and_right_answer_costs_nothing():
    assert masked_loss(voxels(30, -30), voxels(1, 0), voxels(1, 1)).item() < 1e-6


def test_ignored_voxels_change_nothing():
    known = masked_loss(voxels(2, -1), voxels(1, 0), voxels(1, 1))
    wrong = masked_loss(voxels(2, -1, 9), voxels(1, 0, 0), voxels(1, 1, 1))
    ignored = masked_loss(voxels(2, -1, 9), voxels(1, 0, 0), voxels(1, 1, 0))
    assert wrong > known + 1
    assert ignored.item() == pytest.approx(known.item())


def test_an_unknown_class_does_not_dilute_the_others():
    logits, target = torch.cat([voxels(2, -1)] * 2, 1), torch.cat([voxels(1, 0)] * 2, 1)
    weight = torch.cat([voxels(1, 1), voxels(0, 0)], 1)
    alone = masked_loss(voxels(2, -1), voxels(1, 0), voxels(1, 1))
    assert masked_loss(logits, target, weight).item() == pytest.approx(alone.item())


def test_nothing_known_costs_nothing():
    assert masked_loss(voxels(5), voxels(0), voxels(0)).item() == 0
