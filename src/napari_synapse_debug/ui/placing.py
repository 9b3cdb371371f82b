"""How our layers lie in the world: in nm, on the grid of their volume."""

from __future__ import annotations

from typing import Any

from napari_synapse_debug.domain.grid import Grid


def placed(grid: Grid) -> dict[str, Any]:
    """What puts a layer of voxel indices in its place in nm."""
    return {
        "scale": grid.voxel_size_nm,
        "translate": grid.offset_nm,
        "units": ("nm", "nm", "nm"),
        "axis_labels": ("z", "y", "x"),
    }
