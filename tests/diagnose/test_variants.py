"""Every cause, planted alone, is named whatever the axes, voxels, ids and order of rows."""

import numpy as np
import pytest

from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE, Cause
from napari_synapse_debug.simulate.toy import vary_world
from napari_synapse_debug.simulate.toy_faults import TOY_FAULTS, is_named


def test_every_cause_can_be_planted():
    assert set(TOY_FAULTS) == set(Cause)


@pytest.mark.parametrize("cause", TOY_FAULTS, ids=str)
def test_a_cause_is_named_in_any_variant_of_the_world(world, findings_of, cause):
    variant = vary_world(TOY_FAULTS[cause].plant(world), np.random.default_rng(7))
    assert variant.voxel_nm != world.voxel_nm
    findings = findings_of(variant, counterfactuals=False)
    assert is_named(findings, cause), findings[["error", "cause", "summary"]].to_string()
    assert set(findings["stage"]) == {STAGE_OF_CAUSE[cause].value}


def test_a_variant_of_a_world_without_errors_has_none(world, findings_of):
    for seed in (1, 2):
        assert len(findings_of(vary_world(world, np.random.default_rng(seed)))) == 0
