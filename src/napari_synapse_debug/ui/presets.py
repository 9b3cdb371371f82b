"""Which layers show an error of each stage: the evidence that a person would ask for first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from napari_synapse_debug.domain.project import ProjectConfig
from napari_synapse_debug.domain.stages import Stage
from napari_synapse_debug.ui.names import LayerName, mask_name, probability_name
from napari_synapse_debug.ui.ports import Results

_ALWAYS = frozenset(
    {
        LayerName.RAW,
        LayerName.PARTNERS,
        LayerName.TRUTH,
        LayerName.TRUTH_LINKS,
        LayerName.PREDICTION,
        LayerName.PREDICTION_LINKS,
        LayerName.FINDING,
    }
)

_MORE: Mapping[str, frozenset[str]] = {
    Stage.CANDIDATE: frozenset({LayerName.CANDIDATES}),
    Stage.CONTACT: frozenset({LayerName.CONTACTS, LayerName.INTERFACE}),
    Stage.ASSIGNMENT: frozenset({LayerName.INTERFACE}),
}

_SHOWS_PROBABILITY = frozenset({Stage.CLASSIFIER, Stage.CANDIDATE, Stage.GROUND_TRUTH})


Kept = Mapping[str, Iterable[str]]
"""Names of layers by stage, as the user wants them instead of the defaults."""


def preset(stage: str, config: ProjectConfig, kept: Kept | None = None) -> frozenset[str]:
    """Names of the layers to show for an error of ``stage``; all others are hidden."""
    if kept and stage in kept:
        return frozenset(kept[stage])
    shown = _ALWAYS | _MORE.get(stage, frozenset())
    if stage in _SHOWS_PROBABILITY:
        synaptic = [spec.name for spec in config.classes if spec.role.is_synapse]
        shown |= {probability_name(name) for name in synaptic}
    if stage == Stage.CLASSIFIER:
        shown |= {mask_name(name) for name in _synaptic_masks(config)}
    return frozenset(str(name) for name in shown)


def visibility(
    names: Iterable[str], shown: frozenset[str], by_hand: Mapping[str, bool]
) -> dict[str, bool]:
    """Whether each layer of ``names`` shows: what the user set by hand wins over the preset."""
    return {name: by_hand.get(name, name in shown) for name in names}


def oracle_layers(stage: str, results: Results | None) -> frozenset[str]:
    """Names of the layers with what ``stage`` should have given; empty where none is known."""
    if results is None:
        return frozenset()
    if stage == Stage.SEGMENTATION and "true_segmentation" in results.volumes:
        return frozenset({str(LayerName.TRUE_SEGMENTATION)})
    if stage in _SHOWS_PROBABILITY:
        masks = _synaptic_masks(results.config)
        return frozenset(mask_name(name) for name in masks if f"mask:{name}" in results.volumes)
    return frozenset()


def _synaptic_masks(config: ProjectConfig) -> list[str]:
    return [mask.name for mask in config.masks if mask.role.is_synapse]
