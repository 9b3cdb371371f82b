"""The report: one self-contained page with scores, error budget, and a card an error."""

from napari_synapse_debug.report.matrix_chart import Connectomes
from napari_synapse_debug.report.page import Card, Operating, Report, StepRow, render_report
from napari_synapse_debug.report.tallies import confuse_kinds, count_by_cause, count_by_stage
from napari_synapse_debug.report.thumbnails import (
    Crop,
    Frame,
    Look,
    Mark,
    Views,
    draw_sheet,
    draw_views,
)

__all__ = [
    "Card",
    "Connectomes",
    "Crop",
    "Frame",
    "Look",
    "Mark",
    "Operating",
    "Report",
    "StepRow",
    "Views",
    "confuse_kinds",
    "count_by_cause",
    "count_by_stage",
    "draw_sheet",
    "draw_views",
    "render_report",
]
