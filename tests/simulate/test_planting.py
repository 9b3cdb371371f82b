from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from napari_synapse_debug.domain import records
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE, Cause
from napari_synapse_debug.simulate import FAULTS, plant_errors


def event_of(planted, cause):
    return planted.events.set_index("cause").loc[cause.value]


def true_row(neuropil, planted, cause):
    """The row, before planting, of the synapse that the event sits at."""
    event = event_of(planted, cause)
    cleft = event[records.point_columns("cleft")].to_numpy(np.float64)
    gaps = np.linalg.norm(records.points(neuropil.truth, "cleft") - cleft, axis=1)
    assert gaps.min() == 0
    return neuropil.truth.iloc[int(np.argmin(gaps))]


def value_at(volume, neuropil, row, name):
    point = [row[records.point_columns(name)].to_numpy(np.float64)]
    return volume[tuple(neuropil.grid.to_index(point)[0])]


def zone_of(neuropil, row):
    """The mask of the cleft grown by 50 nm."""
    mask = neuropil.masks[row["kind"]] == row["synapse"]
    voxel = neuropil.grid.voxel_size_nm
    return ndimage.distance_transform_edt(~mask, sampling=voxel) <= 50.0


def touch(segmentation, row, where):
    pre = where & (segmentation == row["pre_segment"])
    post = where & (segmentation == row["post_segment"])
    return bool((ndimage.binary_dilation(pre) & post).any())


def test_one_event_of_each_cause_at_synapses_of_their_own(neuropil, planted):
    events = planted.events
    assert list(events["cause"]) == [cause.value for cause in FAULTS]
    assert all(STAGE_OF_CAUSE[Cause(e.cause)].value == e.stage for e in events.itertuples())
    cleft = records.points(events, "cleft")
    gaps = np.linalg.norm(cleft[:, np.newaxis] - cleft, axis=2)
    assert gaps[~np.eye(len(gaps), dtype=bool)].min() > 300
    named = events["truth_row"].dropna()
    assert len(named) == len(events) - 1
    assert set(named) <= set(neuropil.truth["row"])


def test_planting_leaves_its_arguments_alone(neuropil):
    before = (neuropil.raw.copy(), neuropil.segmentation.copy(), neuropil.truth.copy())
    masks = {name: mask.copy() for name, mask in neuropil.masks.items()}
    planted = plant_errors(neuropil, 1, neuropil.grid.box, np.random.default_rng(0))
    assert not np.array_equal(planted.neuropil.raw, neuropil.raw)
    assert not np.array_equal(planted.segmentation, neuropil.segmentation)
    np.testing.assert_array_equal(neuropil.raw, before[0])
    np.testing.assert_array_equal(neuropil.segmentation, before[1])
    assert neuropil.truth.equals(before[2])
    for name, mask in masks.items():
        np.testing.assert_array_equal(neuropil.masks[name], mask)
    np.testing.assert_array_equal(planted.neuropil.segmentation, neuropil.segmentation)
    assert planted.truth.equals(planted.neuropil.truth)


def test_neurons_merged(neuropil, planted):
    row = true_row(neuropil, planted, Cause.NEURONS_MERGED)
    assert value_at(neuropil.segmentation, neuropil, row, "post") == row["post_segment"]
    assert value_at(planted.segmentation, neuropil, row, "post") == row["pre_segment"]
    assert value_at(planted.segmentation, neuropil, row, "pre") == row["pre_segment"]
    assert touch(neuropil.segmentation, row, zone_of(neuropil, row))
    assert not touch(planted.segmentation, row, zone_of(neuropil, row))


def test_partner_in_background(neuropil, planted):
    row = true_row(neuropil, planted, Cause.PARTNER_IN_BACKGROUND)
    assert value_at(neuropil.segmentation, neuropil, row, "post") == row["post_segment"]
    assert value_at(planted.segmentation, neuropil, row, "post") == 0
    zone = zone_of(neuropil, row)
    assert (neuropil.segmentation[zone] == row["post_segment"]).any()
    assert not (planted.segmentation[zone] == row["post_segment"]).any()


def test_no_contact(neuropil, planted):
    row = true_row(neuropil, planted, Cause.NO_CONTACT)
    zone = zone_of(neuropil, row)
    assert touch(neuropil.segmentation, row, zone)
    for name in ("pre", "post"):
        there = value_at(planted.segmentation, neuropil, row, name)
        assert there == row[f"{name}_segment"]
    pre = planted.segmentation == row["pre_segment"]
    post = zone & (planted.segmentation == row["post_segment"])
    to_pre = ndimage.distance_transform_edt(~pre, sampling=neuropil.grid.voxel_size_nm)
    assert to_pre[post].min(initial=np.inf) > 24.0


