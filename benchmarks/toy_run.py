"""The toy world run through the real stages, and diagnosed."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from napari_synapse_debug.contacts import find_contacts, interface_faces
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.params import DiagnoseParams
from napari_synapse_debug.io import Volume
from napari_synapse_debug.pipeline.case import Case
from napari_synapse_debug.pipeline.diagnosis import diagnose_case
from napari_synapse_debug.pipeline.evaluation import judge
from napari_synapse_debug.pipeline.local import LocalStages
from napari_synapse_debug.simulate.toy import CLASSES, World
from napari_synapse_debug.synapses import Crop, link_contacts, measure_pairs, place_synapses


def find_errors(world: World, *, counterfactuals: bool = True) -> pd.DataFrame:
    """The findings of a world, by the same functions that a project's steps call."""
    case = replace(case_of(world), diagnose=DiagnoseParams(counterfactuals=counterfactuals))
    judged = judge(case)
    return diagnose_case(case, judged.matches, judged.content["row_judge"], QuietContext())


def case_of(world: World) -> Case:
    """A world after all stages up to the synapses."""
    grid = world.grid
    volumes = {
        "segmentation": world.segmentation,
        "true_segmentation": world.true_segmentation,
        "clefts": world.clefts,
    }
    case = Case(
        grid=grid,
        box=world.box or grid.box,
        truth=world.truth,
        prediction=pd.DataFrame(),
        evaluate=world.evaluate,
        diagnose=DiagnoseParams(),
        synapses=world.synapses.model_copy(
            update={"threshold": world.threshold, "min_size_vx": world.min_size_vx}
        ),
        contact_params=world.contacts,
        classes=CLASSES,
        predicted_box=world.predicted_box,
        probability=Volume("probability", grid, world.probability, tuple(c.name for c in CLASSES)),
        **{name: Volume(name, grid, array) for name, array in volumes.items()},
    )
    return _with_synapses(case, world)


def _with_synapses(case: Case, world: World) -> Case:
    """The case with what the stages make of its volumes."""

    labels, candidates = LocalStages(case).candidates(world.probability, case.grid)
    contacts = find_contacts(world.segmentation, case.grid, case.contact_params)
    crop = Crop(case.grid, labels, world.segmentation, world.probability, CLASSES)
    faces = interface_faces(world.segmentation, case.grid, case.contact_params)
    pairs = measure_pairs(crop, candidates, faces, case.synapses)
    pairs = link_contacts(pairs, contacts, case.grid)
    pairs = pairs[pairs["contact"].notna()].reset_index(drop=True)
    placement = place_synapses(pairs, candidates, case.synapses)
    return replace(
        case,
        prediction=placement.synapses,
        candidates=candidates,
        contacts=contacts,
        pairs=placement.fates,
        candidate_labels=Volume("candidates", case.grid, labels),
    )
