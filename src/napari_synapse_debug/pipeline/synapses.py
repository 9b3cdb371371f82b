"""The step `synapses`: candidates, their pairs with contacts, and the 3-point synapses."""

from __future__ import annotations

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.partner_model import PartnerModel
from napari_synapse_debug.io import move_into_place, write_table
from napari_synapse_debug.pipeline.calibration import calibration_of
from napari_synapse_debug.pipeline.candidate_pairs import SOMATA, open_scene
from napari_synapse_debug.pipeline.connectome import TABLE as CONNECTOME_TABLE
from napari_synapse_debug.pipeline.ladder import (
    Rung,
    as_used,
    forget_gaps,
    measure_ladder,
    measure_rung,
    write_ladder,
)
from napari_synapse_debug.pipeline.partners import (
    Partners,
    choose_partners,
    keep_partners,
    partners_of_run,
)
from napari_synapse_debug.pipeline.plan import StepDone
from napari_synapse_debug.pipeline.work import Work
from napari_synapse_debug.synapses import Placement, connect, place_synapses, predict_partners


def find_synapses(work: Work) -> StepDone:
    """Write candidates, pairs, synapses and connectome of the run.

    Raises
    ------
    ProjectError
        Prediction, contacts or segmentation are missing, no threshold is known, or a model of
        partners was asked for and cannot be made.
    StepCancelledError
        Stopped; what was there before is unchanged.
    """
    params = known_operating_point(work)
    scene = open_scene(work, params)
    partial = work.folder / "candidates.partial.zarr"
    measured = measure_rung(scene, params, params.threshold or 0.0, partial)
    rung = as_used(measured, params)

    partners = choose_partners(work, rung.pairs, rung.candidates, scene.segmentation)
    pairs = rung.pairs
    if partners.model is not None:
        pairs = predict_partners(pairs, partners.model)
    params = with_learnt_score(params, partners.model)
    placement = place_synapses(pairs, rung.candidates, params)
    ladder = measure_ladder(scene, params, measured, partners.model)

    work.forget("synapses")  # from here on nothing takes long: all of it is in the run, or nothing
    forget_gaps(work.folder)
    move_into_place(partial, work.folder / "candidates.zarr")
    write_table(scene.somata, work.folder / SOMATA)
    _write(work, rung, placement, partners)
    write_ladder(work.folder, ladder)
    return _describe(rung, placement, partners, params)


def resolve_params(work: Work) -> SynapseParams:
    """The parameters with threshold, smallest size and smallest score filled in, as the run did.

    Threshold and size come from the model's calibration, the score from the partner model that
    the run used; by the rule it is 0.

    Raises
    ------
    ProjectError
        Neither the parameters nor the model have a threshold and a size.
    """
    return with_learnt_score(known_operating_point(work), partners_of_run(work.folder))


def known_operating_point(work: Work) -> SynapseParams:
    """The parameters with threshold and smallest size filled in from the model's calibration.

    Raises
    ------
    ProjectError
        Neither the parameters nor the model have them.
    """
    params = work.params.synapses
    if params.threshold is not None and params.min_size_vx is not None:
        return params
    found = calibration_of(work)
    if found is None:
        raise ProjectError(
            "No threshold is known",
            found="neither synapses.threshold nor a calibrated model",
            expected="a threshold in [0, 1] and a smallest size in voxels",
            fix="train with a mask that marks synapses, or add "
            "--set synapses.threshold=0.5 --set synapses.min_size_vx=100",
        )
    return params.model_copy(
        update={
            "threshold": found.threshold if params.threshold is None else params.threshold,
            "min_size_vx": found.min_size_vx if params.min_size_vx is None else params.min_size_vx,
        }
    )


def with_learnt_score(params: SynapseParams, model: PartnerModel | None) -> SynapseParams:
    """The parameters with ``min_score`` filled in: as learnt with the partners, by the rule 0."""
    if params.min_score is not None:
        return params
    learnt = 0.0 if model is None else model.calibration.min_score
    return params.model_copy(update={"min_score": learnt})


def _write(work: Work, rung: Rung, placement: Placement, partners: Partners) -> None:
    write_table(rung.candidates, work.folder / "candidates.parquet")
    write_table(placement.fates, work.folder / "pairs.parquet")
    keep_partners(work.folder, partners)
    connectome = connect(placement.synapses, placement.fates)
    write_table(connectome, work.folder / CONNECTOME_TABLE)
    write_table(placement.synapses, work.folder / "synapses.csv")
    write_table(placement.synapses, work.folder / "synapses.parquet")


def _describe(
    rung: Rung, placement: Placement, partners: Partners, params: SynapseParams
) -> StepDone:
    kept = int(rung.candidates["is_kept"].sum())
    too_small = len(rung.candidates) - kept
    return StepDone(
        f"{len(placement.synapses)} synapses from {kept} candidates "
        f"({too_small} smaller than {params.min_size_vx} voxels), "
        f"threshold {params.threshold:.2f}; {partners.told}",
        {
            "candidates": kept,
            "too_small": too_small,
            "pairs": len(placement.fates),
            "synapses": len(placement.synapses),
            **{f"fate_{k}": int(v) for k, v in placement.fates["fate"].value_counts().items()},
            **partners.counts,
        },
    )
