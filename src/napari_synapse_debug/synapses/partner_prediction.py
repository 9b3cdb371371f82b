"""What a partner model says of pairs: how probable a synapse is, and in which direction."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.partner_model import PartnerModel, Tree
from napari_synapse_debug.synapses.partner_features import ordered_features

Floats = NDArray[np.float64]


def predict_partners(pairs: pd.DataFrame, model: PartnerModel) -> pd.DataFrame:
    """The pairs with ``p_synapse`` and ``p_ab`` by the model.

    The model is asked for either order of each pair with the same trees, so that swapping a
    and b swaps the answers: P(a → b) and P(b → a); where their sum is above 1 both are divided
    by it. ``p_synapse`` is the sum, ``p_ab`` the part of P(a → b) in it (1/2 if both are 0).

    Parameters
    ----------
    pairs : DataFrame
        ``records.PAIRS``, all pairs of each candidate; order and index are kept. A table
        without rows stays so.
    model : PartnerModel
        Trained by ``train_partners``.

    Raises
    ------
    InputError
        The model asks for features that are not known here.
    """
    a_to_b, b_to_a = (
        calibrated(ordered_scores(pairs, model, a_is_pre=order), model) for order in (True, False)
    )
    total = a_to_b + b_to_a
    p_ab = np.divide(a_to_b, total, out=np.full(len(pairs), 0.5), where=total > 0)
    return pairs.assign(p_ab=p_ab, p_synapse=np.minimum(total, 1.0))


def ordered_scores(pairs: pd.DataFrame, model: PartnerModel, *, a_is_pre: bool) -> Floats:
    """The uncalibrated score (N,) of one order of each pair.

    Raises
    ------
    InputError
        The model asks for features that are not known here.
    """
    features, names = ordered_features(pairs, a_is_pre=a_is_pre)
    unknown = sorted(set(model.features) - set(names))
    if unknown:
        raise InputError(
            "The partner model was made for other features",
            found=", ".join(unknown),
            expected="some of " + ", ".join(names),
            fix="train it again with this version: run the step synapses",
        )
    return tree_scores(features[:, [names.index(name) for name in model.features]], model)


def tree_scores(features: Floats, model: PartnerModel) -> Floats:
    """``start + rate * sum of the trees' values`` of samples (N, F): (N,) float64."""
    total = np.zeros(len(features))
    for tree in model.trees:
        total += _leaf_values(features, tree)
    return model.start + model.rate * total


def calibrated(scores: Floats, model: PartnerModel) -> Floats:
    """The probabilities (N,) of scores (N,)."""
    found = model.calibration
    return logistic(found.slope * scores + found.shift)


def logistic(values: Floats) -> Floats:
    """``1 / (1 + exp(-x))``, without overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -700, 700))))


def _leaf_values(features: Floats, tree: Tree) -> Floats:
    feature, threshold = np.asarray(tree.feature), np.asarray(tree.threshold)
    left, right = np.asarray(tree.left), np.asarray(tree.right)
    node = np.zeros(len(features), dtype=np.int64)
    rows = np.arange(len(features))
    while len(rows):
        at = node[rows]
        rows, at = rows[left[at] > 0], at[left[at] > 0]
        # scikit-learn compares in float32; so does this, or samples at a threshold would stray.
        goes_left = features[rows, feature[at]].astype(np.float32) <= threshold[at]
        node[rows] = np.where(goes_left, left[at], right[at])
    return np.asarray(tree.value, dtype=np.float64)[node]
