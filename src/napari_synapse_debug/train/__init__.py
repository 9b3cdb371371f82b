"""From annotated boxes to a trained network."""

from napari_synapse_debug.train.boxes import TrainingBox, check_boxes
from napari_synapse_debug.train.inheriting import start_from
from napari_synapse_debug.train.loop import train_network
from napari_synapse_debug.train.selection import SCORE, SCORE_ERROR

__all__ = [
    "SCORE",
    "SCORE_ERROR",
    "TrainingBox",
    "check_boxes",
    "start_from",
    "train_network",
]
