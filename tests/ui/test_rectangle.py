"""A rectangle that was drawn becomes a box of voxels."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Shapes
from napari.settings import get_settings
from napari.utils.triangulation_backend import TriangulationBackend

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui.layer_info import rectangle_box

GRID = Grid((6, 40, 50), (50.0, 4.6, 4.0), (1000.0, 0.0, 23.0))
UM = {"scale": (0.05, 0.0046, 0.004), "translate": (1.0, 0, 0.023), "units": ("um",) * 3}


@pytest.fixture(autouse=True)
def _shapes_without_numba():
    # compiling the fast triangulation takes longer than all tests of this file
    get_settings().experimental.triangulation_backend = TriangulationBackend.pure_python


@pytest.fixture
def viewer():
    """A viewer with an image of µm."""
    made = ViewerModel()
    made.add_layer(Image(np.zeros(GRID.shape, np.uint8), name="EM", **UM))
    return made


def draw(viewer, low, high, unit="nm", *, flat="z"):
    """Draw a rectangle from ``low`` to ``high`` (zyx, nm) in a Shapes layer of ``unit``."""
    nm = {"nm": 1.0, "um": 1000.0}[unit]
    (z0, y0, x0), (z1, y1, x1) = np.divide(low, nm), np.divide(high, nm)
    corners = {
        "z": [(z0, y0, x0), (z0, y0, x1), (z0, y1, x1), (z0, y1, x0)],
        "y": [(z0, y0, x0), (z0, y0, x1), (z1, y0, x1), (z1, y0, x0)],
        "x": [(z0, y0, x0), (z0, y1, x0), (z1, y1, x0), (z1, y0, x0)],
    }[flat]
    shapes = Shapes([np.array(corners)], shape_type="rectangle", units=(unit,) * 3)
    viewer.add_layer(shapes)
    viewer.layers.selection.active = shapes


@pytest.mark.parametrize("unit", ["nm", "um"])
def test_a_rectangle_becomes_a_box_through_all_sections(viewer, unit):
    # y 46 … 92 nm, x 63 … 103 nm: voxels 10 … 20 and 10 … 20 of 4.6 and 4 nm from 23 nm on
    draw(viewer, (1000.0, 46.0, 63.0), (1000.0, 92.0, 103.0), unit)

    assert str(rectangle_box(viewer, GRID)) == "0:6,10:21,10:21"


@pytest.mark.parametrize("unit", ["nm", "um"])
def test_the_units_of_a_rectangle_are_its_own(viewer, unit):
    viewer.add_layer(Image(np.zeros(GRID.shape, np.uint8), name="of nm", units=("nm",) * 3))
    assert [str(u) for u in viewer.dims.units] == ["nanometer"] * 3
    draw(viewer, (1000.0, 46.0, 63.0), (1000.0, 92.0, 103.0), unit)

    assert str(rectangle_box(viewer, GRID)) == "0:6,10:21,10:21"


def test_a_rectangle_along_the_edges_of_voxels_takes_no_voxel_more(viewer):
    edges = GRID.to_nm([(2, 9.5, 9.5), (2, 19.5, 19.5)])
    for unit in ("nm", "um"):
        draw(viewer, *edges, unit)
        assert str(rectangle_box(viewer, GRID)) == "0:6,10:20,10:20"


@pytest.mark.parametrize(
    ("flat", "box"), [("z", "0:6,7:21,5:31"), ("y", "1:5,0:40,5:31"), ("x", "1:5,7:21,0:50")]
)
def test_a_rectangle_in_a_turned_view_goes_through_the_axis_across_it(viewer, flat, box):
    draw(viewer, *GRID.to_nm([(1, 7, 5), (4, 20, 30)]), flat=flat)

    assert str(rectangle_box(viewer, GRID)) == box


def test_a_rectangle_of_a_flat_layer_goes_through_all_sections(viewer):
    shapes = Shapes([np.array([(46, 63), (46, 103), (92, 103), (92, 63)])], units=("nm",) * 2)
    viewer.add_layer(shapes)
    viewer.layers.selection.active = shapes

    assert str(rectangle_box(viewer, GRID)) == "0:6,10:21,10:21"


def test_a_rectangle_across_three_axes_or_one_is_refused(viewer):
    corners = GRID.to_nm([(1, 7, 5), (1, 7, 30), (4, 20, 30), (4, 20, 5)])
    line = GRID.to_nm([(1, 7, 5), (1, 7, 30), (1, 7, 30), (1, 7, 5)])
    for found, shape in (("3.0 × 13.0 × 25.0", corners), ("0.0 × 0.0 × 25.0", line)):
        shapes = Shapes([shape], shape_type="polygon", units=("nm",) * 3)
        viewer.add_layer(shapes)
        viewer.layers.selection.active = shapes
        with pytest.raises(InputError, match=found):
            rectangle_box(viewer, GRID)


def test_a_rectangle_beside_the_volume_is_refused(viewer):
    draw(viewer, *GRID.to_nm([(1, 7, 60), (1, 20, 70)]))

    with pytest.raises(InputError, match="0:6,7:21,60:71"):
        rectangle_box(viewer, GRID)


def test_no_rectangle_is_told(viewer):
    with pytest.raises(InputError, match="draw a rectangle"):
        rectangle_box(viewer, GRID)
