from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.partner_model import PartnerCalibration, PartnerModel, Tree
from napari_synapse_debug.io.partner_model import load_partner_model, save_partner_model

MODEL = PartnerModel(
    features=("lead", "hub of pre"),
    start=-1.5,
    rate=0.1,
    trees=(
        Tree(
            feature=(1, 0, 0),
            threshold=(0.5, 0, 0),
            left=(1, 0, 0),
            right=(2, 0, 0),
            value=(0, -1, 2.25),
        ),
    ),
    calibration=PartnerCalibration(
        slope=1.25,
        shift=0.1,
        min_score=0.4,
        f1=0.9,
        direction_accuracy=1,
        brier=0.01,
        brier_of_rate=0.2,
    ),
    synapses=24,
    pairs=70,
    candidates=31,
    polyadic=True,
)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "main" / "partners.json"
    save_partner_model(path, MODEL)
    return path


def test_saving_and_loading_is_identity(stored):
    assert load_partner_model(stored) == MODEL


@pytest.mark.parametrize(
    ("place", "value", "text"),
    [
        (("trees", 0, "left"), [0, 0, 0], "node 0"),
        (("trees", 0, "right"), [1, 1, 0], "node 1"),
        (("trees", 0, "right"), [900, 0, 0], "node 0"),
        (("trees", 0, "left"), [-5, 0, 0], "node 0"),
        (("trees", 0, "value"), [1.0], "all its numbers"),
        (("trees", 0, "threshold"), [float("nan"), 0, 0], "finite"),
        (("trees", 0, "feature"), [7, 0, 0], "features 0 to 1"),
        (("calibration", "slope"), -1.0, "greater than or equal to 0"),
        (("features",), [], "at least 1"),
        (("format",), 2, "less than or equal to 1"),
        (("__reduce__",), "os.system", "not permitted"),
    ],
    ids=str,
)
def test_a_file_that_was_tampered_with_is_refused(stored, place, value, text):
    content = json.loads(stored.read_text())
    load_partner_model(stored)
    at = content
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = value
    stored.write_text(json.dumps(content))
    with pytest.raises(DataError, match=text):
        load_partner_model(stored)


@pytest.mark.parametrize(
    "content",
    [b"\x80\x04\x95pickle", b"[" * 100_000, b'{"format": 1', b"[]", b"null"],
    ids=["pickle", "deep", "cut", "list", "null"],
)
def test_what_is_no_model_is_refused(stored, content):
    stored.write_bytes(content)
    with pytest.raises(DataError, match=r"partners\.json"):
        load_partner_model(stored)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no partner model"):
        load_partner_model(tmp_path / "partners.json")
