"""Parameters of contacts."""

from __future__ import annotations

from pydantic import field_validator

from napari_synapse_debug.domain.params.base import Params, at_least_one, field


class ContactParams(Params):
    """Where two neurons touch."""

    _check_voxels = field_validator("block_vx")(at_least_one)

    max_gap_nm: float = field(
        0.0,
        "Largest gap",
        "Neurons this far apart across background count as touching",
        unit="nm",
        ge=0,
        le=1000,
    )
    min_area_nm2: float = field(
        0.0, "Smallest contact", "Patches of less corrected area are left out", unit="nm²", ge=0
    )
    background: tuple[int, ...] = field(
        (), "Background", "Ids that are no segment, besides 0; a gap may lie in them", advanced=True
    )
    background_layer: str | None = field(
        None,
        "Background layer",
        "Mask or extra layer of the project whose voxels are background (membrane, extracellular)",
        advanced=True,
    )
    region_layer: str | None = field(
        None,
        "Region layer",
        "Mask or extra layer of the project that contacts must lie in",
        advanced=True,
    )
    box: str | None = field(
        None,
        "Box",
        "Contacts are looked for in z0:z1,y0:y1,x0:x1 (half-open voxel ranges); empty: everywhere",
        advanced=True,
    )
    excluded_segments: tuple[int, ...] = field(
        (), "Left out", "Segment ids that are no neurons (glia, vessels)", advanced=True
    )
    block_vx: tuple[int, int, int] = field(
        (64, 256, 256), "Block", "Voxels zyx worked on at once", unit="voxels", advanced=True
    )
