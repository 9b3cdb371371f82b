"""Courses of dendrites, spines and axons: balls strung on random walks, in nm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Points = NDArray[np.float64]

AXON, SHAFT, NECK, FIRST_HEAD = 0, 1, 2, 3
"""Part codes; the head of spine ``k`` is ``FIRST_HEAD + k``."""


@dataclass(frozen=True)
class Neurite:
    """A string of balls: ``centers_nm`` (N, 3) zyx, ``radii_nm`` (N,), ``parts`` (N,) codes."""

    centers_nm: Points
    radii_nm: Points
    parts: NDArray[np.int64]


def walk(
    start_nm: Points, extent_nm: Points, step_nm: float, turn: float, rng: np.random.Generator
) -> Points:
    """A smooth random walk through ``start_nm`` that leaves the volume at both ends: (N, 3)."""
    direction = rng.standard_normal(3)
    direction /= np.linalg.norm(direction)
    halves = []
    for sign in (1.0, -1.0):
        heading, here = sign * direction, np.array(start_nm, dtype=np.float64)
        half: list[Points] = []
        while np.all(here > -200.0) and np.all(here < extent_nm + 200.0) and len(half) < 2000:
            half.append(here)
            heading = heading + turn * rng.standard_normal(3)
            heading /= np.linalg.norm(heading)
            here = here + step_nm * heading
        halves.append(np.array(half))
    return np.concatenate([halves[1][:0:-1], halves[0]])


def grow_axon(
    start_nm: Points, calibre_nm: float, extent_nm: Points, rng: np.random.Generator
) -> Neurite:
    """An axon through ``start_nm``: thin, with a bouton at the start and one about every µm."""
    step = 48.0
    centers = walk(start_nm, extent_nm, step, 0.16, rng)
    origin = int(np.argmin(((centers - start_nm) ** 2).sum(axis=1)))
    phase = (np.arange(len(centers)) - origin) * step / rng.uniform(800.0, 1300.0)
    swelling = np.cos(np.pi * phase) ** 6
    radii = calibre_nm * (1.0 + rng.uniform(0.6, 1.1) * swelling)
    return Neurite(centers, radii, np.full(len(centers), AXON))


def grow_dendrites(
    extent_nm: Points, volume_share: float, rng: np.random.Generator
) -> list[Neurite]:
    """Smooth thick shafts that stay clear of each other and fill ``volume_share``; at least one."""
    widest = 0.2 * float(np.min(extent_nm))
    dendrites: list[Neurite] = []
    filled = 0.0
    for _ in range(300):
        if dendrites and filled >= volume_share * float(np.prod(extent_nm)):
            break
        radius = min(rng.uniform(210.0, 330.0), widest)
        middle = extent_nm * rng.uniform(0.1, 0.9, 3)
        centers = walk(middle, extent_nm, 50.0, 0.05, rng)
        if any(_gap(centers, radius, other) < 150.0 for other in dendrites):
            continue
        wave = 1.0 + 0.12 * np.sin(np.arange(len(centers)) * 50.0 / 160.0 + rng.uniform(0, 6.3))
        dendrites.append(Neurite(centers, radius * wave, np.full(len(centers), SHAFT)))
        inside = np.all((centers >= 0) & (centers <= extent_nm), axis=1).sum()
        filled += np.pi * radius**2 * 50.0 * float(inside)
    return dendrites


def grow_spines(
    dendrites: list[Neurite], count: int, extent_nm: Points, rng: np.random.Generator
) -> Iterator[tuple[int, Neurite]]:
    """Up to ``count`` spines, a bulb on a thin neck each, with the index of their dendrite.

    A spine grows from the nearest dendrite to a random place, unless the place is taken or too
    far; the places are spread over the whole volume.
    """
    scale = max(min(1.0, float(np.min(extent_nm)) / 1000.0), 0.7)
    heads: list[Points] = []
    for spacing in (430.0, 360.0, 300.0):
        for place in extent_nm * rng.uniform(0.06, 0.94, (400 + 40 * count, 3)):
            if len(heads) >= count:
                return
            if heads and np.min(np.linalg.norm(np.array(heads) - place, axis=1)) < spacing:
                continue
            radius = scale * rng.uniform(125.0, 180.0)
            owner = _owner(dendrites, place, radius)
            if owner is None:
                continue
            yield owner, _spine(dendrites[owner], place, radius, FIRST_HEAD + len(heads), rng)
            heads.append(place)


def _gap(centers: Points, radius: float, other: Neurite) -> float:
    distance, _ = cKDTree(other.centers_nm).query(centers)
    return float(distance.min() - radius - other.radii_nm.max())


def _owner(dendrites: list[Neurite], place: Points, radius: float) -> int | None:
    """Index of the dendrite a spine at ``place`` grows from; None where none fits."""
    gaps = [
        float(np.min(np.linalg.norm(d.centers_nm - place, axis=1) - d.radii_nm)) for d in dendrites
    ]
    nearest = int(np.argmin(gaps))
    too_near = gaps[nearest] < radius + 40.0
    return None if too_near or gaps[nearest] > 900.0 else nearest


def _spine(
    dendrite: Neurite, place: Points, radius: float, code: int, rng: np.random.Generator
) -> Neurite:
    """Neck from the centre line of ``dendrite`` to a head of ``radius`` at ``place``."""
    root = dendrite.centers_nm[np.argmin(np.linalg.norm(dendrite.centers_nm - place, axis=1))]
    length = float(np.linalg.norm(place - root))
    along = np.linspace(0.0, 1.0, max(4, int(length / 25.0)))[:, np.newaxis]
    bow = rng.normal(0.0, 0.06 * length, 3) * np.sin(np.pi * along)
    neck = root + along * (place - root) + bow
    bulb = place + np.array([[0.0, 0.0, 0.0], rng.normal(0.0, 25.0, 3), rng.normal(0.0, 25.0, 3)])
    radii = np.concatenate([np.full(len(neck), rng.uniform(48.0, 60.0)), radius * np.ones(3)])
    parts = np.concatenate([np.full(len(neck), NECK), np.full(3, code)])
    return Neurite(np.concatenate([neck, bulb]), radii, parts)
