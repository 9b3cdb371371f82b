"""The partner model on disk: JSON, so that reading one from elsewhere can run no code."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.partner_model import PartnerModel
from napari_synapse_debug.io.atomic import read_json, write_json

MOST_BYTES = 64 * 2**20


def save_partner_model(path: Path, model: PartnerModel) -> None:
    """Write ``model`` to the JSON file ``path``, whole or not at all.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    write_json(path, model.model_dump(mode="json"))


def load_partner_model(path: Path) -> PartnerModel:
    """The partner model at ``path``, with every number checked.

    Raises
    ------
    InputError
        There is no such file.
    DataError
        It is no partner model, is damaged, or is larger than any that can be made.
    """
    if not path.is_file():
        raise InputError(
            f"There is no partner model {path}",
            fix="run the step synapses with truth in the training boxes, or correct the path",
        )
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise _refused(path, f"{size} bytes", f"at most {MOST_BYTES} bytes")
    try:
        return PartnerModel.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise _refused(path, f"{place}: {first['msg']}", "a file written by this program") from (
            error
        )
    except (RecursionError, UnicodeDecodeError) as error:
        raise _refused(path, str(error), "JSON text") from error


def _refused(path: Path, found: str, expected: str) -> DataError:
    return DataError(
        f"The partner model {path} cannot be used",
        found=found,
        expected=expected,
        fix="remove the file and run the step synapses again",
    )
