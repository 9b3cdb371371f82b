"""Jumps under any scale, offset, order of axes, in 2D and 3D, over any layers: always right."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui.camera import view_of
from napari_synapse_debug.ui.placing import placed

SHAPE = (25, 140, 96)
SCALES = ((1.0, 1.0, 1.0), (50.0, 4.6, 4.6), (4.0, 4.0, 40.0))
OFFSETS = ((0.0, 0.0, 0.0), (1000.0, -50.0, 230.0))
ORDERS = tuple(itertools.permutations(range(3)))
EXTRAS = ("none", "finer", "transposed", "multiscale", "in front")


def measure(_: Path) -> bool:
    """Jump to the same voxels under every combination, and look where the viewer looks."""
    # napari says of every transposed layer that it is drawn without its rotation
    warnings.filterwarnings("ignore", "Non-orthogonal slicing", UserWarning)
    wrong, total = [], 0
    for case in itertools.product(SCALES, OFFSETS, ORDERS, (2, 3), EXTRAS):
        total += 1
        if not is_right(*case):
            wrong.append(case)
    for case in wrong[:10]:
        print("wrong:", case)
    print(f"{total - len(wrong)} of {total} combinations right, each with 3 jumps")
    return not wrong


def is_right(
    scale: tuple[float, ...],
    offset: tuple[float, ...],
    order: tuple[int, ...],
    ndisplay: int,
    extra: str,
) -> bool:
    """Whether three jumps show the target voxel in the slice and amid the canvas."""
    grid = Grid(SHAPE, scale, offset)
    viewer = ViewerModel()
    viewer.add_layer(Image(np.zeros(SHAPE, np.uint8), name="raw", **placed(grid)))
    for layer in extra_layers(extra, grid):
        viewer.add_layer(layer)
    viewer.dims.order, viewer.dims.ndisplay = order, ndisplay
    raw = viewer.layers["raw"]
    for target in ((3, 101, 30), (24, 0, 95), (12, 60, 7)):
        view_of(viewer, grid.to_nm([target])[0], grid.to_nm([target])).apply(viewer)
        shown = np.array(viewer.dims.point, dtype=np.float64)
        # what the camera is centred on, in the axes that it shows
        shown[list(viewer.dims.displayed)] = viewer.scene.camera.center[-ndisplay:]
        by_point = np.round(raw.world_to_data(viewer.dims.point)).astype(int)
        by_camera = np.round(raw.world_to_data(shown)).astype(int)
        if tuple(by_point) != target or tuple(by_camera) != target:
            return False
    return True


def extra_layers(name: str, grid: Grid) -> list[Image | Labels]:
    """Layers of the user that change the steps of the sliders or the axes."""
    blank = np.zeros(SHAPE, np.uint8)
    if name == "finer":
        fine = Grid(tuple(2 * n for n in SHAPE), tuple(v / 2 for v in grid.voxel_size_nm))
        return [Labels(np.zeros(fine.shape, np.uint8), **placed(fine))]
    if name == "transposed":
        turned = np.zeros((4, 4))
        turned[[0, 1, 2], [2, 1, 0]] = grid.voxel_size_nm
        turned[:3, 3], turned[3, 3] = grid.offset_nm, 1.0
        return [Image(blank.T, affine=turned, units=("nm",) * 3, axis_labels=("z", "y", "x"))]
    if name == "multiscale":
        levels = [blank, blank[::2, ::2, ::2]]
        return [Image(levels, multiscale=True, **placed(grid))]
    if name == "in front":
        # begins outside of the volume, so that the range of the slider is wider than ours
        far = Grid(SHAPE, grid.voxel_size_nm, tuple(o - 77.0 for o in grid.offset_nm))
        return [Image(blank, **placed(far))]
    return []
