"""What the symbols and colours of the canvas mean."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QWidget

from napari_synapse_debug.ui.palette import POST, PRE

_TEXT = (
    f"<span style='color:{PRE}'>■</span> pre &nbsp; "
    f"<span style='color:{POST}'>■</span> post &nbsp; "
    "<span style='color:#FFFFFF; background-color:#555555'>&nbsp;■&nbsp;</span> cleft &nbsp; "
    "● truth &nbsp; ◎ missed &nbsp; ✖ found &nbsp; ◯ selected"
)


class Legend(QLabel):
    """One or two lines that can be hidden by its button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_TEXT, parent)
        self.setWordWrap(True)
        self.setToolTip("Points show up to two sections before and behind the current one, smaller")
