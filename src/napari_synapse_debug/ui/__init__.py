"""The window: the only room that knows napari and Qt. It computes nothing but look-ups."""

from napari_synapse_debug.ui.picture import save_picture
from napari_synapse_debug.ui.window import open_window, show_project

__all__ = ["open_window", "save_picture", "show_project"]
