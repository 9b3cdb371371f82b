from __future__ import annotations

import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.pipeline.plan import NEEDS, OUTPUTS, STEPS, in_order, step_key


def test_steps_come_in_their_order_and_once() -> None:
    assert in_order(["report", "train", "synapses", "train"]) == ("train", "synapses", "report")
    assert in_order([]) == ()


def test_a_step_that_does_not_exist_is_named() -> None:
    with pytest.raises(InputError, match=r"Found: candidates, segment\..*Expected: some of train"):
        in_order(["segment", "predict", "candidates"])


def test_each_step_needs_only_steps_before_it() -> None:
    assert len(STEPS) == len(NEEDS) == len(OUTPUTS) == 7
    for place, step in enumerate(STEPS):
        assert set(NEEDS[step]) <= set(STEPS[:place])


def test_the_key_of_a_step_changes_with_params_and_inputs_and_not_with_their_order() -> None:
    key = step_key({"a": 1, "b": (2, 4)}, {"raw": "x"})
    assert key == step_key({"b": [2, 4], "a": 1}, {"raw": "x"})
    others = [
        step_key({"a": 1, "b": (2, 5)}, {"raw": "x"}),
        step_key({"a": 1, "b": (2, 4)}, {"raw": "y"}),
        step_key({"a": 1}, {"raw": "x"}),
        step_key({"a": 1, "b": (2, 4)}, {}),
    ]
    assert len({key, *others}) == 5
