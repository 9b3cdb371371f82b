"""A work package that came as a zip is opened as it is."""

import shutil
import zipfile

import pytest
from napari.components import ViewerModel

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.pipeline import make_package, open_results, unpack_package
from napari_synapse_debug.ui import docks
from napari_synapse_debug.ui.desk import Desk, desk_of

pytestmark = pytest.mark.ui


@pytest.fixture
def package(project, tmp_path):
    """A zip for ben with two errors, in a folder of its own."""
    return make_package(project, "ben", tmp_path / "sent" / "ben.zip", [1, 3]).path


def test_a_zip_opens_beside_itself_and_again_with_its_verdicts(package):
    viewer = ViewerModel()
    desk = Desk(viewer)  # it holds the viewer weakly
    assert sorted(p.name for p in package.parent.iterdir()) == ["ben.zip"]

    desk.open_project(package)
    assert desk.session.project == package.parent / "ben"
    assert len(desk.session.table) == 2
    desk.session.select(3)
    desk.reviewing.give(Verdict.UNSURE)
    desk.open_project(package)
    assert desk.session.marks.verdict.tolist() == ["", "unsure"]
    desk.close()
    assert sorted(p.name for p in package.parent.iterdir()) == ["ben", "ben.zip"]


def test_a_zip_is_unpacked_beside_the_window_and_what_is_none_is_told(package, qtbot, tmp_path):
    viewer = ViewerModel()
    dock = docks.ProjectDock(viewer)
    qtbot.addWidget(dock)
    desk = desk_of(viewer)
    dock.open_requested.emit(package)
    assert dock.message.text() == "Unpacking ben.zip …"
    assert desk.session.project is None
    qtbot.waitUntil(lambda: desk.session.project == package.parent / "ben", timeout=20_000)
    assert dock.message.text() == ""

    (tmp_path / "photos.zip").write_bytes(b"no zip")
    dock.open_requested.emit(tmp_path / "photos.zip")
    qtbot.waitUntil(lambda: "photos.zip" in dock.message.text() and not desk.background.is_busy)
    assert "Unpacking" not in dock.message.text()
    assert desk.session.project == package.parent / "ben"
    desk.close()


def test_what_was_opened_while_a_zip_is_unpacked_stays_open(package, project, qtbot):
    viewer = ViewerModel()
    dock = docks.ProjectDock(viewer)
    qtbot.addWidget(dock)
    desk = desk_of(viewer)
    dock.open_requested.emit(package)
    dock.open_requested.emit(project)
    qtbot.waitUntil(lambda: dock.message.text().startswith("Unpacked"), timeout=20_000)
    assert desk.session.project == project
    assert (package.parent / "ben" / "project.yaml").exists()
    desk.close()


def test_a_zip_with_another_name_has_the_folder_of_its_package(package):
    folder = unpack_package(package)
    again = shutil.copy(package, package.with_name("ben (1).zip"))

    assert unpack_package(package.with_name("ben (1).zip")) == folder
    assert again.parent == folder.parent


def test_another_folder_of_that_name_is_left_alone(project, package, tmp_path):
    folder = package.parent / "ben"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not the same work package"):
        unpack_package(package)
    shutil.rmtree(folder)
    shutil.move(make_package(project, "ben", tmp_path / "ben", [2]).path, folder)
    with pytest.raises(InputError, match="not the same work package"):
        unpack_package(package)
    assert len(open_results(folder).findings) == 1


def test_what_is_no_package_is_told_and_nothing_is_left(project, tmp_path):
    folder = tmp_path / "mail"
    folder.mkdir()
    other = folder / "photos.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("photos/a.png", b"a")
    (folder / "cut.zip").write_bytes(other.read_bytes()[:20])

    with pytest.raises(InputError, match="is no work package"):
        unpack_package(other)
    with pytest.raises(DataError, match="cannot be read as a zip"):
        unpack_package(folder / "cut.zip")
    assert sorted(p.name for p in folder.iterdir()) == ["cut.zip", "photos.zip"]
    assert unpack_package(project) == project
