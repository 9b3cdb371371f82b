"""Draw the window for the documentation: ``python scripts/make_screenshots.py PROJECT [OUT]``.

Each dock and each page of Debug, in 2D and 3D, in both themes, at both sizes. Without a display
run it under ``xvfb-run -s "-screen 0 2560x1440x24"``. With ``--only NAME`` a single picture.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SIZES = {"1280": (1280, 800), "2560": (2560, 1440)}
THEMES = ("dark", "light")
SETTLE_SECONDS, LONGEST_SECONDS = 1.5, 60.0
DOCKS = ("Project", "Train", "Predict", "Contacts & synapses", "Evaluate")


def main() -> None:
    """Read the arguments and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("out", type=Path, nargs="?", default=Path("docs/images/window"))
    parser.add_argument("--only", default="", help="draw only pictures whose name has this")
    parser.add_argument("--check", action="store_true", help="tell texts that are cut: CUT …")
    parser.add_argument("--finding", type=int, help="the error to show")
    arguments = parser.parse_args()
    os.environ["NAPARI_CONFIG"] = tempfile.mkstemp(suffix=".yaml")[1]
    arguments.out.mkdir(parents=True, exist_ok=True)
    draw(arguments)


def draw(arguments: argparse.Namespace) -> None:
    """Draw all pictures whose name has ``only``."""
    from qtpy.QtCore import QSettings

    folder = tempfile.mkdtemp(prefix="preferences-")
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)

    from napari_synapse_debug.ui import open_window, save_picture

    for theme in THEMES:
        viewer = open_window(arguments.project, finding=arguments.finding)
        viewer.theme = theme
        for name, show in scenes(viewer):
            for size, pixels in SIZES.items():
                target = arguments.out / f"{name}-{theme}-{size}.png"
                if arguments.only in target.name:
                    viewer.window.resize(*pixels)
                    wait(viewer)  # the zoom that fits depends on the size
                    show()
                    wait(viewer)
                    save_picture(viewer, target, pixels, settle_seconds=SETTLE_SECONDS)
                    print(target, flush=True)  # noqa: T201
                    if arguments.check:
                        tell_cut(viewer, target.stem)
        viewer.close()


def wait(viewer) -> None:
    """Let the window lay itself out and finish what it reads in threads."""
    from qtpy.QtWidgets import QApplication

    from napari_synapse_debug.ui.desk import desk_of

    until = time.monotonic() + LONGEST_SECONDS
    while True:
        for _ in range(10):
            QApplication.processEvents()
            time.sleep(0.02)
        if not desk_of(viewer).background.is_busy or time.monotonic() > until:
            return


def tell_cut(viewer, picture: str) -> None:
    """Print the texts of visible buttons and labels that have less room than they need."""
    from qtpy.QtWidgets import QLabel, QPushButton

    from napari_synapse_debug.ui.tabs import our_panels

    for panel in our_panels(viewer.window._qt_window):  # the only way to the main window
        for part in panel.findChildren(QPushButton) + panel.findChildren(QLabel):
            is_seen = part.isVisible() and not part.visibleRegion().isEmpty()
            wraps = isinstance(part, QLabel) and part.wordWrap()
            needed = part.minimumSizeHint().width() if not wraps else 0
            if is_seen and part.text() and part.width() < needed - 1:
                cut = f"{part.text()!r} has {part.width()} of {needed} px"
                print(f"CUT {picture}: {cut}", flush=True)  # noqa: T201


def scenes(viewer) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is drawn: a name, and what brings it to the front."""
    from napari_synapse_debug.ui.debug_dock import DebugDock
    from napari_synapse_debug.ui.window import PLUGIN

    dock, panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Debug")
    assert isinstance(panel, DebugDock)

    def show_page(number: int, ndisplay: int = 2) -> None:
        dock.raise_()
        panel.tabs.setCurrentIndex(number)
        if viewer.dims.ndisplay != ndisplay:
            panel.command_requested.emit("dimensions")
        panel.command_requested.emit("fit")

    titles = [panel.tabs.tabText(i) for i in range(panel.tabs.count())]
    for number, title in enumerate(titles):
        yield f"debug-{_plain(title)}", lambda n=number: show_page(n)
    yield "debug-errors-3d", lambda: show_page(0, 3)
    for name in DOCKS:
        other = viewer.window.add_plugin_dock_widget(PLUGIN, name)[0]
        yield _plain(name), other.raise_


def _plain(title: str) -> str:
    return title.lower().replace(" & ", "-").replace(" ", "-")


if __name__ == "__main__":
    main()
