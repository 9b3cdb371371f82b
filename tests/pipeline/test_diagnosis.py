"""The planted errors of the toy are found, proven, and shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.io import load_project, read_table, write_labels
from napari_synapse_debug.jobs import run_inline
from napari_synapse_debug.pipeline import change_params, run_steps


def findings_of(project: Path) -> pd.DataFrame:
    return read_table(project / "runs/main/findings.parquet")


def test_each_planted_error_has_its_stage_and_cause(finished: Path) -> None:
    findings = findings_of(finished)
    missed = findings[findings["error"] == "missed"].set_index("truth_row")
    assert missed["cause"].to_dict() == {2: "weak_signal", 3: "reversed", 8: "no_signal"}
    assert missed["stage"].to_dict() == {2: "classifier", 3: "assignment", 8: "classifier"}
    false = findings[findings["error"] == "false"].set_index("cause")
    assert set(false.index) == {"false_signal", "reversed"}
    assert false.loc["reversed", "fault"] == missed.loc[3, "fault"], "twins share a fault"
    assert findings["fault"].nunique() == 4
    assert findings["confirmed"].isna().all()


def test_the_causes_are_proven_by_running_the_stages_again(finished: Path) -> None:
    assert findings_of(finished)["confirmed"].isna().all()
    change_params(finished, {"diagnose": {"counterfactuals": True}})
    summary = run_steps(finished, ["diagnose"])
    findings = findings_of(finished)
    assert list(findings["confirmed"]) == [True] * 5
    assert summary.steps[0].made.startswith("5 errors (5 confirmed)")
    run_steps(finished, ["report"])
    page = (finished / "runs/main/report.html").read_text(encoding="utf-8")
    assert page.count("· proven") == 5
    csv = pd.read_csv(finished / "runs/main/findings.csv")
    assert list(csv["cause"]) == list(findings["cause"])


@pytest.mark.parametrize("limit", ["box", "region_layer"])
def test_a_synapse_beyond_what_contacts_are_limited_to_has_no_contact(
    finished: Path, limit: str
) -> None:
    beyond_vx = 30  # of x; synapses 1 and 4 lie before it
    shape = (14, 56, 96)
    region = np.ones(shape, np.uint8)
    region[:, :, :beyond_vx] = 0
    write_labels(finished / "neuropil.zarr", region, load_project(finished).raw().grid)
    with (finished / "project.yaml").open("a") as file:
        file.write("extra_layers: {neuropil: {path: neuropil.zarr}}\n")
    named = {"box": f"0:14,0:56,{beyond_vx}:96", "region_layer": "neuropil"}
    change_params(
        finished, {"contacts": {limit: named[limit]}, "diagnose": {"counterfactuals": True}}
    )
    run_steps(finished, ["contacts", "synapses", "evaluate", "diagnose"])
    missed = findings_of(finished).query("error == 'missed'").set_index("truth_row")
    lost = missed.loc[[1, 4]]
    assert set(lost["cause"]) == {"no_contact"}
    assert list(lost["confirmed"]) == [True, True], "its contact alone would have found it"
    assert lost["contact_evidence"].str.contains("contacts were looked for only in the").all()
    assert missed.loc[2, "cause"] == "weak_signal", "those inside are told as before"


def test_a_stopped_diagnosis_leaves_the_findings_of_before(finished: Path) -> None:
    before = (finished / "runs/main/findings.parquet").read_bytes()
    change_params(finished, {"diagnose": {"counterfactuals": True}})

    def diagnose(context):
        return run_steps(finished, ["diagnose"], context=context)

    with pytest.raises(StepCancelledError):
        run_inline(diagnose, should_stop=lambda: True)
    assert (finished / "runs/main/findings.parquet").read_bytes() == before


def test_the_report_shows_every_error_and_needs_nothing_else(finished: Path) -> None:
    page = (finished / "runs/main/report.html").read_text(encoding="utf-8")
    assert page.count("<article") == 5
    assert page.count("data:image/webp;base64,") == 5, "one sheet of pictures a card"
    assert "http" not in page
    assert str(finished.parent) not in page
    for text in ("weak_signal", "no_signal", "false_signal", "n_truth"):
        assert (text in page) == (text != "n_truth")


def test_across_a_layer_of_background_a_synapse_is_placed(finished: Path) -> None:
    """A sheet of extracellular space, with an id of its own, parts 1's neurons A and B."""
    project = load_project(finished)
    grid = project.segmentation().grid
    ids = project.segmentation().read(grid.box)
    sheet = np.zeros(grid.shape, np.uint8)
    sheet[:, :32, 22:26] = 1
    shutil.rmtree(finished / "segmentation.zarr")
    write_labels(finished / "segmentation.zarr", np.where(sheet, 77, ids).astype(np.uint32), grid)
    write_labels(finished / "space.zarr", sheet, grid)
    with (finished / "project.yaml").open("a") as file:
        file.write("extra_layers: {space: {path: space.zarr}}\n")
    found = {}
    for layer in (None, "space"):
        change_params(finished, {"contacts": {"background_layer": layer, "max_gap_nm": 60.0}})
        run_steps(finished, ["contacts", "synapses"])
        rows = read_table(finished / "runs/main/synapses.parquet")
        pairs = set(zip(rows["pre_segment"], rows["post_segment"], strict=True))
        found[layer] = sorted(pair for pair in pairs if set(pair) <= {1, 2, 77})
    assert found == {None: [(1, 77)], "space": [(1, 2)]}


def test_a_partner_that_contacts_leave_out_is_named_and_proven(finished: Path) -> None:
    settings = {"contacts": {"excluded_segments": [2]}, "diagnose": {"counterfactuals": True}}
    change_params(finished, settings)  # B, of synapse 1
    run_steps(finished, ["contacts", "synapses", "evaluate", "diagnose"])
    lost = findings_of(finished).query("error == 'missed'").set_index("truth_row").loc[1]
    assert (lost["cause"], lost["confirmed"]) == ("no_contact", True)
    assert "(contacts leave out 2)" in lost["contact_evidence"]
