"""The step `synapses`: candidates, their pairs with contacts, and the 3-point synapses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_synapse_debug.contacts import contact_halo_vx, interface_faces
from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.domain.records import AXES, CONTACTS, PAIRS, empty
from napari_synapse_debug.io import (
    Volume,
    create_volume,
    move_into_place,
    open_volume,
    read_json,
    read_table,
    write_table,
)
from napari_synapse_debug.pipeline.calibration import Calibration
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.synapses import (
    CandidatePieces,
    Crop,
    candidates_in_block,
    link_contacts,
    measure_pairs,
    pair_margin_vx,
    place_synapses,
    stitch_candidates,
)

CHUNK_VX = (32, 128, 128)


def find_synapses(work: Work) -> StepDone:
    """Write candidates, pairs and synapses of the run.

    Raises
    ------
    ProjectError
        Prediction, contacts or segmentation are missing, or no threshold is known.
    StepCancelledError
        Stopped; what was there before is unchanged.
    """
    params = resolve_params(work)
    segmentation = work.project.segmentation()
    probability = open_volume(Source(path=str(work.folder / "prediction.zarr")))
    contacts = read_table(work.folder / "contacts.parquet", CONTACTS)

    candidates = _find_candidates(work, probability, params)
    labels = open_volume(Source(path=str(work.folder / "candidates.zarr")))
    pairs = _measure(work, candidates, labels, segmentation, probability, params)
    pairs = link_contacts(pairs, contacts, segmentation.grid)
    pairs = pairs[pairs["contact"].notna()].reset_index(drop=True)
    placement = place_synapses(pairs, candidates, params)

    write_table(candidates, work.folder / "candidates.parquet")
    write_table(placement.fates, work.folder / "pairs.parquet")
    write_table(placement.synapses, work.folder / "synapses.csv")
    write_table(placement.synapses, work.folder / "synapses.parquet")
    kept = int(candidates["is_kept"].sum())
    return StepDone(
        f"{len(placement.synapses)} synapses from {kept} candidates "
        f"({len(candidates) - kept} smaller than {params.min_size_vx} voxels), "
        f"threshold {params.threshold:.2f}",
        {
            "candidates": kept,
            "too_small": len(candidates) - kept,
            "pairs": len(pairs),
            "synapses": len(placement.synapses),
            **{f"fate_{k}": int(v) for k, v in placement.fates["fate"].value_counts().items()},
        },
    )


def resolve_params(work: Work) -> SynapseParams:
    """The parameters with threshold and smallest size filled in from the model's calibration.

    Raises
    ------
    ProjectError
        Neither the parameters nor the model have them.
    """
    params = work.params.synapses
    if params.threshold is not None and params.min_size_vx is not None:
        return params
    path = work.model_folder / "calibration.json"
    if not path.exists():
        raise ProjectError(
            "No threshold is known",
            found="neither synapses.threshold nor a calibrated model",
            expected="a threshold in [0, 1] and a smallest size in voxels",
            fix="train with a mask that marks synapses, or add "
            "--set synapses.threshold=0.5 --set synapses.min_size_vx=100",
        )
    found = Calibration.build(**read_json(path))
    return params.model_copy(
        update={
            "threshold": found.threshold if params.threshold is None else params.threshold,
            "min_size_vx": found.min_size_vx if params.min_size_vx is None else params.min_size_vx,
        }
    )


def _find_candidates(work: Work, probability: Volume, params: SynapseParams) -> pd.DataFrame:
    """The candidates of the volume; their labels are written to ``candidates.zarr``."""
    grid, classes = probability.grid, work.project.config.classes
    partial = work.folder / "candidates.partial.zarr"
    labels = create_volume(partial, grid, "uint32", chunks=CHUNK_VX)

    def label(core: Box) -> CandidatePieces:
        local, pieces = candidates_in_block(
            probability.read(core), core, grid, classes, params.threshold or 0.0
        )
        labels.write(core, local)
        return pieces

    blocks = list(grid.box.blocks(params.block_vx))
    pieces = []
    for _, found in work.context.map_blocks(label, blocks):
        pieces.append(found)
        work.tell("synapses", f"finding candidates, block {len(pieces)} of {len(blocks)}")
    candidates, relabelling = stitch_candidates(pieces, grid, classes, params.min_size_vx or 0)

    def relabel(core: Box) -> None:
        ids = relabelling[core]
        if len(ids) > 1:
            labels.write(core, ids[labels.read(core)].astype(np.uint32))

    for _ in work.context.map_blocks(relabel, blocks):
        pass
    work.forget("synapses")
    move_into_place(partial, work.folder / "candidates.zarr")
    return candidates


def _measure(
    work: Work,
    candidates: pd.DataFrame,
    labels: Volume,
    segmentation: Volume,
    probability: Volume,
    params: SynapseParams,
) -> pd.DataFrame:
    """The pairs of the kept candidates, each measured in a crop around it."""
    kept = candidates[candidates["is_kept"]]
    grid, contact_params = segmentation.grid, work.params.contacts
    margin = tuple(
        a + b
        for a, b in zip(
            pair_margin_vx(grid, params), contact_halo_vx(grid, contact_params), strict=True
        )
    )

    def measure(number: int) -> pd.DataFrame:
        one = kept.iloc[[number]]
        box = box_of(one.iloc[0]).grow(margin, within=grid.box)
        crop = Crop(
            grid.crop(box),
            labels.read(box),
            segmentation.read(box),
            probability.read(box),
            work.project.config.classes,
        )
        faces = interface_faces(crop.segmentation, crop.grid, contact_params)
        return measure_pairs(crop, one, faces, params)

    parts = [empty(PAIRS)]
    for number, found in work.context.map_blocks(measure, range(len(kept))):
        if len(found):
            parts.append(found)
        message = f"candidate {number + 1} of {len(kept)}"
        work.tell("synapses", message, number + 1, len(kept))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def box_of(row: pd.Series) -> Box:
    """The box in the columns ``start_z … stop_x`` of a candidate or contact."""
    start, stop = ([int(row[f"{end}_{axis}"]) for axis in AXES] for end in ("start", "stop"))
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
