"""A toy world drawn in ASCII: eight neurons in two rows, four synapses; the upper ones are pre.

::

    AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD
    AAAAA1AAAABBBBB2BBBBCCCCC3CCCCDDDDD4DDDD      numbers: clefts on the interface below
    EEEEEEEEEEFFFFFFFFFFGGGGGGGGGGHHHHHHHHHH
    EEEEEEEEEEFFFFFFFFFFGGGGGGGGGGHHHHHHHHHH

Every nameable error is one small function of it (``toy_faults``), which tests run and
docs/errors.md draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid, TripleNm
from napari_synapse_debug.domain.params import ContactParams, EvaluateParams, SynapseParams
from napari_synapse_debug.domain.records import AXES, ENDS, TRUTH, conform, point_columns
from napari_synapse_debug.domain.roles import ClassSpec, Role

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
"""Voxels (y, x) of a character."""

SECTIONS = 8
VOXEL_NM = (40.0, 12.0, 10.0)
INTERFACE_Y = 24
"""First row of voxels of the lower neurons."""

CLASSES = (
    ClassSpec("head", Role.SPINE_HEAD),
    ClassSpec("shaft", Role.SHAFT),
    ClassSpec("vesicle", Role.VESICLE),
    ClassSpec("mito", Role.MITOCHONDRION),
)

Slices = tuple[slice, slice, slice]


@dataclass(frozen=True)
class World:
    """Volumes, truth and parameters of the toy; every change gives a new one.

    Parameters
    ----------
    true_segmentation, segmentation, clefts : (Z, Y, X) integers
        Neurons as they are and as they are taken for; clefts by ``synapse``.
    probability : (4, Z, Y, X) uint8
        Of ``CLASSES``.
    truth : DataFrame
        ``records.TRUTH``; row 10 + s is synapse s.
    voxel_nm : tuple of float
        zyx.
    predicted_box, box : Box, optional
        What is predicted, and evaluated; None: all.
    """

    true_segmentation: NDArray[Any]
    segmentation: NDArray[Any]
    probability: NDArray[np.uint8]
    clefts: NDArray[Any]
    truth: pd.DataFrame
    voxel_nm: TripleNm = VOXEL_NM
    synapses: SynapseParams = field(
        default_factory=lambda: SynapseParams(depth_nm=60.0, partners="rule")
    )
    contacts: ContactParams = field(default_factory=ContactParams)
    evaluate: EvaluateParams = field(default_factory=EvaluateParams)
    predicted_box: Box | None = None
    box: Box | None = None
    threshold: float = 0.5
    min_size_vx: int = 20
    gives: frozenset[str] = frozenset({"true_segmentation", "clefts", "stages"})

    @property
    def grid(self) -> Grid:
        """The grid of all volumes."""
        z, y, x = self.segmentation.shape
        return Grid((z, y, x), self.voxel_nm)

    def change(self, **values: Any) -> World:
        """The world with other fields."""
        return replace(self, **values)

    def without(self, *names: str) -> World:
        """The world that does not give some of ``true_segmentation, clefts, stages``."""
        return replace(self, gives=self.gives - set(names))

    def signal(self, class_name: str, where: Any, value: float) -> World:
        """Set the probability (0..1) of a class in a mask or a tuple of slices."""
        probability = self.probability.copy()
        channel = [spec.name for spec in CLASSES].index(class_name)
        probability[channel][where] = round(255 * value)
        return replace(self, probability=probability)

    def segments(self, where: Any, value: int) -> World:
        """Write a segment into the segmentation in use."""
        segmentation = self.segmentation.copy()
        segmentation[where] = value
        return replace(self, segmentation=segmentation)

    def neurons(self, where: Any, value: int) -> World:
        """Write a neuron into both segmentations."""
        true = self.true_segmentation.copy()
        true[where] = value
        return replace(self.segments(where, value), true_segmentation=true)

    def move(self, row: int, **columns: Any) -> World:
        """Change columns of one truth row."""
        truth = self.truth.copy()
        for column, value in columns.items():
            truth.loc[truth["row"] == row, column] = value
        return replace(self, truth=truth)

    def with_row(self, like: int, row: int, synapse: int, x_vx: float) -> World:
        """A further truth row like another, with its points at ``x_vx``."""
        new = self.truth[self.truth["row"] == like].assign(row=row, synapse=synapse)
        for end in ENDS:
            new[f"{end}_x_nm"] = x_vx * self.voxel_nm[2]
        return replace(self, truth=pd.concat([self.truth, new], ignore_index=True))

    def swap_ends(self, row: int) -> World:
        """Pre and post of a truth row exchanged."""
        old = self.truth.set_index("row").loc[row]
        places = {
            mine: old[other]
            for pair in (("pre", "post"), ("post", "pre"))
            for mine, other in zip(*map(point_columns, pair), strict=True)
        }
        ids = {"pre_segment": old["post_segment"], "post_segment": old["pre_segment"]}
        return self.move(row, **places, **ids)


def slab(x_vx: int, half_x: int = 12, half_y: int = 2) -> Slices:
    """The voxels of a cleft whose middle lies at ``x_vx`` on the interface."""
    y = slice(INTERFACE_Y - half_y, INTERFACE_Y + half_y)
    return slice(3, 6), y, slice(x_vx - half_x, x_vx + half_x)


def neuron(letter: str) -> int:
    """The id of a neuron of the drawing."""
    return "ABCDEFGH".index(letter) + 1


def cleft_x(synapse: int) -> int:
    """Voxel along x of the middle of a synapse."""
    return CLEFTS.index(str(synapse)) * TILE[1]


def draw_world() -> World:
    """The toy without any error."""
    rows = [[neuron(letter) for letter in line] for line in NEURONS.split()]
    section = np.kron(np.asarray(rows, dtype=np.uint32), np.ones(TILE, dtype=np.uint32))
    segmentation = np.repeat(section[None], SECTIONS, axis=0)
    probability = np.zeros((len(CLASSES), *segmentation.shape), dtype=np.uint8)
    clefts = np.zeros(segmentation.shape, dtype=np.int64)
    z, y, x = segmentation.shape
    truth = []
    for synapse, kind in KINDS.items():
        middle = cleft_x(synapse)
        clefts[slab(middle)] = synapse
        probability[1 if kind == "shaft" else 0][slab(middle)] = 230
        vesicles = slice(INTERFACE_Y - 14, INTERFACE_Y - 3)
        probability[2][3:6, vesicles, middle - 15 : middle + 15] = 200
        truth.append(
            {
                "row": 10 + synapse,
                "pre_segment": section[INTERFACE_Y - 8, middle],
                "post_segment": section[INTERFACE_Y + 8, middle],
                "kind": kind,
                "synapse": synapse,
                "ignore": False,
                **_points(Grid((z, y, x), VOXEL_NM), middle),
            }
        )
    table = conform(pd.DataFrame(truth), TRUTH)
    return World(segmentation, segmentation, probability, clefts, table)


def _points(grid: Grid, x: int) -> dict[str, float]:
    places = {"pre": INTERFACE_Y - 8, "cleft": INTERFACE_Y, "post": INTERFACE_Y + 8}
    return {
        column: float(value)
        for end, y in places.items()
        for column, value in zip(point_columns(end), grid.to_nm((4, y, x))[0], strict=True)
    }


def vary_world(world: World, rng: np.random.Generator) -> World:
    """The same world seen otherwise: axes in another order, turned over and stretched, other ids.

    Voxel edges change by up to 10 % each; segments, clefts and rows are named anew, and the rows
    of the truth stand in another order.
    """
    order = rng.permutation(3)
    flips = rng.random(3) < 0.5
    scale = rng.uniform(0.9, 1.1, 3)
    return _renamed(_turned(world, order, flips, scale), rng)


def _turned(
    world: World, order: NDArray[np.int64], flips: NDArray[np.bool_], scale: NDArray[np.float64]
) -> World:
    def turn(volume: NDArray[Any]) -> NDArray[Any]:
        lead = volume.ndim - 3
        turned = volume.transpose(*range(lead), *(order + lead))
        return np.flip(turned, tuple(np.flatnonzero(flips) + lead)).copy()

    voxel = (np.asarray(world.voxel_nm) * scale)[order]
    last = (np.asarray(world.segmentation.shape)[order] - 1) * voxel
    truth = world.truth.copy()
    for end in ENDS:
        places = (world.truth[point_columns(end)].to_numpy(np.float64) * scale)[:, order]
        places = np.where(flips, last - places, places)
        for axis, values in zip(AXES, places.T, strict=True):
            truth[f"{end}_{axis}_nm"] = values

    def turn_box(box: Box | None) -> Box | None:
        if box is None:
            return None
        mask = np.zeros(world.segmentation.shape, bool)
        mask[box.slices] = True
        index = np.argwhere(turn(mask))
        low, high = index.min(axis=0), index.max(axis=0) + 1
        return Box(tuple(map(int, low)), tuple(map(int, high)))  # type: ignore[arg-type]

    z, y, x = (float(v) for v in voxel)
    return world.change(
        true_segmentation=turn(world.true_segmentation),
        segmentation=turn(world.segmentation),
        probability=turn(world.probability),
        clefts=turn(world.clefts),
        truth=truth,
        voxel_nm=(z, y, x),
        predicted_box=turn_box(world.predicted_box),
        box=turn_box(world.box),
    )


def _renamed(world: World, rng: np.random.Generator) -> World:
    """Other ids of segments, clefts and rows; the order of the rows changes too."""

    def names(volumes: list[NDArray[Any]]) -> NDArray[np.int64]:
        largest = max(int(volume.max(initial=0)) for volume in volumes)
        return np.concatenate([[0], 1 + rng.permutation(10 * largest)[:largest]])

    columns = [world.truth[c].to_numpy(np.int64) for c in ("pre_segment", "post_segment")]
    segment = names([world.segmentation, world.true_segmentation, *columns])
    synapse = names([world.clefts, world.truth["synapse"].to_numpy(np.int64)])
    truth = world.truth.assign(
        pre_segment=segment[columns[0]],
        post_segment=segment[columns[1]],
        synapse=synapse[world.truth["synapse"].to_numpy(np.int64)],
    )
    truth = truth.iloc[rng.permutation(len(truth))].reset_index(drop=True)
    return world.change(
        segmentation=segment[world.segmentation].astype(np.uint32),
        true_segmentation=segment[world.true_segmentation].astype(np.uint32),
        clefts=synapse[world.clefts],
        truth=conform(truth, TRUTH),
    )
