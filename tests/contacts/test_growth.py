from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.segmentation import expand_labels
from tests.contacts.conftest import small_volumes

from napari_synapse_debug.contacts import contact_halo_vx, grow_segments
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import ContactParams

VOXEL = (40.0, 8.0, 5.0)


def brute_growth(labels: np.ndarray, voxel: tuple, gap: float) -> np.ndarray:
    """Each background voxel against each voxel of a segment."""
    out = labels.copy()
    for at in np.argwhere(labels == 0):
        best = None
        for other in np.argwhere(labels):
            legs = [
                max(0.0, abs(a - b) - 0.5) * v for a, b, v in zip(at, other, voxel, strict=True)
            ]
            squared = round(sum(leg * leg for leg in legs), 6)
            if squared <= (gap / 2) ** 2 + 1e-6:
                found = (squared, labels[tuple(other)])
                best = found if best is None or found < best else best
        if best is not None:
            out[tuple(at)] = best[1]
    return out


@given(small_volumes(), st.sampled_from([0.0, 5.0, 8.0, 16.0, 40.0, 63.0]))
@settings(max_examples=80, deadline=None)
def test_equals_every_voxel_against_every_other(labels, gap):
    before = labels.copy()
    grown = grow_segments(labels, VOXEL, gap)
    np.testing.assert_array_equal(grown, brute_growth(labels, VOXEL, gap))
    np.testing.assert_array_equal(labels, before)
    assert grown.dtype == labels.dtype


def test_equals_expand_labels_of_the_same_solids_drawn_finely():
    labels = np.random.default_rng(11).choice([0, 0, 0, 0, 2, 7, 9], (2, 6, 7)).astype(np.uint16)
    fine, gap = 9, 40.0
    drawn = labels.repeat(fine, 0).repeat(fine, 1).repeat(fine, 2)
    small = tuple(size / fine for size in VOXEL)
    # a fine voxel's centre lies half of it inside the solid
    theirs = expand_labels(drawn, gap / 2 + max(small), small)
    theirs = theirs[tuple(slice(fine // 2, None, fine) for _ in range(3))]
    ours = grow_segments(labels, VOXEL, gap)
    is_tied = np.array(
        [
            len(set(brute_nearest(labels, at, VOXEL))) > 1 if not labels[tuple(at)] else False
            for at in np.argwhere(labels >= 0)
        ]
    ).reshape(labels.shape)
    is_asked = (ours > 0) & ~is_tied
    assert (is_asked & (labels == 0)).sum() > 20
    np.testing.assert_array_equal(ours[is_asked], theirs[is_asked])


def brute_nearest(labels: np.ndarray, at: np.ndarray, voxel: tuple) -> list[int]:
    """The segments whose solids are nearest to the centre of a voxel."""
    others = np.argwhere(labels)
    legs = np.maximum(0, np.abs(others - at) - 0.5) * voxel
    squared = np.round((legs**2).sum(axis=1), 6)
    return labels[tuple(others[squared == squared.min()].T)].tolist()


def test_neurons_touch_from_the_distance_of_their_surfaces_on(draw):
    labels = draw("2...7")
    assert grow_segments(labels, (40, 8, 8), 23.9).tolist() == [[[2, 2, 0, 7, 7]]]
    assert grow_segments(labels, (40, 8, 8), 24.0).tolist() == [[[2, 2, 2, 7, 7]]]


def test_ties_go_to_the_smaller_label_on_either_side(draw):
    assert grow_segments(draw("9.4"), VOXEL, 10).tolist() == [[[9, 4, 4]]]
    assert grow_segments(draw("4.9"), VOXEL, 10).tolist() == [[[4, 4, 9]]]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint64", "int64"])
def test_the_largest_id_of_a_type_grows_like_any_other(dtype):
    largest = np.iinfo(dtype).max
    labels = np.array([[[largest, 0, 0, 0]]], dtype=dtype)
    grown = grow_segments(labels, (40, 8, 8), 16)
    assert grown.dtype == dtype
    assert grown.tolist() == [[[largest, largest, 0, 0]]]


@given(small_volumes(6), st.sampled_from([8.0, 40.0, 90.0]), st.data())
@settings(max_examples=60, deadline=None)
def test_a_block_with_its_halo_grows_as_the_whole_does(labels, gap, data):
    grid = Grid(labels.shape, VOXEL)
    start = [data.draw(st.integers(0, n - 1)) for n in labels.shape]
    stop = [data.draw(st.integers(a + 1, n)) for a, n in zip(start, labels.shape, strict=True)]
    core = Box(tuple(start), tuple(stop))
    read = core.grow(contact_halo_vx(grid, ContactParams(max_gap_nm=gap)), within=grid.box)
    whole = grow_segments(labels, VOXEL, gap)
    part = grow_segments(labels[read.slices], VOXEL, gap)
    np.testing.assert_array_equal(part[core.relative_to(read).slices], whole[core.slices])


def test_halo_is_half_the_gap_and_one():
    grid = Grid((9, 9, 9), (40, 8, 5))
    assert contact_halo_vx(grid, ContactParams(max_gap_nm=0)) == (1, 1, 1)
    assert contact_halo_vx(grid, ContactParams(max_gap_nm=24)) == (2, 3, 4)


@pytest.mark.parametrize("shape", list(product((0, 2), repeat=3)))
def test_nothing_grows_out_of_nothing(shape):
    grown = grow_segments(np.zeros(shape, np.uint32), VOXEL, 50)
    assert grown.shape == shape
    assert not grown.any()


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.zeros((2, 3, 4), np.float32), "float32"),
        (np.zeros((2, 3, 4), bool), "bool"),
        (np.full((2, 3, 4), -1), "negative"),
        (np.zeros((3, 4), np.uint8), "volume"),
    ],
)
def test_what_is_no_segmentation_is_refused(labels, says):
    with pytest.raises(InputError, match=says):
        grow_segments(labels, VOXEL, 10)


def test_ids_of_64_bits_and_a_wide_gap_keep_their_names():
    ids = np.array([0, 2**64 - 1, 2**63, 5], dtype=np.uint64)
    labels = np.zeros((1, 3, 40), dtype=np.uint16)
    labels[0, 0, 0], labels[0, 2, 39], labels[0, 1, 20] = 1, 2, 3
    narrow = grow_segments(labels, VOXEL, 150.0)
    assert set(narrow.ravel().tolist()) == {1, 2, 3}
    renamed = grow_segments(ids[labels], VOXEL, 150.0)
    # ties go to the smaller id, so compare away from them
    same = ids[narrow] == renamed
    assert renamed.dtype == np.uint64
    assert same.mean() > 0.9
