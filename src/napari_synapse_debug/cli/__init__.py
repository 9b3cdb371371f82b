"""The command line `synapse-debug`: the only reader of arguments and of the environment."""

from napari_synapse_debug.cli.main import main

__all__ = ["main"]
