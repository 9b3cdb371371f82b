"""Which steps there are, what each needs, and whether what a run holds is still up to date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.io.model_files import WEIGHTS

STEPS = ("train", "predict", "contacts", "synapses", "evaluate", "diagnose", "report")
"""The steps in the order in which they run."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "train": (),
    "predict": ("train",),
    "contacts": (),
    "synapses": ("predict", "contacts"),
    "evaluate": ("synapses",),
    "diagnose": ("evaluate",),
    "report": ("diagnose",),
}
"""The steps whose results a step reads."""

OUTPUTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "train": (("models", WEIGHTS),),
    "predict": (("runs", "prediction.zarr"),),
    "contacts": (("runs", "contacts.parquet"), ("runs", "contact_pairs.parquet")),
    "synapses": (("runs", "candidates.zarr"), ("runs", "synapses.parquet")),
    "evaluate": (("runs", "evaluation.json"), ("runs", "matches.parquet")),
    "diagnose": (("runs", "findings.parquet"),),
    "report": (("runs", "report.html"),),
}
"""Place (``models`` or ``runs``) and name of what must be there after a step."""

WITHOUT_EFFECT = frozenset({"device", "block_vx"})
"""Parameters that change how long a step takes and not what it makes."""


@dataclass(frozen=True)
class StepDone:
    """What a step made.

    Parameters
    ----------
    made : str
        One line for the user.
    counts : mapping
        For the record.
    clean_up : callable, optional
        Forgets what the step would go on from; called once it is recorded as done, so that a
        process that ends before loses nothing.
    """

    made: str
    counts: Mapping[str, int | float]
    clean_up: Callable[[], None] | None = None


def in_order(steps: Iterable[str]) -> tuple[str, ...]:
    """The named steps in the order in which they run.

    Raises
    ------
    InputError
        A name is no step.
    """
    wanted = set(steps)
    unknown = sorted(wanted - set(STEPS))
    if unknown:
        raise InputError(
            "There is no such step",
            found=", ".join(unknown),
            expected="some of " + ", ".join(STEPS),
            fix="correct the name; `candidates` are made by the step synapses",
        )
    return tuple(step for step in STEPS if step in wanted)


def step_key(params: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """A text that changes whenever the result of a step would.

    Parameters
    ----------
    params : mapping
        Parameters of the step, without those ``WITHOUT_EFFECT``.
    inputs : mapping
        Fingerprints of all that the step reads, by name.
    """
    content = {"params": dict(params), "inputs": dict(inputs)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
