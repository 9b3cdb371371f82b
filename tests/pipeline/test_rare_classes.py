"""Which classes of synapses have next to no clefts to learn from."""

import numpy as np

from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.pipeline.rare_classes import rare_classes
from napari_synapse_debug.train import TrainingBox

CLASSES = (
    ClassSpec("spine_head", Role.SPINE_HEAD),
    ClassSpec("shaft", Role.SHAFT),
    ClassSpec("vesicle", Role.VESICLE),
)
RAW = np.zeros((3, 8, 40), np.uint8)


def mask(count, *, numbered=True):
    """So many clefts of 2 × 2 voxels in a row."""
    made = np.zeros(RAW.shape, np.uint16)
    for number in range(count):
        made[1, 2:4, 4 * number : 4 * number + 2] = number + 1 if numbered else 1
    return made


def test_clefts_count_over_all_boxes_however_they_are_numbered():
    boxes = [
        TrainingBox(RAW, {"spine_head": mask(3), "shaft": mask(2, numbered=False)}),
        TrainingBox(RAW, {"spine_head": mask(2, numbered=False), "shaft": mask(2)}),
    ]
    (line,) = rare_classes(CLASSES, boxes)
    assert line.startswith("shaft has 4 true clefts to learn from")


def test_what_is_ignored_or_was_not_annotated_does_not_count():
    first = mask(6)
    rim = (first > 0) & (first < 6)
    box = TrainingBox(RAW, {"spine_head": first, "shaft": None}, {"spine_head": rim})
    lines = rare_classes(CLASSES, [box])
    assert [line.partition(" to learn")[0] for line in lines] == [
        "spine_head has 1 true cleft",
        "shaft has 0 true clefts",
    ]
