"""Toy world: each cause planted alone is named right in all of 200 random variants."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE, Cause
from napari_synapse_debug.simulate.toy import draw_world, vary_world
from napari_synapse_debug.simulate.toy_faults import TOY_FAULTS, is_named
from toy_run import find_errors

VARIANTS = 200


def measure(_work: Path) -> bool:
    """Plant, vary (axes, voxels, ids, order of rows), diagnose, count; causes side by side."""
    holds = True
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork")) as pool:
        for cause, named in zip(TOY_FAULTS, pool.map(count_named, TOY_FAULTS), strict=True):
            print(f"{cause.value:36} {named} of {VARIANTS}", flush=True)
            holds &= named == VARIANTS
    return holds


def count_named(cause: Cause) -> int:
    """In how many variants the planted cause, and no other stage, was named."""
    planted = TOY_FAULTS[cause].plant(draw_world())
    number, named = list(TOY_FAULTS).index(cause), 0
    for seed in range(VARIANTS):
        findings = find_errors(vary_world(planted, np.random.default_rng((number, seed))))
        stages = set(findings["stage"])
        named += is_named(findings, cause) and stages == {STAGE_OF_CAUSE[cause].value}
    return named
