"""The channels of a prediction, read by the roles of their classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Triple
from napari_synapse_debug.domain.roles import ClassSpec, Role

FULL = 255
"""The stored value of probability 1."""


def check_probability(
    probability: NDArray[Any], shape: Triple, classes: Sequence[ClassSpec]
) -> None:
    """Nothing, if ``probability`` is uint8 of one channel a class over ``shape``.

    Raises
    ------
    InputError
        Another type, number of channels or shape.
    """
    expected = (len(classes), *shape)
    if probability.shape != expected or probability.dtype != np.uint8:
        raise InputError(
            "The probabilities do not fit",
            found=f"shape {probability.shape} of {probability.dtype}",
            expected=f"shape {expected} (classes, z, y, x) of uint8, 255 for probability 1",
            fix="give the prediction of this volume, with one class for each of its channels",
        )


def synapse_classes(classes: Sequence[ClassSpec]) -> list[int]:
    """Channels of the classes that mark synapses.

    Raises
    ------
    InputError
        There is none.
    """
    channels = [k for k, spec in enumerate(classes) if spec.role.is_synapse]
    if not channels:
        raise InputError(
            "No class marks synapses",
            found=", ".join(f"{spec.name}:{spec.role}" for spec in classes) or "no class",
            expected="at least one class of role spine_head, shaft, soma or synapse",
            fix="give the role of the class of the clefts, for example clefts:synapse",
        )
    return channels


def synapse_probability(
    probability: NDArray[np.uint8], classes: Sequence[ClassSpec]
) -> NDArray[np.uint8]:
    """The largest probability of the synapse classes at each voxel: (z, y, x) uint8."""
    return _strongest(probability, synapse_classes(classes))


def role_probability(
    probability: NDArray[np.uint8], classes: Sequence[ClassSpec], role: Role
) -> NDArray[np.uint8] | None:
    """The largest probability of the classes of ``role``, (z, y, x) uint8; None without one."""
    channels = [k for k, spec in enumerate(classes) if spec.role is role]
    return _strongest(probability, channels) if channels else None


def least_value(threshold: float) -> int:
    """The least stored value v with ``v / 255 >= threshold``; at least 1, for 0 is no signal.

    Raises
    ------
    InputError
        The threshold lies outside [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise InputError(
            "The threshold cannot be used",
            found=str(threshold),
            expected="a probability from 0 to 1",
            fix="give for example 0.5",
        )
    values = np.arange(1, FULL + 1)
    return int(values[np.argmax(values / FULL >= threshold)])


def _strongest(probability: NDArray[np.uint8], channels: list[int]) -> NDArray[np.uint8]:
    strongest: NDArray[np.uint8] = probability[channels[0]]
    for channel in channels[1:]:
        strongest = np.maximum(strongest, probability[channel])
    return strongest
