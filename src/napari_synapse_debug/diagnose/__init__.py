"""Diagnosis: every missed, false or mistyped synapse, traced to the stage that lost it."""

from napari_synapse_debug.diagnose.advice import FIX
from napari_synapse_debug.diagnose.budget import Budget, StageBudget, error_budget
from napari_synapse_debug.diagnose.diagnosis import diagnose, diagnose_survey
from napari_synapse_debug.diagnose.evidence import Evidence, Faces, FindFaces, LookUp, Stages, Tools
from napari_synapse_debug.diagnose.survey import Survey, survey_run
from napari_synapse_debug.diagnose.suspects import SUSPECTS, queue_suspects

__all__ = [
    "FIX",
    "SUSPECTS",
    "Budget",
    "Evidence",
    "Faces",
    "FindFaces",
    "LookUp",
    "StageBudget",
    "Stages",
    "Survey",
    "Tools",
    "diagnose",
    "diagnose_survey",
    "error_budget",
    "queue_suspects",
    "survey_run",
]
