"""What the symbols and colours of the canvas mean."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QWidget

from napari_synapse_debug.domain.stages import Stage
from napari_synapse_debug.ui.palette import POST, PRE, PREDICTION_PATH, TRUTH_PATH, stage_hue

_CONTACT = f"<span style='color:{stage_hue(Stage.CONTACT)}'>◆</span>"
_TEXT = (
    f"<span style='color:{PRE}'>■</span> pre &nbsp; "
    f"<span style='color:{POST}'>■</span> post &nbsp; "
    "<span style='color:#FFFFFF; background-color:#555555'>&nbsp;■&nbsp;</span> cleft &nbsp; "
    "●&nbsp;truth &nbsp; ◎&nbsp;missed &nbsp; ✖&nbsp;found &nbsp; ◯&nbsp;selected<br>"
    f"◆&nbsp;corrected truth &nbsp; {_CONTACT}&nbsp;contact &nbsp; borders and lines: "
    f"<span style='color:{TRUTH_PATH}; background-color:#555555'>&nbsp;━&nbsp;</span> truth &nbsp; "
    f"<span style='color:{PREDICTION_PATH}; background-color:#555555'>&nbsp;━&nbsp;</span> found"
)


class Legend(QLabel):
    """A few lines that can be hidden by its button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_TEXT, parent)
        self.setWordWrap(True)
        self.setToolTip("Points show up to two sections before and behind the current one, smaller")
