"""A toy project on disk, drawn in ASCII, whose prediction is painted instead of computed.

Six neurons and nine true synapses. Every character of the drawing is 8 × 8 voxels, all
fourteen sections are alike; sections 0–4 are the train box, 5–13 the evaluation box. In the
painted prediction synapse 2 is too weak, 3 has its vesicles on the wrong side, 8 is not seen,
and there is signal where no synapse is (``FALSE_SIGNAL``). So in the evaluation box 1, 4, 5, 6
are right, 2, 3, 8 missed, and two predictions false; 7, 9 lie in the train box and count nowhere.
Causes are not proven by default, as that takes most of the time.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.records import TRUTH, conform, empty, with_points
from napari_synapse_debug.io import (
    StepRecord,
    load_project,
    read_run,
    write_json,
    write_labels,
    write_run,
    write_table,
    write_volume,
)
from napari_synapse_debug.pipeline import change_params, create_project, run_steps
from napari_synapse_debug.pipeline.inputs import inputs_of
from napari_synapse_debug.pipeline.plan import STEPS, WITHOUT_EFFECT

NEURONS = """
AAABBBCCCDDD
AAABBBCCCDDD
AAABBBCCCDDD
AAABBBCCCDDD
EEEEEEEEEFFF
EEEEEEEEEFFF
EEEEEEEEEFFF
"""
TILE = 8
SECTIONS = 14
VOXEL_NM = (40.0, 8.0, 10.0)
OFFSET_NM = (80.0, 16.0, 0.0)
TRAIN, JUDGED = "0:5,0:56,0:96", "5:14,0:56,0:96"
TRUE_ID = dict(zip("ABCDEF", (14, 11, 16, 12, 15, 13), strict=True))
"""Ids in the ground-truth segmentation; those in the segmentation in use are A 1, B 2, …"""

CHANNELS = ("shaft", "spine_head", "vesicle", "mitochondrion")
STRONG, WEAK = 230, 77


@dataclass(frozen=True)
class Site:
    """A place where two neurons meet: its centre (zyx, voxels) on the side behind the interface."""

    number: int
    kind: str
    pre: str
    post: str
    center: tuple[int, int, int]
    across: int  # axis of the interface's normal: 1 y, 2 x
    toward: int  # +1 where pre lies at the smaller index, else -1
    strength: int = STRONG
    is_reversed: bool = False

    def cleft(self) -> Box:
        """Two voxels thick, eight wide, three sections deep."""
        start, stop = [c - 4 for c in self.center], [c + 4 for c in self.center]
        start[0], stop[0] = self.center[0] - 1, self.center[0] + 2
        start[self.across], stop[self.across] = (
            self.center[self.across] - 1,
            self.center[self.across] + 1,
        )
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def beside(self, steps: int) -> tuple[int, int, int]:
        """The voxel ``steps`` behind the cleft, seen from pre; negative: before it."""
        place = list(self.center)
        place[self.across] += self.toward * steps
        return place[0], place[1], place[2]

    def vesicles(self) -> Box:
        """Voxels in pre, near the cleft; in post where the prediction takes them for reversed."""
        z, y, x = self.beside(7 if self.is_reversed else -7)
        return Box((z - 1, y - 3, x - 3), (z + 2, y + 3, x + 3))


SITES = (
    Site(1, "shaft", "A", "B", (9, 16, 24), 2, 1),
    Site(2, "shaft", "B", "C", (9, 16, 48), 2, 1, strength=WEAK),
    Site(3, "spine_head", "C", "D", (9, 16, 72), 2, 1, is_reversed=True),
    Site(4, "shaft", "A", "E", (9, 32, 12), 1, 1),
    Site(5, "spine_head", "F", "D", (9, 32, 84), 1, -1),
    Site(6, "spine_head", "E", "B", (9, 32, 36), 1, -1),
    Site(7, "shaft", "A", "B", (2, 16, 24), 2, 1),
    Site(8, "shaft", "E", "F", (9, 44, 72), 2, 1, strength=0),
    Site(9, "spine_head", "F", "D", (2, 32, 84), 1, -1),
)
MITOCHONDRION = Box((1, 40, 20), (12, 50, 28))
FALSE_SIGNAL = Site(10, "shaft", "E", "C", (9, 32, 60), 1, -1, strength=180)


def neurons() -> NDArray[np.str_]:
    """The letter of each voxel of one section."""
    rows = np.array([list(line) for line in NEURONS.split()])
    return rows.repeat(TILE, axis=0).repeat(TILE, axis=1)


def grid() -> Grid:
    """The grid of all volumes of the toy."""
    y, x = neurons().shape
    return Grid((SECTIONS, y, x), VOXEL_NM, OFFSET_NM)


def segmentation(ids: dict[str, int]) -> NDArray[np.uint32]:
    """The neurons with these ids, in every section."""
    section = np.vectorize(ids.__getitem__)(neurons()).astype(np.uint32)
    return np.repeat(section[None], SECTIONS, axis=0)


def masks() -> dict[str, NDArray[np.uint16]]:
    """Ground truth of each channel: clefts as instances, vesicles, one mitochondrion."""
    found = {name: np.zeros(grid().shape, np.uint16) for name in CHANNELS}
    for site in SITES:
        found[site.kind][site.cleft().slices] = site.number
        found["vesicle"][site.vesicles().slices] = 1
    found["mitochondrion"][MITOCHONDRION.slices] = 1
    return found


def probability() -> NDArray[np.uint8]:
    """The painted prediction: (4, Z, Y, X)."""
    painted = np.zeros((len(CHANNELS), *grid().shape), np.uint8)
    for site in (*SITES, FALSE_SIGNAL):
        painted[(CHANNELS.index(site.kind), *site.cleft().slices)] = site.strength
        painted[(CHANNELS.index("vesicle"), *site.vesicles().slices)] = STRONG
    painted[(CHANNELS.index("mitochondrion"), *MITOCHONDRION.slices)] = STRONG
    return painted


def raw() -> NDArray[np.uint8]:
    """Grey neurons, darker membranes and vesicles, and dark clefts."""
    ids = segmentation({name: k for k, name in enumerate("ABCDEF")}).astype(int)
    grey = np.random.default_rng(4).normal(170, 8, grid().shape)
    for axis in (1, 2):
        grey[np.diff(ids, axis=axis, append=np.take(ids, [-1], axis=axis)) != 0] = 110
    for name, mask in masks().items():
        grey[mask > 0] = {"vesicle": 130, "mitochondrion": 80}.get(name, 30)
    return np.clip(grey, 0, 255).astype(np.uint8)


def truth() -> pd.DataFrame:
    """The nine synapses as ``records.TRUTH``; the row is the number of the synapse."""
    table = pd.DataFrame(
        {
            "row": [site.number for site in SITES],
            "synapse": [site.number for site in SITES],
            "kind": [site.kind for site in SITES],
            "pre_segment": [TRUE_ID[site.pre] for site in SITES],
            "post_segment": [TRUE_ID[site.post] for site in SITES],
            "ignore": False,
        }
    )
    for end, steps in (("pre", -6), ("cleft", 0), ("post", 6)):
        table = with_points(table, end, grid().to_nm([site.beside(steps) for site in SITES]))
    return conform(table, TRUTH)


def write_world(folder: Path) -> None:
    """Volumes and truth of the toy."""
    where = {"grid": grid(), "chunks": (7, 32, 40)}
    write_volume(folder / "raw.zarr", raw(), **where)
    in_use = {name: k for k, name in enumerate("ABCDEF", start=1)}
    write_labels(folder / "segmentation.zarr", segmentation(in_use), **where)
    write_labels(folder / "true_segmentation.zarr", segmentation(TRUE_ID), **where)
    for name, mask in masks().items():
        write_labels(folder / f"{name}.zarr", mask, **where)
    write_table(truth(), folder / "truth.csv")


def pretend_done(folder: Path, *steps: str, run: str = "main") -> None:
    """Record ``steps`` as done with the parameters and inputs that the project has now."""
    project = load_project(folder)
    place = project.run_folder(run)
    for step in steps:
        params = getattr(project.config.params, step).model_dump(
            mode="json", exclude=set(WITHOUT_EFFECT)
        )
        record = StepRecord(step=step, params=params, inputs=inputs_of(project, run, step))
        write_run(place, read_run(place).with_step(record))


def paint_prediction(folder: Path, painted: NDArray[np.uint8], run: str = "main") -> None:
    """Put ``painted`` in place of a trained model's prediction."""
    project = load_project(folder)
    model, place = project.model_folder(run), project.run_folder(run)
    model.mkdir(parents=True)
    (model / "weights.pt").touch()
    write_json(model / "calibration.json", {"threshold": 0.5, "min_size_vx": 9, "f1": 1.0})
    write_volume(place / "prediction.zarr", painted, grid(), channels=CHANNELS, chunks=(7, 32, 40))
    pretend_done(folder, "train", "predict", run=run)