def test_gt_probably_missing(neuropil, planted):
    row = true_row(neuropil, planted, Cause.GT_PROBABLY_MISSING)
    event = event_of(planted, Cause.GT_PROBABLY_MISSING)
    assert event["error"] == "false"
    assert pd.isna(event["truth_row"])
    assert row["row"] not in set(planted.truth["row"])
    assert len(planted.truth) == len(neuropil.truth) - 1
    mask = neuropil.masks[row["kind"]] == row["synapse"]
    assert mask.any()
    assert not (planted.neuropil.masks[row["kind"]][mask] > 0).any()
    np.testing.assert_array_equal(planted.neuropil.raw[mask], neuropil.raw[mask])


def test_gt_same_segment(neuropil, planted):
    row = true_row(neuropil, planted, Cause.GT_SAME_SEGMENT)
    changed = planted.truth.set_index("row").loc[row["row"]]
    assert row["pre_segment"] != row["post_segment"]
    assert changed["pre_segment"] == row["pre_segment"]
    assert changed["post_segment"] == row["post_segment"]
    for name in ("pre", "post"):
        there = value_at(neuropil.segmentation, neuropil, changed, name)
        assert there == row["post_segment"]


def test_reversed(neuropil, planted):
    row = true_row(neuropil, planted, Cause.REVERSED)
    changed = planted.truth.set_index("row").loc[row["row"]]
    assert changed["pre_segment"] == row["post_segment"]
    assert changed["post_segment"] == row["pre_segment"]
    for name, other in (("pre", "post"), ("post", "pre"), ("cleft", "cleft")):
        assert list(changed[records.point_columns(name)]) == list(row[records.point_columns(other)])


def test_no_signal(neuropil, planted):
    row = true_row(neuropil, planted, Cause.NO_SIGNAL)
    zone = zone_of(neuropil, row)
    assert (neuropil.raw[zone] != neuropil.bare[zone]).mean() > 0.1
    np.testing.assert_array_equal(planted.neuropil.raw[zone], neuropil.bare[zone])
    assert row["row"] in set(planted.truth["row"])
    assert (planted.neuropil.masks[row["kind"]] == row["synapse"]).any()


def test_too_small(neuropil, planted):
    row = true_row(neuropil, planted, Cause.TOO_SMALL)
    mask = neuropil.masks[row["kind"]] == row["synapse"]
    before = (neuropil.raw != neuropil.bare)[mask].sum()
    after = (planted.neuropil.raw != neuropil.bare)[mask].sum()
    assert 0 < after < 0.25 * before
    np.testing.assert_array_equal(planted.neuropil.masks[row["kind"]][mask], row["synapse"])


def test_each_change_of_a_volume_is_near_an_event(neuropil, planted):
    events = records.points(planted.events, "cleft")
    for before, after in (
        (neuropil.raw, planted.neuropil.raw),
        (neuropil.segmentation, planted.segmentation),
    ):
        changed = neuropil.grid.to_nm(np.argwhere(before != after))
        assert len(changed) > 0
        nearest = np.min([np.linalg.norm(changed - event, axis=1) for event in events], axis=0)
        assert nearest.max() <= 400.0


def test_other_synapses_keep_their_points_and_contact(neuropil, planted):
    cleft = records.points(neuropil.truth, "cleft")
    hit = np.isin(cleft, records.points(planted.events, "cleft")).all(axis=1)
    others = neuropil.truth[~hit]
    assert 0 < len(others) < len(neuropil.truth)
    for _, row in others.iterrows():
        mask = neuropil.masks[row["kind"]] == row["synapse"]
        assert touch(planted.segmentation, row, mask)


def test_planting_none_changes_nothing(neuropil):
    planted = plant_errors(neuropil, 0, neuropil.grid.box, np.random.default_rng(0))
    assert len(planted.events) == 0
    assert "cause" in planted.events.columns
    np.testing.assert_array_equal(planted.segmentation, neuropil.segmentation)
    assert planted.truth.equals(neuropil.truth)
    without = Box((0, 0, 0), (24, 160, 40))
    assert plant_errors(neuropil, 0, without, np.random.default_rng(0)).truth.equals(planted.truth)


def test_same_generator_same_events(neuropil):
    one, two = (
        plant_errors(neuropil, 1, neuropil.grid.box, np.random.default_rng(7)) for _ in range(2)
    )
    assert one.events.equals(two.events)


def test_too_few_synapses_in_the_box(neuropil):
    with pytest.raises(InputError, match="too few synapses"):
        plant_errors(neuropil, 1, Box((0, 0, 0), (24, 160, 40)), np.random.default_rng(0))
