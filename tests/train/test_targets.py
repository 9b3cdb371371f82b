from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import TargetParams
from napari_synapse_debug.domain.records import TRUTH, conform, empty, with_points
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.train.targets import instance_ids, paint_targets

GRID = Grid((7, 40, 60), (40.0, 8.0, 10.0), (80.0, 0.0, 16.0))
ANY = (ClassSpec("cleft", Role.SYNAPSE),)
PARAMS = TargetParams(radius_nm=45, thickness_nm=40, unknown_nm=30)


def row(center, synapse=None, kind="unknown", pre=(0, 0, -60), post=(0, 0, 60), ignore=False):
    """A row whose cleft point is the voxel ``center``; pre and post beside it, in nm."""
    cleft = GRID.to_nm([center])
    table = pd.DataFrame(
        {
            "row": [1 + abs(hash((center, synapse))) % 10**6],
            "pre_segment": 1,
            "post_segment": 2,
            "kind": kind,
            "synapse": pd.array([synapse], dtype="Int64"),
            "ignore": ignore,
        }
    )
    for end, away in (("pre", pre), ("cleft", (0, 0, 0)), ("post", post)):
        table = with_points(table, end, cleft + np.asarray(away, float))
    return conform(table, TRUTH)


def rows(*parts):
    return pd.concat(parts, ignore_index=True)


def test_a_disc_lies_across_the_way_from_pre_to_post():
    targets = paint_targets(row((3, 20, 30), 9), GRID, ANY, PARAMS)
    mask, ignored = targets.masks["cleft"], targets.ignored["cleft"]
    z, y, x = np.nonzero(mask)
    assert set(np.unique(mask)) == {0, 9}
    # radius 45 nm: one section of 40 nm and five rows of 8 nm each way; half of 40 nm: two columns
    assert (z.min(), z.max(), y.min(), y.max(), x.min(), x.max()) == (2, 4, 15, 25, 28, 32)
    assert mask[3, 20, 32] == 9
    assert mask[4, 23, 30] == 0  # hypot(40, 24) > 45
    assert mask[4, 22, 30] == 9
    assert not (ignored & (mask > 0)).any()
    assert ignored[3, 20, 35]  # 50 nm along the axis: 20 + 30
    assert not ignored[3, 20, 36]
    assert ignored[3, 29, 30]  # 72 nm across: 45 + 30
    assert not ignored[3, 30, 30]


def test_a_disc_is_turned_with_its_axis():
    upright = paint_targets(row((3, 20, 30), 9), GRID, ANY, PARAMS).masks["cleft"]
    turned = paint_targets(
        row((3, 20, 30), 9, pre=(0, -60, 0), post=(0, 60, 0)), GRID, ANY, PARAMS
    ).masks["cleft"]
    assert np.ptp(np.nonzero(upright)[2]) == 4
    assert np.ptp(np.nonzero(turned)[2]) == 8  # four columns of 10 nm each way
    assert np.ptp(np.nonzero(turned)[1]) == 4  # two rows of 8 nm each way


def test_it_reaches_no_further_than_pre_and_post():
    near = row((3, 20, 30), 9, pre=(0, 0, -10), post=(0, 0, 60))
    columns = np.nonzero(paint_targets(near, GRID, ANY, PARAMS).masks["cleft"])[2]
    assert (columns.min(), columns.max()) == (29, 32)


@pytest.mark.parametrize("away", [(400, 0, 0), (0, 0, 0)])
def test_a_thin_disc_and_one_without_axis_have_a_layer_of_voxels(away):
    thin = TargetParams(radius_nm=20, thickness_nm=1, unknown_nm=0)
    ends = {"pre": tuple(-a for a in away), "post": away}
    mask = paint_targets(row((3, 20, 30), 9, **ends), GRID, ANY, thin).masks["cleft"]
    assert set(np.nonzero(mask)[0]) == {3}
    assert np.count_nonzero(mask) > 10


def test_rows_of_one_polyadic_cleft_are_one_object_and_others_are_not():
    table = rows(row((3, 20, 20), 5), row((3, 20, 24), 5), row((3, 20, 50)), row((1, 5, 50)))
    assert list(instance_ids(table)) == [5, 5, 8, 9]
    mask = paint_targets(table, GRID, ANY, PARAMS).masks["cleft"]
    assert set(np.unique(mask)) == {0, 5, 8, 9}


def test_where_discs_meet_a_voxel_belongs_to_the_nearer_point():
    table = rows(row((3, 20, 28), 5), row((3, 20, 31), 6))
    for order in ([0, 1], [1, 0]):
        mask = paint_targets(table.iloc[order], GRID, ANY, PARAMS).masks["cleft"]
        assert mask[3, 20, 29] == 5
        assert mask[3, 20, 30] == 6


def test_the_kind_chooses_the_class_and_an_unknown_kind_is_unknown_everywhere():
    classes = (ClassSpec("spine", Role.SPINE_HEAD), ClassSpec("shaft", Role.SHAFT))
    table = rows(row((3, 8, 10), 1, "spine_head"), row((3, 8, 50), 2, "shaft"), row((3, 30, 30), 4))
    targets = paint_targets(table, GRID, classes, PARAMS)
    assert targets.masks["spine"][3, 8, 10] == 1
    assert targets.masks["spine"][3, 8, 50] == 0
    assert not targets.ignored["spine"][3, 8, 50]
    assert targets.masks["shaft"][3, 8, 50] == 2
    for name in ("spine", "shaft"):
        assert targets.masks[name][3, 30, 30] == 0
        assert targets.ignored[name][3, 30, 30]


def test_a_class_of_any_synapse_takes_what_no_class_of_its_kind_takes():
    classes = (ClassSpec("spine", Role.SPINE_HEAD), ClassSpec("cleft", Role.SYNAPSE))
    table = rows(row((3, 8, 10), 1, "spine_head"), row((3, 8, 50), 2, "shaft"), row((3, 30, 30), 4))
    masks = paint_targets(table, GRID, classes, PARAMS).masks
    assert set(np.unique(masks["spine"])) == {0, 1}
    assert set(np.unique(masks["cleft"])) == {0, 2, 4}


def test_a_row_to_be_ignored_is_unknown():
    targets = paint_targets(row((3, 20, 30), 9, ignore=True), GRID, ANY, PARAMS)
    assert not targets.masks["cleft"].any()
    assert targets.ignored["cleft"][3, 20, 30]


def test_without_rows_all_is_background():
    targets = paint_targets(empty(TRUTH), GRID, ANY, PARAMS)
    assert targets.masks["cleft"].shape == targets.ignored["cleft"].shape == GRID.shape
    assert not targets.masks["cleft"].any()
    assert not targets.ignored["cleft"].any()


@settings(deadline=None, max_examples=25)
@given(
    st.tuples(st.integers(-2, 8), st.integers(-9, 48), st.integers(-9, 68)),
    st.tuples(*[st.floats(-90, 90) for _ in range(3)]),
    st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 30)),
)
def test_a_part_is_painted_as_the_whole(center, post, start):
    part = Box(start, (start[0] + 4, start[1] + 19, start[2] + 27))
    table = row(center, 9, pre=tuple(-a for a in post), post=post)
    whole = paint_targets(table, GRID, ANY, PARAMS)
    cut = paint_targets(table, GRID.crop(part), ANY, PARAMS)
    np.testing.assert_array_equal(cut.masks["cleft"], whole.masks["cleft"][part.slices])
    np.testing.assert_array_equal(cut.ignored["cleft"], whole.ignored["cleft"][part.slices])