def make_toy(folder: Path) -> None:
    """The toy as a project in which nothing was done."""
    write_world(folder)
    create_project(
        folder,
        raw=str(folder / "raw.zarr"),
        segmentation=str(folder / "segmentation.zarr"),
        true_segmentation=str(folder / "true_segmentation.zarr"),
        masks={name: str(folder / f"{name}.zarr") for name in CHANNELS},
        truth=str(folder / "truth.csv"),
        train_box=TRAIN,
        eval_box=JUDGED,
    )
    change_params(folder, {"diagnose": {"counterfactuals": False}})


@pytest.fixture(scope="session")
def _worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """Folders ``fresh``, ``predicted`` and ``finished``, each made when it is first asked for."""
    base = tmp_path_factory.mktemp("worlds")

    def predicted(folder: Path) -> None:
        shutil.copytree(world("fresh"), folder)
        paint_prediction(folder, probability())

    def finished(folder: Path) -> None:
        shutil.copytree(world("predicted"), folder)
        run_steps(folder, STEPS)

    makers = {"fresh": make_toy, "predicted": predicted, "finished": finished}

    def world(name: str) -> Path:
        folder = base / name
        if not folder.exists():
            makers[name](folder)
        return folder

    return world


@pytest.fixture(scope="session")
def world() -> SimpleNamespace:
    """What tests need to know of the toy: its grid, its truth, its sites, its painters."""
    return SimpleNamespace(
        grid=grid(),
        truth=truth(),
        sites=SITES,
        masks=masks,
        probability=probability,
        pretend_done=pretend_done,
        channels=CHANNELS,
    )


