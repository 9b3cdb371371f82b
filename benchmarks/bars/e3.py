"""Keyboard-only walk through 50 errors in a real window; killed at any moment, nothing is lost."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from napari_synapse_debug.pipeline import open_review

WALKED, KILLS = 50, 3
GIVEN = "given"


def measure(work: Path) -> bool:
    """Walk once to the end, then several times until killed, and read what was saved."""
    from bars.e6 import make_project  # here, as the child that is killed does not need it

    project = make_project(work / "project")
    whole = walk(shutil.copytree(project, work / "whole"), None)
    is_whole = len(whole) == WALKED and whole == saved(work / "whole")
    print(f"to the end: {len(whole)} verdicts acknowledged, all saved: {is_whole}")
    chance, holds = random.Random(0), is_whole
    for attempt in range(KILLS):
        copy = shutil.copytree(project, work / f"killed{attempt}")
        given = walk(copy, chance.randrange(3, WALKED - 3) + chance.random())
        there = saved(copy)
        kept = all(there.get(finding) == verdict for finding, verdict in given.items())
        print(f"killed after {len(given)} verdicts: {len(there)} saved, none lost: {kept}")
        holds &= kept and 0 < len(given) < WALKED
    return holds


def walk(project: Path, kill_after: float | None) -> dict[int, str]:
    """The verdicts that a window acknowledged before it was killed, or ended."""
    command = [sys.executable, __file__, str(project)]
    if not os.environ.get("DISPLAY"):
        command = ["xvfb-run", "-a", *command]
    given: dict[int, str] = {}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        for line in child.stdout:
            words = line.split()
            if words[:1] != [GIVEN]:
                continue
            given[int(words[1])] = words[2]
            if kill_after is not None and len(given) >= int(kill_after):
                time.sleep(0.2 * (kill_after % 1))  # anywhere within the next key
                os.killpg(child.pid, 9)
                break
        if kill_after is not None:
            for line in child.stdout:  # told before it was killed
                words = line.split()
                if words[:1] == [GIVEN] and len(words) == 3:
                    given[int(words[1])] = words[2]
    return given


def saved(project: Path) -> dict[int, str]:
    """The verdicts on the disk."""
    with open_review(project) as review:
        table = review.verdicts()
    return dict(zip(table["now_finding"].tolist(), table["verdict"].tolist(), strict=True))


def press_keys(project: Path) -> None:
    """Open the window of ``project``, press only keys, and tell each verdict that is shown."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    from napari_synapse_debug.ui import open_window
    from napari_synapse_debug.ui.desk import desk_of
    from napari_synapse_debug.ui.window import PLUGIN

    viewer = open_window(project, finding=1)
    panel = viewer.window.add_plugin_dock_widget(PLUGIN, "Debug")[1]
    session = desk_of(viewer).session
    viewer.window.activate()
    panel.view.setFocus()
    QTest.qWait(500)
    for number in range(WALKED):
        finding = session.selected
        QTest.keyClick(panel.view, Qt.Key(Qt.Key.Key_1.value + number % 5))
        verdict = session.marks.verdict[session.table.position(finding)]
        print(GIVEN, finding, verdict, flush=True)
        QTest.qWait(10)
    viewer.close()


if __name__ == "__main__":
    press_keys(Path(sys.argv[1]))
