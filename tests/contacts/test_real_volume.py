from __future__ import annotations

import cc3d
import h5py
import pandas as pd
import pytest

from napari_synapse_debug.contacts import (
    contact_halo_vx,
    contacts_in_block,
    find_contacts,
    stitch_contacts,
)
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams

VOXEL = (50.0, 4.6, 4.6)


@pytest.mark.real
def test_contacts_of_real_neurites_equal_cc3d_and_do_not_depend_on_blocks(real_data):
    with h5py.File(real_data / "vnc_left.h5") as file:
        labels = file["volumes/labels/neuron_ids"][:, :400, :300]
    grid, params = Grid(labels.shape, VOXEL), ContactParams()
    pieces = []
    for core in grid.box.blocks((8, 128, 96)):
        read = core.grow(contact_halo_vx(grid, params), within=grid.box)
        pieces.append(contacts_in_block(labels[read.slices], read, core, grid, params))
    found = stitch_contacts(pieces, grid, params)
    pd.testing.assert_frame_equal(found, find_contacts(labels, grid, params), check_exact=True)
    mine = found.groupby(["segment_a", "segment_b"])["raw_area_nm2"].sum().to_dict()
    theirs = cc3d.contacts(labels, connectivity=6, surface_area=True, anisotropy=VOXEL)
    assert len(theirs) > 500
    assert mine == pytest.approx(theirs, rel=1e-3)  # cc3d sums in float32
