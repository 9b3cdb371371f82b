"""How a volume fits a model: the level that is read, and whether it is resampled."""

from __future__ import annotations

from dataclasses import dataclass

from napari_synapse_debug.domain.grid import Grid, TripleNm
from napari_synapse_debug.io import Volume
from napari_synapse_debug.networks import NetworkPlan
from napari_synapse_debug.predict import ALIKE, misfit, network_grid

_SAME = 1.01
"""Voxel sizes that differ by less are the same, rounded by one program or the other."""


@dataclass(frozen=True)
class Fit:
    """What is read for a model, and where its prediction is to lie.

    Parameters
    ----------
    source : Volume
        The level of the raw volume whose voxels are nearest to those learnt.
    target : Grid
        That of the raw volume itself.
    is_resampled : bool
        Whether the model sees, or gives, another grid than the raw volume's.
    notes : tuple of str
        What the user is to be told of it; empty where all is as in training.
    """

    source: Volume
    target: Grid
    is_resampled: bool
    notes: tuple[str, ...]


def choose_fit(raw: Volume, plan: NetworkPlan) -> Fit:
    """The level of ``raw`` that fits ``plan`` best; the finest where its voxels are alike.

    Raises
    ------
    InputError
        No level comes near enough to the voxels learnt.
    """
    source = raw
    if misfit(raw.grid.voxel_size_nm, plan) > ALIKE:
        source = min(raw.levels, key=lambda level: misfit(level.grid.voxel_size_nm, plan))
    seen = network_grid(source.grid, plan)
    notes = []
    if source is not raw:
        notes.append(f"reads the coarser level {source.name}")
    if seen.voxel_size_nm != source.grid.voxel_size_nm:
        sizes = f"{_text(source.grid.voxel_size_nm)} to {_text(seen.voxel_size_nm)}"
        notes.append(f"resampled from {sizes} for the model, and back")
    elif misfit(seen.voxel_size_nm, plan) > _SAME:
        sizes = f"{_text(plan.voxel_size_nm)}, used as it is on {_text(seen.voxel_size_nm)}"
        notes.append(f"the model was trained on voxels of {sizes}")
    return Fit(source, raw.grid, seen != raw.grid, tuple(notes))


def _text(size_nm: TripleNm) -> str:
    return "×".join(f"{edge:g}" for edge in size_nm) + " nm"
