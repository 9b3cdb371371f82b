"""A project opens where it was left."""

import shutil
import threading
from functools import partial
from pathlib import Path

import pytest
from napari.components import ViewerModel

from napari_synapse_debug.ui.backend import product_backend
from napari_synapse_debug.ui.desk import ABOUT_RESULTS, Desk
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.preferences import Preferences

pytestmark = pytest.mark.ui


@pytest.fixture
def open_desk():
    """Makes a window of its own each time."""
    kept = []

    def make(folder):
        viewer = ViewerModel()
        desk = Desk(viewer, product_backend)
        kept.append((viewer, desk))
        desk.open_project(folder)
        return desk

    yield make
    for _, desk in kept:
        desk.close()


def test_run_list_and_error_are_as_they_were_left(toy_project, open_desk):
    shutil.copytree(toy_project / "runs/main", toy_project / "runs/second")
    first = open_desk(toy_project).session
    assert (first.run, first.selected) == ("main", None)
    desk = open_desk(toy_project)
    desk.runner.open(toy_project, "second")
    desk.remembering.restore()
    session = desk.session
    stage = str(session.table.frame["stage"].iloc[0])
    session.set_filter(FindingFilter(error="missed", stages=frozenset({stage})))
    session.sort("cleft_x_nm", ascending=False)
    chosen = session.table.ids(session.listed)[-1]
    session.select(int(chosen))

    again = open_desk(toy_project).session
    assert again.run == "second"
    assert again.selected == chosen
    assert again.filter == FindingFilter(error="missed", stages=frozenset({stage}))
    assert (again.sort_by, again.ascending) == ("cleft_x_nm", False)
    assert again.listed.tolist() == session.listed.tolist()


def test_a_run_that_is_gone_and_a_state_that_cannot_be_read_are_no_harm(toy_project, open_desk):
    desk = open_desk(toy_project)
    desk.session.select(int(desk.session.table.frame["finding"].iloc[0]))
    name = next(k for k in desk.preferences._settings.allKeys() if k.startswith("left "))
    for state in ("nonsense", {"run": "gone"}, {"run": "main", "filter": {"old": 1}, "sort": "?"}):
        Preferences().write(name, state)
        opened = open_desk(toy_project).session
        assert opened.run == "main"
        assert opened.filter == FindingFilter()
        assert opened.selected is None


def test_what_shows_while_another_project_opens_is_not_taken_for_it(
    toy_project, open_desk, tmp_path
):
    desk = open_desk(toy_project)
    desk.session.set_filter(FindingFilter(error="false"))
    other = shutil.copytree(toy_project, tmp_path / "other")
    desk.open_project(other)
    assert desk.session.filter == FindingFilter()
    assert open_desk(toy_project).session.filter == FindingFilter(error="false")


def test_a_package_of_another_run_opens(toy_project, open_desk):
    (toy_project / "runs/main").rename(toy_project / "runs/main-2")
    desk = open_desk(toy_project)
    assert desk.session.run == "main-2"
    assert len(desk.session.table)
    desk.open_run(toy_project)
    assert desk.session.run == "main-2"


def test_answers_about_the_run_before_are_not_told(toy_project, open_desk, qtbot):
    desk, told, release = open_desk(toy_project), [], threading.Event()

    def answer(name):
        release.wait(20)
        return name

    names = (*ABOUT_RESULTS[:2], "package")  # three threads
    for name in names:
        desk.background.run(name, partial(answer, name), told.append, told.append)
    desk.open_run(toy_project)
    release.set()
    qtbot.waitUntil(lambda: not desk.background.is_busy, timeout=20_000)
    qtbot.wait(50)
    assert told == ["package"]


def test_a_project_that_was_made_in_the_window_is_remembered(project, open_desk, tmp_path, qtbot):
    desk = open_desk(project)
    made = Path(shutil.copytree(project, tmp_path / "made"))

    desk.runner._in_thread("writing", lambda: (made, "was made"))
    qtbot.waitUntil(lambda: desk.session.project == made, timeout=20_000)
    desk.session.select(4)

    assert open_desk(made).session.selected == 4
