"""A toy world drawn in ASCII, run through the real stages.

Eight neurons in two rows, four synapses; the upper neurons are pre. Every character of the
drawing is 8 x 10 voxels, all eight sections are alike. A test plants one error and looks
whether the diagnosis names it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.contacts import find_contacts, interface_faces
from napari_synapse_debug.diagnose import Evidence, Tools, diagnose
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import (
    ContactParams,
    DiagnoseParams,
    EvaluateParams,
    SynapseParams,
)
from napari_synapse_debug.domain.records import TRUTH, conform
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.evaluate import judge_ids, look_up_segments, match_synapses
from napari_synapse_debug.synapses import (
    Crop,
    find_candidates,
    link_contacts,
    measure_pairs,
    place_synapses,
)

NEURONS = """
AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD
AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD
AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD
EEEEEEEEEEFFFFFFFFFFGGGGGGGGGGHHHHHHHHHH
EEEEEEEEEEFFFFFFFFFFGGGGGGGGGGHHHHHHHHHH
EEEEEEEEEEFFFFFFFFFFGGGGGGGGGGHHHHHHHHHH
"""
CLEFTS = "     1         2         3         4    "
KINDS = {1: "shaft", 2: "shaft", 3: "spine_head", 4: "shaft"}

TILE = (8, 10)
SECTIONS = 8
VOXEL_NM = (40.0, 12.0, 10.0)
INTERFACE_Y = 24  # first row of voxels of the lower neurons
CLASSES = (
    ClassSpec("head", Role.SPINE_HEAD),
    ClassSpec("shaft", Role.SHAFT),
    ClassSpec("vesicle", Role.VESICLE),
    ClassSpec("mito", Role.MITOCHONDRION),
)


@dataclass(frozen=True)
class World:
    """Volumes, truth and parameters of the toy; every change gives a new one."""

    true_segmentation: np.ndarray
    segmentation: np.ndarray
    probability: np.ndarray
    clefts: np.ndarray
    truth: pd.DataFrame
    synapses: SynapseParams = field(default_factory=lambda: SynapseParams(depth_nm=60.0))
    contacts: ContactParams = field(default_factory=ContactParams)
    evaluate: EvaluateParams = field(default_factory=EvaluateParams)
    predicted_box: Box | None = None
    box: Box | None = None
    threshold: float = 0.5
    min_size_vx: int = 20
    gives: frozenset = field(
        default_factory=lambda: frozenset({"true_segmentation", "clefts", "stages"})
    )

    @property
    def grid(self) -> Grid:
        return Grid(self.segmentation.shape, VOXEL_NM)

    def change(self, **values) -> World:
        return replace(self, **values)

    def without(self, *names) -> World:
        return replace(self, gives=self.gives - set(names))

    def signal(self, class_name, where, value) -> World:
        """Set the probability (0..1) of a class in a mask or a tuple of slices."""
        probability = self.probability.copy()
        channel = [spec.name for spec in CLASSES].index(class_name)
        probability[channel][where] = round(255 * value)
        return replace(self, probability=probability)

    def segments(self, where, value) -> World:
        """Write a segment into the segmentation in use."""
        segmentation = self.segmentation.copy()
        segmentation[where] = value
        return replace(self, segmentation=segmentation)

    def move(self, row, **columns) -> World:
        """Change columns of one truth row."""
        truth = self.truth.copy()
        for column, value in columns.items():
            truth.loc[truth["row"] == row, column] = value
        return replace(self, truth=truth)

    def slab(self, x_vx, half_x=12, half_y=2, z=slice(3, 6)):
        """The voxels of a cleft whose middle lies at ``x_vx`` on the interface."""
        return (
            z,
            slice(INTERFACE_Y - half_y, INTERFACE_Y + half_y),
            slice(x_vx - half_x, x_vx + half_x),
        )


def neuron(letter):
    return "ABCDEFGH".index(letter) + 1


def cleft_x(synapse):
    """Voxel along x of the middle of a synapse."""
    return CLEFTS.index(str(synapse)) * TILE[1]


def draw() -> World:
    rows = [[neuron(letter) for letter in line] for line in NEURONS.split()]
    section = np.kron(np.asarray(rows, dtype=np.uint32), np.ones(TILE, dtype=np.uint32))
    segmentation = np.repeat(section[None], SECTIONS, axis=0)
    probability = np.zeros((len(CLASSES), *segmentation.shape), dtype=np.uint8)
    clefts = np.zeros(segmentation.shape, dtype=np.int64)
    world = World(segmentation, segmentation, probability, clefts, pd.DataFrame())
    truth = []
    for synapse, kind in KINDS.items():
        x = cleft_x(synapse)
        slab = world.slab(x)
        clefts[slab] = synapse
        probability[1 if kind == "shaft" else 0][slab] = 230
        probability[2][3:6, INTERFACE_Y - 14 : INTERFACE_Y - 3, x - 15 : x + 15] = 200
        truth.append(
            {
                "row": 10 + synapse,
                "pre_segment": section[INTERFACE_Y - 8, x],
                "post_segment": section[INTERFACE_Y + 8, x],
                "kind": kind,
                "synapse": synapse,
                "ignore": False,
                **_points(world.grid, x),
            }
        )
    return world.change(truth=conform(pd.DataFrame(truth), TRUTH))


def _points(grid, x):
    places = {
        "pre": (4, INTERFACE_Y - 8, x),
        "cleft": (4, INTERFACE_Y, x),
        "post": (4, INTERFACE_Y + 8, x),
    }
    return {
        f"{end}_{axis}_nm": value
        for end, index in places.items()
        for axis, value in zip("zyx", grid.to_nm(index)[0], strict=True)
    }


class RealStages:
    """The later stages, bound to a world's parameters."""

    def __init__(self, world, in_gt, in_use):
        self.world, self.in_gt, self.in_use = world, in_gt, in_use

    def candidates(self, probability, grid):
        world = self.world
        return find_candidates(probability, grid, CLASSES, world.threshold, world.min_size_vx)

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
    return draw()


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
