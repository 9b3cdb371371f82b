"""Names of findings and of verdicts."""

from __future__ import annotations

import pandas as pd
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import FINDINGS, conform, empty
from napari_synapse_debug.domain.verdicts import (
    Verdict,
    finding_keys,
    parse_verdict,
    refer_to,
)


@pytest.fixture
def findings() -> pd.DataFrame:
    """A missed synapse of row 7, and a false one whose cleft lies at y -0.04 nm."""
    texts = {name: "" for name, dtype in FINDINGS.items() if dtype == "str"}
    table = empty(FINDINGS).reindex(range(2)).assign(**texts)
    table["error"], table["stage"] = ["missed", "false"], "classifier"
    for name in ("finding", "fault", "pre_segment", "post_segment"):
        table[name] = [1, 2]
    table["truth_row"] = pd.array([7, pd.NA], dtype="Int64")
    for k, end in enumerate(("pre", "cleft", "post")):
        for axis, value in zip("zyx", (40.0, -0.04, 10.25 + k), strict=True):
            table[f"{end}_{axis}_nm"] = value
    return conform(table, FINDINGS)


def test_a_finding_has_one_name_wherever_it_is_asked_for(findings: pd.DataFrame) -> None:
    keys = finding_keys(findings).tolist()
    assert keys == ["missed:7", "false:40.0,0.0,10.2;40.0,0.0,11.2;40.0,0.0,12.2"]
    assert [refer_to(row, "main").key for _, row in findings.iterrows()] == keys
    assert finding_keys(findings[:0]).empty


def test_what_is_kept_with_a_verdict_survives_being_written(findings: pd.DataFrame) -> None:
    for _, row in findings.iterrows():
        ref = refer_to(row, "main", "shaft")
        assert type(ref).model_validate_json(ref.model_dump_json()) == ref
        assert ref.cleft_nm == (40.0, -0.04, 11.25)


@pytest.mark.parametrize("text", ["model_error", " Model error ", "MODEL-ERROR"])
def test_a_verdict_is_read_from_words(text: str) -> None:
    assert parse_verdict(text) is Verdict.MODEL_ERROR


def test_another_word_is_refused() -> None:
    with pytest.raises(InputError, match="unsure"):
        parse_verdict("maybe")
