"""A new project takes the file of a layer where it is the layer, and stores the layer elsewhere."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Image, Labels
from napari.layers._layer_actions import _duplicate_layer
from npe2 import PluginManager

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.io import create_volume, load_project, write_labels
from napari_synapse_debug.ui.backend import product_backend
from napari_synapse_debug.ui.layer_file import unchanged_source
from napari_synapse_debug.ui.layer_info import SOURCE_KEY, volume_layers
from napari_synapse_debug.ui.layer_store import store_crop, storing
from napari_synapse_debug.ui.project_request import ProjectRequest
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.step_runner import StepRunner

GRID = Grid((6, 40, 50), (50.0, 4.6, 4.0), (1000.0, 0.0, 23.0))
PLACED = {"scale": GRID.voxel_size_nm, "translate": GRID.offset_nm, "units": ("nm",) * 3}
GREY = np.random.default_rng(3).integers(0, 255, GRID.shape, dtype=np.uint8)
PAINT = np.zeros(GRID.shape, np.uint8)
PAINT[2, 10:14, 20:26] = 3


@pytest.fixture
def viewer():
    """A viewer that reads files as napari itself does."""
    PluginManager.instance().discover()
    return ViewerModel()


@pytest.fixture
def stack(tmp_path):
    """A TIFF stack of what was painted."""
    path = tmp_path / "cleft.tif"
    tifffile.imwrite(path, PAINT)
    return path


@pytest.fixture
def sections(tmp_path):
    """The EM image as a TIFF file a section."""
    paths = [tmp_path / f"em_{number:03}.tif" for number in range(len(GREY))]
    for path, section in zip(paths, GREY, strict=True):
        tifffile.imwrite(path, section)
    return paths


@pytest.fixture
def runner(qtbot):
    """A runner with the real functions of the product."""
    return StepRunner(Session(), product_backend)


def open_layer(viewer, path, kind="image", **change):
    (layer,) = viewer.open(path, plugin="napari", layer_type=kind, **PLACED, **change)
    return layer


def source_of(layer):
    (info,) = volume_layers([layer])
    return unchanged_source(info)


def create(runner, qtbot, folder, layers, uses):
    """Make a project of ``layers`` and wait for it; how it ended."""
    request = ProjectRequest(folder, uses, None, None, None, GRID.voxel_size_nm)
    runner.create(request, volume_layers(layers))
    qtbot.waitUntil(lambda: not runner._session.job.is_running, timeout=20_000)
    return runner._session.job


def test_an_untouched_layer_is_its_file(viewer, stack):
    assert source_of(open_layer(viewer, stack)) == str(stack)
    assert source_of(open_layer(viewer, stack, "labels")) == str(stack)


def test_a_painted_layer_is_not_its_file(viewer, stack):
    layer = open_layer(viewer, stack, "labels")
    layer.paint((5, 30, 40), 1)

    assert source_of(layer) is None


def test_a_duplicate_is_the_file_until_it_is_painted(viewer, tmp_path):
    write_labels(tmp_path / "cleft.zarr", PAINT, GRID)
    metadata = {SOURCE_KEY: str(tmp_path / "cleft.zarr")}
    viewer.add_layer(Labels(PAINT.copy(), metadata=metadata, **PLACED))
    _duplicate_layer(viewer.layers)
    first, second = viewer.layers
    assert source_of(second) == str(tmp_path / "cleft.zarr")

    second.paint((5, 30, 40), 1)

    assert source_of(second) is None
    assert source_of(first) == str(tmp_path / "cleft.zarr")


def test_values_that_were_replaced_are_not_the_file(viewer, stack):
    layer = open_layer(viewer, stack)
    for other in (PAINT + 1, PAINT.astype(np.float32), PAINT[:5]):
        layer.data = other
        assert source_of(layer) is None


def test_one_of_many_data_sets_is_not_the_file(tmp_path):
    with h5py.File(tmp_path / "many.h5", "w") as file:
        for name in ("raw", "cleft"):
            file[name] = PAINT
    layer = Labels(PAINT.copy(), metadata={SOURCE_KEY: str(tmp_path / "many.h5")}, **PLACED)
    assert source_of(layer) is None

    layer.metadata[SOURCE_KEY] = str(tmp_path / "many.h5:cleft")
    assert source_of(layer) == str(tmp_path / "many.h5:cleft")


def test_sections_and_paint_become_a_project(runner, viewer, sections, stack, tmp_path, qtbot):
    image = open_layer(viewer, sections, stack=True, name="em")
    mask = open_layer(viewer, stack, "labels")
    mask.paint((5, 30, 40), 1)

    job = create(
        runner, qtbot, tmp_path / "new", viewer.layers, {"em": "raw", "cleft": "mask:synapse"}
    )

    assert job.status == "done", job.message
    project = load_project(tmp_path / "new")
    assert np.array_equal(np.asarray(project.raw().array[...]), image.data)
    (annotated,) = project.config.masks
    stored = project.mask(annotated.name)
    assert np.array_equal(np.asarray(stored.array[...]), mask.data)
    assert np.asarray(stored.array[5, 30, 40]) == 1


def test_a_project_that_is_there_keeps_its_volumes(runner, tmp_path, qtbot):
    first = Image(GREY, name="em", **PLACED)
    assert create(runner, qtbot, tmp_path / "new", [first], {"em": "raw"}).status == "done"
    second = Image(GREY // 2, name="em", **PLACED)

    job = create(runner, qtbot, tmp_path / "new", [second], {"em": "raw"})

    assert job.status == "failed"
    assert "holds a project already" in job.message
    assert "choose another folder" in job.message
    assert np.array_equal(np.asarray(load_project(tmp_path / "new").raw().array[...]), GREY)


def test_volumes_that_are_there_are_not_replaced(tmp_path):
    (layer,) = volume_layers([Image(GREY, name="em", **PLACED)])
    write_labels(tmp_path / "volumes" / "em.zarr", PAINT, GRID)

    with storing(tmp_path) as store:
        paths = [Path(store(layer, "em")).name for _ in range(2)]

    assert paths == ["em_2.zarr", "em_3.zarr"]


def test_what_was_stored_for_nothing_is_removed(runner, tmp_path, qtbot):
    image = Image(GREY, name="em", **PLACED)
    small = Labels(PAINT[:5], name="cleft", **PLACED)
    uses = {"em": "raw", "cleft": "mask:synapse"}

    job = create(runner, qtbot, tmp_path / "new", [image, small], uses)

    assert job.status == "failed"
    assert "another shape" in job.message
    assert list((tmp_path / "new" / "volumes").iterdir()) == []


def test_a_single_channel_that_napari_shows_as_a_volume_is_its_file(tmp_path):
    path = tmp_path / "em.zarr"
    store = create_volume(path, GRID, np.dtype(np.uint8), channels=("em",))
    store.write(GRID.box, GREY[None])
    layer = Image(GREY.copy(), metadata={SOURCE_KEY: str(path)}, **PLACED)

    assert source_of(layer) == str(path)


def test_what_is_not_a_number_is_the_same_in_file_and_layer(viewer, tmp_path):
    values = GREY.astype(np.float32)
    values[3, 5, 7] = np.nan
    tifffile.imwrite(tmp_path / "em.tif", values)

    assert source_of(open_layer(viewer, tmp_path / "em.tif")) == str(tmp_path / "em.tif")


@pytest.mark.parametrize(
    ("one", "other"), [("シナプス", "核"), ("psd-95", "psd_95"), ("synapse", "mask synapse")]
)
def test_no_two_classes_are_written_to_one_file(tmp_path, one, other):
    (layer,) = volume_layers([Labels(PAINT, **PLACED)])

    paths = [store_crop(tmp_path, layer, layer.grid.box, name) for name in (one, other, one)]

    assert paths[0] == paths[2] != paths[1]
    assert len({Path(path).name.lower() for path in paths}) == 2
