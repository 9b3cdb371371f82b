from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.contacts import find_contacts, interface_faces
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams, SynapseParams
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.synapses import (
    Crop,
    find_candidates,
    link_contacts,
    measure_pairs,
    place_synapses,
)

CLEFTS = (ClassSpec("clefts", Role.SYNAPSE),)


@pytest.mark.real
def test_perfect_masks_give_back_the_partners_of_real_polyadic_synapses(real_data):
    with h5py.File(real_data / "vnc_left.h5") as file:
        ids = file["volumes/labels/neuron_ids"][:, :400]
        clefts = file["volumes/labels/clefts"][:, :400]
    truth = pd.read_csv(real_data / "vnc_left_synapses.csv")
    grid = Grid(ids.shape, (50.0, 4.6, 4.6))
    mask = np.where(clefts > 0, 255, 0).astype(np.uint8)[None]
    labels, candidates = find_candidates(mask, grid, CLEFTS, 0.5, 1)
    crop = Crop(grid, labels, ids, mask, CLEFTS)
    params = SynapseParams(polyadic=True, reach_nm=20.0)
    pairs = measure_pairs(crop, candidates, interface_faces(ids, grid), params)
    linked = link_contacts(pairs, find_contacts(ids, grid, ContactParams()), grid)
    assert linked["contact"].notna().all()
    placed = place_synapses(linked, candidates, params).synapses

    inside = truth["cleft_y_nm"] < 380 * 4.6
    safe = truth[inside & (truth["contact_px"] >= 200) & (truth["pre_confidence"] >= 0.7)]
    assert len(safe) == 27
    ordered = set(zip(placed["pre_segment"], placed["post_segment"], strict=True))
    forward = [pair in ordered for pair in zip(safe.pre_segment, safe.post_segment, strict=True)]
    backward = [pair in ordered for pair in zip(safe.post_segment, safe.pre_segment, strict=True)]
    assert np.mean(forward) >= 0.9
    assert sum(forward) / (sum(forward) + sum(backward)) >= 0.9
