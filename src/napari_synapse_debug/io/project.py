"""A project folder: ``project.yaml``, its volumes and truth, models and runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.project import Annotation, Mask, ProjectConfig, Source
from napari_synapse_debug.io.regridding import is_told_otherwise, on_grid
from napari_synapse_debug.io.sources import locate
from napari_synapse_debug.io.synapse_table import read_synapses
from napari_synapse_debug.io.volumes import Volume, open_volume, single_channel

CONFIG = "project.yaml"


@dataclass(frozen=True)
class Project:
    """A project on disk; small enough to be sent to another process.

    Parameters
    ----------
    folder : Path
        Absolute.
    config : ProjectConfig
        Its ``project.yaml``; paths in it start from ``folder``.
    """

    folder: Path
    config: ProjectConfig

    def raw(self) -> Volume:
        """The EM volume, with the voxel size and offset of the project."""
        return self.open(self.config.raw)

    def segmentation(self) -> Volume:
        """The neuron segmentation in use.

        Raises
        ------
        ProjectError
            The project names none.
        """
        return self._on_raw(self._open_named(self.config.segmentation, "segmentation"))

    def true_segmentation(self) -> Volume:
        """The ground-truth segmentation.

        Raises
        ------
        ProjectError
            The project names none.
        """
        named = self._open_named(self.config.true_segmentation, "true_segmentation")
        return self._on_raw(named)

    def mask(self, name: str) -> Volume:
        """The ground truth of the class ``name``.

        Raises
        ------
        ProjectError
            The project has no such class.
        """
        masks: dict[str, Mask] = {mask.name: mask for mask in self.config.masks}
        source = masks[name].source if name in masks else None
        found = self._open_named(source, f"mask {name!r}", ", ".join(masks) or "no mask")
        return self._on_raw(found)

    def extra_layer(self, name: str) -> Volume:
        """The further volume ``name``, for the window.

        Raises
        ------
        ProjectError
            The project names no such volume.
        """
        layers = self.config.extra_layers
        found = ", ".join(layers) or "no extra layer"
        return self._on_raw(self._open_named(layers.get(name), f"extra layer {name!r}", found))

    def truth(self) -> pd.DataFrame:
        """The 3-point synapses of the biologists: a table of ``records.TRUTH``.

        Raises
        ------
        ProjectError
            The project names none.
        InputError
            The table cannot be used.
        """
        return read_synapses(self.truth_path)

    def raw_of(self, annotation: Annotation) -> Volume:
        """The volume in which the box of ``annotation`` lies; that of the project by default."""
        if annotation.raw is None:
            return self.raw()
        size, offset = annotation.voxel_size_nm, annotation.offset_nm
        return single_channel(open_volume(annotation.raw, self.folder, size, offset))

    def mask_of(self, annotation: Annotation, mask: Mask) -> Volume:
        """The ``mask`` that was painted in the box of ``annotation``, with the grid of its raw."""
        if annotation.raw is None and mask in self.config.masks:
            return self.mask(mask.name)
        if annotation.raw is None:
            return self.open(mask.source)
        grid = self.raw_of(annotation).grid
        size, offset = grid.voxel_size_nm, grid.offset_nm
        return single_channel(open_volume(mask.source, self.folder, size, offset))

    def truth_of(self, annotation: Annotation) -> pd.DataFrame | None:
        """The 3-point rows from which classes are painted in the box; None where there are none.

        Raises
        ------
        InputError
            The table cannot be used.
        """
        if annotation.truth is None:
            return None
        return read_synapses(locate(annotation.truth, self.folder))

    @property
    def truth_path(self) -> Path:
        """The file of the truth; a ProjectError where the project names none."""
        if self.config.truth is None:
            raise self._lacks("truth", None)
        return locate(self.config.truth, self.folder)

    @property
    def review_path(self) -> Path:
        """The data base of verdicts."""
        return self.folder / "review.sqlite"

    def model_folder(self, name: str) -> Path:
        """Where the model ``name`` is kept; it need not exist."""
        return self.folder / "models" / _checked(name, "model")

    def run_folder(self, name: str) -> Path:
        """Where the results of the run ``name`` are kept; it need not exist."""
        return self.folder / "runs" / _checked(name, "run")

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models there are, sorted."""
        return _names(self.folder / "models")

    @property
    def runs(self) -> tuple[str, ...]:
        """Names of the runs there are, sorted."""
        return _names(self.folder / "runs")

    def path_of(self, source: Source) -> Path:
        """The file or folder of ``source``."""
        return locate(source.path, self.folder)

    def open(self, source: Source) -> Volume:
        """The volume at ``source``, with the voxel size and offset of the project.

        A single channel is taken for the volume itself.

        Raises
        ------
        InputError
            There is no such volume.
        DataError
            The file is damaged.
        """
        size, offset = self.config.voxel_size_nm, self.config.offset_nm
        return single_channel(open_volume(source, self.folder, size, offset))

    def _open_named(self, source: Source | None, name: str, found: str | None = None) -> Volume:
        if source is None:
            raise self._lacks(name, found)
        return self.open(source)

    def _on_raw(self, labels: Volume) -> Volume:
        """``labels`` on the grid of the raw volume; as they are where they do not fit it."""
        raw = self.raw()
        seen = on_grid(labels, raw.grid)
        return labels if seen is None or is_told_otherwise(labels, raw) else seen

    def _lacks(self, name: str, found: str | None) -> ProjectError:
        return ProjectError(
            f"The project {self.folder} has no {name}",
            found=found,
            fix=f"add it to {self.folder / CONFIG}",
        )


def _names(folder: Path) -> tuple[str, ...]:
    if not folder.is_dir():
        return ()
    return tuple(sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != "."))


def _checked(name: str, what: str) -> str:
    if not name or name[0] in ". " or set(name) & set('/\\:*?"<>|'):
        raise ProjectError(
            f"The {what} cannot be named {name!r}",
            expected="a name that a folder can have, without slashes and not beginning with a dot",
        )
    return name
