"""The scores in words."""

from __future__ import annotations

from typing import Any

from napari_synapse_debug.report.scores import Rate, details, headline, recipe


def test_rates_come_with_interval_and_n(score: dict[str, Any]) -> None:
    assert headline(score)[0] == Rate("F1", "0.87", "0.80–0.93")
    assert details(score) == [
        Rate("recall, spine head", "0.90", "", "of 40 true"),
        Rate("precision, shaft", "–", "", "of 0 predicted"),
        Rate("kind right", "0.50", "0.40–0.60", "of 52 matches"),
        Rate("F1 of edges at ≥ 1 synapses", "0.67", "", "10 right, 6 missed, 4 false"),
        Rate("F1 of edges at ≥ 5 synapses", "–", "", "0 right, 0 missed"),
        Rate("F1 of clefts that share voxels", "0.70", "", "50 true, 48 predicted clefts"),
        Rate(
            "F1 of clefts within the tolerance, T 200 nm",
            "0.70",
            "",
            "50 true, 48 predicted clefts; by chance 0.11",
        ),
    ]


def test_the_recipe_names_what_the_rule_goes_by(score: dict[str, Any]) -> None:
    assert "T 400 nm" in recipe(score)
    params = score["params"] | {"overlap_mode": "liberal"}
    told = recipe(score | {"rule": "overlap", "params": params})
    assert "liberal" in told
    assert "T 400" not in told
    fafb = score["params"] | {"rule": "synful", "synful_preset": "fafb"}
    assert "rule synful · judge gt · T 700 nm" in recipe(score | {"rule": "synful", "params": fafb})
