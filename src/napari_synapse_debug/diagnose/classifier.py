"""Stage classifier: whether the network saw the synapse, or something that is none."""

from __future__ import annotations

import numpy as np

from napari_synapse_debug.diagnose.case import Case
from napari_synapse_debug.diagnose.ground_truth import UNDER_IT, mean_under
from napari_synapse_debug.diagnose.reading import Reading, failed, passed, untested
from napari_synapse_debug.domain.roles import Kind, Role


def read_signal(case: Case) -> Reading:
    """Whether the probability in the zone reaches the threshold."""
    if case.scene.synapse is None:
        return untested("No prediction to look at.")
    if not case.in_zone.any():
        return untested("The cleft has no zone in the volume.")
    threshold, high = case.survey.evidence.threshold, case.survey.evidence.high_threshold
    told = f"Peak {case.peak:.2f} in the zone, threshold {threshold:.2f}"
    told += "." if high is None else f", to be reached somewhere {high:.2f}."
    return passed(told) if case.is_seen else failed(told)


def read_false_signal(case: Case) -> Reading:
    """Whether the prediction lies at a true cleft."""
    if case.zone:
        return passed("The candidate lies in the zone of a true cleft.")
    if case.scene.synapse is None:
        return untested("No prediction to look at.")
    return failed("The candidate lies in the zone of no true cleft.")


def not_predicted(case: Case) -> str | None:
    """No part of the zone was predicted."""
    box = case.survey.evidence.predicted_box
    if case.scene.synapse is None or box is None:
        return None
    inside = box.intersect(case.scene.box).relative_to(case.scene.box)
    if not inside.is_empty and case.in_zone[inside.slices].any():
        return None
    return f"Nothing was predicted at this place (predicted box {box})."


def no_signal(case: Case) -> str | None:
    """The peak in the zone is no higher than noise; without a noise floor, than 0."""
    floor = case.survey.noise_floor
    if not case.peak < case.survey.evidence.threshold or case.peak > (floor or 0.0):
        return None
    if floor is None:
        return "The probability is 0 in the zone."
    quantile = case.survey.params.noise_quantile
    return (
        f"Peak {case.peak:.2f} in the zone is noise: {quantile:.0%} of the interfaces far from any"
        f" true cleft have a peak of at most {floor:.2f}."
    )


def weak_signal(case: Case) -> str | None:
    """There is a signal, but it stays below the threshold."""
    threshold, high = case.survey.evidence.threshold, case.survey.evidence.high_threshold
    if case.is_seen or case.scene.synapse is None or not case.in_zone.any():
        return None
    if case.peak >= threshold:
        return (
            f"Peak {case.peak:.2f} in the zone reaches the threshold {threshold:.2f}, but a "
            f"candidate needs {high:.2f} somewhere (synapses.high_threshold)."
        )
    values = np.sort(case.scene.synapse[case.in_zone])[::-1]
    least = case.survey.evidence.min_size_vx
    reached = float(values[min(max(least, 1), len(values)) - 1])
    told = f"Peak {case.peak:.2f} in the zone, threshold {threshold:.2f}"
    if reached <= 0 or len(values) < least:
        return told + "."
    found_at = np.floor(reached * 100) / 100
    noise = case.survey.noise_peaks
    price = (
        f", as would {np.mean(noise >= found_at):.0%} of the interfaces far from truth"
        if len(noise)
        else ""
    )
    return f"{told}; at {found_at:.2f} it would be large enough to be found{price}."


def false_signal(case: Case) -> str | None:
    """The candidate lies in no zone; told what lies under it."""
    if case.zone:
        return None
    under = {
        role: mean
        for role in (Role.MITOCHONDRION, Role.VESICLE, Role.MEMBRANE, Role.OTHER)
        if (mean := mean_under(case, role)) is not None and mean >= UNDER_IT
    }
    told = "The classifier sees a synapse where the truth has none"
    if under:
        role = max(under, key=lambda item: under[item])
        told += f"; under it lies {role.value} (mean probability {under[role]:.2f})"
    return told + "."


def wrong_class(case: Case) -> str | None:
    """Another synapse class is stronger than the true one where the candidate lies in the zone."""
    sums = kind_sums(case)
    true_kind = str(case.survey.truth.kind[case.truth_at])
    if true_kind not in sums:
        return None
    strongest = max(sums, key=lambda kind: sums[kind])
    if sums[strongest] <= sums[true_kind] or strongest == true_kind:
        return None
    total = sum(sums.values())
    return (
        f"Of the synapse probability in the zone, {sums[strongest] / total:.0%} is {strongest} and"
        f" {sums[true_kind] / total:.0%} {true_kind}, the true kind."
    )


def kind_sums(case: Case) -> dict[str, float]:
    """Summed probability of each kind of synapse in the zone; empty without a prediction.

    Where the candidate has voxels in the zone, only these count, as only they give a candidate
    its kind: a haze of another class around them costs nothing.
    """
    if case.scene.probability is None:
        return {}
    where = case.in_zone
    if case.scene.labels is not None and case.own_candidate in case.candidates_in_zone:
        where = where & (np.asarray(case.scene.labels) == case.own_candidate)
    sums: dict[str, float] = {}
    for channel, spec in enumerate(case.survey.evidence.classes):
        if spec.role.is_synapse and spec.role.kind is not Kind.UNKNOWN:
            found = float(case.scene.probability[channel][where].sum())
            sums[spec.role.kind.value] = sums.get(spec.role.kind.value, 0.0) + found
    return sums
