"""What the oracles put in the place of a stage, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from napari_synapse_debug.diagnose.oracles import perfect_probability
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.roles import ClassSpec, Role

CLASSES = (
    ClassSpec("shaft", Role.SHAFT),
    ClassSpec("spine", Role.SPINE_HEAD),
    ClassSpec("vesicle", Role.VESICLE),
)


@pytest.mark.parametrize(
    ("scope", "shaft_left", "spine_left"),
    [
        ({}, 0, 0),
        ({"scope": "sparse"}, 50, 60),
        ({"scope_kinds": "shaft"}, 0, 60),
        ({"scope_segments": (7,)}, 50, 60),
    ],
    ids=str,
)
def test_the_classifiers_leaves_what_the_truth_does_not_speak_of(scope, shaft_left, spine_left):
    grid = Grid((1, 1, 4), (40.0, 8.0, 8.0))
    probability = np.broadcast_to(np.uint8([50, 60, 70])[:, None, None, None], (3, 1, 1, 4))
    evidence = SimpleNamespace(classes=CLASSES, evaluate=EvaluateParams(**scope))
    truth = SimpleNamespace(kind=np.array(["shaft"], object))
    scene = SimpleNamespace(
        survey=SimpleNamespace(evidence=evidence, truth=truth, cleft_key=np.array([3])),
        grid=grid,
        probability=probability,
        zones=SimpleNamespace(seeds=np.array([[[0, 3, 0, 0]]])),
    )
    found = perfect_probability(scene)
    assert found[0, 0, 0].tolist() == [shaft_left, 255, shaft_left, shaft_left]
    assert found[1, 0, 0].tolist() == [spine_left, 0, spine_left, spine_left]
    assert found[2, 0, 0].tolist() == [70] * 4
