"""A training that starts from the weights of another model."""

from __future__ import annotations

from torch import Tensor

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import empty
from napari_synapse_debug.networks import RECORD, NetworkPlan, TrainedNetwork, TrainingState
from napari_synapse_debug.train.trainer import new_network

_HEAD = "output_block."


def start_from(model: TrainedNetwork, plan: NetworkPlan, seed: int) -> TrainingState:
    """The state, at step 0, of a training of ``plan`` with the weights of ``model``.

    Classes are matched by name; the outputs of those that ``model`` does not have are new.

    Parameters
    ----------
    model : TrainedNetwork
        Of any classes.
    plan : NetworkPlan
        What is to be trained.
    seed : int
        Of the new weights.

    Raises
    ------
    InputError
        The networks have other levels, or see voxels of another size.
    """
    _check_levels(model.plan, plan)
    plan.check_voxel_size(model.plan.voxel_size_nm)
    known = {spec.name: number for number, spec in enumerate(model.plan.classes)}
    pairs = [
        (number, known[spec.name]) for number, spec in enumerate(plan.classes) if spec.name in known
    ]
    weights = dict(new_network(plan, seed).state_dict())
    for name, old in model.weights.items():
        weights[name] = _new_head(weights[name], old, pairs) if _HEAD in name else old.clone()
    trained = TrainedNetwork(plan, weights, empty(RECORD))
    copies = {name: tensor.clone() for name, tensor in weights.items()}
    return TrainingState(trained, copies, {}, step=0, seconds=0.0)


def _new_head(fresh: Tensor, old: Tensor, pairs: list[tuple[int, int]]) -> Tensor:
    """``fresh`` with the outputs of known classes taken from ``old``."""
    head = fresh.clone()
    for new_number, old_number in pairs:
        head[new_number] = old[old_number]
    return head


def _check_levels(old: NetworkPlan, new: NetworkPlan) -> None:
    for name in ("filters", "kernels", "strides", "binning"):
        found, expected = getattr(old, name), getattr(new, name)
        if found != expected:
            raise InputError(
                "The model to start from is a network of another kind",
                found=f"{name} {found}",
                expected=f"{name} {expected}, as planned for this training",
                fix="set train.size and train.binning to those of that model, or start without it",
            )
