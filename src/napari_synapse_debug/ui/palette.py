"""The colours and symbols of the window: each means one thing everywhere.

Stages have the Okabe-Ito hues of ``domain.stages``. The two ends of a synapse lie beside them:
violet and lime differ on the yellow-blue axis, which all common colour blindness leaves intact.
"""

from __future__ import annotations

from napari_synapse_debug.domain.stages import STAGE_HUE, UNEXPLAINED, Stage

PRE = "#B18CFF"
CLEFT = "#FFFFFF"
POST = "#B9E63B"
END_HUE = {"pre": PRE, "cleft": CLEFT, "post": POST}

TRUTH_PATH = "#FFFFFF"
PREDICTION_PATH = "#A6A6A6"
EDITED_PATH = STAGE_HUE[Stage.GROUND_TRUTH]

TRUTH_SYMBOL = "disc"
MISSED_SYMBOL = "ring"
PREDICTION_SYMBOL = "x"

ERROR_GLYPH = {"missed": "○", "false": "×", "mistyped": "≠"}
OUTCOME_GLYPH = {"pass": "✓", "fail": "✗", "untested": "–"}

CLASS_COLORMAPS = ("inferno", "magma", "viridis", "cividis", "gist_earth")
MASK_HUES = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#0072B2")


def stage_hue(stage: str) -> str:
    """Hue of ``stage`` as ``#RRGGBB``; grey for one that is not known."""
    return STAGE_HUE.get(stage, STAGE_HUE[UNEXPLAINED])


def text_on(hue: str) -> str:
    """Black or white, whichever is read more easily on ``hue`` (``#RRGGBB``; WCAG contrast)."""
    light = _luminance(hue)
    return "#000000" if (light + 0.05) ** 2 > 1.05 * 0.05 else "#FFFFFF"


def _luminance(hue: str) -> float:
    channels = [int(hue[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
