"""The report: one self-contained page with the score, the errors by stage, and a card an error."""

from napari_synapse_debug.report.page import Card, Report, StepRow, count_by_stage, render_report
from napari_synapse_debug.report.thumbnails import Crop, Mark, Views, draw_views

__all__ = [
    "Card",
    "Crop",
    "Mark",
    "Report",
    "StepRow",
    "Views",
    "count_by_stage",
    "draw_views",
    "render_report",
]
