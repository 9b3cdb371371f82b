"""Diagnosis: every missed, false or mistyped synapse, traced to the stage that lost it."""

from napari_synapse_debug.diagnose.advice import FIX
from napari_synapse_debug.diagnose.diagnosis import diagnose
from napari_synapse_debug.diagnose.evidence import Evidence, Faces, FindFaces, LookUp, Stages, Tools

__all__ = ["FIX", "Evidence", "Faces", "FindFaces", "LookUp", "Stages", "Tools", "diagnose"]
