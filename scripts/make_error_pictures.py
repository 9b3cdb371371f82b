"""Draw the pictures of docs/errors.md anew from the toy world that the tests diagnose."""

from __future__ import annotations

import re
from pathlib import Path

from napari_synapse_debug.simulate.toy import draw_world
from napari_synapse_debug.simulate.toy_faults import TOY_FAULTS
from napari_synapse_debug.simulate.toy_picture import draw_picture

PAGE = Path(__file__).resolve().parents[1] / "docs" / "errors.md"


def with_pictures(page: str) -> str:
    """The page with a picture after the heading of each cause, in place of an older one."""
    world = draw_world()
    for cause, fault in TOY_FAULTS.items():
        told = (fault.plant.__doc__ or "").strip()
        drawn = f"```\n{draw_picture(fault.plant(world))}\n```\n*{told}*\n\n"
        heading = re.escape(f"### {cause.value}\n")
        pattern = rf"({heading})(?:```\n.*?\n```\n\*.*?\*\n\n)?"
        page, found = re.subn(pattern, lambda m, d=drawn: m[1] + d, page, count=1, flags=re.DOTALL)
        if not found:
            raise SystemExit(f"docs/errors.md has no heading for {cause.value}")
    return page


if __name__ == "__main__":
    PAGE.write_text(with_pictures(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