@pytest.fixture
def fresh(_worlds: Callable[[str], Path], tmp_path: Path) -> Path:
    """A project in which nothing was done."""
    return Path(shutil.copytree(_worlds("fresh"), tmp_path / "project"))


@pytest.fixture
def predicted(_worlds: Callable[[str], Path], tmp_path: Path) -> Path:
    """A project with a (painted) prediction."""
    return Path(shutil.copytree(_worlds("predicted"), tmp_path / "project"))


@pytest.fixture
def finished(_worlds: Callable[[str], Path], tmp_path: Path) -> Path:
    """A project in which all steps were done."""
    return Path(shutil.copytree(_worlds("finished"), tmp_path / "project"))


@pytest.fixture
def untrained(fresh: Path) -> Path:
    """A project whose model has random weights; prediction takes 6 blocks, 1 × 2 × 3."""
    import torch

    from napari_synapse_debug.io.checkpoint import save_model
    from napari_synapse_debug.networks import (
        RECORD,
        Intensity,
        NetworkPlan,
        TrainedNetwork,
        build_network,
    )

    project = load_project(fresh)
    plan = NetworkPlan(
        classes=project.config.classes,
        voxel_size_nm=project.config.voxel_size_nm,
        binning=(1, 1, 1),
        patch_vx=(4, 16, 16),
        filters=(4, 8, 8),
        kernels=((1, 3, 3), (1, 3, 3), (3, 3, 3)),
        strides=((1, 1, 1), (1, 2, 2), (1, 2, 2)),
        intensity=Intensity(low=0, high=255, mean=150, std=40),
    )
    torch.manual_seed(2)
    save_model(
        project.model_folder("main"),
        TrainedNetwork(plan, build_network(plan).state_dict(), empty(RECORD)),
    )
    change_params(fresh, {"predict": {"block_vx": [14, 28, 40], "device": "cpu"}})
    pretend_done(fresh, "train")
    return fresh


@pytest.fixture
def open_box(fresh: Path) -> Path:
    """The toy without an evaluation box, so that all of it can be annotated."""
    text = (fresh / "project.yaml").read_text()
    assert "eval_box: 5:14" in text
    (fresh / "project.yaml").write_text(text.replace("eval_box: 5:14,0:56,0:96", "eval_box: null"))
    return fresh
