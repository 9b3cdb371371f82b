"""Find out why a synapse was missed: train, predict, evaluate and diagnose inside napari."""

__version__ = "0.1.0"
