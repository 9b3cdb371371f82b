"""Painting in the open layers becomes an annotated box of the project."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.io import load_project, write_labels
from napari_synapse_debug.pipeline import create_project
from napari_synapse_debug.ui import docks
from napari_synapse_debug.ui.annotation_panel import AnnotationPanel
from napari_synapse_debug.ui.annotation_request import AnnotationRequest, class_choices
from napari_synapse_debug.ui.backend import product_backend
from napari_synapse_debug.ui.desk import Desk
from napari_synapse_debug.ui.layer_info import volume_layers
from napari_synapse_debug.ui.painting import PaintWatch
from napari_synapse_debug.ui.project_request import ProjectRequest
from napari_synapse_debug.ui.session import PROJECT, JobState, Session

pytestmark = pytest.mark.ui

GRID = Grid((6, 40, 50), (50.0, 4.6, 4.0), (1000.0, 0.0, 23.0))
PLACED = {"scale": GRID.voxel_size_nm, "translate": GRID.offset_nm, "units": ("nm",) * 3}
BOX = Box((0, 5, 10), (6, 25, 40))


@pytest.fixture
def project(tmp_path):
    """A project with a volume and nothing else."""
    grey = np.random.default_rng(3).integers(0, 255, GRID.shape, dtype=np.uint8)
    write_labels(tmp_path / "raw.zarr", grey, GRID)
    return create_project(tmp_path / "project", raw=str(tmp_path / "raw.zarr"))


@pytest.fixture
def desk(project):
    """A window with the project and a labels layer that was painted on it."""
    viewer = ViewerModel()
    made = Desk(viewer, product_backend)
    made.runner.open(project)
    painted = np.zeros(GRID.shape, np.uint8)
    painted[2, 10:14, 20:26] = 3
    viewer.add_layer(Labels(painted, name="My clefts", **PLACED))
    made.viewer_kept = viewer  # the desk holds it weakly
    yield made
    made.runner.close()


def layers_of(desk):
    return volume_layers(desk.adapter.user_layers)


def annotate(desk, qtbot, request):
    desk.runner.annotate(request, layers_of(desk))
    assert desk.session.job.is_running
    qtbot.waitUntil(lambda: not desk.session.job.is_running, timeout=20_000)


def test_what_was_painted_in_a_box_is_stored_with_its_class(desk, project, qtbot):
    assert load_project(project).config.annotated == ()

    annotate(desk, qtbot, AnnotationRequest(BOX, "train", {"My clefts": "cleft:synapse"}))

    assert desk.session.job.status == "done", desk.session.job.message
    (annotation,) = desk.session.results.config.annotated
    assert (annotation.box, annotation.use) == (str(BOX), "train")
    assert [mask.name for mask in annotation.masks] == ["cleft"]
    stored = load_project(project).mask_of(annotation, annotation.masks[0])
    expected = np.zeros(BOX.shape, np.uint8)
    expected[2, 5:9, 10:16] = 3
    assert np.array_equal(np.asarray(stored.array[...]), expected)


def test_a_box_that_is_written_while_another_project_is_opened_leaves_that_open(
    desk, project, qtbot, tmp_path
):
    other = create_project(tmp_path / "other", raw=str(tmp_path / "raw.zarr"))
    request = AnnotationRequest(BOX, "train", {"My clefts": "cleft:synapse"})
    made = []
    desk.runner.project_made.connect(lambda: made.append(desk.session.project))
    desk.runner.annotate(request, layers_of(desk))
    desk.runner.open(other)
    qtbot.waitUntil(lambda: not desk.session.job.is_running, timeout=20_000)

    assert desk.session.job.status == "done", desk.session.job.message
    assert (desk.session.project, made) == (other, [])
    assert [a.box for a in load_project(project).config.annotated] == [str(BOX)]


def test_the_same_box_again_takes_the_place_of_the_first(desk, project, qtbot):
    request = AnnotationRequest(BOX, "train", {"My clefts": "cleft:synapse"})
    annotate(desk, qtbot, request)
    annotate(desk, qtbot, AnnotationRequest(BOX, "validation", request.classes))

    assert [a.use for a in load_project(project).config.annotated] == ["validation"]

    desk.runner.forget_box(str(BOX))
    assert load_project(project).config.annotated == ()


def test_a_refused_box_leaves_what_was_there(desk, project, qtbot):
    annotate(desk, qtbot, AnnotationRequest(BOX, "train", {"My clefts": "cleft:synapse"}))
    before = load_project(project).config
    desk.viewer_kept.add_layer(Labels(np.zeros((3, 4, 5), np.uint8), name="other"))

    annotate(desk, qtbot, AnnotationRequest(BOX, "train", {"other": "mito:mitochondrion"}))

    assert desk.session.job.status == "failed"
    assert "does not lie on the EM volume" in desk.session.job.message
    assert load_project(project).config == before


def test_classes_of_the_project_are_offered_before_new_ones(desk, qtbot):
    (layer,) = layers_of(desk)
    config = desk.session.results.config
    assert list(class_choices(config, layer))[:2] == ["", "my_clefts:spine_head"]

    annotate(desk, qtbot, AnnotationRequest(BOX, "train", {"My clefts": "cleft:synapse"}))

    choices = class_choices(desk.session.results.config, layer)
    assert list(choices.items())[1] == ("cleft", "cleft (synapse)")


def test_the_form_says_what_is_missing(desk, qtbot):
    panel = AnnotationPanel(desk.session)
    qtbot.addWidget(panel)
    panel.show_layers(layers_of(desk))
    assert "Draw a rectangle" in panel.reason.text()

    panel.show_box(BOX)
    assert "Choose the class" in panel.reason.text()
    assert not panel.add.isEnabled()

    choice = panel.classes["My clefts"]
    choice.setCurrentIndex(choice.findData("my_clefts:synapse"))
    assert panel.add.isEnabled()
    assert panel.request() == AnnotationRequest(BOX, "train", {"My clefts": "my_clefts:synapse"})


def test_one_class_for_two_layers_is_refused(desk, project, qtbot):
    annotate(desk, qtbot, AnnotationRequest(BOX, "train", {"My clefts": "cleft:synapse"}))
    before = load_project(project).config
    desk.viewer_kept.add_layer(Labels(np.ones(GRID.shape, np.uint8), name="more", **PLACED))
    panel = AnnotationPanel(desk.session)
    qtbot.addWidget(panel)
    panel.show_layers(layers_of(desk))
    panel.show_box(BOX)
    for choice in panel.classes.values():
        choice.setCurrentIndex(choice.findData("cleft"))

    assert not panel.add.isEnabled()
    assert "More than one layer is the class 'cleft'" in panel.reason.text()
    twice = {"My clefts": "cleft", "more": "cleft"}
    annotate(desk, qtbot, AnnotationRequest(BOX, "train", twice))
    assert desk.session.job.status == "failed"
    assert "My clefts, more" in desk.session.job.message
    assert load_project(project).config == before


def test_layers_in_another_script_are_stored_apart(desk, project, qtbot):
    viewer = desk.viewer_kept
    viewer.layers["My clefts"].name = "синапсы"
    viewer.add_layer(Labels(np.full(GRID.shape, 8, np.uint8), name="митохондрии", **PLACED))
    first, second = layers_of(desk)
    config = desk.session.results.config
    assert "synapse:synapse" in class_choices(config, first)
    assert "mitochondrion:mitochondrion" in class_choices(config, second)

    chosen = {"синапсы": "synapse:synapse", "митохондрии": "mitochondrion:mitochondrion"}
    annotate(desk, qtbot, AnnotationRequest(BOX, "train", chosen))

    assert desk.session.job.status == "done", desk.session.job.message
    stored = load_project(project)
    (annotation,) = stored.config.annotated
    values = {m.name: stored.mask_of(annotation, m).array[...].max() for m in annotation.masks}
    assert values == {"synapse": 3, "mitochondrion": 8}


def test_without_a_project_there_is_no_form(qtbot):
    panel = AnnotationPanel(Session())
    qtbot.addWidget(panel)

    assert not panel.isVisibleTo(None)
    with pytest.raises(InputError, match="Draw a rectangle"):
        panel.request()


def test_painting_on_is_noticed():
    layer = Labels(np.zeros(GRID.shape, np.uint8), name="My clefts")
    other = Labels(np.zeros(GRID.shape, np.uint8), name="other")
    request = AnnotationRequest(BOX, "train", {"My clefts": "cleft:synapse", "other": ""})
    watch = PaintWatch(Session())
    watch.remember(request, [layer, other, Image(np.zeros((4, 5)), name="flat")])
    assert watch.changed() == []

    other.paint((1, 2, 3), 1)
    assert watch.changed() == []
    layer.paint((1, 2, 3), 1)
    assert watch.changed() == [AnnotationRequest(BOX, "train", {"My clefts": "cleft:synapse"})]

    watch.remember(request, [layer, other])
    assert watch.changed() == []
    layer.paint((1, 8, 9), 1)
    watch.forget(str(BOX))
    assert watch.changed() == []


def test_a_layer_is_watched_under_its_new_name():
    layer = Labels(np.zeros(GRID.shape, np.uint8), name="Labels")
    watch = PaintWatch(Session())
    watch.remember(AnnotationRequest(BOX, "train", {"Labels": "cleft:synapse"}), [layer])
    layer.name = "cleft"
    assert watch.changed() == []

    layer.paint((1, 2, 3), 1)

    (changed,) = watch.changed()
    assert changed == AnnotationRequest(BOX, "train", {"cleft": "cleft:synapse"})
    assert watch.layers_of(changed) == [layer]


def test_boxes_of_another_project_are_forgotten_those_of_another_run_are_not(tmp_path):
    layer = Labels(np.zeros(GRID.shape, np.uint8), name="Labels")
    session = Session()
    session.set_project(tmp_path / "a")
    watch = PaintWatch(session)
    watch.remember(AnnotationRequest(BOX, "train", {"Labels": "cleft:synapse"}), [layer])
    layer.paint((1, 2, 3), 1)

    session.set_project(tmp_path / "b" / ".." / "a", "second")
    assert len(watch.changed()) == 1

    session.set_project(tmp_path / "b")
    layer.paint((1, 8, 9), 1)
    assert watch.changed() == []


def test_a_box_that_could_not_be_written_again_is_still_changed():
    layer = Labels(np.zeros(GRID.shape, np.uint8), name="Labels")
    request = AnnotationRequest(BOX, "train", {"Labels": "cleft:synapse"})
    session = Session()
    watch = PaintWatch(session)
    for status, expected in (("failed", []), ("done", []), ("failed", [request])):
        watch.remember(request, [layer])
        assert watch.changed() == []
        session.set_job(JobState(status, PROJECT))
        assert watch.changed() == expected


@pytest.fixture
def dock(desk, qtbot, monkeypatch):
    """The Train dock of the window."""
    monkeypatch.setattr(docks, "desk_of", lambda viewer: desk)
    made = docks.TrainDock(desk.viewer_kept)
    qtbot.addWidget(made)
    return made


def test_what_was_painted_since_is_written_before_the_training(dock, desk, project, qtbot):
    started = []
    dock._desk.runner.start = lambda *asked: started.append(asked)
    request = AnnotationRequest(BOX, "train", {"My clefts": "cleft:synapse"})
    dock.annotations.add_requested.emit(request)
    qtbot.waitUntil(lambda: not desk.session.job.is_running, timeout=20_000)
    layer = desk.viewer_kept.layers["My clefts"]
    layer.paint((3, 12, 22), 7)

    dock.run_requested.emit(("train",), {})
    assert started == []
    qtbot.waitUntil(lambda: started != [], timeout=20_000)

    (annotation,) = load_project(project).config.annotated
    stored = load_project(project).mask_of(annotation, annotation.masks[0])
    assert 7 in np.asarray(stored.array[...])


def test_paint_that_could_not_be_written_is_not_forgotten(dock, desk, qtbot):
    started = []
    dock._desk.runner.start = lambda *asked: started.append(asked)
    dock._add_box(AnnotationRequest(BOX, "train", {"My clefts": "cleft:synapse"}))
    qtbot.waitUntil(lambda: not desk.session.job.is_running, timeout=20_000)
    layer = desk.viewer_kept.layers["My clefts"]
    layer.paint((3, 12, 22), 7)
    desk.viewer_kept.layers.remove(layer)

    for _ in range(2):
        dock.run_requested.emit(("train",), {})
        qtbot.waitUntil(lambda: not desk.session.job.is_running, timeout=20_000)
        assert started == []
        assert "is gone" in dock.annotations.message.text()
        assert "take it out of the list" in dock.annotations.message.text()

    dock.annotations.forget_requested.emit(str(BOX))
    dock.run_requested.emit(("train",), {})
    assert len(started) == 1


def add_box(dock, desk, qtbot, name="My clefts"):
    """Add the box by the dock, and wait until it is written."""
    request = AnnotationRequest(BOX, "train", {name: "cleft:synapse"})
    dock.annotations.add_requested.emit(request)
    assert desk.session.job.is_running
    wait(desk, qtbot)


def wait(desk, qtbot):
    qtbot.waitUntil(lambda: not desk.session.job.is_running, timeout=20_000)
    assert desk.session.job.status == "done", desk.session.job.message


def stored_labels(project):
    """Values in the only annotated box on disk."""
    (annotation,) = load_project(project).config.annotated
    stored = load_project(project).mask_of(annotation, annotation.masks[0])
    return set(np.unique(np.asarray(stored.array[...])).tolist())


@pytest.fixture
def started(desk, monkeypatch):
    """What was asked to run, instead of running it."""
    asked = []
    monkeypatch.setattr(desk.runner, "start", lambda *steps: asked.append(steps))
    return asked


def test_paint_of_one_project_is_not_written_into_another(dock, desk, started, tmp_path, qtbot):
    add_box(dock, desk, qtbot)
    desk.viewer_kept.layers["My clefts"].paint((3, 12, 22), 7)
    other = create_project(tmp_path / "other", raw=str(tmp_path / "raw.zarr"))
    before = (other / "project.yaml").read_bytes()
    desk.runner.open(other)

    dock.run_requested.emit(("train",), {})

    assert started == [(("train",), {})]
    assert not desk.session.job.is_running
    assert (other / "project.yaml").read_bytes() == before


def test_a_renamed_layer_is_written_before_the_training(dock, desk, project, started, qtbot):
    add_box(dock, desk, qtbot)
    layer = desk.viewer_kept.layers["My clefts"]
    layer.name = "cleft"
    assert list(dock.annotations.classes) == ["cleft"]
    layer.paint((3, 12, 22), 7)
    assert stored_labels(project) == {0, 3}

    dock.run_requested.emit(("train",), {})
    qtbot.waitUntil(lambda: started != [], timeout=20_000)

    assert stored_labels(project) == {0, 3, 7}


def test_another_layer_of_the_old_name_is_not_written_instead(dock, desk, project, started, qtbot):
    add_box(dock, desk, qtbot)
    viewer = desk.viewer_kept
    viewer.layers["My clefts"].paint((3, 12, 22), 7)
    viewer.layers.remove("My clefts")
    viewer.add_layer(Labels(np.full(GRID.shape, 9, np.uint8), name="My clefts", **PLACED))

    dock.run_requested.emit(("train",), {})
    qtbot.waitUntil(lambda: not desk.session.job.is_running, timeout=20_000)

    assert "is gone" in dock.annotations.message.text()
    assert started == []
    assert stored_labels(project) == {0, 3}


def test_new_data_of_a_layer_are_what_is_written(dock, desk, project, started, qtbot):
    add_box(dock, desk, qtbot)
    desk.viewer_kept.layers["My clefts"].data = np.full(GRID.shape, 5, np.uint8)

    dock.run_requested.emit(("train",), {})
    qtbot.waitUntil(lambda: started != [], timeout=20_000)

    assert stored_labels(project) == {5}


def test_paint_is_still_known_when_the_dock_is_opened_again(dock, desk, project, started, qtbot):
    add_box(dock, desk, qtbot)
    desk.viewer_kept.layers["My clefts"].paint((3, 12, 22), 7)
    again = docks.TrainDock(desk.viewer_kept)
    qtbot.addWidget(again)

    again.run_requested.emit(("train",), {})
    qtbot.waitUntil(lambda: started != [], timeout=20_000)

    assert stored_labels(project) == {0, 3, 7}


def test_a_project_is_made_of_the_data_that_a_layer_has_now(desk, tmp_path, qtbot, monkeypatch):
    monkeypatch.setattr(docks, "desk_of", lambda viewer: desk)
    image = Image(np.zeros(GRID.shape, np.uint8), name="EM", **PLACED)
    desk.viewer_kept.add_layer(image)
    dock = docks.ProjectDock(desk.viewer_kept)
    qtbot.addWidget(dock)
    image.name = "image"
    assert "image" in dock.uses
    image.data = np.random.default_rng(1).integers(1, 255, GRID.shape, dtype=np.uint8)
    request = ProjectRequest(
        tmp_path / "new", {"image": "raw"}, None, None, None, GRID.voxel_size_nm
    )

    dock.create_requested.emit(request)
    wait(desk, qtbot)

    made = load_project(tmp_path / "new")
    assert np.array_equal(np.asarray(made.raw().array[...]), image.data)
