"""Synapses at the chosen sites: cleft masks with instance ids, and the table of the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain import records
from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.roles import Kind
from napari_synapse_debug.simulate.sites import Site, interface_of
from napari_synapse_debug.simulate.tissue import Tissue

CLEFT_HALF_NM = 22.0
"""Half the thickness of an annotated cleft where it stands upright in the sections."""

CORNER_NM = 12.0
"""Extracellular space widens within this distance of where three neurites meet."""

POINT_DEPTH_NM = (50.0, 110.0)
"""How far from the cleft point pre and post points are set."""


def segment_tissue(
    tissue: Tissue, sites: Sequence[Site], gap_nm: NDArray[np.float32]
) -> NDArray[np.uint32]:
    """The true segmentation: ids of the neurites, 0 in extracellular space; (Z, Y, X) uint32.

    Space opens where ``gap_nm`` (half its width) exceeds the distance to the membrane and where
    three neurites meet, but never at a synapse: there both partners touch.
    """
    width = np.maximum(gap_nm, CORNER_NM - tissue.corner_nm)
    is_space = tissue.depth_nm < width
    for site in sites:
        around = interface_of(tissue, site, site.radius_nm + 40.0)
        closed = around.is_pair & (around.radius_nm < site.radius_nm + 40.0)
        is_space[around.box.slices] &= ~closed
    return np.where(is_space, 0, tissue.owners).astype(np.uint32)


def mark_clefts(tissue: Tissue, sites: Sequence[Site]) -> dict[str, NDArray[np.uint32]]:
    """Cleft masks of both kinds, ``{kind: (Z, Y, X) uint32}``; ids are the places in ``sites`` + 1.

    A cleft is the slab of both partners around their interface, within the radius of the site;
    it is thicker where it lies flat in the sections, as an annotator would draw it.
    """
    masks = {
        kind.value: np.zeros(tissue.grid.shape, np.uint32) for kind in (Kind.SPINE_HEAD, Kind.SHAFT)
    }
    for number, site in enumerate(sites, start=1):
        around = interface_of(tissue, site, site.radius_nm)
        slab = np.abs(around.signed_nm) <= CLEFT_HALF_NM
        inside = around.is_pair & slab & (around.radius_nm <= site.radius_nm)
        masks[site.kind.value][around.box.slices][inside] = number
    return masks


def tabulate_truth(
    tissue: Tissue, sites: Sequence[Site], segmentation: NDArray[np.uint32]
) -> pd.DataFrame:
    """The truth (``records.TRUTH``): one row a site, in their order; points at voxel centres.

    Raises
    ------
    InputError
        A partner has no voxel near the cleft.
    """
    rows = []
    for number, site in enumerate(sites, start=1):
        points = {
            "pre": _inner_point(tissue, site, site.pre, segmentation),
            "cleft": site.center_nm,
            "post": _inner_point(tissue, site, site.post, segmentation),
        }
        rows.append(
            {
                "row": number,
                "pre_segment": site.pre,
                "post_segment": site.post,
                **{
                    column: value
                    for name, point in points.items()
                    for column, value in zip(records.point_columns(name), point, strict=True)
                },
                "kind": site.kind.value,
                "synapse": number,
                "ignore": False,
            }
        )
    if not rows:
        return records.empty(records.TRUTH)
    return records.conform(pd.DataFrame(rows), records.TRUTH, "truth")


def _inner_point(
    tissue: Tissue, site: Site, owner: int, segmentation: NDArray[np.uint32]
) -> NDArray[np.float64]:
    """The deepest voxel centre of ``owner`` a little off the cleft, zyx, nm."""
    nearest, farthest = POINT_DEPTH_NM
    around = interface_of(tissue, site, farthest)
    at = around.box.slices
    inside = segmentation[at] == owner
    reach = inside & (around.radius_nm >= nearest) & (around.radius_nm <= farthest)
    if not reach.any():
        raise InputError(
            "A simulated synapse has no room for its points",
            found=f"voxels of {tissue.grid.voxel_size_nm} nm",
            expected=f"voxels of a neurite {nearest:g} to {farthest:g} nm from the cleft",
            fix="take smaller voxels",
        )
    voxel = np.argmax(np.where(reach, tissue.depth_nm[at], -np.inf))
    index = np.asarray(np.unravel_index(voxel, around.box.shape)) + around.box.start
    return np.asarray(tissue.grid.to_nm([index])[0])
