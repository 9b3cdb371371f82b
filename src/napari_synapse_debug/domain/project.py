"""What a project is made of: its volumes, truth, boxes, classes and parameters.

Paths are those of ``project.yaml``: relative to the project folder where they lie inside it.
"""

from __future__ import annotations

from pydantic import Field

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import (
    ContactParams,
    DiagnoseParams,
    EvaluateParams,
    Params,
    PredictParams,
    SynapseParams,
    TrainParams,
)
from napari_synapse_debug.domain.roles import ClassSpec, Role


class Source(Params):
    """A volume on disk: a file or folder, and the data set inside it if it holds several."""

    path: str
    dataset: str | None = None

    def __str__(self) -> str:
        return self.path if self.dataset is None else f"{self.path}:{self.dataset}"


class Mask(Params):
    """Ground truth of one class: voxels > 0 belong to it; instance ids are kept."""

    name: str
    role: Role
    source: Source

    @property
    def spec(self) -> ClassSpec:
        """Name and role of the class."""
        return ClassSpec(self.name, self.role)


class StepParams(Params):
    """The parameters of every step of a project."""

    train: TrainParams = TrainParams()
    predict: PredictParams = PredictParams()
    contacts: ContactParams = ContactParams()
    synapses: SynapseParams = SynapseParams()
    evaluate: EvaluateParams = EvaluateParams()
    diagnose: DiagnoseParams = DiagnoseParams()


class ProjectConfig(Params):
    """The content of ``project.yaml``."""

    format: int = Field(1, ge=1, le=1)
    name: str
    voxel_size_nm: tuple[float, float, float]
    offset_nm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    raw: Source
    segmentation: Source | None = None
    true_segmentation: Source | None = None
    masks: tuple[Mask, ...] = ()
    extra_layers: dict[str, Source] = Field(default_factory=dict)
    truth: str | None = None
    train_box: str | None = None
    eval_box: str | None = None
    params: StepParams = StepParams()

    @property
    def classes(self) -> tuple[ClassSpec, ...]:
        """The classes to be learnt, in the order of the masks."""
        return tuple(mask.spec for mask in self.masks)

    def box(self, which: str) -> Box | None:
        """The ``train`` or ``eval`` box; None where the project names none."""
        text = self.train_box if which == "train" else self.eval_box
        return None if text is None else Box.parse(text)
