import numpy as np
import pytest

from napari_synapse_debug.evaluate.intervals import (
    clustered_interval,
    design_effect,
    f1_interval,
    wilson,
)


def test_wilson_as_in_the_textbook():
    """8 of 10: (.4902, .9433)."""
    assert wilson(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(1.0, 12)[0] < 0.8  # never a point, even without an error


def test_rows_that_are_wrong_together_count_as_one():
    """Four clefts of five rows, found all or nothing: as good as four rows."""
    units = np.repeat([1, 2, 3, 4], 5)
    right = np.isin(units, [1, 2])
    assert design_effect(right, units) == pytest.approx(5 * 4 / 3 * 19 / 20)
    assert design_effect(right, np.arange(20)) == pytest.approx(1.0)


def test_without_errors_the_cluster_sizes_decide():
    """Sizes 1 and 3: (1 + 9) / 4."""
    assert design_effect([True] * 4, [1, 2, 2, 2]) == 2.5


def test_rows_that_balance_are_not_better_than_independent_ones():
    right = [True, False] * 6
    assert design_effect(right, np.repeat(np.arange(6), 2)) == 1.0


def test_the_names_of_clefts_do_not_matter():
    right = [True, False, True, True]
    assert design_effect(right, ["b", "b", "a", "c"]) == design_effect(right, [7, 7, 1, 3])


def test_no_rows_have_no_interval():
    assert clustered_interval([], []) is None
    assert f1_interval(None) is None


def test_f1_follows_from_the_share_of_right_rows():
    assert f1_interval((0.5, 1.0)) == pytest.approx((2 / 3, 1.0))
