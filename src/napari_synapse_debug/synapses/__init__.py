"""From probabilities to 3-point synapses: candidates, pairs with contacts, placement."""

from napari_synapse_debug.synapses.candidates import CandidatePieces, candidates_in_block
from napari_synapse_debug.synapses.crop import Crop
from napari_synapse_debug.synapses.direction import probability_a_is_pre
from napari_synapse_debug.synapses.interface import InterfaceFaces
from napari_synapse_debug.synapses.joining import (
    Relabelling,
    find_candidates,
    stitch_candidates,
)
from napari_synapse_debug.synapses.linking import link_contacts
from napari_synapse_debug.synapses.pairs import measure_pairs, pair_margin_vx
from napari_synapse_debug.synapses.placement import Fate, Placement, place_synapses

__all__ = [
    "CandidatePieces",
    "Crop",
    "Fate",
    "InterfaceFaces",
    "Placement",
    "Relabelling",
    "candidates_in_block",
    "find_candidates",
    "link_contacts",
    "measure_pairs",
    "pair_margin_vx",
    "place_synapses",
    "probability_a_is_pre",
    "stitch_candidates",
]
