"""The contact that each candidate-contact pair belongs to."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import AXES, points


def link_contacts(pairs: pd.DataFrame, contacts: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    """The pairs with ``contact`` set: the patch of the same segments that holds the cleft point.

    A patch holds a point that lies in its box, faces included; of several the one with the
    nearest centroid is taken, then the first. Without one (its contact was filtered out)
    ``contact`` is empty.

    Parameters
    ----------
    pairs : DataFrame
        ``records.PAIRS``; the index and order are kept.
    contacts : DataFrame
        ``records.CONTACTS``, with boxes in voxels of ``grid``.
    grid : Grid
        The grid that the contacts were found in.
    """
    keys = ["segment_a", "segment_b"]
    pair_row = pairs[keys].assign(pair=np.arange(len(pairs)))
    contact_row = contacts[keys].assign(patch=np.arange(len(contacts)))
    both = pair_row.merge(contact_row, on=keys)
    pair, patch = both["pair"].to_numpy(), both["patch"].to_numpy()
    cleft = points(pairs, "cleft")[pair]
    is_held = _is_in_box(contacts.iloc[patch], grid.to_fraction(cleft))
    pair, patch, cleft = pair[is_held], patch[is_held], cleft[is_held]
    distance = np.linalg.norm(points(contacts, "centroid")[patch] - cleft, axis=1)
    order = np.lexsort((patch, distance, pair))
    firsts = order[np.unique(pair[order], return_index=True)[1]]
    linked = pd.array([pd.NA] * len(pairs), dtype="Int64")
    linked[pair[firsts]] = contacts["contact"].to_numpy()[patch[firsts]]
    return pairs.assign(contact=linked)


def _is_in_box(contacts: pd.DataFrame, at: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which fractional indices (N, 3) lie in the voxels of the box of their contact."""
    start = contacts[[f"start_{axis}" for axis in AXES]].to_numpy(np.float64) - 0.5
    stop = contacts[[f"stop_{axis}" for axis in AXES]].to_numpy(np.float64) - 0.5
    slack = 1e-6
    return np.asarray(((at >= start - slack) & (at <= stop + slack)).all(axis=1))
