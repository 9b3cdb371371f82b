"""Parameters of the targets that are painted from 3-point rows."""

from __future__ import annotations

from napari_synapse_debug.domain.params.base import Params, field


class TargetParams(Params):
    """How large a cleft is painted where only its points are known."""

    radius_nm: float = field(
        60.0,
        "Cleft radius",
        "Radius of the disc that is painted at a cleft point; better too small than too large",
        unit="nm",
        gt=0,
        le=2000,
    )
    thickness_nm: float = field(
        40.0,
        "Cleft thickness",
        "Thickness of the disc along the way from pre to post, cut at these points",
        unit="nm",
        gt=0,
        le=2000,
    )
    unknown_nm: float = field(
        80.0,
        "Unknown rim",
        "So far around the disc the network is taught neither cleft nor background",
        unit="nm",
        ge=0,
        le=2000,
    )
