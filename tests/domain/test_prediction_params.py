from __future__ import annotations

import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.events import Event, box_of, box_values
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import (
    ContactParams,
    PredictParams,
    SynapseParams,
    TrainParams,
)


def test_the_switch_of_older_projects_is_read_as_views() -> None:
    assert PredictParams.build(mirror=True).views == "mirrored"
    assert PredictParams.build(mirror=False).views == "one"
    assert PredictParams.build(mirror=False, views="all").views == "all"
    with pytest.raises(InputError, match="mirrors"):
        PredictParams.build(mirrors=True)


def test_a_box_goes_through_an_event_and_back() -> None:
    box = Box((0, 4, 9), (7, 30, 11))
    event = Event("predict", values={"seconds": 2.0, **box_values(box)})
    assert box_of(event) == box
    assert box_of(Event("predict", values={"z0": 1.0})) is None


@pytest.mark.parametrize("values", [{"block_vx": (0, 128, 128)}, {"block_vx": (16, -1, 16)}])
def test_blocks_have_at_least_one_voxel(values: dict[str, tuple[int, int, int]]) -> None:
    with pytest.raises(InputError, match="at least one voxel along each axis"):
        PredictParams.build(**values)


@pytest.mark.parametrize("values", [{"patch_vx": (0, 96, 96)}, {"binning": (-1, 1, 1)}])
def test_patches_and_bins_have_at_least_one_voxel(values: dict[str, tuple[int, int, int]]) -> None:
    with pytest.raises(InputError, match="at least one voxel along each axis"):
        TrainParams.build(**values)


@pytest.mark.parametrize("model", [ContactParams, SynapseParams])
def test_blocks_of_every_step_have_voxels(model: type[ContactParams | SynapseParams]) -> None:
    with pytest.raises(InputError, match="block_vx"):
        model.build(block_vx=(0, 256, 256))
