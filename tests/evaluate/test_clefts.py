import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import CANDIDATES, conform, with_points
from napari_synapse_debug.evaluate import match_clefts, score_clefts, true_clefts


def candidates_at(x_nm, is_kept=True, peak=0.9):
    n = len(x_nm)
    table = pd.DataFrame({name: np.zeros(n) for name in CANDIDATES})
    table = table.assign(
        candidate=np.arange(1, n + 1), class_name="c", kind="shaft", is_kept=is_kept, peak=peak
    )
    places = [(200.0, 400.0, x) for x in x_nm]
    return conform(with_points(table, "centroid", places), CANDIDATES)


def test_rows_of_one_cleft_are_one(truth_at):
    truth = truth_at([0, 100, 900, 1500], synapse=[4, 4, pd.NA, pd.NA], ignore=[True, False] * 2)
    clefts = true_clefts(truth)
    assert clefts["cleft_x_nm"].tolist() == [50.0, 900.0, 1500.0]
    assert clefts["row"].tolist() == [0, 2, 3]
    assert clefts["ignore"].tolist() == [False, True, False]


def test_candidates_count_without_a_contact_but_not_below_the_size_filter(truth_at, grid):
    truth = truth_at([0, 50, 900, 1700], synapse=[1, 1, 2, 3])
    found = candidates_at([30.0, 900.0, 2600.0], is_kept=[True, False, True])
    params = EvaluateParams(rule="cleft", tolerance_nm=100.0)
    matches = match_clefts(truth, found, params, grid, grid.box)
    scored = score_clefts(matches, truth, found, params, grid, grid.box)
    assert (scored.tp, scored.fp, scored.fn) == (1, 1, 2)
    assert (scored.n_truth, scored.judge) == (3, "none")
    matched = matches[matches["outcome"] == "tp"].iloc[0]
    assert (matched["truth_row"], matched["prediction_row"]) == (0, 1)


def test_chance_is_what_random_interfaces_reach(truth_at, grid):
    """One of four interface places lies at the one true cleft: F1 is 1 for a quarter of draws."""
    truth, found = truth_at([500.0]), candidates_at([500.0])
    params = EvaluateParams(rule="cleft", tolerance_nm=50.0)
    matches = match_clefts(truth, found, params, grid, grid.box)
    places = [(200.0, 400.0, x) for x in (500.0, 1500.0, 2000.0, 2500.0)]
    scored = score_clefts(matches, truth, found, params, grid, grid.box, places)
    assert scored.f1 == 1.0
    assert scored.chance_f1 == pytest.approx(0.25, abs=0.12)
    assert "(chance ." in scored.summary()
    again = score_clefts(matches, truth, found, params, grid, grid.box, places)
    assert again.chance_f1 == scored.chance_f1


def test_nothing_on_either_side(truth_at, grid):
    params = EvaluateParams(rule="cleft")
    truth, found = truth_at([]), candidates_at([])
    matches = match_clefts(truth, found, params, grid, grid.box)
    assert score_clefts(matches, truth, found, params, grid, grid.box).f1 == 1.0
