"""The way of one error through the stages: what each had, what lost it, what would mend it."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget
from superqt import QFlowLayout

from napari_synapse_debug.domain.stages import Outcome, Stage
from napari_synapse_debug.ui.palette import OUTCOME_GLYPH, POST, PRE, stage_hue, text_on
from napari_synapse_debug.ui.words import in_words

_PROOF = {
    True: "confirmed: with this stage mended the error is gone",
    False: "not confirmed: it stays with this stage mended",
}
_NO_ERROR = "Select an error in the list to see which stage lost it."


class TraceView(QScrollArea):
    """The trace of one finding; emits ``oracle_requested``."""

    oracle_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(2, 2, 2, 2)
        column.setSpacing(3)
        self.head = _text()
        chips = QWidget()
        row = QFlowLayout(chips)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        self.chips = {stage: QLabel() for stage in Stage}
        for chip in self.chips.values():
            row.addWidget(chip)
        self.summary, self.fix, self.evidence = _text(), _text(), QWidget()
        self.lines = QGridLayout(self.evidence)
        self.lines.setContentsMargins(0, 2, 0, 0)
        self.lines.setVerticalSpacing(0)
        self.lines.setColumnStretch(1, 1)
        self.evidence_lines = {stage: _text() for stage in Stage}
        for i, (stage, line) in enumerate(self.evidence_lines.items()):
            name = QLabel(in_words(stage))
            line.setTextFormat(Qt.TextFormat.PlainText)
            self.lines.addWidget(name, i, 0, Qt.AlignmentFlag.AlignTop)
            self.lines.addWidget(line, i, 1)
        self.oracle = QPushButton("Show what it should have given")
        self.oracle.setToolTip("Show or hide the oracle of this stage: the true layer")
        self.oracle.clicked.connect(self.oracle_requested)
        self.parts = (chips, self.evidence)
        for part in (self.head, chips, self.summary, self.fix, self.oracle, self.evidence):
            column.addWidget(part)
        column.addStretch(1)
        self.setWidget(body)
        self.show_finding(None)

    def show_finding(self, row: pd.Series[Any] | None, *, has_oracle: bool = False) -> None:
        """Show the trace of ``row`` (``domain.records.FINDINGS``); None: what to do first.

        ``has_oracle``: there is a layer with what its stage should have given.
        """
        self.oracle.setVisible(has_oracle)
        for part in (*self.parts, self.summary, self.fix):
            part.setVisible(row is not None)
        if row is None:
            self.head.setText(_NO_ERROR)
            return
        self.head.setText(head_text(row))
        for stage, chip in self.chips.items():
            outcome = str(row[f"{stage}_outcome"])
            chip.setText(f"{stage.replace('_', ' ')} {OUTCOME_GLYPH.get(outcome, '–')}")
            style = _chip_style(stage, outcome, is_culprit=stage == row["stage"])
            if chip.styleSheet() != style:  # Qt takes long to read one
                chip.setStyleSheet(style)
            chip.setToolTip(str(row[f"{stage}_evidence"]))
            self.evidence_lines[stage].setText(_evidence(row, stage))
        self.summary.setText(f"<b>{escape(str(row['summary']))}</b>")
        self.fix.setText(fix_text(row))
        self.verticalScrollBar().setValue(0)


def head_text(row: pd.Series[Any]) -> str:
    """One line of HTML: which error it is, of which kind, between whom."""
    kind = "" if row["kind"] in ("", "unknown") else f" {str(row['kind']).replace('_', ' ')}"
    partners = (
        f"<span style='color:{PRE}'>■</span> pre {int(row['pre_segment'])} → "
        f"<span style='color:{POST}'>■</span> post {int(row['post_segment'])}"
    )
    score = "" if pd.isna(row["score"]) else f" · score {row['score']:.2f}"
    return (
        f"#{row['finding']} {escape(str(row['error']))}{escape(kind)} synapse · {partners}{score}"
    )


def fix_text(row: pd.Series[Any]) -> str:
    """One line of HTML: what would mend the error, and whether that was proven."""
    confirmed = row["confirmed"]
    proof = "not tested" if pd.isna(confirmed) else _PROOF[bool(confirmed)]
    fix = str(row["fix"]).strip()
    return f"Fixed by: {escape(fix or 'no rule explains it')} <i>({proof})</i>"


def _evidence(row: pd.Series[Any], stage: Stage) -> str:
    glyph = OUTCOME_GLYPH.get(str(row[f"{stage}_outcome"]), "–")
    return f"{glyph} {row[f'{stage}_evidence']}"


def _chip_style(stage: str, outcome: str, *, is_culprit: bool) -> str:
    hue = stage_hue(stage)
    fill = f"background-color: {hue}; color: {text_on(hue)}; font-weight: bold;"
    edge = "dashed" if outcome == Outcome.UNTESTED else "solid"
    return (
        f"QLabel {{ border: 1px {edge} {hue}; border-radius: 4px; padding: 1px 4px;"
        f" {fill if is_culprit else ''} }}"
    )


def _text() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
