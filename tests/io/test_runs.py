from __future__ import annotations

from pathlib import Path

import pytest

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.params import ContactParams
from napari_synapse_debug.io.runs import RunRecord, StepRecord, read_run, write_run

PARAMS = ContactParams(max_gap_nm=20).model_dump()
INPUTS = {"segmentation": "0123456789abcdef"}


def test_a_record_is_found_again_and_is_current(tmp_path: Path) -> None:
    assert not read_run(tmp_path).is_current("contacts", PARAMS, INPUTS)
    step = StepRecord(
        step="contacts", params=PARAMS, inputs=INPUTS, counts={"contacts": 512}, seconds=1.5
    )
    write_run(tmp_path, RunRecord().with_step(step))
    found = read_run(tmp_path)
    assert found.is_current("contacts", PARAMS, INPUTS)
    assert found.steps["contacts"].counts == {"contacts": 512}
    assert found.steps["contacts"].versions["napari-synapse-debug"]
    assert found.steps["contacts"].finished.endswith("+00:00")


@pytest.mark.parametrize(
    ("step", "params", "inputs"),
    [
        ("predict", PARAMS, INPUTS),
        ("contacts", PARAMS | {"max_gap_nm": 21.0}, INPUTS),
        ("contacts", PARAMS, {"segmentation": "0"}),
        ("contacts", PARAMS, {}),
    ],
)
def test_other_parameters_or_inputs_are_not_current(step, params, inputs) -> None:
    record = RunRecord().with_step(StepRecord(step="contacts", params=PARAMS, inputs=INPUTS))
    assert record.is_current("contacts", PARAMS, INPUTS)
    assert not record.is_current(step, params, inputs)


def test_a_step_replaces_its_earlier_record_and_can_be_taken_out() -> None:
    first, second = (StepRecord(step="contacts", params={"n": n}) for n in (1, 2))
    other = StepRecord(step="predict", params={})
    record = RunRecord().with_step(first).with_step(other).with_step(second)
    assert len(record.steps) == 2
    assert record.steps["contacts"].params == {"n": 2}
    assert list(record.without_step("contacts").steps) == ["predict"]
    assert list(record.without_step("absent").steps) == list(record.steps)


@pytest.mark.parametrize("text", ["{", '{"format": 2}', '{"stepz": {}}', "[]"])
def test_damaged_and_newer_records_are_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ProjectError, match=r"run\.json cannot be read"):
        read_run(tmp_path)
