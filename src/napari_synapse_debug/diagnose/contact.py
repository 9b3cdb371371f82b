"""Stage contact: whether the two segments touch where the cleft is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.reading import Reading, failed, known_pair, passed, untested
from napari_synapse_debug.diagnose.scene import LocalFaces, Pair
from napari_synapse_debug.domain.grid import Box


def read_contact(case: Case) -> Reading:
    """Whether the true partners' segments touch in the zone."""
    pair = case.true_pair
    if pair is None or case.scene.faces is None:
        return untested("No contacts to look at.")
    if not known_pair(pair):
        return untested("Pre and post do not lie in two segments.")
    area = contact_area(case, pair)
    if area:
        return passed(f"Segments {pair[0]} and {pair[1]} touch in the zone ({area:,.0f} nm²).")
    missing = [end for end, k in zip(("pre", "post"), pair, strict=True) if not is_there(case, k)]
    if missing:
        reach = case.survey.params.reach_nm
        return untested(
            f"The segment of {' and '.join(missing)} does not come within {reach:g} nm of the zone."
        )
    return failed(f"Segments {pair[0]} and {pair[1]} do not touch in the zone.")


def read_predicted_contact(case: Case) -> Reading:
    """Whether the false prediction's contact lies in a zone."""
    if case.zone == 0:
        return untested("The candidate lies in no zone.")
    if case.scene.faces is None:
        return untested("No contacts to look at.")
    return passed("The predicted contact lies at the cleft.")


def no_contact(case: Case) -> str | None:
    """Both segments are there, but do not touch in the zone."""
    pair = case.true_pair
    if pair is None or contact_area(case, pair) or not all(is_there(case, k) for k in pair):
        return None
    evidence = case.survey.evidence
    without = [str(segment) for segment in pair if segment in evidence.left_out]
    limits = [f"contacts leave out {' and '.join(without)}"] if without else []
    if evidence.contact_limits:
        limits.append(f"contacts were looked for only in {evidence.contact_limits}")
    why = f" ({'; '.join(limits)})" if limits else ""
    return (
        f"Segments {pair[0]} and {pair[1]} both lie within {case.survey.params.reach_nm:g} nm of"
        f" the cleft, but do not touch in its zone{why}."
    )


def contact_too_small(case: Case) -> str | None:
    """The segments touch in the zone, but the contact was left out as too small."""
    pair = case.true_pair
    if pair is None or case.survey.evidence.contacts is None:
        return None
    area = contact_area(case, pair)
    if not area or contacts_in_zone(case, pair):
        return None
    return (
        f"Segments {pair[0]} and {pair[1]} touch in the zone ({area:,.0f} nm²), but such a small"
        " contact was left out."
    )


def contact_leaks(case: Case) -> str | None:
    """The candidate lies in a zone, but what it covers of the predicted contact does not."""
    pair = case.predicted_pair
    if case.zone == 0 or pair is None or case.scene.faces is None:
        return None
    if case.own_zone or not case.scene.faces.between(pair).any():
        return None
    return (
        f"The candidate lies in a zone, but it meets the contact of segments {pair[0]} and"
        f" {pair[1]} only outside it: the candidate leaks onto their contact."
    )


def contact_area(case: Case, pair: Pair) -> float:
    """Voxel faces between two segments in the zone, nm²; 0 without faces."""
    faces = case.scene.faces
    if faces is None or not known_pair(pair):
        return 0.0
    areas = np.asarray(case.scene.grid.voxel_area_nm2)[faces.axis[_in_zone(case, faces, pair)]]
    return float(areas.sum())


def contacts_in_zone(case: Case, pair: Pair) -> list[int]:
    """Contacts of two segments whose box holds a face of theirs in the zone, by id."""
    contacts, faces = case.survey.contact_boxes, case.scene.faces
    if contacts is None or faces is None:
        return []
    low = faces.low_vx[_in_zone(case, faces, pair)]
    return contacts.holding(pair, low + np.asarray(case.scene.box.start))


def _in_zone(case: Case, faces: LocalFaces, pair: Pair) -> NDArray[np.bool_]:
    return np.asarray(faces.between(pair) & (faces.zone == case.zone))


def is_there(case: Case, segment: int) -> bool:
    """Whether a segment comes within ``reach_nm`` of the zone's box."""
    volume, places = case.scene.segmentation, np.argwhere(case.in_zone)
    if volume is None or len(places) == 0:
        return False
    grid, reach = case.scene.grid, case.survey.params.reach_nm
    start, stop = places.min(axis=0), places.max(axis=0) + 1
    zone = Box((*start.tolist(),), (*stop.tolist(),))
    near = zone.grow(grid.margin_vx(reach), within=grid.box)
    held = np.argwhere(volume[near.slices] == segment) + np.asarray(near.start)
    beyond = np.maximum(start - held, 0) + np.maximum(held - (stop - 1), 0)
    distance = np.linalg.norm(beyond * np.asarray(grid.voxel_size_nm), axis=1)
    return bool((distance <= reach).any())
