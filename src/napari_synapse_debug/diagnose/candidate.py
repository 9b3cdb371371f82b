"""Stage candidate: what became of the voxels above the threshold."""

from __future__ import annotations

import numpy as np

from napari_synapse_debug.diagnose.case import Case, candidate_box
from napari_synapse_debug.diagnose.reading import Reading, failed, passed, untested, voxels
from napari_synapse_debug.diagnose.scene import Scene
from napari_synapse_debug.diagnose.survey import box_around


def read_candidates(case: Case) -> Reading:
    """Whether a candidate was made in the zone."""
    if case.scene.labels is None:
        return untested("No candidates to look at.")
    if not case.is_seen:
        return untested("Nothing in the zone reaches the threshold.")
    if not case.kept_in_zone:
        return failed("No candidate was kept in the zone.")
    largest = case.kept_in_zone[0]
    return passed(
        f"Candidate {largest} has {voxels(case.candidates_in_zone[largest])} in the zone."
    )


def read_own_candidate(case: Case) -> Reading:
    """Whether the false prediction's candidate is the one of its zone."""
    if case.scene.labels is None:
        return untested("No candidates to look at.")
    if case.zone == 0:
        return untested("The candidate lies in no zone.")
    return passed(f"Candidate {case.own_candidate} is the only one of this cleft.")


def too_small(case: Case) -> str | None:
    """All candidates in the zone are below the size filter."""
    if not case.candidates_in_zone or case.kept_in_zone:
        return None
    largest = max(_size(case, k) for k in case.candidates_in_zone)
    least = case.survey.evidence.min_size_vx
    return (
        f"The largest candidate in the zone has {voxels(largest)}; those from {least:,} are kept."
    )


def merged(case: Case) -> str | None:
    """A candidate covers this cleft and another one."""
    chosen = [case.own_candidate] if case.truth is None else case.kept_in_zone
    for candidate in chosen:
        clefts = _clefts_under(case, candidate)
        if len(clefts) > 1 and case.zone in clefts:
            return f"Candidate {candidate} covers {len(clefts)} true clefts ({_names(clefts)})."
    return None


def split(case: Case) -> str | None:
    """The zone holds another candidate that is larger there, or that has the match."""
    own = case.own_candidate
    sizes = case.candidates_in_zone
    for other in case.kept_in_zone:
        if other == own:
            continue
        if sizes[other] > sizes.get(own, 0) or _has_match(case, other):
            return (
                f"Candidate {own} ({voxels(sizes.get(own, 0))} in the zone) is a second one of"
                f" this cleft, beside {other} ({voxels(sizes[other])})."
            )
    return None


def _size(case: Case, candidate: int) -> int:
    """Voxels of a candidate; without a table those in the zone."""
    table = case.survey.candidates
    at = None if table is None else table.position.get(candidate)
    if table is None or at is None:
        return case.candidates_in_zone[candidate]
    return int(table.size_vx[at])


def _clefts_under(case: Case, candidate: int) -> list[int]:
    """Keys of the clefts whose mask or ball the candidate covers.

    A merged candidate may be long, so the clefts in its box are looked at one by one.
    """
    survey = case.survey
    box = candidate_box(survey, candidate)
    if box is None or case.scene.labels is None:
        return []
    margin = survey.params.oracle_radius_nm
    low, high = survey.evidence.grid.to_nm([box.start, box.stop])
    found: set[int] = set()
    for truth in survey.truth.inside((low - margin, high + margin)):
        key = int(survey.cleft_key[truth])
        if key not in found:
            around = box_around([survey.truth.ends_nm[truth, 1]], margin, survey.evidence)
            scene = Scene(survey, around)
            covered = scene.zones.seeds[np.asarray(scene.labels) == candidate]
            found |= {key} if (covered == key).any() else set()
    return sorted(found)


def _has_match(case: Case, candidate: int) -> bool:
    """Whether a row of ``candidate`` is matched to a truth of this zone."""
    survey = case.survey
    rows = survey.prediction.row[survey.candidate == candidate]
    truths = set(survey.truth.row[case.truths_in_zone].tolist())
    return any(survey.matched_truth.get(int(row)) in truths for row in rows)


def _names(keys: list[int]) -> str:
    return ", ".join(str(key) if key >= 0 else f"of row {-1 - key}" for key in keys)
