"""What a project is made of: its volumes, truth, boxes, classes and parameters.

Paths are those of ``project.yaml``: relative to the project folder where they lie inside it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from napari_synapse_debug.domain.grid import Box, TripleNm
from napari_synapse_debug.domain.params import (
    ContactParams,
    DiagnoseParams,
    EvaluateParams,
    Params,
    PredictParams,
    SynapseParams,
    TargetParams,
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


class Annotation(Params):
    """A box in which classes were annotated.

    A class that has neither a mask nor points here is ignored in the box: it is not background.

    Parameters
    ----------
    box : str
        ``z0:z1,y0:y1,x0:x1``, voxels of ``raw``.
    use : str
        ``train`` to learn from it, ``validation`` to choose weights and threshold by it.
    masks : tuple of Mask, optional
        The classes that were painted here. Each mask has the shape of ``raw`` or of the box.
        None: all masks of the project; ``()``: none.
    truth : str, optional
        3-point rows, complete in this box. Classes of synapses without a mask here are
        painted from them.
    raw : Source, optional
        The volume that the box lies in; None: that of the project.
    voxel_size_nm, offset_nm : tuple of float, optional
        Of ``raw``, zyx, where the file does not tell; only with ``raw``.
    """

    box: str
    use: Literal["train", "validation"] = "train"
    masks: tuple[Mask, ...] | None = None
    truth: str | None = None
    raw: Source | None = None
    voxel_size_nm: TripleNm | None = None
    offset_nm: TripleNm | None = None

    def __str__(self) -> str:
        what = "training" if self.use == "train" else "validation"
        return f"{what} box {self.box}" + ("" if self.raw is None else f" of {self.raw}")


class StepParams(Params):
    """The parameters of every step of a project."""

    targets: TargetParams = TargetParams()
    train: TrainParams = TrainParams()
    predict: PredictParams = PredictParams()
    contacts: ContactParams = ContactParams()
    synapses: SynapseParams = SynapseParams()
    evaluate: EvaluateParams = EvaluateParams()
    diagnose: DiagnoseParams = DiagnoseParams()


class ProjectConfig(Params):
    """The content of ``project.yaml``.

    ``train_box`` is the short form of an annotation in which all masks of the project were
    painted. ``point_classes`` have no mask of the project: those of synapses are painted from
    3-point rows; others are known to a model that was imported.
    """

    format: int = Field(1, ge=1, le=1)
    name: str
    voxel_size_nm: tuple[float, float, float]
    offset_nm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    raw: Source
    segmentation: Source | None = None
    true_segmentation: Source | None = None
    masks: tuple[Mask, ...] = ()
    point_classes: tuple[ClassSpec, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    extra_layers: dict[str, Source] = Field(default_factory=dict)
    truth: str | None = None
    train_box: str | None = None
    eval_box: str | None = None
    params: StepParams = StepParams()

    @property
    def classes(self) -> tuple[ClassSpec, ...]:
        """The classes to be learnt: of the masks, those without, then of the annotations.

        Where two have one name the first counts.
        """
        specs = [mask.spec for mask in self.masks] + list(self.point_classes)
        specs += [mask.spec for box in self.annotations for mask in box.masks or ()]
        found: dict[str, ClassSpec] = {}
        for spec in specs:
            found.setdefault(spec.name, spec)
        return tuple(found.values())

    @property
    def annotated(self) -> tuple[Annotation, ...]:
        """All annotated boxes: the train box first, as the annotation that it stands for."""
        if self.train_box is None:
            return self.annotations
        is_painted = any(spec.role.is_synapse for spec in self.point_classes)
        points = self.truth if is_painted else None
        return (Annotation(box=self.train_box, truth=points), *self.annotations)

    def masks_in(self, annotation: Annotation) -> tuple[Mask, ...]:
        """The masks that were painted in the box of ``annotation``."""
        return self.masks if annotation.masks is None else annotation.masks

    def box(self, which: str) -> Box | None:
        """The ``train`` or ``eval`` box; None where the project names none."""
        text = self.train_box if which == "train" else self.eval_box
        return None if text is None else Box.parse(text)
