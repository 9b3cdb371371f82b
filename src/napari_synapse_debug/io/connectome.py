"""A connectome on disk as other programs read it: a graph (GraphML) or a sparse matrix."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from napari_synapse_debug.io.atomic import replace_file


def write_graph(connectome: pd.DataFrame, path: Path) -> None:
    """Write a directed graph as GraphML, whole or not at all.

    Nodes are segment ids, edges carry the other columns; what is not known (NaN) is left out.
    ``networkx.read_graphml(path, node_type=int)`` reads it.

    Parameters
    ----------
    connectome : DataFrame
        ``records.CONNECTOME``.
    path : Path
        The file.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    graph = nx.DiGraph()
    for row in connectome.to_dict("records"):
        pre, post = int(row.pop("pre_segment")), int(row.pop("post_segment"))
        known = {str(name): value for name, value in row.items() if not pd.isna(value)}
        graph.add_edge(pre, post, **known)
    with replace_file(path) as beside:
        nx.write_graphml(graph, beside)


def write_matrix(values: csr_array, ids: NDArray[np.uint64], path: Path) -> None:
    """Write a sparse matrix and the segments of its rows and columns, whole or not at all.

    ``scipy.sparse.load_npz(path)`` reads the matrix, ``numpy.load(path)["ids"]`` the segments.

    Parameters
    ----------
    values : (N, N) sparse array
        Pre in rows, post in columns.
    ids : (N,) uint64
        Segments.
    path : Path
        The file, ``.npz``.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    with replace_file(path) as beside, beside.open("wb") as file:
        # The names that scipy.sparse.load_npz looks for, and one more.
        np.savez_compressed(
            file,
            format=np.array(b"csr"),
            shape=np.array(values.shape),
            data=values.data,
            indices=values.indices,
            indptr=values.indptr,
            _is_array=np.array(True),
            ids=ids,
        )
