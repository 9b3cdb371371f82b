"""From a trained network and raw data to probabilities."""

from napari_synapse_debug.predict.blocks import predict_blocks
from napari_synapse_debug.predict.memory import is_out_of_memory, release
from napari_synapse_debug.predict.predictor import Predictor
from napari_synapse_debug.predict.resampling import (
    ALIKE,
    MOST,
    ResamplingPredictor,
    misfit,
    network_grid,
)
from napari_synapse_debug.predict.upsample import upsample

__all__ = [
    "ALIKE",
    "MOST",
    "Predictor",
    "ResamplingPredictor",
    "is_out_of_memory",
    "misfit",
    "network_grid",
    "predict_blocks",
    "release",
    "upsample",
]
