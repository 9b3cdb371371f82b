"""Names of the layers that the window adds, and of its entries in napari's menus.

A view names a layer, only the adapter finds it.
"""

from __future__ import annotations

from enum import StrEnum

PROJECT_MENU = "Plugins › Synapse Debug › Project"
SAMPLE_MENU = "File › Open Sample › Simulated neuropil (Synapse Debug)"


class LayerName(StrEnum):
    """Names of the layers of a run."""

    RAW = "raw"
    SEGMENTATION = "segmentation"
    TRUE_SEGMENTATION = "true segmentation"
    CANDIDATES = "candidates"
    PARTNERS = "partners"
    CONTACTS = "contacts"
    INTERFACE = "interface"
    OUTLINES = "contact outlines"
    TRUTH = "truth"
    TRUTH_LINKS = "truth links"
    PREDICTION = "prediction"
    PREDICTION_LINKS = "prediction links"
    PATHS = "synapse paths"
    EDITED_PATHS = "edited synapse paths"
    FINDING = "finding"
    CORRECTED = "corrected truth"
    PRE_SURFACE = "pre surface"
    POST_SURFACE = "post surface"
    CLEFT_SURFACE = "cleft surface"


def probability_name(class_name: str) -> str:
    """Name of the layer with the probability of a class."""
    return f"P({class_name})"


def mask_name(class_name: str) -> str:
    """Name of the layer with the mask of a class."""
    return f"mask {class_name}"
