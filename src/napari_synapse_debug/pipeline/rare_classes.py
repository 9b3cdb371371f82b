"""Classes of synapses with next to no clefts to learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_synapse_debug.domain.roles import ClassSpec
from napari_synapse_debug.pipeline.instances import label_instances
from napari_synapse_debug.train import TrainingBox

FEW_CLEFTS = 5
"""A class with fewer clefts is hardly learnt."""


def rare_classes(classes: Sequence[ClassSpec], boxes: Sequence[TrainingBox]) -> tuple[str, ...]:
    """A line for each class of synapses that has fewer than ``FEW_CLEFTS`` in the boxes.

    Parameters
    ----------
    classes : sequence of ClassSpec
        What is learnt.
    boxes : sequence of TrainingBox
        What it is learnt from; what is ignored there does not count.
    """
    lines = []
    for spec in classes:
        if not spec.role.is_synapse:
            continue
        n_clefts = sum(_count(box, spec.name) for box in boxes)
        if n_clefts < FEW_CLEFTS:
            clefts = "cleft" if n_clefts == 1 else "clefts"
            lines.append(
                f"{spec.name} has {n_clefts} true {clefts} to learn from: what was hardly seen "
                "will hardly be found, so annotate a box with more of them"
            )
    return tuple(lines)


def _count(box: TrainingBox, name: str) -> int:
    """Clefts of one class in a box; 0 where it was not annotated."""
    mask = box.masks.get(name)
    if mask is None:
        return 0
    known = mask.astype(np.uint64)
    if name in box.ignored:
        known[box.ignored[name]] = 0
    return int(np.count_nonzero(np.unique(label_instances(known))))
