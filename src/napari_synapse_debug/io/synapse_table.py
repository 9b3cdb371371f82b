"""3-point synapses of the biologists, read from CSV or Parquet and checked line by line."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.records import (
    ENDS,
    TRUTH,
    conform,
    empty,
    point_columns,
    points,
    with_points,
)
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.io.cells import (
    EMPTY,
    parse_flag,
    parse_float,
    parse_id,
    parse_kind,
    parse_optional_float,
    parse_row,
)
from napari_synapse_debug.io.tables import read_table

_log = logging.getLogger(__name__)

_EXACT_DIGITS = 15
"""Whole numbers of so many digits are floats without a change."""

MIDPOINT = "cleft_is_midpoint"
"""Column that is true where no cleft was given and the midpoint of pre and post was taken."""

_PARTNERS = ("pre_segment", "post_segment")


def read_synapses(path: Path, *, may_be_empty: bool = False) -> pd.DataFrame:
    """The synapses in a CSV or Parquet file, as a table of ``records.TRUTH``.

    Needed are the points ``pre_z_nm … post_x_nm``. Filled where absent or empty: the cleft
    point by the midpoint of pre and post (and ``cleft_is_midpoint`` is true), ``row`` by the
    order in the file from 1, ``pre_segment`` and ``post_segment`` by 0 (not known), ``synapse``
    by nothing (so is 0), ``kind`` by ``unknown``, ``ignore`` by false. Other columns are kept.
    Rows that are the same throughout are kept and named in a logged warning. A file without
    rows gives an empty table where it ``may_be_empty``, as a prediction may.

    Raises
    ------
    InputError
        No such file, columns missing, no rows where there must be some, or cells that cannot
        be used; with line numbers.
    DataError
        The file is damaged.
    """
    cells, lines = _read_cells(path)
    if cells.empty and may_be_empty:
        return empty(TRUTH)
    if cells.empty:
        raise InputError(
            f"{path} has no synapses",
            found="no rows",
            expected="a header and a row for each synaptic partner pair",
        )
    _check_columns(path, cells)
    read = _Reader(path, cells, lines)
    table = read.points()
    rows = np.arange(1, len(cells) + 1, dtype=np.int64)
    if "row" in cells:
        rows = read.column("row", parse_row, "a whole number from 1", None).astype(np.int64)
        read.refuse(rows < 1, "row", "a whole number from 1")
    table["row"] = rows
    for name in _PARTNERS:
        table[name] = read.column(name, parse_id, "a whole number, 0 where not known", 0)
    table["synapse"] = pd.array(
        read.column("synapse", parse_row, "a whole number, 0 where not known", pd.NA),
        dtype="Int64",
    )
    table["synapse"] = table["synapse"].mask(table["synapse"] == 0)
    kinds = ", ".join(Kind)
    table["kind"] = read.column("kind", parse_kind, f"one of {kinds}", Kind.UNKNOWN.value)
    table["ignore"] = read.column("ignore", parse_flag, "true or false", False)
    if "score" in cells:
        score = read.column("score", parse_optional_float, "a number", np.nan)
        table["score"] = score.astype(float)
    for name in cells.columns.difference(table.columns, sort=False):
        table[name] = _as_typed(cells[name])
    read.refuse_repeated(rows)
    _tell_identical(path, cells, lines)
    return conform(pd.DataFrame(table), TRUTH, path.name)


class _Reader:
    """Columns of one file, with errors that name the lines."""

    def __init__(self, path: Path, cells: pd.DataFrame, lines: Sequence[str]) -> None:
        self._path = path
        self._cells = cells
        self._lines = np.asarray(lines, dtype=object)

    def column(
        self, name: str, parse: Callable[[Any], Any], expected: str, default: Any
    ) -> NDArray[Any]:
        """The parsed cells of ``name``; ``default`` for empty ones, where None refuses them."""
        if name not in self._cells:
            return np.full(len(self._cells), default, dtype=object)
        values = [parse(cell) for cell in self._cells[name].tolist()]
        parsed = np.empty(len(values), dtype=object)
        parsed[:] = [default if value is EMPTY else value for value in values]
        self.refuse(np.asarray([value is None for value in parsed]), name, expected)
        return parsed

    def points(self) -> pd.DataFrame:
        """The nine coordinates; a missing cleft is the midpoint of pre and post."""
        table = pd.DataFrame(index=pd.RangeIndex(len(self._cells)))
        for name in ("pre", "post"):
            for column in point_columns(name):
                values = self.column(column, parse_float, "a finite number in nm", None)
                table[column] = values.astype(np.float64)
        middle = (points(table, "pre") + points(table, "post")) / 2
        columns = point_columns("cleft")
        given = [
            self.column(c, parse_optional_float, "a finite number in nm", np.nan).astype(float)
            for c in columns
        ]
        cleft = np.stack(given, axis=1)
        is_empty = np.isnan(cleft)
        is_midpoint = is_empty.all(axis=1)
        self.refuse(
            is_empty.any(axis=1) & ~is_midpoint, ", ".join(columns), "all three or none of them"
        )
        table = with_points(table, "cleft", np.where(is_empty, middle, cleft))
        return table.assign(**{MIDPOINT: is_midpoint})

    def refuse(self, is_bad: NDArray[np.bool_], name: str, expected: str) -> None:
        """Raise if any row is bad, with the first lines and what is in them."""
        if not is_bad.any():
            return
        first = np.flatnonzero(is_bad)[:5]
        shown = self._cells[[c for c in name.split(", ") if c in self._cells]]
        found = "; ".join(
            f"{self._lines[i]}: {', '.join(repr(str(v)) for v in shown.iloc[i])}" for i in first
        )
        more = int(is_bad.sum()) - len(first)
        raise InputError(
            f"{self._path}: column {name} holds values that cannot be used",
            found=found + (f"; and {more} more" if more else ""),
            expected=expected,
            fix="correct these lines",
        )

    def refuse_repeated(self, rows: NDArray[np.int64]) -> None:
        """Raise if a row number occurs twice."""
        is_repeated = pd.Series(rows).duplicated(keep=False).to_numpy()
        self.refuse(is_repeated, "row", "a number that no other row has")


def _read_cells(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The cells as they are written, and the name of each row's place in the file."""
    if path.suffix.lower() != ".csv":
        frame = read_table(path).reset_index(drop=True)
        return frame, [f"row {i + 1}" for i in range(len(frame))]
    if not path.is_file():
        return read_table(path), []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            rows, lines = _rows(path, reader, header)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} cannot be read as CSV",
            found=str(error),
            expected="text in UTF-8, cells parted by commas",
            fix="save it again as CSV (UTF-8)",
        ) from error
    return pd.DataFrame(rows, columns=header, dtype="object"), lines


