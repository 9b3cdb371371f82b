"""The connectome of a run, as a file that other programs read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.records import CONNECTOME
from napari_synapse_debug.io import load_project, read_table, write_table
from napari_synapse_debug.io.connectome import write_graph, write_matrix
from napari_synapse_debug.synapses import as_matrix

ENDINGS = (".parquet", ".csv", ".graphml", ".npz")
TABLE = "connectome.parquet"


def export_connectome(folder: Path, path: Path, run: str = "main") -> pd.DataFrame:
    """The connectome of ``run`` (``records.CONNECTOME``), after it was written to ``path``.

    The ending of ``path`` tells the format: ``.parquet`` and ``.csv`` hold the table,
    ``.graphml`` a directed graph for Gephi, Cytoscape or networkx, ``.npz`` the numbers of
    synapses as a sparse matrix of scipy with the segments in ``ids``.

    Parameters
    ----------
    folder : Path
        The project.
    path : Path
        The file; its folder is made where it is missing.
    run : str
        Name of the run.

    Raises
    ------
    InputError
        The path has another ending.
    ProjectError
        There is no such project, or the run has no synapses.
    StorageError
        The disk is full or the folder may not be written.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(
            "The format of the connectome is not known",
            found=f"the ending {ending!r} of {path}",
            expected=", ".join(ENDINGS),
            fix="name the file for example connectome.csv",
        )
    stored = load_project(folder).run_folder(run) / TABLE
    if not stored.exists():
        raise ProjectError(
            f"The run {run!r} has no connectome",
            found=f"no {TABLE} in {stored.parent}",
            expected="a run whose synapses were placed",
            fix=f"synapse-debug run {folder} --steps train,predict,contacts,synapses --run {run}",
        )
    connectome = read_table(stored, CONNECTOME)
    if ending == ".graphml":
        write_graph(connectome, path)
    elif ending == ".npz":
        matrix = as_matrix(connectome)
        write_matrix(matrix.values, matrix.ids, path)
    else:
        write_table(connectome, path)
    return connectome
