"""Random changes of grey values: contrast, noise, blur, sections that differ or are missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter


def relight(patch: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A copy of ``patch`` as another microscope, section or day might have shown it.

    Parameters
    ----------
    patch : array
        (z, y, x) float32, normalised: mean about 0, standard deviation about 1.
    rng : Generator
        Source of all randomness.
    """
    out = patch * np.float32(rng.uniform(0.75, 1.3)) + np.float32(rng.uniform(-0.3, 0.3))
    out = _bend_greys(out, rng.uniform(-0.25, 0.25))
    sections = (len(patch), 1, 1)
    out *= rng.normal(1, 0.07, sections).astype(np.float32)
    out += rng.normal(0, 0.1, sections).astype(np.float32)
    if rng.random() < 0.2:
        out = gaussian_filter(out, (0, *[rng.uniform(0.4, 1.1)] * 2))
    if rng.random() < 0.4:
        out += rng.standard_normal(out.shape, np.float32) * np.float32(rng.uniform(0.05, 0.3))
    if rng.random() < 0.1:
        out[rng.integers(len(out))] = rng.choice([out.min(), np.float32(0)])
    return out


def _bend_greys(patch: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    """A change of gamma that keeps ±2 standard deviations where they are."""
    lift = np.clip(1 - (patch / 2) ** 2, -1, 1).astype(np.float32)
    return patch + np.float32(strength) * lift
