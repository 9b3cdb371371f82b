"""How wrong a prediction is where the truth is known."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def masked_loss(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Cross entropy plus Dice loss over the voxels that count: a scalar.

    The Dice part is taken for each class over the whole batch, so that a patch without the
    class is no special case. Where all weights are 0 the loss is 0.

    Parameters
    ----------
    logits, target, weight : Tensor
        (batch, class, z, y, x); target from 0 to 1, weight 0 where the truth is not known.
    """
    logits = logits.float()
    entropy = binary_cross_entropy_with_logits(logits, target, weight, reduction="sum")
    entropy = entropy / weight.sum().clamp(min=1)
    over_voxels = (0, 2, 3, 4)
    probability = logits.sigmoid() * weight
    shared = (probability * target).sum(over_voxels)
    sizes = probability.sum(over_voxels) + (target * weight).sum(over_voxels)
    is_known = (weight.sum(over_voxels) > 0).float()
    dice = (1 - (2 * shared + 1) / (sizes + 1)) * is_known
    return entropy + dice.sum() / is_known.sum().clamp(min=1)
