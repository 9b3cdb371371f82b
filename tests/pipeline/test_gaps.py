"""Other gaps between neurons, prepared for What if: exactly what the steps would make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError, ProjectError, StepCancelledError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.params import SynapseParams
from napari_synapse_debug.domain.records import PREDICTION
from napari_synapse_debug.io import load_project, read_json, read_table, write_labels
from napari_synapse_debug.pipeline import change_params, prepare_gaps, run_steps
from napari_synapse_debug.pipeline.ladder import gaps_to_try
from napari_synapse_debug.pipeline.whatif import load_whatif

STEPS = ("contacts", "synapses", "evaluate")


@pytest.fixture
def placed(predicted: Path, world: SimpleNamespace) -> Path:
    """A run at threshold 0.4 and a gap of 16 nm, in which 8 nm lie between neurons along y."""
    project = load_project(predicted)
    ids = project.segmentation().read(world.grid.box)
    ids[:, 1:][ids[:, 1:] != ids[:, :-1]] = 0
    write_labels(predicted / "segmentation.zarr", ids, world.grid)
    change_params(predicted, {"contacts": {"max_gap_nm": 16.0}, "synapses": {"threshold": 0.4}})
    run_steps(predicted, STEPS)
    return predicted


@pytest.mark.parametrize(
    ("used", "edges", "expected"),
    [
        (24.0, (40.0, 8.0, 8.0), (0.0, 16.0, 32.0, 48.0)),  # 12 and 36 lie between voxels
        (0.0, (30.0, 4.6, 4.6), (4.6, 9.2, 18.4)),
        (4.0, (30.0, 8.0, 8.0), (0.0, 8.0)),
        (0.0, (30.0, 25 / 3, 25 / 3), (8.3334, 16.6667, 33.3334)),  # 8.3333 would not reach
        (800.0, (8.0, 8.0, 8.0), (0.0, 400.0)),  # 1000 nm is the most that contacts take
    ],
    ids=str,
)
def test_gaps_are_whole_voxels_around_the_one_in_use(used, edges, expected):
    assert gaps_to_try(used, edges) == expected


@pytest.mark.parametrize(("gap", "threshold", "count"), [(0.0, 0.4, 3), (60.0, 0.5, 8)], ids=str)
def test_a_prepared_gap_gives_what_the_steps_give(placed, gap, threshold, count):
    made = prepare_gaps(placed, gaps=(gap, 16.0))
    whatif = load_whatif(placed)
    assert whatif.gaps == tuple(sorted({gap, 16.0}))
    told = " and ".join(step.made for step in made.steps)
    assert told == f"gaps of {whatif.gaps[0]:g}, {whatif.gaps[1]:g} nm can be tried"
    assert prepare_gaps(placed, gaps=(gap,)).skipped == ("gaps",)
    as_run = whatif.derive(SynapseParams())
    pd.testing.assert_frame_equal(as_run.synapses, whatif.derive(SynapseParams(), 16.0).synapses)
    assert len(as_run.synapses) == 8
    found = whatif.derive(SynapseParams(threshold=threshold), gap)
    assert len(found.synapses) == count  # without a gap three have a contact along x
    changed = {"contacts": {"max_gap_nm": gap}, "synapses": {"threshold": threshold}}
    change_params(placed, changed)
    run_steps(placed, STEPS)
    place = placed / "runs" / "main"
    stored = read_table(place / "synapses.parquet", PREDICTION)
    pd.testing.assert_frame_equal(found.synapses, stored)
    score = read_json(place / "evaluation.json")
    assert (found.tp, found.fn, found.fp) == (score["tp"], score["fn"], score["fp"])
    assert load_whatif(placed).gaps == (gap,)  # of the new run; what was prepared is forgotten


def test_a_stop_keeps_the_gaps_that_are_done(placed):
    told = []

    @dataclass(frozen=True)
    class StoppedAtTheSecond(QuietContext):
        """Stops when the second gap begins."""

        def map_blocks(self, function, blocks):
            for block in blocks:
                yield block, function(block)
                if "2 of 3" in told[-1]:
                    raise StepCancelledError("The step was stopped")

    context = StoppedAtTheSecond(lambda event: told.append(event.message))
    with pytest.raises(StepCancelledError):
        prepare_gaps(placed, gaps=(8.0, 24.0, 32.0), context=context)
    assert any(line.startswith("gap 8 nm, 1 of 3: ") for line in told)
    whatif = load_whatif(placed)
    assert (whatif.gaps, whatif.gaps_left) == ((8.0, 16.0), (0.0, 24.0, 32.0))
    assert not (placed / "runs" / "main" / "gaps.partial").exists()
    (step,) = prepare_gaps(placed, gaps=(8.0, 24.0)).steps
    assert step.made == "gaps of 8, 16, 24 nm can be tried"


def test_what_cannot_be_prepared_is_refused(placed):
    with pytest.raises(InputError, match="max_gap_nm"):
        prepare_gaps(placed, gaps=(-1.0,))
    with pytest.raises(InputError, match=r"gap is not prepared.*8 nm.*one of 16"):
        load_whatif(placed).derive(SynapseParams(), 8.0)
    with pytest.raises(ProjectError, match=r"gaps are tried needs the results of synapses"):
        prepare_gaps(placed, "other")


def test_contacts_that_were_made_anew_alone_are_not_taken_for_those_of_the_synapses(placed):
    change_params(placed, {"contacts": {"max_gap_nm": 48.0}})
    run_steps(placed, STEPS[:1])
    for ask in (load_whatif, prepare_gaps):
        with pytest.raises(ProjectError, match=r"made before contacts was done anew.*synapses"):
            ask(placed)


def test_synapses_are_measured_across_the_gap_of_their_contacts(placed):
    before = load_whatif(placed).derive(SynapseParams(threshold=0.5)).synapses
    change_params(placed, {"contacts": {"max_gap_nm": 0.0}, "synapses": {"threshold": 0.5}})
    run_steps(placed, STEPS[1:])  # contacts stay those of 16 nm
    stored = read_table(placed / "runs" / "main" / "synapses.parquet", PREDICTION)
    pd.testing.assert_frame_equal(stored, before)
