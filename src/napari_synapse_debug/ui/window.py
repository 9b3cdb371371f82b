"""The whole window at once, for the command line and notebooks: results, layers and Debug."""

from __future__ import annotations

from pathlib import Path

import napari

from napari_synapse_debug.ui.desk import desk_of
from napari_synapse_debug.ui.picture import save_picture
from napari_synapse_debug.ui.ports import Results

PLUGIN = "napari-synapse-debug"


def open_window(
    source: Results | Path | str,
    viewer: napari.Viewer | None = None,
    *,
    run: str | None = None,
    finding: int | None = None,
    show: bool = True,
) -> napari.Viewer:
    """A viewer with all of ``source``, the Debug dock at its right, and an error in view.

    Parameters
    ----------
    source : Results or path
        What to show, or a project folder.
    viewer : napari.Viewer, optional
        Where; a new one by default.
    run : str, optional
        Name of the run, of a folder; by default the one that was open last.
    finding : int, optional
        Error to go to; by default where this run was left, or else the first that was missed.
    show : bool
        Whether a new viewer is shown at once.

    Raises
    ------
    SynapseDebugError
        The project, its run or the finding is not there.
    """
    viewer = napari.Viewer(title="Synapse debug", show=show) if viewer is None else viewer
    desk = desk_of(viewer)
    viewer.window.add_plugin_dock_widget(PLUGIN, "Debug")
    if not isinstance(source, Path | str):
        desk.session.set_results(source)
    elif run is None:
        desk.open_project(Path(source))
    else:
        desk.open_run(Path(source), run)
    if finding is not None:
        desk.session.go_to(finding)
    elif desk.session.selected is None:
        desk.session.select_first_missed()
    return viewer


def show_project(
    project: Path,
    *,
    run: str | None = None,
    finding: int | None = None,
    picture: Path | None = None,
    keep_open: bool = True,
) -> None:
    """Open the window of a project, draw it to ``picture``, and stay until it is closed.

    Raises
    ------
    SynapseDebugError
        The project, its run or the finding is not there, or the picture cannot be written.
    """
    viewer = open_window(project, run=run, finding=finding)
    if picture is not None:
        save_picture(viewer, picture)
    if keep_open:
        napari.run()
    else:
        viewer.close()
