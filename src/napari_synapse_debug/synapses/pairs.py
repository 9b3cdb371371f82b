"""Features of each candidate-contact pair: what lies where interface and candidate overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid, Triple
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.records import (
    PAIRS,
    conform,
    empty,
    point_columns,
    points,
    sided_column,
)
from napari_synapse_debug.synapses.channels import FULL
from napari_synapse_debug.synapses.crop import Crop
from napari_synapse_debug.synapses.direction import probability_a_is_pre
from napari_synapse_debug.synapses.inside import SEARCH_NM, VIEW_NM, inner_point
from napari_synapse_debug.synapses.interface import FaceIndex, InterfaceFaces, PairInterface
from napari_synapse_debug.synapses.surroundings import AROUND_NM, Surroundings, segments_of

Row = dict[str, Any]


def pair_margin_vx(grid: Grid, params: SynapseParams) -> Triple:
    """Voxels (zyx) that a crop must hold around each candidate for its pairs to be whole."""
    around = max(AROUND_NM, params.depth_nm + SEARCH_NM + VIEW_NM)
    return grid.margin_vx(params.reach_nm + around)


def measure_pairs(
    crop: Crop, candidates: pd.DataFrame, faces: InterfaceFaces, params: SynapseParams
) -> pd.DataFrame:
    """The pairs (``records.PAIRS``) of the candidates, ordered by candidate and segments.

    The interface of a candidate is all faces with their centre within ``reach_nm`` of the solid
    made of its voxels. Each pair of segments with such a face gives a row:

    - ``overlap_nm2`` is the corrected area of its faces there, ``overlap_fraction`` the share
      in the sum over the candidate's pairs, ``near_area_nm2`` the area of all faces of the two
      neurons within 250 nm of the cleft point; ``flatness`` and ``extent_nm`` tell the shape.
    - ``probability`` is the mean synapse probability of the voxels on both sides of the faces,
      ``near`` and ``far`` that of each neuron in two shells, ``inside`` the share of the
      candidate's summed probability that lies in the neuron.
    - ``vesicle``, ``mitochondrion``, ``raw``, ``texture`` and ``volume_nm3`` tell what each
      neuron holds within 250 nm of the candidate's interface, ``edge_raw`` how bright it is at
      the faces (``Surroundings``); ``thickness_nm`` is that at its point.
    - ``cleft`` is the centre of the pair's face nearest to the candidate's centroid; ``a`` and
      ``b`` lie inside their segments, about ``depth_nm`` from it (see ``inner_point``).
    - ``p_ab`` is the rule's ``probability_a_is_pre`` of these, and ``p_synapse`` NaN, until a
      partner model tells them; ``contact`` is empty (``link_contacts``), ``soma`` false
      (``mark_somata``).

    Parameters
    ----------
    crop : Crop
        Must hold ``pair_margin_vx`` around each candidate, except beyond the volume.
    candidates : DataFrame
        Those to be measured (``records.CANDIDATES``); others in the crop are not touched.
    faces : InterfaceFaces
        All faces between segments of the crop, grown over gaps or not.
    params : SynapseParams
        ``reach_nm`` and ``depth_nm`` are used.

    Returns
    -------
    DataFrame
        A well-formed table without rows if there are no candidates or no faces near them.

    Raises
    ------
    InputError
        The faces are not of this crop, or no class marks synapses.
    """
    scene = _Scene.of(crop, faces, params)
    centroids = points(candidates, "centroid")
    voxels = _voxels_by_candidate(crop.candidate_labels, candidates["candidate"].to_numpy())
    rows = [
        row
        for candidate, index in voxels.items()
        for row in scene.rows(
            candidate, index, centroids[candidates["candidate"].to_numpy() == candidate][0]
        )
    ]
    if not rows:
        return empty(PAIRS)
    table = pd.DataFrame(rows)
    sides = [
        (table[f"{cue}_a{unit}"].to_numpy(np.float64), table[f"{cue}_b{unit}"].to_numpy(np.float64))
        for cue, unit in (("vesicle", ""), ("inside", ""), ("thickness", "_nm"))
    ]
    table["p_ab"] = probability_a_is_pre(*sides)
    table = table.assign(p_synapse=np.nan, soma_a=False, soma_b=False)
    table["contact"] = pd.array([pd.NA] * len(table), dtype="Int64")
    return conform(table, PAIRS, "pairs")


@dataclass(frozen=True)
class _Scene:
    """A crop and its faces, ready for one candidate after the other."""

    crop: Crop
    index: FaceIndex
    params: SynapseParams
    surroundings: Surroundings

    @classmethod
    def of(cls, crop: Crop, faces: InterfaceFaces, params: SynapseParams) -> _Scene:
        beyond = np.flatnonzero(~crop.grid.box.contains(faces.low_vx))
        if len(beyond):
            raise InputError(
                "The faces and the crop do not fit",
                found=f"a face at voxel {tuple(faces.low_vx[beyond[0]].tolist())}",
                expected=f"voxels of a crop of shape {crop.grid.shape}",
                fix="find the faces in the segmentation of this crop, with its grid",
            )
        return cls(crop, FaceIndex.of(faces), params, Surroundings.of(crop))

    def rows(
        self, candidate: int, voxels: NDArray[np.int64], centroid_nm: NDArray[np.float64]
    ) -> Iterator[Row]:
        """One row for each pair at the candidate that is made of ``voxels`` ((N, 3))."""
        grid = self.crop.grid
        interfaces = self.index.near(voxels, self.params.reach_nm, grid)
        areas = [interface.area_nm2(grid) for interface in interfaces]
        inside = self._inside(voxels, interfaces)
        around = self.surroundings.around(interfaces)
        for interface, area in zip(interfaces, areas, strict=True):
            cleft = interface.midpoint_nm[interface.nearest_to(centroid_nm)]
            yield {
                "candidate": candidate,
                "segment_a": interface.segment_a,
                "segment_b": interface.segment_b,
                "overlap_nm2": area,
                "overlap_fraction": area / sum(areas),
                "near_area_nm2": self.index.area_near_nm2(interface, cleft, AROUND_NM, grid),
                "flatness": interface.flatness(grid),
                "extent_nm": interface.extent_nm(),
                "probability": self._on_faces(interface),
                **self._sides(interface, inside, around),
                **self._points(interface, centroid_nm),
            }

    def _sides(
        self,
        interface: PairInterface,
        inside: dict[int, float],
        around: dict[int, dict[str, float]],
    ) -> Row:
        """What lies in each of the two neurons, but for the points."""
        row: Row = {}
        segments = (interface.segment_a, interface.segment_b)
        shells = self.surroundings.shells(interface)
        for side, segment, shell in zip("ab", segments, shells, strict=True):
            cues = {"inside": inside[segment], **around[segment], **shell}
            row |= {sided_column(name, side): value for name, value in cues.items()}
        return row

    def _on_faces(self, interface: PairInterface) -> float:
        """Mean synapse probability of the voxels on both sides."""
        below = self.surroundings.synapse[tuple(interface.below.T)].mean()
        above = self.surroundings.synapse[tuple(interface.above.T)].mean()
        return float((below + above) / 2 / FULL)

    def _inside(
        self, voxels: NDArray[np.int64], interfaces: list[PairInterface]
    ) -> dict[int, float]:
        """Share of the candidate's probability in each segment of its interfaces."""
        weight = self.surroundings.synapse[tuple(voxels.T)].astype(np.float64)
        holder = self.crop.segmentation[tuple(voxels.T)]
        return {
            segment: float(weight[holder == segment].sum() / max(weight.sum(), 1.0))
            for segment in segments_of(interfaces)
        }

    def _points(self, interface: PairInterface, centroid_nm: NDArray[np.float64]) -> Row:
        """The cleft point, and a point and the thickness in each neuron."""
        grid = self.crop.grid
        face = interface.nearest_to(centroid_nm)
        cleft = interface.midpoint_nm[face]
        normal = interface.normal_at(face, grid)
        row: Row = dict(zip(point_columns("cleft"), cleft, strict=True))
        for side, segment, direction in (
            ("a", interface.segment_a, -normal),
            ("b", interface.segment_b, normal),
        ):
            point, thickness = inner_point(
                self.crop.segmentation, segment, cleft, direction, self.params.depth_nm, grid
            )
            row |= dict(zip(point_columns(side), point, strict=True))
            row[f"thickness_{side}_nm"] = thickness
        return row


def _voxels_by_candidate(
    labels: NDArray[np.integer[Any]], wanted: NDArray[np.int64]
) -> dict[int, NDArray[np.int64]]:
    """Voxels (N, 3) of each of the ``wanted`` ids that the crop holds, in the order of ids."""
    index = np.argwhere(labels)
    held = labels[tuple(index.T)].astype(np.int64)
    is_wanted = np.isin(held, wanted)
    index, held = index[is_wanted], held[is_wanted]
    order = np.argsort(held, kind="stable")
    index, held = index[order], held[order]
    ids, firsts = np.unique(held, return_index=True)
    return {int(k): part for k, part in zip(ids, np.split(index, firsts[1:]), strict=False)}
