"""Stages, causes, roles, tables, parameters and errors agree with one another."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

from napari_synapse_debug.domain import records
from napari_synapse_debug.domain.errors import DataError, InputError, SynapseDebugError
from napari_synapse_debug.domain.params import EvaluateParams, SynapseParams, TrainParams
from napari_synapse_debug.domain.roles import ClassSpec, Kind, Role, parse_class
from napari_synapse_debug.domain.stages import STAGE_HUE, STAGE_OF_CAUSE, Cause, Stage


def test_every_cause_has_a_stage_and_every_stage_a_hue() -> None:
    assert set(STAGE_OF_CAUSE) == set(Cause)
    assert set(STAGE_OF_CAUSE.values()) == set(Stage)
    hues = [STAGE_HUE[stage] for stage in Stage]
    assert len(set(hues)) == len(Stage)


def test_an_error_says_what_was_found_expected_and_what_to_do() -> None:
    error = InputError("The box is empty", found="5:5", expected="a stop", fix="widen it")
    assert str(error) == "The box is empty. Found: 5:5. Expected: a stop. To fix it: widen it."


def test_an_error_survives_the_way_from_another_process() -> None:
    error: SynapseDebugError = DataError("A chunk is damaged", found="c/0/1", fix="copy it again")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is DataError
    assert str(back) == str(error)


def test_a_class_takes_its_role_from_its_name() -> None:
    assert parse_class("shaft") == ClassSpec("shaft", Role.SHAFT)
    assert parse_class("cleft:synapse").role.kind is Kind.UNKNOWN
    assert parse_class("psd:spine_head").role.kind is Kind.SPINE_HEAD
    assert not Role.VESICLE.is_synapse
    with pytest.raises(InputError, match="role"):
        parse_class("cleft")


def test_an_empty_table_has_its_columns_and_dtypes() -> None:
    frame = records.empty(records.PREDICTION)
    assert list(frame.columns) == list(records.PREDICTION)
    assert frame.dtypes["pre_segment"] == "uint64"
    assert len(frame) == 0


def test_a_table_without_its_columns_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="post_segment"):
        records.conform(pd.DataFrame({"row": [1]}), records.PREDICTION, "prediction")


def test_conform_keeps_further_columns_and_large_ids() -> None:
    frame = records.empty(records.TRUTH).reindex(range(1))
    frame = frame.assign(row=1, pre_segment=2**64 - 1, post_segment=7, kind="shaft", ignore=False)
    out = records.conform(frame.assign(contact_px=12), records.TRUTH)
    assert out["pre_segment"].tolist() == [2**64 - 1]
    assert out["contact_px"].tolist() == [12]


def test_points_go_in_and_come_out_zyx() -> None:
    frame = records.with_points(pd.DataFrame(index=range(2)), "pre", [[1, 2, 3], [4, 5, 6]])
    assert frame["pre_y_nm"].tolist() == [2, 5]
    assert records.points(frame, "pre").tolist() == [[1, 2, 3], [4, 5, 6]]


def test_parameters_refuse_unknown_names_and_values_out_of_bounds() -> None:
    assert SynapseParams.build(threshold=0.5).threshold == 0.5
    with pytest.raises(InputError, match="threshold"):
        SynapseParams.build(threshold=1.5)
    with pytest.raises(InputError, match="treshold"):
        SynapseParams.build(treshold=0.5)


@pytest.mark.parametrize("model", [TrainParams, SynapseParams, EvaluateParams])
def test_every_parameter_has_a_title_and_one_line_of_help(model: type[TrainParams]) -> None:
    assert model.model_fields
    for name, field in model.model_fields.items():
        assert field.title, name
        assert field.description, name
        assert "\n" not in field.description
