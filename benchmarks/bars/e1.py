"""Jump <= 10 ms and filter, sort <= 100 ms at 100,000 errors; table of 1,000,000 <= 1 s."""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from many_errors import many_findings, many_results
from napari_synapse_debug.ui.finding_table import FindingFilter

JUMP_MS, FILTER_MS, OPEN_MS = 10.0, 100.0, 1000.0


def measure(_: Path) -> bool:
    """Time what the window itself does; drawing and slicing by napari are told apart."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QApplication

    from napari_synapse_debug.ui.debug_panel import DebugPanel
    from napari_synapse_debug.ui.session import Session
    from napari_synapse_debug.ui.viewer_adapter import ViewerAdapter

    application = QApplication.instance() or QApplication([])
    session, viewer, napari_time = Session(), ViewerModel(), Stopwatch()
    adapter = ViewerAdapter(
        viewer, session, napari_time.timing(lambda shown, view: view.apply(shown))
    )
    panel = DebugPanel(session)
    panel.resize(520, 900)
    panel.show()
    session.set_results(many_results(100_000))
    application.processEvents()
    for layer in viewer.layers:
        layer.refresh = napari_time.timing(layer.refresh)
    ids = session.table.ids(session.listed)[:: 100_000 // 41].tolist()
    session.select(ids.pop())
    ours, theirs = [], []
    for finding in ids:
        napari_time.seconds = 0.0
        whole = timed(lambda chosen=finding: session.select(chosen))
        theirs.append(1e3 * napari_time.seconds)
        ours.append(whole - theirs[-1])
    jump = statistics.median(ours)
    print(
        f"jump, our part: median {jump:.1f} ms; napari's slicing {statistics.median(theirs):.1f} ms"
    )
    filters = {
        "stage": FindingFilter(stages=frozenset({"classifier"})),
        "score": FindingFilter(score=(0.2, 0.7)),
    }
    numbers = itertools.count(10)
    words = report([("filter by other words", lambda: session.set_filter(typed(next(numbers))))])
    slowest = report(
        (f"filter by {name}", lambda f=chosen: session.set_filter(f))
        for name, chosen in filters.items()
    )
    session.set_filter(FindingFilter())
    slowest = max(
        slowest,
        words,
        report(
            (f"sort by {name}", lambda n=name: session.sort(n, ascending=False))
            for name in ("score", "cause", "stage", "verdict")
        ),
    )
    many = many_results(10)
    many.findings = many_findings(1_000_000)
    opened = timed(lambda: panel_of(many, Session(), DebugPanel))
    print(f"open the table of 1,000,000: {opened:.0f} ms")
    panel.close()
    print(f"layers shown: {len(adapter.viewer.layers)}")
    return jump <= JUMP_MS and slowest <= FILTER_MS and opened <= OPEN_MS


def typed(number: int) -> FindingFilter:
    """Another search each time, as answers are kept."""
    return FindingFilter(text=f"peak 0.{number} shaft")


class Stopwatch:
    """Adds up the processor's time in functions, so that it can be told apart; not if nested."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._is_running = False

    def timing(self, function: Callable) -> Callable:
        """``function`` with its time added up."""

        def act(*values: object, **named: object) -> object:
            if self._is_running:
                return function(*values, **named)
            self._is_running, began = True, time.thread_time()
            try:
                return function(*values, **named)
            finally:
                self.seconds += time.thread_time() - began
                self._is_running = False

        return act


def panel_of(results: object, session: object, make: Callable) -> None:
    """Show ``results`` in a panel of their own."""
    panel = make(session)
    panel.show()
    session.set_results(results)
    panel.close()


def report(tasks: Iterable[tuple[str, Callable[[], object]]]) -> float:
    """Print the median of five of each task; the slowest median, ms."""
    slowest = 0.0
    for name, task in tasks:
        task()
        median = statistics.median(timed(task) for _ in range(5))
        print(f"{name}: median {median:.0f} ms")
        slowest = max(slowest, median)
    return slowest


def timed(task: Callable[[], object]) -> float:
    """The processor's time that ``task`` takes in this thread, ms; other programs do not count."""
    began = time.thread_time()
    task()
    return 1e3 * (time.thread_time() - began)
