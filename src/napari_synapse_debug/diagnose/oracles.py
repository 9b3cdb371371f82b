"""Oracles: the best that one stage could have made of the input it really got.

An oracle mends no fault upstream, nor in the other branch. Returning the truth would confirm
any cause, so none does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects, label, maximum

from napari_synapse_debug.diagnose.scene import Scene
from napari_synapse_debug.diagnose.survey import Survey
from napari_synapse_debug.diagnose.zones import boxes_of
from napari_synapse_debug.domain.distances import distances_to
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.records import (
    AXES,
    CANDIDATES,
    ENDS,
    PREDICTION,
    conform,
    empty,
    point_columns,
    with_points,
)
from napari_synapse_debug.domain.roles import ClassSpec, Kind

Volume = NDArray[Any]


def perfect_probability(scene: Scene) -> NDArray[np.uint8]:
    """1 and the true class in each true mask or ball, else 0; other classes as they are.

    Under a sparse truth nothing is known between the clefts, so the rest is left as it is; so it
    is where the truth is complete for some neurons only, and for classes of kinds in which it is
    not.
    """
    survey = scene.survey
    classes = survey.evidence.classes
    out = np.zeros((len(classes), *scene.grid.shape), np.uint8)
    if scene.probability is not None:
        out = scene.probability.copy()
    channels = [k for k, spec in enumerate(classes) if spec.role.is_synapse]
    if not channels:
        return out
    in_cleft = scene.zones.seeds != 0
    for channel in channels:
        is_complete = _is_complete(classes[channel], survey.evidence.evaluate)
        out[channel][... if is_complete else in_cleft] = 0
    for key in np.unique(scene.zones.seeds[in_cleft]):
        kinds = survey.truth.kind[survey.cleft_key == key]
        channel = _channel_of(kinds[0] if len(kinds) else Kind.UNKNOWN, classes, channels)
        out[channel][scene.zones.seeds == key] = 255
    return out


def perfect_candidates(scene: Scene, probability: NDArray[np.uint8]) -> tuple[Volume, pd.DataFrame]:
    """One candidate a zone that has voxels ≥ threshold, of any size; pieces in no zone stay.

    A component that reaches into zones is cut between them, each voxel to the nearest of its
    zones; the pieces of one zone are joined. Without a voxel of the ``high_threshold``, if there is
    one, a component is none. Components in no zone keep to the size filter.
    """
    evidence = scene.survey.evidence
    strength = _strongest(probability, evidence.classes)
    pieces, count = label(strength >= evidence.threshold, np.ones((3, 3, 3)))
    if evidence.high_threshold is not None and count:
        peaks = np.append(0.0, maximum(strength, pieces, np.arange(1, count + 1)))
        pieces = np.where((peaks >= evidence.high_threshold)[pieces], pieces, 0)
    zoned = np.where(pieces > 0, scene.zones.grown, 0)
    joined = np.unique(pieces[zoned != 0])
    keys = np.unique(zoned[zoned != 0])
    labels = np.zeros(pieces.shape, dtype=np.int64)
    if len(keys):
        _, nearest = distance_transform_edt(
            zoned == 0, sampling=scene.grid.voxel_size_nm, return_indices=True
        )
        in_joined = np.isin(pieces, joined) & (pieces > 0)
        labels[in_joined] = np.searchsorted(keys, zoned[tuple(nearest)][in_joined]) + 1
    free = (pieces > 0) & ~np.isin(pieces, joined)
    labels[free] = pieces[free] + len(keys)
    table = _describe(labels, probability, evidence.classes, scene.grid)
    is_of_zone = table["candidate"].to_numpy() <= len(keys)
    is_kept = is_of_zone | (table["size_vx"].to_numpy() >= evidence.min_size_vx)
    return labels, table.assign(is_kept=is_kept)


def bridged_segmentation(scene: Scene, segmentation: Volume) -> Volume:
    """The segmentation with the background of each zone given to the nearer true partner.

    So the two segments in use that hold the true points meet in a sheet in the zone, whatever
    the gap between them was. Zones with one segment for both, none, or one that does not come
    near (``reach_nm``), stay as they are.
    """
    survey, grid = scene.survey, scene.grid
    margin = grid.margin_vx(survey.params.reach_nm)
    out = segmentation.copy()
    for key, zone in boxes_of(scene.zones.grown).items():
        around = zone.grow(margin, within=grid.box).slices
        in_zone, ids = scene.zones.grown[around] == key, segmentation[around]
        gap = in_zone & (ids == 0)
        touched = _segments_near(scene, ids, in_zone) if gap.any() else set()
        for truth in np.flatnonzero(survey.cleft_key == key):
            pair = _segments_under(scene, segmentation, survey.truth.ends_nm[truth])
            if 0 in pair or pair[0] == pair[1] or not touched.issuperset(map(int, pair)):
                continue
            farthest = float(np.linalg.norm(np.multiply(ids.shape, grid.voxel_size_nm)))
            to_pre, to_post = (
                distances_to(ids == one, grid.voxel_size_nm, farthest) for one in pair
            )
            out[around][gap] = np.where(to_pre <= to_post, *pair)[gap]
            break  # nothing of the gap is left for other partners of this cleft
    return out


def _segments_near(scene: Scene, ids: Volume, in_zone: NDArray[np.bool_]) -> set[int]:
    """The segments of ``ids`` that come within reach of a zone; both of one box."""
    reach = scene.survey.params.reach_nm
    near = np.isfinite(distances_to(in_zone, scene.grid.voxel_size_nm, reach))
    return {int(k) for k in pd.unique(ids[near])}


def cut_leaks(scene: Scene, pairs: pd.DataFrame, labels: Volume) -> pd.DataFrame:
    """The pairs without those of a candidate in a zone whose interface lies in no zone."""
    if len(pairs) == 0:
        return pairs
    zone_of = zone_by_candidate(scene, labels)
    in_zone = pairs["candidate"].isin(list(zone_of)).to_numpy(bool)
    kept: pd.DataFrame = pairs[~in_zone | (zones_under(scene, pairs, "cleft") != 0)]
    return kept


def true_rows(
    scene: Scene,
    rows: pd.DataFrame,
    pairs: pd.DataFrame,
    labels: Volume,
    segmentation: Volume,
) -> pd.DataFrame:
    """The rows with those of each zone's main candidate replaced by the true rows it allows.

    A true row is allowed where the segments under its points have a contact in the zone with
    this candidate. Candidates in no zone, second candidates of a zone, and rows whose contact
    lies outside all zones are left as they are. ``pairs`` are those of kept candidates.
    """
    survey = scene.survey
    kept = set(pairs["candidate"].astype(int))
    main = {k: key for k, key in zone_by_candidate(scene, labels).items() if k in kept}
    in_main = rows["candidate"].isin(list(main)).to_numpy(bool)
    stays = ~in_main | (zones_under(scene, rows, "cleft") == 0)
    new = []
    for candidate, key in main.items():
        own = pairs[(pairs["candidate"] == candidate) & (zones_under(scene, pairs, "cleft") == key)]
        for truth in np.flatnonzero(survey.cleft_key == key):
            pair = _segments_under(scene, segmentation, survey.truth.ends_nm[truth])
            fits = (own["segment_a"] == min(pair)) & (own["segment_b"] == max(pair))
            if 0 not in pair and fits.any():
                new.append(_true_row(survey, int(truth), pair, own[fits].iloc[0]))
    placed = conform(pd.DataFrame(new), PREDICTION) if new else empty(PREDICTION)
    held = [table for table in (rows[stays], placed) if len(table)]
    return pd.concat(held, ignore_index=True) if held else empty(PREDICTION)


def zone_by_candidate(scene: Scene, labels: Volume) -> dict[int, int]:
    """The candidates that are the largest in their zone, and the key of that zone."""
    inside = (scene.zones.grown != 0) & (labels != 0)
    if not inside.any():
        return {}
    both = np.stack([scene.zones.grown[inside], labels[inside].astype(np.int64)], axis=1)
    found, sizes = np.unique(both, axis=0, return_counts=True)
    order = np.lexsort((found[:, 1], -sizes))
    main: dict[int, int] = {}
    for key, candidate in found[order]:
        if int(key) not in main.values() and int(candidate) not in main:
            main[int(candidate)] = int(key)
    return main


def zones_under(scene: Scene, table: pd.DataFrame, name: str) -> NDArray[np.int64]:
    """The key of the zone under each point ``name`` of a table; 0 is none."""
    index = scene.grid.to_index(table[point_columns(name)].to_numpy(np.float64))
    inside = scene.grid.box.contains(index)
    keys = np.zeros(len(table), dtype=np.int64)
    keys[inside] = scene.zones.grown[tuple(index[inside].T)]
    return keys


def _segments_under(
    scene: Scene, segmentation: Volume, ends_nm: NDArray[np.float64]
) -> tuple[int, int]:
    look_up, snap = scene.survey.tools.look_up, scene.survey.evidence.evaluate.snap_nm
    pre, post = look_up(ends_nm[[0, 2]], segmentation, scene.grid, snap)
    return int(pre), int(post)


def _true_row(
    survey: Survey, truth: int, pair: tuple[int, int], contact: pd.Series[Any]
) -> dict[str, Any]:
    ends = {
        column: float(value)
        for end, point in zip(ENDS, survey.truth.ends_nm[truth], strict=True)
        for column, value in zip(point_columns(end), point, strict=True)
    }
    return {
        "row": 0,
        "pre_segment": pair[0],
        "post_segment": pair[1],
        **ends,
        "kind": survey.truth.kind[truth],
        "score": 1.0,
        "candidate": int(contact["candidate"]),
        "contact": contact["contact"],
    }


def _is_complete(spec: ClassSpec, params: EvaluateParams) -> bool:
    """Whether the truth holds all synapses that this class marks."""
    if params.scope == "sparse" or params.scope_segments:
        return False
    return not params.complete_kinds or spec.role.kind.value in params.complete_kinds


def _channel_of(kind: str, classes: Sequence[ClassSpec], channels: list[int]) -> int:
    """The channel of a kind, or the first that marks synapses."""
    return next((k for k in channels if classes[k].role.kind.value == kind), channels[0])


def _strongest(probability: NDArray[np.uint8], classes: Sequence[ClassSpec]) -> NDArray[np.float64]:
    channels = [k for k, spec in enumerate(classes) if spec.role.is_synapse]
    return np.asarray(probability[channels].max(axis=0, initial=0) / 255.0)


def _describe(
    labels: Volume, probability: NDArray[np.uint8], classes: Sequence[ClassSpec], grid: Grid
) -> pd.DataFrame:
    """The labels as ``records.CANDIDATES``, all of them kept."""
    strength = _strongest(probability, classes)
    channels = [k for k, spec in enumerate(classes) if spec.role.is_synapse]
    rows = []
    for number, place in enumerate(find_objects(labels), start=1):
        if place is None:
            continue
        own = labels[place] == number
        values = strength[place][own]
        sums = [int(probability[k][place][own].sum()) for k in channels]
        spec = classes[channels[int(np.argmax(sums))]]
        index = np.argwhere(own) + [part.start for part in place]
        rows.append(
            {
                "candidate": number,
                "class_name": spec.name,
                "kind": spec.role.kind.value,
                "size_vx": int(own.sum()),
                "peak": float(values.max()),
                "mean": float(values.mean()),
                "is_kept": True,
                **{f"start_{a}": part.start for a, part in zip(AXES, place, strict=True)},
                **{f"stop_{a}": part.stop for a, part in zip(AXES, place, strict=True)},
                "centre": grid.to_nm(np.average(index, axis=0, weights=values))[0],
            }
        )
    if not rows:
        return empty(CANDIDATES)
    table = pd.DataFrame(rows)
    centres = np.stack(table.pop("centre").to_list())
    return conform(with_points(table, "centroid", centres), CANDIDATES, "candidates")
