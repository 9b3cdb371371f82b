"""The score with its recipe, as two lines: the numbers large, the rule they hold for small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari_synapse_debug.evaluate import Evaluation

_NOT_YET = "No score yet"
_NEXT = "Run Evaluate: it compares the synapses found with the truth."


@dataclass(frozen=True)
class ScoreLine:
    """``numbers``, the rates; ``recipe``, what they depend on; ``notes``, what to know of them."""

    numbers: str
    recipe: str
    notes: str = ""


def score_line(content: Mapping[str, Any] | None) -> ScoreLine:
    """The lines for the content of ``evaluation.json``; None: what to do to get a score."""
    if content is None:
        return ScoreLine(_NOT_YET, _NEXT)
    own = {name: content[name] for name in Evaluation.model_fields if name in content}
    evaluation = Evaluation.model_validate(own)
    numbers, _, recipe = evaluation.summary().partition(" · ")
    counts = f"{evaluation.tp} right · {evaluation.fn} missed · {evaluation.fp} false"
    return ScoreLine(numbers, f"{counts} · {recipe}", "\n".join(evaluation.notes))
