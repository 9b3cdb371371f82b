"""Work beside the window, and what the window remembers."""

import gc
import threading
import weakref

import pytest

from napari_synapse_debug.domain.events import Event
from napari_synapse_debug.ui.background import Background
from napari_synapse_debug.ui.preferences import Preferences

pytestmark = pytest.mark.ui


@pytest.fixture
def background(qapp):
    made = Background()
    yield made
    made.close()


def test_a_result_is_told_in_the_thread_of_the_window(background, qtbot):
    told, threads, gate = [], [], threading.Event()

    def work():
        gate.wait(10)
        threads.append(threading.get_ident())
        return 7

    background.run("sum", work, lambda r: told.append((r, threading.get_ident())), told.append)
    assert background.is_busy
    gate.set()
    qtbot.waitUntil(lambda: bool(told))

    assert told == [(7, threading.get_ident())]
    assert threads != [threading.get_ident()]
    assert not background.is_busy


def test_of_one_name_only_the_latest_is_told(background, qtbot):
    told, gate = [], threading.Event()
    background.run("score", lambda: gate.wait(10), told.append, told.append)
    background.run("score", lambda: "second", told.append, told.append)
    background.run("other", lambda: "other", told.append, told.append)
    gate.set()

    qtbot.waitUntil(lambda: len(told) == 2)
    qtbot.wait(50)

    assert sorted(told) == ["other", "second"]


def test_one_of_a_name_runs_at_a_time_and_the_latest_waits(background, qtbot):
    begun, told, gate = [], [], threading.Event()

    def work(number):
        begun.append(number)
        gate.wait(10)
        return number

    for number in (1, 2, 3, 4):
        background.run("truth", lambda number=number: work(number), told.append, told.append)
    background.run("marks", lambda: "marks", told.append, told.append)
    qtbot.waitUntil(lambda: told == ["marks"])  # a thread is free for another name
    assert begun == [1]
    assert background.is_busy
    gate.set()

    qtbot.waitUntil(lambda: not background.is_busy)
    assert begun == [1, 4]
    assert told == ["marks", 4]


def test_what_waits_is_left_out_when_it_is_forgotten_and_the_next_one_runs(background, qtbot):
    begun, told, gate = [], [], threading.Event()
    background.run("truth", lambda: gate.wait(10), told.append, told.append)
    background.run("truth", lambda: begun.append(2), told.append, told.append)
    background.forget("truth")
    assert not background.is_busy
    background.run("truth", lambda: "third", told.append, told.append)
    gate.set()

    qtbot.waitUntil(lambda: bool(told))
    assert (begun, told) == ([], ["third"])


def test_what_is_forgotten_is_not_told(background, qtbot):
    told, gate = [], threading.Event()
    background.run("mesh", lambda: gate.wait(10), told.append, told.append)
    background.forget("mesh")
    gate.set()
    background.run("end", lambda: "end", told.append, told.append)

    qtbot.waitUntil(lambda: bool(told))
    qtbot.wait(50)

    assert told == ["end"]


def test_an_error_is_told_as_such(background, qtbot):
    errors = []
    background.run("sum", lambda: 1 // 0, errors.append, errors.append)

    qtbot.waitUntil(lambda: bool(errors))

    assert isinstance(errors[0], ZeroDivisionError)


def test_what_runs_is_told_of_and_ends_with_the_window(background, qtbot):
    told, ended = [], threading.Event()

    def work(context):
        context.report(Event("package", "raw", 1, 4))
        while not context.should_stop():
            ended.wait(0.01)
        ended.set()

    background.run("package", work, told.append, told.append, on_event=told.append)
    qtbot.waitUntil(lambda: told == [Event("package", "raw", 1, 4)], timeout=20_000)
    assert not ended.is_set()
    background.close()

    assert ended.wait(20)


def test_what_is_stopped_is_told(background, qtbot):
    told = []

    def work(context):
        while not context.should_stop():
            threading.Event().wait(0.01)
        return "stopped"

    background.run("package", work, told.append, told.append, on_event=told.append)
    background.stop("another")
    background.stop("package")
    qtbot.waitUntil(lambda: told == ["stopped"], timeout=20_000)


def test_what_was_told_is_not_kept(background, qtbot):
    told, gate = [], threading.Event()

    class Page:
        def show(self, value):
            told.append(value)

    page = Page()
    background.run("sum", lambda: gate.wait(20), page.show, page.show)
    seen = weakref.ref(page)
    del page
    assert seen() is not None
    gate.set()
    qtbot.waitUntil(lambda: told == [True])

    def is_gone():
        gc.collect()
        return seen() is None

    qtbot.waitUntil(is_gone)  # the thread may be about to let go of it


def test_values_outlive_the_window():
    assert Preferences().read("presets", {"a": 1}) == {"a": 1}

    Preferences().write("presets", {"contact": ["raw", "contacts"]})

    assert Preferences().read("presets", {}) == {"contact": ["raw", "contacts"]}
    Preferences().write("presets", None)
    assert Preferences().read("presets", None) is None
