"""The report: one self-contained page with the score, the errors by stage, and a card an error."""

from napari_synapse_debug.report.page import Card, Report, StepRow, render_report
from napari_synapse_debug.report.thumbnails import Crop, Mark, Views, draw_views

__all__ = ["Card", "Crop", "Mark", "Report", "StepRow", "Views", "draw_views", "render_report"]
