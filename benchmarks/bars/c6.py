"""True bodies of FIB-25: planted merges and splits change the contacts exactly as planted."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from commands import DATA
from napari_synapse_debug.contacts import contact_pairs, find_contacts
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams

PLANTED = 20
COLUMNS = ["faces_z", "faces_y", "faces_x"]


def measure(work: Path) -> bool:  # noqa: ARG001
    """Plant one error at a time; what the table must become follows from the table before."""
    with h5py.File(DATA / "fib25_sample2.h5") as file:
        labels = file["volumes/labels/neuron_ids"][:].astype(np.uint64)
    grid = Grid(labels.shape, (10.0, 10.0, 10.0))
    before = _pairs(labels, grid)
    random = np.random.default_rng(0)
    merges = sum(
        _merge_is_exact(labels, grid, before, before.index[random.integers(len(before))])
        for _ in range(PLANTED)
    )
    bodies = np.unique(labels[labels > 0])
    splits = sum(
        _split_is_exact(labels, grid, before, body)
        for body in random.choice(bodies, PLANTED, replace=False)
    )
    print(f"{len(before)} pairs of {len(bodies)} bodies")
    print(f"exact: {merges} of {PLANTED} merges, {splits} of {PLANTED} splits")
    return merges == splits == PLANTED


def _pairs(labels: np.ndarray, grid: Grid) -> pd.DataFrame:
    pairs = contact_pairs(find_contacts(labels, grid, ContactParams()))
    return pairs.set_index(["segment_a", "segment_b"])[COLUMNS]


def _renamed(pairs: pd.DataFrame, names: dict[int, int]) -> pd.DataFrame:
    """The table after bodies were renamed: pairs of one body vanish, equal pairs are summed."""
    table = pairs.reset_index()
    a, b = (table[name].map(lambda k: names.get(k, k)) for name in ("segment_a", "segment_b"))
    table["segment_a"], table["segment_b"] = np.minimum(a, b), np.maximum(a, b)
    table = table[table["segment_a"] != table["segment_b"]]
    return table.groupby(["segment_a", "segment_b"])[COLUMNS].sum()


def _merge_is_exact(
    labels: np.ndarray, grid: Grid, before: pd.DataFrame, pair: tuple[int, int]
) -> bool:
    one, two = pair
    merged = np.where(labels == two, np.uint64(one), labels)
    after = _pairs(merged, grid)
    return not after.equals(before) and after.equals(_renamed(before, {two: one}))


def _split_is_exact(labels: np.ndarray, grid: Grid, before: pd.DataFrame, body: int) -> bool:
    """Cut a body through its middle: only its own rows change, and put together they agree."""
    inside = np.argwhere(labels == body)
    axis = int(np.ptp(inside, axis=0).argmax())
    cut = int(np.median(inside[:, axis]))
    split, new = labels.copy(), int(labels.max()) + 1
    upper = inside[inside[:, axis] > cut]
    split[tuple(upper.T)] = new
    after = _pairs(split, grid)
    at_cut = (inside[:, axis] == cut) & np.isin(
        inside @ [10**8, 10**4, 1] + [10**8, 10**4, 1][axis], upper @ [10**8, 10**4, 1]
    )
    if at_cut.any() and int(after.loc[(body, new)].sum()) != int(at_cut.sum()):
        return False
    elsewhere = [k for k in before.index if body not in k]
    is_kept = after.loc[elsewhere].equals(before.loc[elsewhere])
    return bool(len(upper)) and is_kept and _renamed(after, {new: body}).equals(before)
