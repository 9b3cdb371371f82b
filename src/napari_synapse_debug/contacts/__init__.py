"""Where two neurons touch: contacts of a segmentation, found block by block."""

from napari_synapse_debug.contacts.faces import Faces, interface_faces, touching_labels
from napari_synapse_debug.contacts.growth import contact_halo_vx, grow_segments
from napari_synapse_debug.contacts.patches import ContactPieces, contacts_in_block
from napari_synapse_debug.contacts.stitching import find_contacts, stitch_contacts

__all__ = [
    "ContactPieces",
    "Faces",
    "contact_halo_vx",
    "contacts_in_block",
    "find_contacts",
    "grow_segments",
    "interface_faces",
    "stitch_contacts",
    "touching_labels",
]
