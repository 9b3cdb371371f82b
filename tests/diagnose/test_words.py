"""Every cause has a rule, an advice and a place in the documentation."""

from pathlib import Path

from napari_synapse_debug.diagnose import FIX
from napari_synapse_debug.diagnose.rules import RULES
from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE, Cause, ErrorKind, Stage

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"


def test_every_cause_has_a_rule_in_its_stage():
    found = {}
    for rules in RULES.values():
        for stage, of_stage in rules.items():
            for cause in of_stage.causes:
                found.setdefault(cause, set()).add(stage)
    assert found == {cause: {STAGE_OF_CAUSE[cause]} for cause in Cause}


def test_every_error_passes_every_stage_in_order():
    assert set(RULES) == set(ErrorKind)
    for rules in RULES.values():
        assert list(rules) == list(Stage)


def test_every_cause_has_one_next_step():
    assert set(FIX) == set(Cause)
    assert all(text.endswith((".", "?")) for text in FIX.values())


def test_every_cause_is_explained():
    titles = {line[4:].strip() for line in DOCS.read_text().splitlines() if line[:4] == "### "}
    assert titles == set(Cause)
