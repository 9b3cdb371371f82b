"""Toy world: each cause planted alone is named right in all of 200 random variants."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE
from napari_synapse_debug.simulate.toy import draw_world, vary_world
from napari_synapse_debug.simulate.toy_faults import TOY_FAULTS, is_named
from toy_run import find_errors

VARIANTS = 200


def measure(_work: Path) -> bool:
    """Plant, vary (axes, voxels, ids, order of rows), diagnose, count."""
    world = draw_world()
    holds = True
    for number, (cause, fault) in enumerate(TOY_FAULTS.items()):
        planted = fault.plant(world)
        named = 0
        for seed in range(VARIANTS):
            findings = find_errors(vary_world(planted, np.random.default_rng((number, seed))))
            stages = set(findings["stage"])
            named += is_named(findings, cause) and stages == {STAGE_OF_CAUSE[cause].value}
        print(f"{cause.value:36} {named} of {VARIANTS}", flush=True)
        holds &= named == VARIANTS
    return holds
