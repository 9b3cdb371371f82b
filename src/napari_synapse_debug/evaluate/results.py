"""The evaluation as it is kept: numbers that never travel without their recipe."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from napari_synapse_debug.domain.params import EvaluateParams

Interval = tuple[float, float]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CurvePoint(_Frozen):
    """Precision and recall of the predictions with at least this score, matched anew."""

    threshold: float | None
    precision: float | None
    recall: float | None
    f1: float | None


class Curve(_Frozen):
    """Precision over recall, from the highest score down.

    ``area`` is the average precision (Σ P·ΔR); ``best_f1`` is optimistic, as its threshold was
    chosen on the same rows.
    """

    points: tuple[CurvePoint, ...]
    area: float | None = None
    best_f1: float | None = None
    best_threshold: float | None = None
    is_optimistic: bool = True


class EdgeCount(_Frozen):
    """Ordered neuron pairs that are connected by at least ``at`` synapses."""

    at: int
    tp: int
    fp: int | None
    fn: int


class KindRate(_Frozen):
    """Rate among the ``n`` rows of one kind."""

    kind: str
    rate: float | None
    n: int


class Evaluation(_Frozen):
    """How good a prediction is, with everything that the numbers depend on.

    ``precision`` or ``recall`` is None where it is not defined (no prediction, no truth, or
    predictions that are not judged as the truth is sparse). The intervals are 95 % ones. ``tp``
    counts rows; under rule ``cleft`` and ``overlap`` it counts clefts.
    """

    rule: str
    judge: str
    scope: str
    params: EvaluateParams
    box: str
    notes: tuple[str, ...] = ()
    n_truth: int
    n_prediction: int
    tp: int
    fp: int
    fn: int
    ignored: int = 0
    unjudged: int = 0
    autapses_truth: int = 0
    autapses_prediction: int = 0
    precision: float | None
    recall: float | None
    f1: float | None
    precision_interval: Interval | None = None
    recall_interval: Interval | None = None
    f1_interval: Interval | None = None
    recall_by_kind: tuple[KindRate, ...] = ()
    precision_by_kind: tuple[KindRate, ...] = ()
    kind_accuracy: float | None = None
    kind_accuracy_interval: Interval | None = None
    direction_accuracy: float | None = None
    direction_accuracy_interval: Interval | None = None
    curve: Curve | None = None
    edges: tuple[EdgeCount, ...] = ()
    splits: int | None = None
    merges: int | None = None
    chance_f1: float | None = None

    def summary(self) -> str:
        """One line for people: the rates with their interval, and the recipe they hold for.

        For example ``P 1.00 R .84 F1 .91 [.88–.94] · three_point · judge gt · T 400 nm ·
        complete · n 210/176`` (n: truth/prediction).
        """
        rates = f"P {_short(self.precision)} R {_short(self.recall)} F1 {_short(self.f1)}"
        if self.f1_interval is not None:
            low, high = self.f1_interval
            rates += f" [{_short(low)}–{_short(high)}]"
        if self.chance_f1 is not None:
            rates += f" (chance {_short(self.chance_f1)})"
        parts = [rates, self.rule]
        settings = self.params.in_force
        if self.rule in ("three_point", "cremi", "synful"):
            parts.append(f"judge {self.judge}")
        parts.append(
            settings.overlap_mode if self.rule == "overlap" else f"T {settings.tolerance_nm:g} nm"
        )
        if self.rule == "synful" and settings.use_only != "both":
            parts.append(f"{settings.use_only} only")
        parts += [self.scope, f"n {self.n_truth}/{self.n_prediction}"]
        return " · ".join(parts)


def _short(rate: float | None) -> str:
    """``.87``, ``1.00``, or a dash where the rate is not defined."""
    if rate is None:
        return "–"
    text = f"{rate:.2f}"
    return text[1:] if text.startswith("0") else text