def _rows(path: Path, reader: Any, header: list[str]) -> tuple[list[list[str]], list[str]]:
    rows, lines = [], []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise InputError(
                f"{path}: line {reader.line_num} has another number of cells than the header",
                found=f"{len(row)} cells",
                expected=f"{len(header)}",
                fix="correct the line; cells are parted by commas",
            )
        rows.append(row)
        lines.append(f"line {reader.line_num}")
    return rows, lines


def _check_columns(path: Path, cells: pd.DataFrame) -> None:
    repeated = cells.columns[cells.columns.duplicated()]
    if len(repeated):
        raise InputError(f"{path} has a column twice", found=", ".join(map(str, repeated)))
    needed = [*point_columns("pre"), *point_columns("post")]
    cleft = [column for column in point_columns("cleft") if column in cells]
    if cleft:
        needed += point_columns("cleft")
    missing = [column for column in needed if column not in cells]
    if missing:
        raise InputError(
            f"{path} lacks columns",
            found=", ".join(map(str, cells.columns)),
            expected=", ".join(c for end in ENDS for c in point_columns(end)),
            fix=f"add {', '.join(missing)} (points in nm)",
        )


def _as_typed(cells: pd.Series) -> pd.Series:
    """Further columns: numbers where all cells are numbers, none of them changed; else text."""
    if cells.dtype != object:
        return cells
    text = cells.astype("str")
    written = text.str.strip()
    is_empty = written == ""
    if is_empty.all() or written.str.match(r"[+-]?0\d").any():  # 007 is a name
        return text
    try:
        numbers = pd.to_numeric(written.mask(is_empty), dtype_backend="numpy_nullable")
    except (ValueError, TypeError):
        return text
    if not pd.api.types.is_integer_dtype(numbers):
        is_whole = written.str.fullmatch(r"[+-]?\d+")
        is_rounded = bool((is_whole & (written.str.len() > _EXACT_DIGITS)).any())
        return text if is_rounded else numbers.astype(np.float64)
    return numbers if is_empty.any() else pd.to_numeric(written.astype(object))


def _tell_identical(path: Path, cells: pd.DataFrame, lines: list[str]) -> None:
    rest = cells.drop(columns="row", errors="ignore")
    is_repeated = rest.astype("str").duplicated(keep="first").to_numpy()
    if is_repeated.any():
        named = [lines[i] for i in np.flatnonzero(is_repeated)[:5]]
        _log.warning(
            "%s repeats %d earlier row(s) exactly, first at %s; all are kept",
            path,
            int(is_repeated.sum()),
            ", ".join(named),
        )
