"""The partner model as plain numbers: what decides who is pre and who is post at a candidate."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, FiniteFloat, model_validator

from napari_synapse_debug.domain.params import Params

MOST_TREES = 2000
MOST_NODES = 4096

Share = Annotated[float, Field(ge=0, le=1)]


class Tree(Params):
    """A regression tree; node 0 is its root, and both children of a node come after it.

    A sample goes ``left`` where its ``feature`` is at most ``threshold``. A leaf has ``left``
    and ``right`` 0, and gives its ``value``.
    """

    feature: tuple[int, ...]
    threshold: tuple[FiniteFloat, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[FiniteFloat, ...]

    @model_validator(mode="after")
    def _leads_to_leaves(self) -> Self:
        count = len(self.feature)
        parts = (self.threshold, self.left, self.right, self.value)
        if not 1 <= count <= MOST_NODES or any(len(part) != count for part in parts):
            raise ValueError(f"a tree must have 1 to {MOST_NODES} nodes, each with all its numbers")
        for node, (left, right) in enumerate(zip(self.left, self.right, strict=True)):
            is_leaf = left == right == 0
            if not is_leaf and not (node < left < count and node < right < count):
                raise ValueError(f"node {node} must lead to two later nodes of its tree")
        return self


class ReliabilityBin(Params):
    """Of ``count`` ordered pairs foretold with ``predicted`` on average, ``observed`` were true."""

    predicted: Share
    observed: Share
    count: int = Field(ge=0)


class PartnerCalibration(Params):
    """How the score became a probability, and how well it did on pairs kept from the trees.

    The probability is ``1 / (1 + exp(-(slope * score + shift)))`` (Platt, Advances in Large
    Margin Classifiers, 1999). All figures are of predictions for candidates that the trees had
    not seen; ``brier`` is the mean squared difference from 0 or 1, ``brier_of_rate`` that of
    always giving the share of true pairs.
    """

    slope: FiniteFloat = Field(ge=0)
    shift: FiniteFloat
    min_score: Share
    f1: Share
    direction_accuracy: Share
    brier: Share
    brier_of_rate: Share
    reliability: tuple[ReliabilityBin, ...] = ()


class PartnerModel(Params):
    """Boosted trees for "a is pre and b is post here", asked once for either order.

    Parameters
    ----------
    features : tuple of str
        The features by name, in the order in which the trees number them.
    trees : tuple of Tree
        The score is ``start`` plus ``rate`` times the sum of their values.
    calibration : PartnerCalibration
        How a score becomes a probability.
    synapses, pairs, candidates : int
        True ordered pairs, pairs and candidates that were learnt from.
    polyadic : bool
        As the project was when this was trained.
    """

    format: int = Field(1, ge=1, le=1)
    features: tuple[str, ...] = Field(min_length=1, max_length=500)
    start: FiniteFloat
    rate: FiniteFloat
    trees: tuple[Tree, ...] = Field(max_length=MOST_TREES)
    calibration: PartnerCalibration
    synapses: int = Field(ge=0)
    pairs: int = Field(ge=0)
    candidates: int = Field(ge=0)
    polyadic: bool

    @model_validator(mode="after")
    def _asks_for_known_features(self) -> Self:
        known = range(len(self.features))
        if any(k not in known for tree in self.trees for k in tree.feature):
            raise ValueError(f"trees may ask for features 0 to {len(self.features) - 1} only")
        return self
