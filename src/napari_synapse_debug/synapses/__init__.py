"""From probabilities to 3-point synapses: candidates, pairs with contacts, placement."""

from napari_synapse_debug.synapses.candidates import (
    CandidatePieces,
    candidate_pieces,
    candidates_in_block,
    draw_candidates,
)
from napari_synapse_debug.synapses.connectome import Matrix, as_matrix, connect, strongest
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
from napari_synapse_debug.synapses.parting import split_touching
from napari_synapse_debug.synapses.partner_prediction import predict_partners
from napari_synapse_debug.synapses.partner_training import (
    LEAST_SYNAPSES,
    enough_links,
    train_partners,
)
from napari_synapse_debug.synapses.placement import Fate, Placement, place_synapses
from napari_synapse_debug.synapses.somata import (
    join_places,
    mark_somata,
    soma_grid,
    soma_halo_vx,
    soma_places,
    soma_stride_vx,
)
from napari_synapse_debug.synapses.true_links import Link, true_links

__all__ = [
    "LEAST_SYNAPSES",
    "CandidatePieces",
    "Crop",
    "Fate",
    "InterfaceFaces",
    "Link",
    "Matrix",
    "Placement",
    "Relabelling",
    "as_matrix",
    "candidate_pieces",
    "candidates_in_block",
    "connect",
    "draw_candidates",
    "enough_links",
    "find_candidates",
    "join_places",
    "link_contacts",
    "mark_somata",
    "measure_pairs",
    "pair_margin_vx",
    "place_synapses",
    "predict_partners",
    "probability_a_is_pre",
    "soma_grid",
    "soma_halo_vx",
    "soma_places",
    "soma_stride_vx",
    "split_touching",
    "stitch_candidates",
    "strongest",
    "train_partners",
    "true_links",
]
