"""The connectome: who synapses onto whom, how often and with how much interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import CONNECTOME, conform, empty
from napari_synapse_debug.domain.roles import Kind

_KEYS = ["candidate", "segment_a", "segment_b"]


@dataclass(frozen=True)
class Matrix:
    """A connectome as a matrix: ``values[i, j]`` is what ``ids[i]`` gives to ``ids[j]``.

    Parameters
    ----------
    values : (N, N) sparse array
        int64 for counts, float64 for areas.
    ids : (N,) uint64
        Segments.
    """

    values: csr_array
    ids: NDArray[np.uint64]


def connect(synapses: pd.DataFrame, pairs: pd.DataFrame | None = None) -> pd.DataFrame:
    """The connectome (``records.CONNECTOME``), one row an ordered pair of neurons.

    Parameters
    ----------
    synapses : DataFrame
        ``records.PREDICTION``.
    pairs : DataFrame, optional
        ``records.PAIRS`` of the same run, for the areas; without them areas are NaN.

    Returns
    -------
    DataFrame
        By pre and then post; a well-formed table without rows if there is no synapse.
    """
    if not len(synapses):
        return empty(CONNECTOME)
    ends = ["pre_segment", "post_segment"]
    rows = synapses[[*ends, "kind", "score"]].assign(area_nm2=_areas(synapses, pairs))
    grouped = rows.groupby(ends, sort=True)
    table = grouped.agg(
        synapses=("kind", "size"),
        area_nm2=("area_nm2", lambda part: part.sum(min_count=len(part))),
        mean_score=("score", "mean"),
    )
    kinds = pd.crosstab([rows[end] for end in ends], rows["kind"])
    kinds = kinds.reindex(columns=[str(kind) for kind in Kind], fill_value=0)
    return conform(table.join(kinds).reset_index(), CONNECTOME, "connectome")


def as_matrix(connectome: pd.DataFrame, value: str = "synapses") -> Matrix:
    """The connectome as a sparse matrix over all its neurons, sorted by id.

    Parameters
    ----------
    connectome : DataFrame
        ``records.CONNECTOME``.
    value : str
        The column to fill in, such as ``synapses`` or ``area_nm2``.

    Raises
    ------
    InputError
        There is no such column of numbers.
    """
    numbers = [name for name, dtype in CONNECTOME.items() if dtype in ("int64", "float64")]
    if value not in numbers:
        raise InputError(
            "The connectome has no such value",
            found=value,
            expected="one of " + ", ".join(numbers),
        )
    ends = connectome[["pre_segment", "post_segment"]].to_numpy(np.uint64)
    ids, place = np.unique(ends, return_inverse=True)
    row, column = place.reshape(-1, 2).T
    values = connectome[value].to_numpy()
    return Matrix(coo_array((values, (row, column)), shape=(len(ids),) * 2).tocsr(), ids)


def strongest(connectome: pd.DataFrame, most: int = 60) -> Matrix:
    """The neurons with most synapses as a matrix for a picture, in an order that shows groups.

    Neurons are sorted by how many synapses they give less how many they receive, so that those
    that mostly give come first; equal ones by how many they have, then by id.

    Parameters
    ----------
    connectome : DataFrame
        ``records.CONNECTOME``; without rows the matrix is 0 × 0.
    most : int
        At most this many neurons, those with most synapses.
    """
    matrix = as_matrix(connectome)
    given, received = (np.asarray(matrix.values.sum(axis=k)).ravel() for k in (1, 0))
    busiest = np.lexsort((matrix.ids, -(given + received)))[:most]
    order = busiest[
        np.lexsort((matrix.ids[busiest], -(given + received)[busiest], (received - given)[busiest]))
    ]
    return Matrix(matrix.values[order][:, order], matrix.ids[order])


def _areas(synapses: pd.DataFrame, pairs: pd.DataFrame | None) -> NDArray[Any]:
    """Interface in the candidate of each synapse, (N,) nm²; NaN where its pair is not known."""
    if pairs is None:
        return np.full(len(synapses), np.nan)
    ends = np.sort(synapses[["pre_segment", "post_segment"]].to_numpy(np.uint64), axis=1)
    wanted = pd.MultiIndex.from_arrays(
        [synapses["candidate"].astype("Int64"), ends[:, 0], ends[:, 1]]
    )
    area = pairs.drop_duplicates(_KEYS).set_index(_KEYS)["overlap_nm2"]
    return area.reindex(wanted).to_numpy(np.float64)
