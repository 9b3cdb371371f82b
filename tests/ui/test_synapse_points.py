"""Points and links of synapses as arrays."""

import numpy as np

from napari_synapse_debug.domain.records import PREDICTION, TRUTH, empty
from napari_synapse_debug.ui.palette import CLEFT, POST, PRE
from napari_synapse_debug.ui.synapse_points import predicted_points, truth_points


def test_links_run_from_the_cleft_to_both_partners(results, grid):
    made = truth_points(results.truth, results.matches, grid)

    # row 1: cleft at voxel (1, 7, 12), pre 4 voxels before it along x, post 5 behind
    assert np.allclose(made.links[0], [[1, 7, 12], [0, 0, -4]])
    assert np.allclose(made.links[1], [[1, 7, 12], [0, 0, 5]])
    assert made.colors[:3] == [PRE, CLEFT, POST]


def test_features_tell_row_end_and_outcome(results, grid):
    made = truth_points(results.truth, results.matches, grid)

    assert made.features.iloc[7].to_dict() == {
        "row": 3,
        "end": "cleft",
        "outcome": "fn",
        "kind": "shaft",
    }


def test_without_matches_nothing_is_judged(results, grid):
    made = truth_points(results.truth, None, grid)

    assert set(made.features["outcome"]) == {"unjudged"}
    assert set(made.symbols) == {"disc"}


def test_no_synapses_make_empty_arrays(grid):
    for made in (
        truth_points(empty(TRUTH), None, grid),
        predicted_points(empty(PREDICTION), None, grid),
    ):
        assert made.voxels.shape == (0, 3)
        assert made.links.shape == (0, 2, 3)
        assert len(made.features) == 0
