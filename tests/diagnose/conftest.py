"""The toy world (``simulate.toy``), run through the real stages.

A test plants one error and looks whether the diagnosis names it.
"""

from __future__ import annotations

import pytest

from napari_synapse_debug.contacts import find_contacts, interface_faces
from napari_synapse_debug.diagnose import Evidence, Tools, diagnose
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.params import DiagnoseParams
from napari_synapse_debug.evaluate import judge_ids, look_up_segments, match_synapses
from napari_synapse_debug.simulate.toy import CLASSES, cleft_x, draw_world
from napari_synapse_debug.synapses import (
    Crop,
    find_candidates,
    link_contacts,
    measure_pairs,
    pair_margin_vx,
    place_synapses,
)


class RealStages:
    """The later stages, bound to a world's parameters."""

    def __init__(self, world, in_gt, in_use):
        self.world, self.in_gt, self.in_use = world, in_gt, in_use

    def margin_vx(self, grid):
        return pair_margin_vx(grid, self.world.synapses)

    def candidates(self, probability, grid):
        world = self.world
        return find_candidates(
            probability,
            grid,
            CLASSES,
            world.threshold,
            world.min_size_vx,
            world.synapses.high_threshold,
        )

    def faces(self, segmentation, grid):
        return interface_faces(segmentation, grid, self.world.contacts)

    def pairs(self, labels, candidates, segmentation, probability, grid, *, any_area=False):
        params = self.world.contacts
        if any_area:
            params = params.model_copy(update={"min_area_nm2": 0.0})
        contacts = find_contacts(segmentation, grid, params)
        crop = Crop(grid, labels, segmentation, probability, CLASSES)
        faces = interface_faces(segmentation, grid, params)
        pairs = measure_pairs(crop, candidates, faces, self.world.synapses)
        linked = link_contacts(pairs, contacts, grid)
        return linked[linked["contact"].notna()]

    def place(self, pairs, candidates):
        return place_synapses(pairs, candidates, self.world.synapses).synapses

    def match(self, truth, prediction, params):
        identities = judge_ids(truth, prediction, params, self.in_gt, self.in_use)
        box = self.world.box or self.world.grid.box
        return match_synapses(truth, prediction, identities, params, self.world.grid, box)


def gather(world):
    """Run all stages on a world; gives the evidence and the tools of a diagnosis."""
    grid, snap = world.grid, world.evaluate.snap_nm
    has_gt = "true_segmentation" in world.gives
    true_segmentation = world.true_segmentation if has_gt else None

    def in_gt(points):
        return look_up_segments(points, world.true_segmentation, grid, snap)

    def in_use(points):
        return look_up_segments(points, world.segmentation, grid, snap)

    stages = RealStages(world, in_gt if has_gt else None, in_use)
    labels, candidates = stages.candidates(world.probability, grid)
    pairs = stages.pairs(labels, candidates, world.segmentation, world.probability, grid)
    placement = place_synapses(pairs, candidates, world.synapses)
    prediction = placement.synapses
    identities = judge_ids(world.truth, prediction, world.evaluate, stages.in_gt, in_use)
    evidence = Evidence(
        truth=world.truth,
        prediction=prediction,
        matches=stages.match(world.truth, prediction, world.evaluate),
        grid=grid,
        box=world.box or grid.box,
        evaluate=world.evaluate,
        judge=identities.judge,
        threshold=world.threshold,
        high_threshold=world.synapses.high_threshold,
        min_size_vx=world.min_size_vx,
        classes=CLASSES,
        candidates=candidates,
        contacts=find_contacts(world.segmentation, grid, world.contacts),
        fates=placement.fates,
        probability=world.probability,
        predicted_box=world.predicted_box,
        candidate_labels=labels,
        segmentation=world.segmentation,
        true_segmentation=true_segmentation,
        true_clefts=world.clefts if "clefts" in world.gives else None,
    )
    has_stages = "stages" in world.gives
    return evidence, Tools(look_up_segments, stages.faces, stages if has_stages else None)


@pytest.fixture(scope="session")
def world():
    """The toy without any error."""
    return draw_world()


@pytest.fixture(scope="session")
def evidence_of():
    return gather


@pytest.fixture(scope="session")
def findings_of():
    """Run and diagnose a world: the table of findings."""

    def run(world, **params):
        evidence, tools = gather(world)
        return diagnose(evidence, DiagnoseParams(**params), tools, QuietContext())

    return run


@pytest.fixture(scope="session")
def cleft_at():
    return cleft_x
