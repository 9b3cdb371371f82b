"""The pictures of docs/errors.md are those of the worlds that the tests diagnose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_synapse_debug.simulate.toy import draw_world
from napari_synapse_debug.simulate.toy_faults import TOY_FAULTS
from napari_synapse_debug.simulate.toy_picture import draw_picture

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"


@pytest.mark.parametrize("cause", TOY_FAULTS, ids=str)
def test_the_page_shows_the_world(cause: object) -> None:
    fault = TOY_FAULTS[cause]
    after = PAGE.read_text(encoding="utf-8").split(f"### {cause}\n", 1)[1]
    section = re.split(r"\n##+ ", after, maxsplit=1)[0]
    assert draw_picture(fault.plant(draw_world())) in section
    assert (fault.plant.__doc__ or "").strip() in section


def test_a_signal_that_is_gone_leaves_the_cleft() -> None:
    world = draw_world()
    with_signal = draw_picture(world).splitlines()[3]
    without = draw_picture(TOY_FAULTS["no_signal"].plant(world)).splitlines()[3]
    assert with_signal == "ABBBBBB##○#BBBBBBCCCCCC##○##C"
    assert without == "ABBBBBBBB○BBBBBBBCCCCCC##○##C"
