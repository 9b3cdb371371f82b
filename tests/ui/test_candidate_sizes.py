"""Sizes of the candidates beside the errors."""

import dataclasses

import numpy as np
import pytest

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.records import CANDIDATES, conform, empty
from napari_synapse_debug.ui.candidate_sizes import SIZE, with_sizes
from napari_synapse_debug.ui.session import Session


def sized(voxels):
    """A table of candidates of so many voxels, by their number."""
    table = empty(CANDIDATES).reindex(range(len(voxels)))
    texts = {name: "cleft" for name, dtype in CANDIDATES.items() if dtype == "str"}
    numbers = {name: 0 for name, dtype in CANDIDATES.items() if dtype == "int64"}
    table = table.assign(**texts, **numbers, is_kept=True)
    return conform(table.assign(candidate=list(voxels), size_vx=list(voxels.values())), CANDIDATES)


def test_the_candidate_of_a_finding_or_of_its_prediction_is_measured(results, findings):
    """101 has a candidate of its own, 103 that of prediction 13, 105 (14) one without an entry."""
    synapses = results.synapses.assign(candidate=[1, 1, 4, 9])
    own = findings.assign(candidate=findings["candidate"].where(findings["finding"] != 101, 2))
    candidates = sized({1: 10, 2: 30, 4: 7})
    made = dataclasses.replace(results, synapses=synapses, candidates=candidates)

    sizes = with_sizes(own, made).set_index("finding")[SIZE]

    assert SIZE not in own
    voxel = 50.0 * 4.6 * 4.0  # nm³
    expected = {101: 30 * voxel, 103: 7 * voxel, 106: 10 * voxel}  # 106 is prediction 12
    assert sizes.dropna().to_dict() == pytest.approx(expected)


def test_voxels_are_those_of_the_volume_of_candidates(results, findings):
    coarse = Grid((8, 20, 30), (50.0, 9.2, 8.0))
    volume = dataclasses.replace(results.volumes["segmentation"], grid=coarse)
    made = dataclasses.replace(
        results,
        volumes={**results.volumes, "candidates": volume},
        candidates=sized({1: 10}),
    )

    assert with_sizes(findings, made)[SIZE].max() == pytest.approx(10 * 50.0 * 9.2 * 8.0)


def test_without_candidates_no_size_is_known(results, findings):
    for made in (None, results, dataclasses.replace(results, synapses=None)):
        assert with_sizes(findings, made)[SIZE].isna().all()
    only_own = dataclasses.replace(results, synapses=None, candidates=sized({1: 10}))
    assert with_sizes(findings, only_own)[SIZE].isna().all()
    assert with_sizes(findings[:0], only_own)[SIZE].dtype == np.float64


def test_other_sizes_do_not_take_the_selection_away(results):
    session = Session()
    session.set_results(dataclasses.replace(results, candidates=sized({1: 10})))
    session.select(103)
    before = session.selected_row()[SIZE]

    session.set_results(dataclasses.replace(results, candidates=sized({1: 20})), goes_on=True)

    assert session.selected == 103
    assert session.selected_row()[SIZE] == pytest.approx(2 * before)
