"""The stages as a row of chips with their counts; a chip filters the list."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QWidget
from superqt import QFlowLayout

from napari_synapse_debug.ui.finding_table import STAGE_ORDER
from napari_synapse_debug.ui.palette import stage_hue, text_on


class StageChips(QWidget):
    """One chip a stage that lost anything; emits ``stage_toggled`` with its name."""

    stage_toggled = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QFlowLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self.chips: dict[str, QPushButton] = {}
        for stage in STAGE_ORDER:
            chip = QPushButton(self)
            chip.setCheckable(True)
            chip.setStyleSheet(_style(stage))
            chip.setToolTip(f"Show only errors of the stage {stage.replace('_', ' ')}")
            chip.clicked.connect(lambda _, name=stage: self.stage_toggled.emit(name))
            self.chips[stage] = chip

    def show_counts(self, counts: Mapping[str, int], chosen: frozenset[str]) -> None:
        """Show how many errors each stage has; stages of ``chosen`` are pressed."""
        for stage, chip in self.chips.items():
            chip.setText(f"{stage.replace('_', ' ')} {counts.get(stage, 0)}")
            chip.setChecked(stage in chosen)
            is_shown = counts.get(stage, 0) > 0 or stage in chosen
            chip.setVisible(is_shown)
            self._row.removeWidget(chip)  # a hidden widget would keep its gap
            if is_shown:
                self._row.addWidget(chip)


def _style(stage: str) -> str:
    hue = stage_hue(stage)
    return (
        f"QPushButton {{ border: 2px solid {hue}; border-radius: 10px; padding: 2px 8px; }}"
        f"QPushButton:hover {{ border-color: palette(text); }}"
        f"QPushButton:checked {{ background-color: {hue}; color: {text_on(hue)}; }}"
    )
