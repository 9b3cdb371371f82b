"""Which layers show an error of each stage: the evidence that a person would ask for first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from napari_synapse_debug.domain.project import ProjectConfig
from napari_synapse_debug.domain.stages import Stage
from napari_synapse_debug.ui.names import LayerName, probability_name

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
    Stage.CONTACT: frozenset({LayerName.CONTACTS}),
}

_SHOWS_PROBABILITY = frozenset({Stage.CLASSIFIER, Stage.CANDIDATE, Stage.GROUND_TRUTH})


def preset(stage: str, config: ProjectConfig) -> frozenset[str]:
    """Names of the layers to show for an error of ``stage``; all others are hidden."""
    shown = _ALWAYS | _MORE.get(stage, frozenset())
    if stage in _SHOWS_PROBABILITY:
        synaptic = [spec.name for spec in config.classes if spec.role.is_synapse]
        shown |= {probability_name(name) for name in synaptic}
    return frozenset(str(name) for name in shown)


def visibility(
    names: Iterable[str], shown: frozenset[str], by_hand: Mapping[str, bool]
) -> dict[str, bool]:
    """Whether each layer of ``names`` shows: what the user set by hand wins over the preset."""
    return {name: by_hand.get(name, name in shown) for name in names}
