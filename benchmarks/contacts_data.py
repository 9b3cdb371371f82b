"""What the bars of contacts and candidates share: the data, and timing in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from commands import DATA

PINKY_NM = (40.0, 4.0, 4.0)


def pinky() -> np.ndarray:
    """The real segmentation, 512³ uint16."""
    with np.load(DATA / "pinky_512.npz") as file:
        return file["seg"]


def in_turns(rounds: int, **functions: Callable[[], object]) -> dict[str, float]:
    """Median seconds of CPU of each function: each once (not counted), then A B … A B …

    CPU time of the process, so that other work on the machine distorts it less; everything
    timed here runs on one thread.
    """
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for round_ in range(rounds + 1):
        for name, function in functions.items():
            start = time.process_time()
            function()
            if round_:
                taken[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in taken.items()}
