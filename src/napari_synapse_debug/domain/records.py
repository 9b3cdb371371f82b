"""The tables that pass between rooms: their columns, dtypes and points.

Each table is a pandas DataFrame. Points are three columns ``NAME_z_nm, NAME_y_nm, NAME_x_nm``
(float64, nm, zyx). Ids are int64 (segments: uint64), 0 is background; a nullable id is ``Int64``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.domain.stages import Stage

AXES = ("z", "y", "x")
ENDS = ("pre", "cleft", "post")

Columns = Mapping[str, str]


def point_columns(name: str) -> list[str]:
    """The three columns of the point ``name``: ``name_z_nm, name_y_nm, name_x_nm``."""
    return [f"{name}_{axis}_nm" for axis in AXES]


def _table(*parts: Mapping[str, str]) -> Columns:
    return MappingProxyType({k: v for part in parts for k, v in part.items()})


def _point(*names: str) -> dict[str, str]:
    return {column: "float64" for name in names for column in point_columns(name)}


def sided_column(name: str, side: str) -> str:
    """The column of the feature ``name`` of side ``a`` or ``b``; its unit stays at the end."""
    stem, _, unit = name.rpartition("_nm")
    return f"{stem}_{side}_nm{unit}" if stem else f"{name}_{side}"


_SYNAPSE = {
    "row": "int64",
    "pre_segment": "uint64",
    "post_segment": "uint64",
    **_point("pre", "cleft", "post"),
    "kind": "str",
}

PREDICTION = _table(_SYNAPSE, {"score": "float64", "candidate": "Int64", "contact": "Int64"})
"""3-point synapses that were found: one row a partner pair; rows of one polyadic cleft share
``candidate``. ``score`` in [0, 1] or NaN; segment ids are those of the segmentation in use."""

TRUTH = _table(_SYNAPSE, {"synapse": "Int64", "ignore": "bool"})
"""3-point synapses of the biologists: ``row`` is unique, ``synapse`` is the cleft and repeats
for its partners; a row with ``ignore`` may match, but such a pair counts nowhere."""

CONTACTS = _table(
    {
        "contact": "int64",
        "segment_a": "uint64",
        "segment_b": "uint64",
        "faces_z": "int64",
        "faces_y": "int64",
        "faces_x": "int64",
        "raw_area_nm2": "float64",
        "area_nm2": "float64",
    },
    _point("centroid", "point"),
    {"normal_z": "float64", "normal_y": "float64", "normal_x": "float64"},
    {f"{end}_{axis}": "int64" for end in ("start", "stop") for axis in AXES},
)
"""Patches: connected pieces of the interface of two segments, ``segment_a < segment_b``.
``normal`` is a unit vector in nm space from a to b; ``point`` lies on the interface; the box
``start .. stop`` (voxels, half-open) holds the voxels on both sides."""

CONTACT_PAIRS = _table(
    {
        "segment_a": "uint64",
        "segment_b": "uint64",
        "patches": "int64",
        "faces_z": "int64",
        "faces_y": "int64",
        "faces_x": "int64",
        "raw_area_nm2": "float64",
        "area_nm2": "float64",
    }
)
"""Pairs of segments that touch: the sums over their contacts, and how many there are."""

CANDIDATES = _table(
    {
        "candidate": "int64",
        "class_name": "str",
        "kind": "str",
        "size_vx": "int64",
        "peak": "float64",
        "mean": "float64",
        "is_kept": "bool",
    },
    _point("centroid"),
    {f"{end}_{axis}": "int64" for end in ("start", "stop") for axis in AXES},
)
"""Connected pieces of the thresholded probability of the synapse classes. ``is_kept`` is false
for those below the size filter, which stay in the table so that their loss can be told."""

_SIDED = (
    "inside",
    "near",
    "far",
    "vesicle",
    "mitochondrion",
    "edge_raw",
    "raw",
    "texture",
    "volume_nm3",
    "thickness_nm",
)
"""What is measured in either neuron of a pair; see ``synapses.measure_pairs``."""

PAIRS = _table(
    {
        "candidate": "int64",
        "contact": "Int64",
        "segment_a": "uint64",
        "segment_b": "uint64",
        "overlap_nm2": "float64",
        "overlap_fraction": "float64",
        "near_area_nm2": "float64",
        "flatness": "float64",
        "extent_nm": "float64",
        "probability": "float64",
    },
    {sided_column(name, side): "float64" for name in _SIDED for side in "ab"},
    {"soma_a": "bool", "soma_b": "bool", "p_ab": "float64", "p_synapse": "float64"},
    _point("cleft", "a", "b"),
)
"""Cached features of each candidate-contact pair: where interface and candidate overlap, what
lies on either side, and the points to place. ``p_ab`` in [0, 1] is the evidence that, if this
is a synapse, a is pre; ``p_synapse`` the probability of the partner model that it is one, NaN
where the rule serves. So P(a → b) is ``p_synapse * p_ab``."""

CONNECTOME = _table(
    {
        "pre_segment": "uint64",
        "post_segment": "uint64",
        "synapses": "int64",
        "area_nm2": "float64",
        "mean_score": "float64",
    },
    {str(kind): "int64" for kind in Kind},
)
"""The neurons that are joined: one row an ordered pair, by pre and then post. ``area_nm2`` is
the summed interface in the candidates; the last columns count the synapses of each kind."""

MATCHES = _table(
    {
        "truth_row": "Int64",
        "prediction_row": "Int64",
        "outcome": "str",
        "cost_nm": "float64",
        "pre_nm": "float64",
        "cleft_nm": "float64",
        "post_nm": "float64",
        "refusal": "str",
        "refusals": "str",
        "refused_row": "Int64",
    }
)
"""One row for each truth and each unmatched prediction: ``outcome`` is ``tp | fn | fp |
ignored | unjudged``; ``refusal`` names why the nearest other (``refused_row``) was refused."""

FINDINGS = _table(
    {
        "finding": "int64",
        "error": "str",
        "fault": "int64",
        "stage": "str",
        "cause": "str",
        "confirmed": "boolean",
        "truth_row": "Int64",
        "prediction_row": "Int64",
        "kind": "str",
        "score": "float64",
        "pre_segment": "uint64",
        "post_segment": "uint64",
    },
    _point("pre", "cleft", "post"),
    {"refusal": "str", "suspect_truth": "float64", "summary": "str", "fix": "str"},
    {f"{stage}_outcome": "str" for stage in Stage},
    {f"{stage}_evidence": "str" for stage in Stage},
    {
        "peak": "float64",
        "threshold": "float64",
        "candidate": "Int64",
        "contact": "Int64",
        "side_effects": "Int64",
        "fix_set": "str",
    },
)
"""The errors: one row a missed, false or mistyped synapse. The points are those of the truth
for missed and mistyped ones and of the prediction for false ones; the segments are those of
the segmentation in use at these points. ``summary`` says why, ``fix`` what would mend it."""


def empty(columns: Columns) -> pd.DataFrame:
    """A table of ``columns`` without rows."""
    return _empty(tuple(columns.items())).copy()


@cache
def _empty(columns: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns})


@cache
def _type_of(name: str) -> Any:
    return pd.Series(dtype=name).dtype


def conform(frame: pd.DataFrame, columns: Columns, name: str = "table") -> pd.DataFrame:
    """A copy of ``frame`` with the dtypes of ``columns`` and these columns first.

    Raises
    ------
    InputError
        Columns are missing, or hold values that their dtype cannot.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(
            f"The {name} lacks columns",
            found=", ".join(map(str, frame.columns)) or "no column",
            expected=", ".join(columns),
            fix=f"add {', '.join(missing)}; if a step of a run wrote it, run that step --again",
        )
    out = {}
    for column, dtype in columns.items():
        values = frame[column]
        try:
            is_same = values.dtype == _type_of(dtype)
            out[column] = values if is_same else values.astype(dtype)  # type: ignore[call-overload]
        except (TypeError, ValueError) as error:
            raise InputError(
                f"Column {column!r} of the {name} holds values of another type",
                found=str(error),
                expected=dtype,
                fix=f"correct the values of {column!r}",
            ) from error
    out |= {column: frame[column] for column in frame.columns if column not in columns}
    return pd.DataFrame(out, index=frame.index, copy=True)


def points(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """The points ``name`` of each row: (N, 3) float64, zyx, nm."""
    columns = [frame[column].to_numpy(np.float64) for column in point_columns(name)]
    return np.stack(columns, axis=1)


def with_points(frame: pd.DataFrame, name: str, values_nm: ArrayLike) -> pd.DataFrame:
    """A copy of ``frame`` whose points ``name`` are ``values_nm`` ((N, 3), zyx)."""
    values = np.asarray(values_nm, dtype=np.float64).reshape(-1, 3)
    return frame.assign(**dict(zip(point_columns(name), values.T, strict=True)))
