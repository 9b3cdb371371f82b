"""Scores of a network whose answer is known, and the sections to look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.records import empty
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.networks import (
    RECORD,
    Intensity,
    NetworkPlan,
    TrainedNetwork,
    build_network,
)
from napari_synapse_debug.pipeline.annotated_box import AnnotatedBox
from napari_synapse_debug.pipeline.training_history import (
    ValidationSection,
    sections_in,
    write_sections,
)
from napari_synapse_debug.pipeline.validation import validate_network
from napari_synapse_debug.train import SCORE, SCORE_ERROR, TrainingBox

CLASSES = (ClassSpec("cleft", Role.SYNAPSE), ClassSpec("mito", Role.MITOCHONDRION))
SHAPE = (4, 16, 24)
CLEFTS = [Box((1, 2, 2), (3, 6, 8)), Box((1, 9, 12), (3, 13, 20))]
MITO = Box((0, 8, 2), (4, 14, 8))


@pytest.fixture
def sure() -> TrainedNetwork:
    """A network that finds clefts nowhere and mitochondria everywhere."""
    plan = NetworkPlan(
        classes=CLASSES,
        voxel_size_nm=(40.0, 8.0, 8.0),
        binning=(1, 1, 1),
        patch_vx=(4, 16, 16),
        filters=(4, 4, 8),
        kernels=((1, 3, 3), (1, 3, 3), (3, 3, 3)),
        strides=((1, 1, 1), (1, 2, 2), (1, 2, 2)),
        intensity=Intensity(low=50, high=250, mean=120, std=40),
    )
    weights = build_network(plan).state_dict()
    for name, tensor in weights.items():
        if "output_block" in name:
            tensor.zero_()
            if name.endswith("bias"):
                tensor.copy_(torch.tensor([-20.0, 20.0]))
    return TrainedNetwork(plan, weights, empty(RECORD))


@pytest.fixture
def annotated() -> AnnotatedBox:
    clefts, mito = np.zeros(SHAPE, np.uint64), np.zeros(SHAPE, np.uint8)
    for number, box in enumerate(CLEFTS, start=4):
        clefts[box.slices] = number
    mito[MITO.slices] = 1
    raw = np.full(SHAPE, 50, np.uint8)
    raw[2] = 250
    box = TrainingBox(raw, {"cleft": clefts, "mito": mito})
    return AnnotatedBox("box", box, Grid(SHAPE, (40.0, 8.0, 8.0)), clefts)


def test_scores_by_hand(sure: TrainedNetwork, annotated: AnnotatedBox) -> None:
    values, _ = validate_network(sure, [annotated], "cpu")
    assert values["validation_f1"] == values["f1 cleft"] == values[SCORE] == 0
    assert values["dice mito"] == pytest.approx(2 * MITO.size / (MITO.size + 4 * 16 * 24))
    # 0 of 2 found: (0 + 1) / (2 + 2) is likely, its error (1/4 · 3/4 / 4)^½
    assert values[SCORE_ERROR] == pytest.approx((3 / 64) ** 0.5)


def test_what_is_ignored_is_neither_right_nor_wrong(
    sure: TrainedNetwork, annotated: AnnotatedBox
) -> None:
    unknown = np.ones(SHAPE, np.bool_)
    unknown[MITO.slices] = False
    box = replace(annotated.box, ignored={"mito": unknown})
    values, _ = validate_network(sure, [replace(annotated, box=box)], "cpu")
    assert values["dice mito"] == 1


def test_without_clefts_the_voxels_decide(sure: TrainedNetwork, annotated: AnnotatedBox) -> None:
    box = replace(annotated.box, masks={"mito": annotated.box.masks["mito"]})
    values, _ = validate_network(sure, [replace(annotated, box=box, clefts=None)], "cpu")
    assert "validation_f1" not in values
    assert "f1 cleft" not in values
    assert values[SCORE] == values["dice mito"] > 0


def test_the_section_with_most_of_a_class_is_shown(
    sure: TrainedNetwork, annotated: AnnotatedBox, tmp_path: Path
) -> None:
    masks = {**annotated.box.masks, "cleft": annotated.clefts.copy()}
    masks["cleft"][2, 15, 23] = 9
    box = replace(annotated.box, masks=masks)
    _, sections = validate_network(sure, [replace(annotated, box=box)], "cpu")
    assert set(sections) == {"cleft", "mito"}
    cleft = sections["cleft"]
    assert (cleft.raw == 255).all(), "section 2 is at the highest grey value"
    np.testing.assert_array_equal(cleft.truth > 0, masks["cleft"][2] > 0)
    assert (cleft.prediction == 0).all()
    assert (sections["mito"].prediction == 255).all()
    assert sections_in(tmp_path) == {}
    write_sections(tmp_path, sections)
    found = sections_in(tmp_path)
    assert list(found) == list(sections)
    for name, section in sections.items():
        for what in ("raw", "truth", "prediction"):
            values = getattr(found[name], what)
            assert values.dtype == np.uint8
            np.testing.assert_array_equal(values, getattr(section, what))
    write_sections(tmp_path, {"cleft": ValidationSection(*[np.zeros((2, 3), np.uint8)] * 3)})
    assert sections_in(tmp_path)["cleft"].raw.shape == (2, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["validation.npz"]
