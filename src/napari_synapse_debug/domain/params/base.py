"""What the parameter models of all steps are made of.

Every field has a title, a description (one line of help), bounds, and where it has one a unit
(``json_schema_extra={"unit": ...}``); ``advanced`` fields are folded away in forms.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.manual import manual_page


class Params(BaseModel):
    """Base of all parameter models: frozen, and refusing names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def build(cls, **values: Any) -> Self:
        """These parameters, checked.

        Raises
        ------
        InputError
            A name that does not exist, or a value outside its bounds.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise InputError(
                f"Parameter {name!r} of {cls.__name__} cannot be used",
                found=repr(first.get("input")),
                expected=first["msg"],
                fix=f"see the parameters and their bounds: {manual_page('parameters')}",
            ) from error


def field(
    default: Any, title: str, help_: str, *, unit: str = "", advanced: bool = False, **bounds: Any
) -> Any:
    """A parameter with title, one line of help and unit; ``bounds`` as in pydantic's Field."""
    extra: dict[str, JsonValue] = {"unit": unit, "advanced": advanced}
    return Field(default, title=title, description=help_, json_schema_extra=extra, **bounds)


def at_least_one(value: tuple[int, int, int] | None) -> tuple[int, int, int] | None:
    """Voxels along z, y, x, none of which is below one; for pydantic's ``field_validator``."""
    if value is not None and min(value) < 1:
        raise ValueError("at least one voxel along each axis")
    return value


Device = Literal["auto", "cpu", "cuda", "mps"]
