"""Layers of tables: synapses and their links, contacts, the selected finding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from napari.layers import Layer, Points, Vectors
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import ENDS, points
from napari_synapse_debug.ui import palette
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.placing import placed
from napari_synapse_debug.ui.ports import Results
from napari_synapse_debug.ui.synapse_points import SynapsePoints, predicted_points, truth_points

POINT_NM = 45.0
"""Width of a point in nm; ``canvas_size_limits`` keeps it legible at any zoom."""

BORDER = 0.12
"""Width of the border of a point, as a part of its width."""

NEAR_NM = 350.0
"""In 3D synapses farther from the selected one are not shown."""


def table_layers(results: Results) -> Iterator[Layer]:
    """Contacts (hidden), truth and prediction, each with its links; those that there are."""
    grid = results.grid
    if results.contacts is not None:
        yield Points(
            grid.to_fraction(points(results.contacts, "point")),
            name=str(LayerName.CONTACTS),
            features=results.contacts[["contact", "segment_a", "segment_b", "area_nm2"]],
            symbol="diamond",
            size=POINT_NM * 0.6 / grid.voxel_size_nm[2],
            face_color=palette.stage_hue("contact"),
            border_width=0,
            visible=False,
            canvas_size_limits=(4, 12),
            projection_mode="rescale_linear",
            **placed(grid),
        )
    if results.truth is not None:
        truth = truth_points(results.truth, results.matches, grid)
        yield _links(truth, LayerName.TRUTH_LINKS, grid)
        yield _points(truth, LayerName.TRUTH, grid)
    if results.synapses is not None:
        found = predicted_points(results.synapses, results.matches, grid)
        yield _links(found, LayerName.PREDICTION_LINKS, grid)
        yield _points(found, LayerName.PREDICTION, grid)


def finding_layer(grid: Grid) -> Points:
    """Circles with names around pre, cleft and post of the selected finding; hidden at first."""
    layer = Points(
        np.zeros((3, 3)),
        name=str(LayerName.FINDING),
        size=POINT_NM * 2 / grid.voxel_size_nm[2],
        face_color="transparent",
        border_color=[palette.END_HUE[end] for end in ENDS],
        border_width=0.05,
        features={"label": ["pre", "", "post"]},
        text={"string": "{label}", "color": "white", "size": 11},
        projection_mode="all",
        # where it is kept to a limit, half of the lesser one is the least width of its border
        canvas_size_limits=(8, 40),
        blending="translucent_no_depth",
        visible=False,
        **placed(grid),
    )
    layer.editable = False
    place_names(layer, grid)
    return layer


def place_names(layer: Points, grid: Grid) -> None:
    """Put the names beside pre and post that lie one above the other, and else above them."""
    _, y, x = np.asarray(grid.voxel_size_nm)
    _, down, right = np.abs(layer.data[-1] - layer.data[0]) * grid.voxel_size_nm
    if down > right:
        anchor, translation = "lower_left", (0.0, 0.0, POINT_NM * 0.8 / x)
    else:
        anchor, translation = "center", (0.0, -POINT_NM * 1.6 / y, 0.0)
    if not np.array_equal(layer.text.translation, translation):
        layer.text.anchor = anchor
        layer.text.translation = translation


def show_near(layer: Points, focus_nm: NDArray[np.float64] | None, grid: Grid) -> None:
    """Show the points near ``focus_nm`` (3,) alone, or all of them where it is None."""
    alpha = np.ones(len(layer.data))
    if focus_nm is not None:
        distance = np.linalg.norm(grid.to_nm(layer.data) - focus_nm, axis=1)
        alpha = (distance <= NEAR_NM).astype(np.float64)
    if not np.array_equal(layer.face_color[:, 3], alpha):
        # by their colour, as napari passes over ``shown`` in 3D
        layer.face_color = np.column_stack([layer.face_color[:, :3], alpha])
        layer.border_color = np.column_stack([layer.border_color[:, :3], alpha])


def _points(synapses: SynapsePoints, name: str, grid: Grid) -> Points:
    return Points(
        synapses.voxels,
        ndim=3,
        name=str(name),
        features=synapses.features,
        symbol=synapses.symbols or "disc",
        size=POINT_NM / grid.voxel_size_nm[2],
        face_color=synapses.colors or "white",
        border_color=synapses.hue,
        border_width=BORDER,
        # nm and voxels differ per axis: the spherical mode measures depth in voxels (napari#6914)
        projection_mode="rescale_linear",
        blending="translucent_no_depth",  # in 3D nothing hides a synapse
        **placed(grid),
    )


def _links(synapses: SynapsePoints, name: str, grid: Grid) -> Vectors:
    return Vectors(
        synapses.links,
        ndim=3,
        name=str(name),
        edge_color=synapses.hue,
        edge_width=4.0 / grid.voxel_size_nm[2],
        vector_style="line",
        projection_mode="fade",
        blending="translucent_no_depth",
        opacity=0.8,
        **placed(grid),
    )
