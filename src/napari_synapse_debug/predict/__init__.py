"""From a trained network and raw data to probabilities."""

from napari_synapse_debug.predict.blocks import predict_blocks
from napari_synapse_debug.predict.predictor import Predictor
from napari_synapse_debug.predict.upsample import upsample

__all__ = ["Predictor", "predict_blocks", "upsample"]
