"""Parameters of each step: one frozen model feeds the form, the command line and the record.

Every field has a title, a description (one line of help), bounds, and where it has one a unit
(``json_schema_extra={"unit": ...}``); ``advanced`` fields are folded away in forms.
"""

from napari_synapse_debug.domain.params.again import AgainParams
from napari_synapse_debug.domain.params.base import Device, Params
from napari_synapse_debug.domain.params.contacts import ContactParams
from napari_synapse_debug.domain.params.diagnosis import DiagnoseParams
from napari_synapse_debug.domain.params.evaluation import CompareParams, EvaluateParams
from napari_synapse_debug.domain.params.prediction import PredictParams, Views
from napari_synapse_debug.domain.params.simulation import SimulateParams
from napari_synapse_debug.domain.params.synapses import SynapseParams
from napari_synapse_debug.domain.params.targets import TargetParams
from napari_synapse_debug.domain.params.training import TrainParams

__all__ = [
    "AgainParams",
    "CompareParams",
    "ContactParams",
    "Device",
    "DiagnoseParams",
    "EvaluateParams",
    "Params",
    "PredictParams",
    "SimulateParams",
    "SynapseParams",
    "TargetParams",
    "TrainParams",
    "Views",
]
