"""What is opened for looking: volumes, tables, and a project in words."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io import load_project
from napari_synapse_debug.pipeline import (
    annotate_box,
    describe_machine,
    describe_project,
    open_results,
)
from napari_synapse_debug.pipeline.overlay import true_clefts

MASKS = {f"mask:{name}" for name in ("shaft", "spine_head", "vesicle", "mitochondrion")}


def test_a_project_without_a_run_gives_its_volumes_and_truth(fresh: Path) -> None:
    results = open_results(fresh)
    assert set(results.volumes) == {"raw", "segmentation", "true_segmentation", *MASKS}
    assert results.truth is not None
    assert len(results.truth) == 9
    assert results.synapses is None
    assert results.findings is None
    assert results.evaluation is None


def test_a_finished_run_gives_everything(finished: Path, world: SimpleNamespace) -> None:
    results = open_results(finished)
    assert set(results.volumes) >= {"prediction", "candidates"}
    assert results.grid == world.grid
    tables = (results.contacts, results.candidates, results.pairs, results.synapses)
    assert [len(table) for table in tables if table is not None] == [8, 8, 8, 8]
    assert results.findings is not None
    assert len(results.findings) == 5
    assert results.evaluation is not None
    assert results.evaluation["tp"] == 4
    candidates = results.volumes["candidates"].read(results.grid.box)
    assert sorted(np.unique(candidates)) == list(range(9))


def test_a_run_that_is_not_there_is_named(finished: Path) -> None:
    with pytest.raises(ProjectError, match=r"no run 'mian'.*Found: main.*--run main"):
        open_results(finished, "mian")


def test_a_project_is_told_in_words(finished: Path) -> None:
    told = {row["what"]: row["is"] for row in describe_project(finished)}
    assert told["raw"] == "raw.zarr · 14 × 56 × 96 voxels"
    assert told["voxel size"] == "40 × 8 × 10 nm (zyx)"
    assert told["truth"] == "truth.csv · 9 synapses"
    assert told["classes"].startswith("shaft (shaft), spine_head (spine_head)")
    assert told["run main"] == "train, predict, contacts, synapses, evaluate, diagnose, report"
    assert told["run main, score"].startswith("P .67 R .57 F1 .62")


def test_annotated_boxes_are_told_with_what_was_annotated(open_box: Path) -> None:
    annotate_box(open_box, "5:9,0:56,0:96", masks={"shaft": None})
    annotate_box(open_box, "9:14,0:56,0:96", truth=str(open_box / "truth.csv"), use="validation")
    told = {row["what"]: row["is"] for row in describe_project(open_box)}
    assert told["annotation 1"] == "training box 5:9,0:56,0:96 · shaft"
    assert told["annotation 2"] == "validation box 9:14,0:56,0:96 · rows of truth.csv"


def test_this_machine_is_told_in_words() -> None:
    told = {row["what"]: row["is"] for row in describe_machine()}
    assert {"cores", "memory", "device", "napari-synapse-debug", "torch"} <= set(told)
    assert int(told["cores"]) >= 1


def test_masks_of_synapses_are_seen_as_one_volume_of_ids(
    fresh: Path, world: SimpleNamespace
) -> None:
    clefts = true_clefts(load_project(fresh))
    assert clefts is not None
    ids = clefts.read(clefts.grid.box)
    assert (ids.dtype, ids.shape) == (np.uint64, world.grid.shape)
    assert sorted(np.unique(ids)) == [0, *(site.number for site in world.sites)]
    for site in world.sites:
        assert ids[site.cleft().slices].min() == site.number
    part = Box((7, 10, 20), (9, 30, 77))
    np.testing.assert_array_equal(clefts.read(part), ids[part.slices])


def test_a_project_without_masks_of_synapses_has_no_true_clefts(fresh: Path) -> None:
    path = fresh / "project.yaml"
    path.write_text(path.read_text().replace("role: shaft", "role: other"))
    assert true_clefts(load_project(fresh)) is not None, "spine heads are left"
    path.write_text(path.read_text().replace("role: spine_head", "role: other"))
    assert true_clefts(load_project(fresh)) is None
