"""Colours that can be read."""

import pytest

from napari_synapse_debug.domain.stages import STAGE_HUE
from napari_synapse_debug.ui.palette import POST, PRE, stage_hue, text_on


@pytest.mark.parametrize(("hue", "text"), [("#F0E442", "#000000"), ("#0072B2", "#FFFFFF")])
def test_text_contrasts_with_its_ground(hue, text):
    assert text_on(hue) == text


def test_an_unknown_stage_is_grey():
    assert stage_hue("nothing") == "#999999"


def test_partners_have_hues_that_no_stage_has():
    assert len(STAGE_HUE) == 8
    assert {PRE, POST}.isdisjoint(STAGE_HUE.values())
