"""Layers become a project."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io import open_volume
from napari_synapse_debug.ui.backend import product_backend
from napari_synapse_debug.ui.layer_info import SOURCE_KEY, volume_layers
from napari_synapse_debug.ui.layer_store import store_layer, storing
from napari_synapse_debug.ui.project_panel import ProjectPanel
from napari_synapse_debug.ui.project_request import (
    ProjectRequest,
    class_name,
    create_arguments,
    guess_use,
)
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.step_runner import StepRunner

SHAPE = (6, 40, 50)
PLACED = {"scale": (0.05, 0.0046, 0.004), "units": ("um",) * 3, "translate": (1.0, 0, 0.023)}


@pytest.fixture
def viewer():
    """An image from a file, a segmentation and a mask in memory, and a layer of no use."""
    made = ViewerModel()
    raw = np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.uint16)
    made.add_layer(Image(raw, name="EM left", metadata={SOURCE_KEY: "a.h5:raw"}, **PLACED))
    labels = np.zeros(SHAPE, np.uint32)
    labels[1, 2, 3] = 70000
    made.add_layer(Labels(labels, name="neurons", **PLACED))
    made.add_layer(Labels(labels, name="Synaptic clefts", **PLACED))
    made.add_layer(Image(np.zeros((8, 9)), name="flat"))
    return made


@pytest.fixture
def layers(viewer):
    return volume_layers(viewer.layers)


def request_for(layers, **change):
    values = {
        "folder": Path("project"),
        "uses": {layer.name: guess_use(layer) for layer in layers},
        "truth": None,
        "train_box": Box.parse("0:6,0:20,0:50"),
        "eval_box": None,
        "voxel_size_nm": (50.0, 4.6, 4.0),
    }
    return ProjectRequest(**{**values, **change})


def remember(layer, name):
    return layer.source or f"project/{name}"


def test_layers_tell_their_grid_in_nm_and_their_file(layers):
    assert [layer.name for layer in layers] == ["EM left", "neurons", "Synaptic clefts"]

    assert layers[0].grid.voxel_size_nm == pytest.approx((50.0, 4.6, 4.0))
    assert layers[0].grid.offset_nm == pytest.approx((1000.0, 0.0, 23.0))
    assert [layer.source for layer in layers] == ["a.h5:raw", None, None]
    assert layers[0].has_units


def test_names_suggest_uses(layers):
    assert [guess_use(layer) for layer in layers] == ["raw", "segmentation", "mask:synapse"]


def test_files_are_named_and_memory_is_stored(layers):
    arguments = create_arguments(request_for(layers), layers, remember)

    assert arguments == {
        "raw": "a.h5:raw",
        "segmentation": "project/neurons",
        "true_segmentation": None,
        "masks": {"synaptic_clefts:synapse": "project/synaptic_clefts"},
        "extra_layers": {},
        "truth": None,
        "train_box": "0:6,0:20,0:50",
        "eval_box": None,
        "voxel_size_nm": (50.0, 4.6, 4.0),
    }


def test_two_segmentations_are_refused(layers):
    uses = {"EM left": "raw", "neurons": "segmentation", "Synaptic clefts": "segmentation"}

    with pytest.raises(InputError, match="neurons, Synaptic clefts"):
        create_arguments(request_for(layers, uses=uses), layers, remember)


def test_labels_are_never_guessed_to_be_the_image():
    made = [Labels(np.zeros(SHAPE, np.uint8), name=n) for n in ("EM - Labels", "raw", "image")]

    assert [guess_use(layer) for layer in volume_layers(made)] == ["", "", ""]


def test_one_class_for_two_layers_is_refused(layers):
    uses = {"EM left": "raw", "neurons": "mask:synapse", "Synaptic clefts": "mask:synapse"}
    named = [replace(layers[1], name="mask cleft"), replace(layers[2], name="Cleft")]
    twice = {"EM left": "raw", "mask cleft": "mask:synapse", "Cleft": "mask:mitochondrion"}
    assert len(create_arguments(request_for(layers, uses=uses), layers, remember)["masks"]) == 2

    with pytest.raises(InputError, match="mask cleft, Cleft"):
        create_arguments(request_for(layers, uses=twice), [layers[0], *named], remember)


def test_names_in_other_scripts_are_kept_apart(layers, tmp_path):
    names = ("ЭМ", "нейроны", "синапсы", "митохондрии", "分割", "分")
    found = [replace(layers[0], name="ЭМ", source=None)]
    found += [replace(layers[1], name=name) for name in names[1:]]
    uses = ("raw", "segmentation", "mask:synapse", "mask:mitochondrion", "extra", "extra")

    with storing(tmp_path) as store:
        request = request_for(found, uses=dict(zip(names, uses, strict=True)))
        arguments = create_arguments(request, found, store)

    assert list(arguments["masks"]) == ["synapse:synapse", "mitochondrion:mitochondrion"]
    assert list(arguments["extra_layers"]) == ["layer", "layer_2"]
    stored = [arguments["raw"], arguments["segmentation"], *arguments["masks"].values()]
    stored += arguments["extra_layers"].values()
    assert len(set(stored)) == len(names)
    assert np.array_equal(np.asarray(open_volume(Source(path=stored[0])).array), layers[0].array)


def test_no_image_is_refused(layers):
    with pytest.raises(InputError, match="No layer is the EM image"):
        create_arguments(request_for(layers, uses={}), layers, remember)


@pytest.mark.parametrize(
    ("name", "expected"), [("Mask cleft (2)", "cleft_2"), ("mito", "mito"), ("…", "layer")]
)
def test_class_names_are_plain(name, expected):
    assert class_name(name) == expected


def test_a_stored_layer_is_read_back_as_it_was(layers, tmp_path):
    path = tmp_path / "volumes" / "neurons.zarr"
    store_layer(path, layers[1])

    volume = open_volume(Source(path=str(path)))
    assert np.array_equal(np.asarray(volume.array[...]), layers[1].array)
    assert volume.grid.voxel_size_nm == pytest.approx(layers[1].grid.voxel_size_nm)
    assert volume.grid.offset_nm == pytest.approx(layers[1].grid.offset_nm)


@pytest.mark.ui
def test_the_form_asks_for_what_it_shows(layers, qtbot):
    panel = ProjectPanel(Session())
    qtbot.addWidget(panel)
    assert "Open a volume" in panel.reason.text()

    panel.show_layers(layers)
    assert panel.reason.text() == "Choose the folder for the new project."
    panel.folder.setText("project")
    panel.show_box("train", Box.parse("0:6,0:20,0:50"))

    assert panel.create.isEnabled()
    asked = panel.request()
    assert asked.voxel_size_nm == pytest.approx((50.0, 4.6, 4.0))
    assert asked == request_for(layers, voxel_size_nm=asked.voxel_size_nm)


@pytest.mark.ui
def test_a_box_that_cannot_be_read_blocks_with_an_example(layers, qtbot):
    panel = ProjectPanel(Session())
    qtbot.addWidget(panel)
    panel.show_layers(layers)
    panel.folder.setText("project")
    assert panel.create.isEnabled()

    panel.boxes["eval"].setText("0:6")

    assert not panel.create.isEnabled()
    assert "z0:z1,y0:y1,x0:x1" in panel.reason.text()


@pytest.mark.ui
def test_a_class_that_is_chosen_twice_blocks_with_both_layers(layers, qtbot):
    panel = ProjectPanel(Session())
    qtbot.addWidget(panel)
    panel.folder.setText("project")
    clefts = [replace(layers[2], name=name) for name in ("mask cleft", "cleft")]

    panel.show_layers([*layers[:2], *clefts])

    assert not panel.create.isEnabled()
    assert "More than one layer is the class 'cleft'" in panel.reason.text()
    assert "mask cleft, cleft" in panel.reason.text()


@pytest.mark.ui
def test_choices_stay_when_a_layer_is_added(layers, qtbot):
    panel = ProjectPanel(Session())
    qtbot.addWidget(panel)
    panel.show_layers(layers[:2])
    box = panel.uses["neurons"]
    box.setCurrentIndex(box.findData("true_segmentation"))

    panel.show_layers(layers)

    assert panel.uses["neurons"].currentData() == "true_segmentation"


@pytest.mark.ui
def test_a_voxel_size_that_was_typed_stays_until_the_image_changes(viewer, qtbot):
    panel = ProjectPanel(Session())
    qtbot.addWidget(panel)
    panel.show_layers(volume_layers(viewer.layers))
    assert panel.voxel_size.value() == pytest.approx((50.0, 4.6, 4.0))
    panel.voxel_size.set_value((45.0, 4.6, 4.0))

    viewer.layers.remove("neurons")
    panel.show_layers(volume_layers(viewer.layers))
    box = panel.uses["Synaptic clefts"]
    box.setCurrentIndex(box.findData("segmentation"))
    assert panel.voxel_size.value() == pytest.approx((45.0, 4.6, 4.0))

    viewer.layers["EM left"].scale = (0.03, 0.0046, 0.004)
    panel.show_layers(volume_layers(viewer.layers))
    assert panel.voxel_size.value() == pytest.approx((30.0, 4.6, 4.0))


@pytest.fixture
def runner(qtbot):
    """A runner with the real functions of the product."""
    return StepRunner(Session(), product_backend)


def test_layers_in_memory_become_a_project_without_the_window_waiting(runner, tmp_path, qtbot):
    image = Image(np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.uint16), name="raw", **PLACED)
    layers = volume_layers([image])
    session, told = runner._session, []
    session.job_changed.connect(told.append)

    runner.create(request_for(layers, folder=tmp_path / "new"), layers)

    assert session.job.is_running
    assert session.project is None
    qtbot.waitUntil(lambda: not session.job.is_running, timeout=20_000)
    assert session.job.status == "done", session.job.message
    assert session.project == tmp_path / "new"
    assert np.array_equal(np.asarray(session.results.volumes["raw"].array[...]), image.data)
    assert [job.step for job in told] == ["project"] * 2


def test_a_project_that_cannot_be_made_is_told_in_the_panel(runner, tmp_path, qtbot):
    image = Image(np.full(SHAPE, 7, np.uint8), name="raw", **PLACED)
    layers = volume_layers([image])
    panel = ProjectPanel(runner._session)
    qtbot.addWidget(panel)

    outside = Box.parse("0:6,0:999,0:50")
    runner.create(request_for(layers, folder=tmp_path / "new", train_box=outside), layers)
    assert panel.reason.text() == "project is running"
    qtbot.waitUntil(lambda: not runner._session.job.is_running, timeout=20_000)

    assert runner._session.job.status == "failed"
    assert "0:6,0:999,0:50" in panel.message.text()
    assert runner._session.project is None


@pytest.mark.ui
def test_the_open_project_is_described(results, qtbot):
    session = Session()
    panel = ProjectPanel(session)
    qtbot.addWidget(panel)
    assert panel.current.text() == "No project is open."

    session.set_project(Path("somewhere"))
    session.set_results(results)

    assert "8 × 40 × 60 voxels of 50 × 4.6 × 4 nm" in panel.current.text()
    assert "learns cleft, mito" in panel.current.text()
