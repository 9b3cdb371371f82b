"""How a model was trained, to be looked at: its figures, and a held-out section of each class.

Nothing here needs torch, so that the window reads it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.io import load_project, read_table, replace_file
from napari_synapse_debug.io.model_files import RECORD_FILE

VALIDATION = "validation.npz"


@dataclass(frozen=True, eq=False)
class ValidationSection:
    """One section of a validation box: three (y, x) uint8 arrays of one shape.

    ``truth`` and ``prediction`` are 255 for 1; ``raw`` goes from 0 to 255 between the grey values
    that the network clips at.
    """

    raw: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]


def write_sections(folder: Path, sections: Mapping[str, ValidationSection]) -> None:
    """Write the sections to ``folder/validation.npz``, whole or not at all.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    arrays = {
        f"{what} {name}": getattr(section, what)
        for name, section in sections.items()
        for what in ("raw", "truth", "prediction")
    }
    with replace_file(folder / VALIDATION) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays)


def sections_in(folder: Path) -> dict[str, ValidationSection]:
    """The latest sections of a training, by class name; empty where none were written."""
    path = folder / VALIDATION
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as file:
        names = [key.removeprefix("raw ") for key in file.files if key.startswith("raw ")]
        return {
            name: ValidationSection(
                file[f"raw {name}"], file[f"truth {name}"], file[f"prediction {name}"]
            )
            for name in names
        }


def read_training_rows(folder: Path, run: str = "main") -> tuple[dict[str, float], ...]:
    """The figures of the model of ``run``, one mapping a report; empty where it was not trained.

    Raises
    ------
    ProjectError
        There is no project in ``folder``.
    DataError
        The file is damaged.
    """
    path = load_project(folder).model_folder(run) / RECORD_FILE
    if not path.exists():
        return ()
    rows = read_table(path).to_dict("records")
    return tuple({str(k): float(v) for k, v in row.items() if pd.notna(v)} for row in rows)


def read_sections(folder: Path, run: str = "main") -> dict[str, ValidationSection]:
    """The latest held-out section of each class of the model of ``run``.

    Raises
    ------
    ProjectError
        There is no project in ``folder``.
    """
    return sections_in(load_project(folder).model_folder(run))
