"""The listed errors as a Qt table model; sorting and filtering happen in the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from qtpy.QtGui import QColor

from napari_synapse_debug.ui.candidate_sizes import SIZE
from napari_synapse_debug.ui.palette import ERROR_GLYPH, stage_hue, text_on
from napari_synapse_debug.ui.review_bar import SHORT
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.words import in_words

_DESCENDING = Qt.SortOrder.DescendingOrder
_NM3_IN_UM3 = 1e9
_SHORT: dict[str, str] = {str(verdict): text.rstrip(".") for verdict, text in SHORT.items()}


@dataclass(frozen=True)
class Column:
    """A column of the list: its head, its key in the findings, its text, its tooltip."""

    head: str
    key: str
    text: Callable[[Session, int], str]
    help: str
    is_number: bool = False


def _value(session: Session, row: int, key: str) -> Any:
    return session.table.column(key)[row]


def _words(key: str) -> Callable[[Session, int], str]:
    return lambda session, row: in_words(str(_value(session, row, key)))


def _error(session: Session, row: int) -> str:
    error = str(_value(session, row, "error"))
    return f"{ERROR_GLYPH.get(error, '')} {error}".strip()


def _score(session: Session, row: int) -> str:
    score = _value(session, row, "score")
    return "" if pd.isna(score) else f"{score:.2f}"


def _size(session: Session, row: int) -> str:
    size = _value(session, row, SIZE)
    return "" if pd.isna(size) else f"{size / _NM3_IN_UM3:.5f}"


def _confirmed(session: Session, row: int) -> str:
    confirmed = _value(session, row, "confirmed")
    return "" if pd.isna(confirmed) else ("✓" if confirmed else "✗")


def _seen(session: Session, row: int) -> str:
    return "●" if session.marks.seen[row] else ""


def _verdict(session: Session, row: int) -> str:
    verdict = str(session.marks.verdict[row])
    return _SHORT.get(verdict, verdict)


def _plain(key: str) -> Callable[[Session, int], str]:
    return lambda session, row: str(_value(session, row, key))


def _partners(session: Session, row: int) -> str:
    pre, post = _value(session, row, "pre_segment"), _value(session, row, "post_segment")
    return f"{int(pre)} → {int(post)}"


def _place(session: Session, row: int) -> str:
    place = session.table.cleft_nm[row]
    return "" if not np.isfinite(place).all() else ", ".join(f"{v:.0f}" for v in place)


COLUMNS = (
    Column("#", "finding", _words("finding"), "Number of the error", is_number=True),
    Column(
        "error",
        "error",
        _error,
        "missed: a truth without a prediction; false: a prediction without a truth; "
        "mistyped: a match of another kind",
    ),
    Column("stage", "stage", _words("stage"), "The first stage that lost it"),
    Column("cause", "cause", _words("cause"), "The rule that fired in that stage"),
    Column("kind", "kind", _words("kind"), "What the postsynaptic side is"),
    Column("score", "score", _score, "Score of the prediction, 0 to 1", is_number=True),
    Column("size [µm³]", SIZE, _size, "Volume of its candidate; empty: none", is_number=True),
    Column(
        "✓",
        "confirmed",
        _confirmed,
        "✓ gone when the stage is replaced by its oracle; ✗ not gone; empty: not tested",
    ),
    Column("verdict", "verdict", _verdict, "What people hold it for: keys 1 to 5"),
    Column("change", "change", _words("change"), "What became of it since the run compared with"),
    Column("seen", "seen", _seen, "● you have looked at it"),
    Column("comment", "comment", _plain("comment"), "What was written on it (C)"),
    Column("partners", "pre_segment", _partners, "Segment ids, pre → post"),
    Column("z, y, x [nm]", "cleft_z_nm", _place, "Position of the cleft"),
)


class ErrorModel(QAbstractTableModel):
    """The errors that the session lists, one row each."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        session.listing_changed.connect(self._relist)
        session.finding_selected.connect(self._repaint_seen)
        session.marks_changed.connect(self._repaint)

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Number of listed errors."""
        return 0 if parent is not None and parent.isValid() else len(self._session.listed)

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Number of columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What Qt shows at ``index``."""
        if not index.isValid():
            return None
        row, column = int(self._session.listed[index.row()]), COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(self._session, row)
        if role == Qt.ItemDataRole.ToolTipRole and column.key == "verdict":
            return self._session.marks.telling(row)
        if role == Qt.ItemDataRole.ToolTipRole and column.key == "comment":
            return str(self._session.marks.comment[row])
        if role == Qt.ItemDataRole.ToolTipRole:
            cause = in_words(str(_value(self._session, row, "cause")))
            return f"{cause}: {_value(self._session, row, 'summary')}"
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if column.key == "stage":
            return _stage_colour(str(_value(self._session, row, "stage")), role)
        return None

    def headerData(  # noqa: N802
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Heads of the columns, with what they mean as tooltip."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].head
        return COLUMNS[section].help if role == Qt.ItemDataRole.ToolTipRole else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Ask the session for another order; a ``column`` below 0 leaves it."""
        if column >= 0:
            self._session.sort(COLUMNS[column].key, ascending=order != _DESCENDING)

    @property
    def order(self) -> tuple[int, Qt.SortOrder]:
        """The column that the session sorts by, -1 for one that is not shown, and which way."""
        keys = [column.key for column in COLUMNS]
        by = self._session.sort_by
        way = Qt.SortOrder.AscendingOrder if self._session.ascending else _DESCENDING
        return (keys.index(by) if by in keys else -1), way

    def text_of_row(self, row: int) -> str:
        """The texts of list row ``row``, with tabs between them."""
        texts = (self.data(self.index(row, column)) for column in range(len(COLUMNS)))
        return "\t".join(map(str, texts))

    def finding_at(self, row: int) -> int:
        """Id of the error in list row ``row``."""
        return int(self._session.table.ids(self._session.listed[row : row + 1])[0])

    def row_of(self, finding: int | None) -> int | None:
        """List row of ``finding``; None where it is not listed."""
        if finding is None:
            return None
        found = np.flatnonzero(self._session.listed == self._session.table.position(finding))
        return int(found[0]) if len(found) else None

    def _relist(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _repaint(self) -> None:
        if self.rowCount():
            last = self.index(self.rowCount() - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def _repaint_seen(self, finding: int | None) -> None:
        row = self.row_of(finding)
        if row is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))


def _stage_colour(stage: str, role: int) -> QColor | None:
    hue = stage_hue(stage)
    if role == Qt.ItemDataRole.BackgroundRole:
        return QColor(hue)
    return QColor(text_on(hue)) if role == Qt.ItemDataRole.ForegroundRole else None
