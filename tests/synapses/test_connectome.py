from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import CONNECTOME, PREDICTION, conform, empty
from napari_synapse_debug.synapses import as_matrix, connect, strongest

LARGE = 2**64 - 3


def rows(*ends: tuple[int, int], kind: str = "shaft") -> pd.DataFrame:
    table = pd.DataFrame(dict.fromkeys(PREDICTION, 0), index=range(len(ends)))
    table["pre_segment"] = pd.array([a for a, _ in ends], dtype="UInt64")
    table["post_segment"] = pd.array([b for _, b in ends], dtype="UInt64")
    table["candidate"] = np.arange(1, len(ends) + 1)
    return conform(table.assign(kind=kind, score=np.linspace(0.2, 0.8, len(ends))), PREDICTION)


@pytest.fixture
def synapses() -> pd.DataFrame:
    """Two from 7 to 5, one back, one from 7 to a neuron with a very large id."""
    table = rows((7, 5), (5, 7), (7, LARGE), (7, 5))
    return table.assign(kind=["shaft", "soma", "shaft", "spine_head"])


def test_synapses_areas_and_kinds_are_summed_by_ordered_pair(synapses, pair_table):
    pairs = pair_table(
        candidate=[1, 2, 4, 3],
        segment_a=[5, 5, 5, 7],
        segment_b=pd.array([7, 7, 7, LARGE], dtype="UInt64"),
        overlap_nm2=[100.0, 10.0, 1.0, 1000.0],
    )
    table = connect(synapses, pairs)
    assert {name: str(kind) for name, kind in table.dtypes.items()} == dict(CONNECTOME)
    assert table["pre_segment"].tolist() == [5, 7, 7]
    assert table["post_segment"].tolist() == [7, 5, LARGE]
    assert table["synapses"].tolist() == [1, 2, 1]
    assert table["area_nm2"].tolist() == [10, 101, 1000]
    assert table["mean_score"].tolist() == pytest.approx([0.4, 0.5, 0.6])
    assert table[["spine_head", "shaft", "soma", "unknown"]].sum().tolist() == [1, 2, 1, 0]


def test_areas_that_are_not_known_are_not_summed(synapses, pair_table):
    assert connect(synapses)["area_nm2"].isna().all()
    pairs = pair_table(candidate=[1], segment_a=[5], segment_b=[7])
    assert connect(synapses, pairs)["area_nm2"].isna().all()


def test_the_matrix_has_pre_in_rows(synapses):
    matrix = as_matrix(connect(synapses))
    assert matrix.ids.tolist() == [5, 7, LARGE]
    assert matrix.values.toarray().tolist() == [[0, 1, 0], [2, 0, 1], [0, 0, 0]]
    with pytest.raises(InputError, match="pre_segment"):
        as_matrix(connect(synapses), "pre_segment")


def test_the_picture_begins_with_those_that_give(synapses):
    picture = strongest(connect(synapses))
    assert picture.ids.tolist() == [7, 5, LARGE]
    assert picture.values.toarray().tolist() == [[0, 2, 1], [1, 0, 0], [0, 0, 0]]
    assert strongest(connect(synapses), most=2).ids.tolist() == [7, 5]


def test_without_synapses_all_is_empty():
    table = connect(empty(PREDICTION))
    assert {name: str(kind) for name, kind in table.dtypes.items()} == dict(CONNECTOME)
    assert strongest(table).values.shape == (0, 0)
