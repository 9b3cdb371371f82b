"""What the window needs to be given: the shape of a volume and of the results of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.project import ProjectConfig
from napari_synapse_debug.domain.verdicts import (
    Action,
    ActionKind,
    FindingRef,
    TruthEdit,
    Verdict,
)
from napari_synapse_debug.review import ReviewState


class Volume(Protocol):
    """A volume that is read when it is sliced: (Z, Y, X), or (C, Z, Y, X) with ``channels``."""

    @property
    def array(self) -> Any:
        """An array with ``shape``, ``dtype``, ``ndim`` and numpy slicing."""

    @property
    def grid(self) -> Grid:
        """Where its voxels lie."""

    @property
    def channels(self) -> tuple[str, ...] | None:
        """Names along the first axis of a four-dimensional volume."""


class Section(Protocol):
    """A held-out section: three (Y, X) uint8 arrays; of truth and prediction 255 is 1."""

    @property
    def raw(self) -> NDArray[np.uint8]:
        """Grey values."""

    @property
    def truth(self) -> NDArray[np.uint8]:
        """Where the class is."""

    @property
    def prediction(self) -> NDArray[np.uint8]:
        """Its probability."""


class Results(Protocol):
    """All that is known of one run of a project; what is not there is None or not in the map.

    ``volumes`` has the keys ``raw, segmentation, true_segmentation, prediction, candidates``,
    ``mask:NAME`` and ``extra:NAME``; the tables have the columns of ``domain.records``.
    """

    @property
    def has_model(self) -> bool:
        """Whether the run has a trained model."""

    @property
    def is_package(self) -> bool:
        """Whether it is a work package, in which nothing is run."""

    @property
    def config(self) -> ProjectConfig:
        """What the project is made of."""

    @property
    def grid(self) -> Grid:
        """The voxel grid of the raw volume."""

    @property
    def volumes(self) -> Mapping[str, Volume]:
        """The volumes by name."""

    @property
    def truth(self) -> pd.DataFrame | None:
        """3-point synapses of the biologists."""

    @property
    def synapses(self) -> pd.DataFrame | None:
        """3-point synapses that were found."""

    @property
    def candidates(self) -> pd.DataFrame | None:
        """Connected pieces of the thresholded probability."""

    @property
    def contacts(self) -> pd.DataFrame | None:
        """Where two neurons touch."""

    @property
    def matches(self) -> pd.DataFrame | None:
        """Which prediction was matched to which truth."""

    @property
    def findings(self) -> pd.DataFrame | None:
        """The errors, each with its stage and cause."""

    @property
    def evaluation(self) -> Mapping[str, Any] | None:
        """The content of ``evaluation.json``."""


class Store(Protocol):
    """The file of a review."""

    session: str
    """Which window acts; what it did it can undo."""

    def append(self, kind: ActionKind, *, subject: FindingRef | None = None) -> Action:
        """Save one action; it is on the disk when this returns."""

    def is_changed_elsewhere(self) -> bool:
        """Whether another window or program saved something since this was asked last."""


class Review(Protocol):
    """One person's view of the journal of a project; see ``pipeline.Review``."""

    @property
    def store(self) -> Store:
        """The file."""

    @property
    def author(self) -> str:
        """Who reviews."""

    def refresh(self) -> bool:
        """Take up what was saved since; whether there was anything."""

    def actions(self) -> tuple[Action, ...]:
        """All actions that were read so far."""

    def refer(self, finding: int) -> FindingRef:
        """What an action on ``finding`` is kept with."""

    def n_moved(self, actions: Sequence[Action]) -> int:
        """How many false synapses are not where they were."""

    def set_verdict(self, finding: int, verdict: Verdict | None) -> None:
        """Hold ``finding`` for ``verdict``."""

    def set_comment(self, finding: int, comment: str) -> None:
        """Comment on ``finding``."""

    def settle(self, finding: int, verdict: Verdict | None) -> None:
        """Settle a dispute."""

    def edit(self, edit: TruthEdit) -> int:
        """Change the corrected truth by hand; the row."""

    def undo(self) -> Action | None:
        """Undo the last thing done in this session."""

    def redo(self) -> Action | None:
        """Do again what was undone last."""

    def verdicts(self, state: ReviewState | None = None) -> pd.DataFrame:
        """Who holds the findings of the run for what, in ``state`` or by all that was read."""

    def close(self) -> None:
        """Close the file."""
