"""What every step is given: the project, the run, and whoever runs it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.events import Event, StepContext
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import Params
from napari_synapse_debug.domain.project import StepParams
from napari_synapse_debug.io import Project, read_run, write_run


@dataclass(frozen=True)
class Work:
    """One step's place to work.

    Parameters
    ----------
    project : Project
        What to work on.
    run : str
        Name of the run; its model has the same name.
    key : str
        What the step's result depends on, as one text (``step_key``).
    context : StepContext
        Takes events, knows whether to stop, maps blocks.
    is_over : bool
        An unfinished training is not to go on: its model is taken as it is.
    """

    project: Project
    run: str
    key: str
    context: StepContext
    is_over: bool = False

    @property
    def params(self) -> StepParams:
        """Parameters of all steps."""
        return self.project.config.params

    @property
    def folder(self) -> Path:
        """Where the results of the run lie."""
        return self.project.run_folder(self.run)

    @property
    def model_folder(self) -> Path:
        """Where the model of the run lies."""
        return self.project.model_folder(self.run)

    @property
    def box_is_learnt(self) -> bool:
        """Whether boxes of the raw volume are learnt from and no evaluation box lies apart."""
        config = self.project.config
        return config.eval_box is None and any(found.raw is None for found in config.annotated)

    def tell(self, step: str, message: str, done: int = 0, total: int = 0) -> None:
        """Report progress."""
        self.context.report(Event(step, message, done, total))

    def forget(self, step: str) -> None:
        """Take ``step`` out of the run's record, before several of its results are overwritten.

        A step that is ended between two of them is then not taken for done, whatever its
        parameters are set to.
        """
        record = read_run(self.folder)
        if step in record.steps:
            write_run(self.folder, record.without_step(step))

    def box(self, which: str) -> Box:
        """The ``train`` or ``eval`` box.

        Raises
        ------
        ProjectError
            The project names none.
        """
        box = self.project.config.box(which)
        if box is None:
            raise ProjectError(
                f"The project has no {which} box",
                found="project.yaml without it",
                expected=f"{which}_box: z0:z1,y0:y1,x0:x1",
                fix=f"add {which}_box to project.yaml, or make the project with --{which}-box",
            )
        return box


def as_made(work: Work, *steps: str) -> Work:
    """The work with the parameters by which these ``steps`` of the run were done.

    Those of the project may be others by now. What the record does not know, of an older version,
    is as in the project.
    """
    record, params = read_run(work.folder), work.params
    for step in steps:
        known: Params = getattr(params, step)
        used = record.steps[step].params if step in record.steps else {}
        with suppress(InputError):
            made = type(known).build(**{**known.model_dump(), **used})
            params = params.model_copy(update={step: made})
    config = work.project.config.model_copy(update={"params": params})
    return replace(work, project=Project(work.project.folder, config))
