"""Where two neurons touch: contacts of a segmentation, found block by block."""

from napari_synapse_debug.contacts.background import Masks, absent_segments, touching_labels
from napari_synapse_debug.contacts.counting import contact_pairs, find_pairs
from napari_synapse_debug.contacts.drawing import interface_labels, outline_paths
from napari_synapse_debug.contacts.faces import Faces, interface_faces
from napari_synapse_debug.contacts.growth import contact_halo_vx, grow_segments
from napari_synapse_debug.contacts.patches import ContactPieces, contacts_in_block
from napari_synapse_debug.contacts.scan import needs_compiling
from napari_synapse_debug.contacts.stitching import find_contacts, stitch_contacts

__all__ = [
    "ContactPieces",
    "Faces",
    "Masks",
    "absent_segments",
    "contact_halo_vx",
    "contact_pairs",
    "contacts_in_block",
    "find_contacts",
    "find_pairs",
    "grow_segments",
    "interface_faces",
    "interface_labels",
    "needs_compiling",
    "outline_paths",
    "stitch_contacts",
    "touching_labels",
]
