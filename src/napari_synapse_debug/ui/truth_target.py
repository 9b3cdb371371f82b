"""Which row of the corrected truth is edited: one that was chosen, else that of the error."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import ENDS, TRUTH, empty, points
from napari_synapse_debug.ui.session import Session

_HOW = {
    "added": "added by hand",
    "accepted": "accepted as true",
    "moved": "moved by hand",
    "kind": "of another kind than it was",
    "swapped": "with pre and post changed over",
}


class TruthTarget:
    """The row that is edited, with the corrected truth in which it stands.

    Emits ``changed(rows)``: the row as ``records.TRUTH`` with ``correction``; none where there is
    none. It is told whenever a row is chosen, an error selected or the truth corrected.
    """

    changed = Signal(object)

    def __init__(self, session: Session) -> None:
        self._session = session
        self._chosen: int | None = None
        self._truth: pd.DataFrame | None = None
        session.finding_selected.connect(self._leave)

    @property
    def truth(self) -> pd.DataFrame | None:
        """The corrected truth; the one of the results where nothing was corrected yet."""
        results = self._session.results
        return self._truth if results is None or self._truth is not None else results.truth

    @property
    def text(self) -> str:
        """What was chosen, and what was done to it; empty for the selected error's row."""
        rows = self.rows()
        if self._chosen is None or rows.empty:
            return ""
        how = _HOW.get(str(rows["correction"].iloc[0]), "")
        return f"Row {self._chosen}" + (f", {how}" if how else "")

    def set_truth(self, truth: pd.DataFrame | None) -> None:
        """Take the corrected truth; a chosen row that it lacks is chosen no more."""
        self._truth = truth
        if truth is not None and self._chosen is not None and self._chosen not in set(truth["row"]):
            self._chosen = None
        self.tell()

    def choose(self, row: int) -> None:
        """Edit ``row`` until an error is selected.

        Raises
        ------
        InputError
            The corrected truth has no such row.
        """
        self._find(row)
        self._chosen = row
        self.tell()

    def tell(self) -> None:
        """Emit ``changed`` with the row as it is now."""
        self.changed.emit(self.rows())

    def rows(self) -> pd.DataFrame:
        """The row as ``records.TRUTH`` with ``correction``; none where there is none."""
        try:
            return self.row()
        except InputError:
            return empty(TRUTH).assign(correction="")

    def row(self) -> pd.DataFrame:
        """The row as ``records.TRUTH`` with ``correction``.

        Raises
        ------
        InputError
            There is none, and why.
        """
        return self._find(self.number())

    def number(self) -> int:
        """The number of the row, by which edits name it.

        Raises
        ------
        InputError
            Nothing is chosen, and the selected error has no true synapse.
        """
        if self._chosen is not None:
            return self._chosen
        finding = self._session.selected_row()
        if finding is None:
            raise InputError("Select an error of the list first, or click a synapse of the truth")
        if pd.isna(finding["truth_row"]):
            raise InputError(
                "This error has no true synapse",
                found=f"a {finding['error']} one",
                fix="accept it as true with A, or add a synapse by three clicks",
            )
        return int(finding["truth_row"])

    def points_nm(self) -> NDArray[np.float64]:
        """Pre, cleft and post of the row: (3, 3), nm."""
        row = self.row()
        return np.concatenate([points(row, end) for end in ENDS])

    def _find(self, row: int) -> pd.DataFrame:
        table = self.truth
        found = None if table is None else table[table["row"] == row]
        if found is None or found.empty:
            raise InputError(f"Row {row} is not in the corrected truth; it was deleted")
        known = found if "correction" in found else found.assign(correction="")
        return known[[*TRUTH, "correction"]]

    def _leave(self, _: int | None) -> None:
        """Edit the row of the error that was selected."""
        self._chosen = None
        self.tell()
