"""Random changes of grey values: contrast, noise, blur, sections that differ or are missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

_BLUR_CHANCE = 0.2
_NOISE_CHANCE = 0.2
_MISSING_CHANCE = 0.03


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
    _bend_greys(out, rng.uniform(-0.25, 0.25))
    sections = (len(patch), 1, 1)
    out *= rng.normal(1, 0.07, sections).astype(np.float32)
    out += rng.normal(0, 0.1, sections).astype(np.float32)
    if rng.random() < _BLUR_CHANCE:
        out = gaussian_filter(out, (0, *[rng.uniform(0.4, 1.1)] * 2))
    if rng.random() < _NOISE_CHANCE:
        out += rng.standard_normal(out.shape, np.float32) * np.float32(rng.uniform(0.05, 0.3))
    if rng.random() < _MISSING_CHANCE:
        _lose_section(out, rng)
    return out


def _bend_greys(patch: NDArray[np.float32], strength: float) -> None:
    """Change the gamma of ``patch`` in place; ±2 standard deviations stay where they are."""
    lift = patch * np.float32(0.5)
    np.square(lift, out=lift)
    np.subtract(1, lift, out=lift)
    np.maximum(lift, -1, out=lift)
    lift *= np.float32(strength)
    patch += lift


def _lose_section(patch: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Replace a section of ``patch`` in place: black, grey, or its neighbour shown twice."""
    lost = int(rng.integers(len(patch)))
    how = rng.integers(3)
    if how == 0:
        patch[lost] = patch.min()
    elif how == 1 or len(patch) == 1:
        patch[lost] = 0
    else:
        patch[lost] = patch[lost - 1 if lost else 1]
