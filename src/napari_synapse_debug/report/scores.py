"""The scores as rows of text: no number without its rule, judge, tolerance, scope and n."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_synapse_debug.domain.params import EvaluateParams

DASH = "–"

_NAMES = {
    "overlap": "clefts that share voxels",
    "cleft": "clefts within the tolerance",
}


@dataclass(frozen=True)
class Rate:
    """A rate as it is shown: its value, its 95 % interval (empty: none), and what it is of."""

    name: str
    value: str
    interval: str = ""
    of: str = ""


def ratio(value: float | None) -> str:
    """Two decimals; a dash where the rate is not defined."""
    return DASH if value is None else f"{value:.2f}"


def interval(bounds: Sequence[float] | None) -> str:
    """``0.80–0.93``; empty where there is none."""
    return "" if bounds is None else f"{bounds[0]:.2f}{DASH}{bounds[1]:.2f}"


def headline(evaluation: Mapping[str, Any]) -> list[Rate]:
    """F1, precision and recall with their intervals."""
    return [
        Rate(told, ratio(evaluation[name]), interval(evaluation.get(f"{name}_interval")))
        for name, told in (("f1", "F1"), ("precision", "precision"), ("recall", "recall"))
    ]


def recipe(evaluation: Mapping[str, Any]) -> str:
    """The rule that the scores go by, in one line."""
    params = EvaluateParams.build(**evaluation["params"]).in_force
    parts = [f"rule {evaluation['rule']}", f"judge {evaluation['judge']}"]
    if evaluation["rule"] == "overlap":
        parts.append(params.overlap_mode)
    else:
        parts.append(f"T {params.tolerance_nm:g} nm")
    parts.append(f"scope {evaluation['scope']}")
    parts.append(f"box {evaluation['box']}")
    parts.append(f"n {evaluation['n_truth']} true, {evaluation['n_prediction']} predicted")
    return " · ".join(parts)


def details(evaluation: Mapping[str, Any]) -> list[Rate]:
    """The rates beside the headline, as far as they are defined, each with its n."""
    kinds = [
        *_by_kind(evaluation.get("recall_by_kind"), "recall", "true"),
        *_by_kind(evaluation.get("precision_by_kind"), "precision", "predicted"),
    ]
    tp = evaluation["tp"]
    matched = [
        Rate(told, ratio(evaluation[name]), interval(evaluation.get(f"{name}_interval")), of)
        for name, told, of in (
            ("kind_accuracy", "kind right", f"of {tp} matches"),
            ("direction_accuracy", "direction right", "of pairs that agree unordered"),
        )
        if evaluation.get(name) is not None
    ]
    return [*kinds, *matched, *_edges(evaluation.get("edges") or ()), *_clefts(evaluation)]


def _by_kind(rates: Sequence[Mapping[str, Any]] | None, name: str, of: str) -> list[Rate]:
    return [
        Rate(
            f"{name}, {one['kind'].replace('_', ' ')}",
            ratio(one["rate"]),
            "",
            f"of {one['n']} {of}",
        )
        for one in rates or ()
    ]


def _edges(edges: Sequence[Mapping[str, Any]]) -> list[Rate]:
    """Edges of the connectome as F1, for each smallest number of synapses."""
    rates = []
    for edge in edges:
        tp, fp, fn = edge["tp"], edge["fp"], edge["fn"]
        told = f"{tp} right, {fn} missed" + ("" if fp is None else f", {fp} false")
        total = None if fp is None else 2 * tp + fp + fn
        value = ratio(2 * tp / total) if total else DASH
        rates.append(Rate(f"F1 of edges at ≥ {edge['at']} synapses", value, "", told))
    return rates


def _clefts(evaluation: Mapping[str, Any]) -> list[Rate]:
    """Detection alone."""
    rates = []
    for part in (evaluation.get("clefts") or {}).values():
        tolerance = "" if part["rule"] == "overlap" else f", T {part['tolerance_nm']:g} nm"
        chance = part.get("chance_f1")
        n = f"{part['n_truth']} true, {part['n_prediction']} predicted clefts"
        by_chance = "" if chance is None else f"; by chance {chance:.2f}"
        name = f"F1 of {_NAMES[part['rule']]}{tolerance}"
        rates.append(Rate(name, ratio(part["f1"]), "", n + by_chance))
    return rates
