"""From annotated boxes to a trained network."""

from napari_synapse_debug.train.boxes import TrainingBox, check_boxes
from napari_synapse_debug.train.loop import train_network

__all__ = ["TrainingBox", "check_boxes", "train_network"]
