from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_synapse_debug.synapses import probability_a_is_pre

NAN = float("nan")


def p(vesicle=(NAN, NAN), inside=(0.5, 0.5), thickness=(100.0, 100.0)) -> float:
    sides = [(np.array([a]), np.array([b])) for a, b in (vesicle, inside, thickness)]
    return float(probability_a_is_pre(*sides)[0])


def test_no_evidence_is_one_half():
    assert p() == 0.5
    assert p(inside=(0.0, 0.0), thickness=(NAN, NAN)) == 0.5


def test_the_share_inside_decides_without_vesicles():
    # ln(.75 / .25) = ln 3, weight 1: the odds are 3 to 1
    assert p(inside=(0.74, 0.24)) == pytest.approx(0.75)


def test_vesicles_outweigh_where_the_mask_lies():
    assert p(vesicle=(0.02, 0.3), inside=(0.8, 0.2)) < 0.1


def test_thickness_settles_ties_only():
    assert 0.5 < p(thickness=(150.0, 100.0)) < 0.55
    assert p(inside=(0.6, 0.4), thickness=(100.0, 150.0)) > 0.5


fraction = st.floats(0, 1) | st.just(NAN)
sides = st.tuples(fraction, fraction)


@given(sides, sides, st.tuples(st.floats(0, 300), st.floats(0, 300)))
def test_swapping_the_sides_swaps_the_evidence(vesicle, inside, thickness):
    there = p(vesicle, inside, thickness)
    back = p(vesicle[::-1], inside[::-1], thickness[::-1])
    assert 0 <= there <= 1
    assert there + back == pytest.approx(1)
