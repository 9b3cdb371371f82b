"""Which of two neurons is presynaptic: the evidence of what lies on either side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VESICLE_WEIGHT = 2.0
INSIDE_WEIGHT = 1.0
INSIDE_WEIGHT_WITH_VESICLES = 0.25
THICKNESS_WEIGHT = 0.25

_FLOOR = 0.01
"""Added to shares and probabilities, so that traces of signal are no evidence."""


def probability_a_is_pre(
    vesicle: tuple[NDArray[np.float64], NDArray[np.float64]],
    inside: tuple[NDArray[np.float64], NDArray[np.float64]],
    thickness_nm: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """The evidence in [0, 1] that the first neuron of each pair is presynaptic: (N,) float64.

    A logistic of weighted log ratios of the two sides::

        p = 1 / (1 + exp(-(2 V + w I + T / 4)))
        V = ln (vesicle_a + .01) / (vesicle_b + .01)       vesicles lie in the pre
        I = ln (inside_a + .01) / (inside_b + .01)         as do the T-bars of flies
        T = ln (thickness_a + 1 nm) / (thickness_b + 1 nm) boutons are thick: settles ties

    w is 1 where vesicles are unknown, else 1/4, because a mask of the cleft alone lies on both
    sides. A cue that is NaN on either side counts nothing; 0.5 is no evidence. Swapping the
    sides gives 1 - p. The weights are rules of thumb, no fit.

    Parameters
    ----------
    vesicle, inside, thickness_nm : pair of (N,) float64
        Of a and b: mean vesicle probability, share of the candidate, local thickness.
    """
    vesicles = _log_ratio(*vesicle, _FLOOR)
    weight = np.where(np.isnan(vesicles), INSIDE_WEIGHT, INSIDE_WEIGHT_WITH_VESICLES)
    total = (
        VESICLE_WEIGHT * np.nan_to_num(vesicles)
        + weight * np.nan_to_num(_log_ratio(*inside, _FLOOR))
        + THICKNESS_WEIGHT * np.nan_to_num(_log_ratio(*thickness_nm, 1.0))
    )
    return np.asarray(1 / (1 + np.exp(-total)))


def _log_ratio(a: NDArray[np.float64], b: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    return np.asarray(np.log(a + floor) - np.log(b + floor))
