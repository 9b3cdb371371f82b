from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import CANDIDATES, empty
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.synapses import find_candidates, split_touching

GRID = Grid((5, 30, 60), (40.0, 10.0, 10.0), (80.0, 0.0, 0.0))
CLASSES = (ClassSpec("clefts", Role.SYNAPSE),)


@pytest.fixture
def bridged() -> np.ndarray:
    """Two strong clefts with a weak bridge, and a third one that stands alone."""
    probability = np.zeros((1, *GRID.shape), np.uint8)
    probability[0, 1:4, 10:20, 5:18] = 240
    probability[0, 1:4, 10:20, 24:34] = 240
    probability[0, 2, 14:16, 18:24] = 130
    probability[0, 1:4, 10:20, 45:55] = 240
    return probability


def test_two_peaks_become_two_candidates_and_the_others_stay(bridged):
    labels, found = find_candidates(bridged, GRID, CLASSES, 0.5, 9)
    assert found["candidate"].tolist() == [1, 2]
    before, drawn = found.copy(), labels.copy()

    def write(box, ids):
        drawn[box.slices] = ids

    split = split_touching(
        found,
        lambda box: (drawn[box.slices].copy(), bridged[(slice(None), *box.slices)]),
        write,
        GRID,
        CLASSES,
        9,
    )
    pd.testing.assert_frame_equal(found, before)
    assert split["candidate"].tolist() == [1, 2, 3]
    assert {name: str(kind) for name, kind in split.dtypes.items()} == dict(CANDIDATES)
    sizes = [np.count_nonzero(drawn == k) for k in (1, 2, 3)]
    assert split["size_vx"].tolist() == sizes
    assert (drawn > 0).sum() == (labels > 0).sum()
    for row in split.itertuples():
        index = np.argwhere(drawn == row.candidate)
        assert index.min(axis=0).tolist() == [row.start_z, row.start_y, row.start_x]
        assert (index.max(axis=0) + 1).tolist() == [row.stop_z, row.stop_y, row.stop_x]
    pd.testing.assert_frame_equal(split.iloc[[1]], before.iloc[[1]])


def test_without_candidates_there_is_nothing_to_split():
    none = empty(CANDIDATES)
    assert len(split_touching(none, None, None, GRID, CLASSES, 0)) == 0
