"""Simulated neuropil with the whole truth known, and errors planted in it.

What is modelled: dendrites with spines and axons that fill space (an additively weighted Voronoi
partition of bent space, spines cut out); a little extracellular space; asymmetric synapses on
spine heads (a thick density behind the cleft) and symmetric ones on shafts (two thin densities);
vesicles, mitochondria, microtubules; membranes seen through thick sections; jitter of the
sections, their contrast and brightness, and noise.

What is not: glia, myelin, vessels and somata; endoplasmic reticulum; folds, cracks and lost
sections; polyadic synapses; synapses that lie flat in the sections; densities and calibres of a
particular tissue. It serves to learn, to test and to show; it says nothing about the accuracy to
be had on real data.
"""

from napari_synapse_debug.simulate.faults import FAULTS
from napari_synapse_debug.simulate.found import RunToSpoil
from napari_synapse_debug.simulate.neuropil import CLASSES, Neuropil, simulate_neuropil
from napari_synapse_debug.simulate.planting import EVENTS, Planted, plant_errors
from napari_synapse_debug.simulate.run_faults import RUN_FAULTS
from napari_synapse_debug.simulate.scoring import score_events
from napari_synapse_debug.simulate.spoiled_events import RUN_EVENTS
from napari_synapse_debug.simulate.spoiling import Spoiled, spoil_run

__all__ = [
    "CLASSES",
    "EVENTS",
    "FAULTS",
    "RUN_EVENTS",
    "RUN_FAULTS",
    "Neuropil",
    "Planted",
    "RunToSpoil",
    "Spoiled",
    "plant_errors",
    "score_events",
    "simulate_neuropil",
    "spoil_run",
]
