"""At which synapses of a run faults may be planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.simulate.found import Found, is_whole
from napari_synapse_debug.simulate.place import Place

SHAPE = (3, 8, 8)
INNER = np.s_[1, 2:6, 2:6]


def found_with(size_vx: int = 16, **voxels: tuple[Any, int]) -> Found:
    """A candidate 7 of 16 voxels on the cleft 5, and volumes with other voxels."""
    volumes = {"candidates": np.zeros(SHAPE, np.int64), "mask:cleft": np.zeros(SHAPE, np.int64)}
    volumes["candidates"][INNER] = 7
    volumes["mask:cleft"][1, 3:5, 3:5] = 5
    for name, (where, value) in voxels.items():
        volumes[{"mask": "mask:cleft"}.get(name, name)][where] = value
    place = Place(
        grid=Grid(SHAPE, (40.0, 8.0, 8.0)),
        row=pd.Series({"synapse": 5}),
        box=Box((0, 0, 0), SHAPE),
        volumes=volumes,
        pre=1,
        post=2,
        distance_nm=np.zeros(SHAPE, np.float32),
        is_own=np.ones(SHAPE, bool),
    )
    candidate = pd.Series({"candidate": 7, "size_vx": size_vx})
    return Found(None, place, pd.Series(dtype=object), candidate, "mask:cleft", 9)  # type: ignore[arg-type]


def test_a_candidate_on_its_cleft_alone_is_whole() -> None:
    assert is_whole(found_with())


@pytest.mark.parametrize(
    "spoiled",
    [
        {"mask": (np.s_[1, 5, 5], 6)},  # it covers a part of another cleft
        {"candidates": (np.s_[1, 2:6, 4], 0)},  # in two pieces
        {"size_vx": 17},  # one voxel lies outside of the crop
    ],
    ids=["two clefts", "two pieces", "cut"],
)
def test_others_are_not(spoiled: dict[str, Any]) -> None:
    assert not is_whole(found_with(**spoiled))


def test_another_cleft_beside_the_candidate_does_no_harm() -> None:
    assert is_whole(found_with(mask=(np.s_[1, 7, 7], 6)))
