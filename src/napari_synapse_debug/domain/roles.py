"""What a trained class stands for, and the kinds that a synapse can have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from napari_synapse_debug.domain.errors import InputError


class Kind(StrEnum):
    """Kind of a synapse, by what its postsynaptic side is."""

    SPINE_HEAD = "spine_head"
    SHAFT = "shaft"
    SOMA = "soma"
    UNKNOWN = "unknown"


class Role(StrEnum):
    """What the voxels of a class are, which decides how the class is used."""

    SPINE_HEAD = "spine_head"
    SHAFT = "shaft"
    SOMA = "soma"
    SYNAPSE = "synapse"
    VESICLE = "vesicle"
    MITOCHONDRION = "mitochondrion"
    MEMBRANE = "membrane"
    OTHER = "other"

    @property
    def is_synapse(self) -> bool:
        """Whether the class marks synaptic clefts."""
        return self in _KINDS

    @property
    def kind(self) -> Kind:
        """Kind of the synapses that this class marks; ``unknown`` where it tells none."""
        return _KINDS.get(self, Kind.UNKNOWN)


_KINDS = {
    Role.SPINE_HEAD: Kind.SPINE_HEAD,
    Role.SHAFT: Kind.SHAFT,
    Role.SOMA: Kind.SOMA,
    Role.SYNAPSE: Kind.UNKNOWN,
}


@dataclass(frozen=True)
class ClassSpec:
    """A class of the classifier: its name (a channel of the prediction) and its role."""

    name: str
    role: Role


def parse_class(text: str) -> ClassSpec:
    """Read ``CLASS[:ROLE]``; without a role the name itself must be one.

    Raises
    ------
    InputError
        The role is none of the known ones.
    """
    name, _, role = text.partition(":")
    try:
        return ClassSpec(name, Role(role or name))
    except ValueError:
        raise InputError(
            f"The role of class {name!r} is not known",
            found=repr(role or name),
            expected="one of " + ", ".join(Role),
            fix=f"write {name}:synapse=FILE:DATASET if the kind of its synapses is not known",
        ) from None
