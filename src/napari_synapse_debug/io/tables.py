"""Tables on disk: Parquet, which keeps every dtype, or CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.records import Columns, conform
from napari_synapse_debug.io.atomic import replace_file


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write ``frame``, without its index, to a ``.parquet`` or ``.csv`` file, whole or not at all.

    Raises
    ------
    InputError
        The path has another ending.
    StorageError
        The disk is full or the folder may not be written.
    """
    ending = _ending(path)
    with replace_file(path) as beside:
        if ending == ".parquet":
            frame.to_parquet(beside, index=False)
        else:
            frame.to_csv(beside, index=False, lineterminator="\n")


def read_table(path: Path, columns: Columns | None = None) -> pd.DataFrame:
    """The table at ``path``, with the dtypes of ``columns`` and these columns first.

    Parameters
    ----------
    path : Path
        A ``.parquet`` or ``.csv`` file.
    columns : mapping, optional
        One of ``domain.records``; other columns are kept after them.

    Raises
    ------
    InputError
        There is no such file, or it lacks columns.
    DataError
        The file is damaged.
    """
    ending = _ending(path)
    if not path.is_file():
        raise InputError(
            f"There is no table {path}",
            found="a folder" if path.is_dir() else "nothing at this path",
            expected="a .parquet or .csv file",
            fix="correct the path; a table of a run is there when its step has been run",
        )
    try:
        frame = pd.read_parquet(path) if ending == ".parquet" else _read_csv(path, columns or {})
    except pd.errors.EmptyDataError:
        frame = pd.DataFrame()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"The table {path} cannot be read",
            found=str(error),
            fix="write it again; it is damaged or of another format",
        ) from error
    return frame if columns is None else conform(frame, columns, path.name)


def _read_csv(path: Path, columns: Columns) -> pd.DataFrame:
    """The cells with ids kept exact (not by way of floats) and empty texts kept as such."""
    ids = {name: dtype for name, dtype in columns.items() if dtype.lower().endswith("int64")}
    frame = pd.read_csv(path, dtype=ids)
    texts = [name for name, dtype in columns.items() if dtype == "str" and name in frame]
    return frame.assign(**{name: frame[name].astype("str").fillna("") for name in texts})


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in (".parquet", ".csv"):
        raise InputError(
            f"The format of the table {path} is not known",
            found=f"the ending {ending!r}",
            expected=".parquet or .csv",
        )
    return ending
