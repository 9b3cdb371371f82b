"""Masks of an annotated box after the truth was corrected."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import TargetParams
from napari_synapse_debug.domain.records import TRUTH, conform, with_points
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.pipeline.annotated_box import AnnotatedBox
from napari_synapse_debug.pipeline.truth_edits import correct_masks
from napari_synapse_debug.train import TrainingBox

GRID = Grid((6, 60, 60), (40.0, 10.0, 10.0))
SMALL = TargetParams(radius_nm=35, thickness_nm=40, unknown_nm=30)
CLEFT = ClassSpec("cleft", Role.SYNAPSE)
MITO = ClassSpec("mito", Role.MITOCHONDRION)


def rows(*places):
    """Rows 1, 2, … with clefts at voxels zyx, pre at y - 6 and post at y + 6."""
    table = pd.DataFrame(
        {
            "row": np.arange(1, len(places) + 1),
            "synapse": np.arange(1, len(places) + 1),
            "kind": "unknown",
            "pre_segment": 1,
            "post_segment": 2,
            "ignore": False,
        }
    )
    for end, dy in (("pre", -6), ("cleft", 0), ("post", 6)):
        voxels = [(z, y + dy, x) for z, y, x in places]
        table = with_points(table, end, GRID.to_nm(voxels))
    return conform(table, TRUTH)


@pytest.fixture
def found():
    """Clefts 1 and 2 painted at (2, 15, 15) and (3, 40, 40)."""
    mask = np.zeros(GRID.shape, np.uint64)
    mask[2, 14:17, 10:21] = 1
    mask[3, 39:42, 36:45] = 2
    raw = np.arange(mask.size, dtype=np.uint32).reshape(mask.shape)
    box = TrainingBox(raw, {"cleft": mask, "mito": np.zeros_like(mask)})
    return AnnotatedBox("box", box, GRID, mask)


BEFORE = rows((2, 15, 15), (3, 40, 40))


def test_a_synapse_that_was_added_is_painted_with_an_unknown_rim(found):
    now = rows((2, 15, 15), (3, 40, 40), (4, 15, 45))
    made, edits = correct_masks(found, BEFORE, now, [CLEFT, MITO], SMALL)
    mask = made.box.masks["cleft"]
    assert edits == 1
    assert mask[4, 15, 45] == 5  # row 3 above the two that are there
    new = mask == 5
    z, y, x = np.nonzero(new)
    assert (set(z), y.min(), y.max(), x.min(), x.max()) == ({4}, 13, 17, 42, 48)
    np.testing.assert_array_equal(np.where(new, 0, mask), found.box.masks["cleft"])
    unknown = made.box.ignored["cleft"]
    assert unknown[4, 15, 51]
    assert not unknown[new].any()
    assert not unknown[2].any()
    assert "mito" not in made.box.ignored


def test_a_synapse_that_was_taken_away_is_unknown_and_no_background(found):
    made, edits = correct_masks(found, BEFORE, rows((2, 15, 15)), [CLEFT, MITO], SMALL)
    was = found.box.masks["cleft"] == 2
    assert edits == 1
    assert not made.box.masks["cleft"][was].any()
    np.testing.assert_array_equal(made.box.ignored["cleft"], was)


def test_a_cleft_with_a_partner_left_stays(found):
    two = rows((2, 15, 15), (3, 40, 38), (3, 40, 42))
    made, edits = correct_masks(found, two, two.iloc[:2], [CLEFT], SMALL)
    assert edits == 0
    np.testing.assert_array_equal(made.box.masks["cleft"], found.box.masks["cleft"])


def test_a_row_that_was_added_at_a_painted_cleft_changes_nothing(found):
    now = rows((2, 15, 15), (3, 40, 40), (3, 46, 40))  # 50 nm from cleft 2
    made, edits = correct_masks(found, BEFORE, now, [CLEFT], SMALL)
    assert edits == 0
    np.testing.assert_array_equal(made.box.masks["cleft"], found.box.masks["cleft"])


def test_without_edits_the_box_is_the_same_one(found):
    made, edits = correct_masks(found, BEFORE, BEFORE, [CLEFT], SMALL)
    assert made is found
    assert edits == 0
