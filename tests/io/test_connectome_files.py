from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import scipy.sparse

from napari_synapse_debug.domain.records import CONNECTOME, conform, empty
from napari_synapse_debug.io.connectome import write_graph, write_matrix

LARGE = 2**64 - 3


def test_a_graph_is_read_back_with_its_ids_and_numbers(tmp_path: Path) -> None:
    table = pd.DataFrame(dict.fromkeys(CONNECTOME, 0), index=range(2))
    table["pre_segment"] = pd.array([LARGE, 7], dtype="UInt64")
    table["post_segment"] = pd.array([7, 9], dtype="UInt64")
    table = table.assign(synapses=[4, 1], area_nm2=[250.5, np.nan], shaft=[4, 1])
    write_graph(conform(table, CONNECTOME), tmp_path / "c.graphml")
    graph = nx.read_graphml(tmp_path / "c.graphml", node_type=int)
    assert sorted(graph.nodes) == [7, 9, LARGE]
    assert graph.edges[LARGE, 7]["synapses"] == 4
    assert graph.edges[LARGE, 7]["area_nm2"] == 250.5
    assert "area_nm2" not in graph.edges[7, 9]
    assert not graph.has_edge(7, LARGE)


def test_a_matrix_is_read_by_scipy(tmp_path: Path) -> None:
    values = scipy.sparse.csr_array(np.array([[0, 4], [1, 0]]))
    ids = np.array([7, LARGE], dtype=np.uint64)
    write_matrix(values, ids, tmp_path / "c.npz")
    assert scipy.sparse.load_npz(tmp_path / "c.npz").toarray().tolist() == [[0, 4], [1, 0]]
    assert np.load(tmp_path / "c.npz")["ids"].tolist() == [7, LARGE]


def test_an_empty_connectome_is_an_empty_graph(tmp_path: Path) -> None:
    write_graph(empty(CONNECTOME), tmp_path / "c.graphml")
    assert len(nx.read_graphml(tmp_path / "c.graphml")) == 0
