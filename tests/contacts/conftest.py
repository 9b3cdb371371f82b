"""Small volumes drawn as text, and contacts found by the plainest means."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from napari_synapse_debug.domain.grid import Grid

Draw = Callable[..., np.ndarray]


@pytest.fixture
def draw() -> Draw:
    """Sections as text, ``.`` is background and other characters are ids in base 36."""

    def drawn(*sections: str, dtype: str = "uint32") -> np.ndarray:
        return np.array(
            [
                [[0 if c == "." else int(c, 36) for c in line] for line in section.split()]
                for section in sections
            ],
            dtype=dtype,
        )

    return drawn


def small_volumes(most: int = 4) -> st.SearchStrategy[np.ndarray]:
    """Random label volumes with sides that differ, 0 … 3 segments and background."""
    shapes = st.tuples(st.integers(1, 3), st.integers(1, most), st.integers(1, most + 1))
    return shapes.flatmap(lambda shape: npst.arrays(np.uint16, shape, elements=st.integers(0, 3)))


def brute_patches(labels: np.ndarray, grid: Grid) -> list[tuple]:
    """(a, b, faces zyx, centroid nm) of each patch, face by face with dictionaries, sorted."""
    faces: list[tuple[int, int, tuple[float, ...], int, list]] = []
    for low in product(*map(range, labels.shape)):
        for axis in range(3):
            high = tuple(v + (k == axis) for k, v in enumerate(low))
            if high[axis] >= labels.shape[axis]:
                continue
            one, two = int(labels[low]), int(labels[high])
            if one and two and one != two:
                middle = tuple((p + q) / 2 for p, q in zip(low, high, strict=True))
                others = [k for k in range(3) if k != axis]
                # the middles of its four lattice edges, in the same coordinates
                edges = []
                for k, side in product(others, (-0.5, 0.5)):
                    edge = list(middle)
                    edge[k] += side
                    edges.append(tuple(edge))
                faces.append((min(one, two), max(one, two), middle, axis, edges))
    return sorted(_merge(faces, grid))


def _merge(faces: list, grid: Grid) -> Iterable[tuple]:
    group = list(range(len(faces)))
    by_edge = defaultdict(list)
    for number, (a, b, _, _, edges) in enumerate(faces):
        for edge in edges:
            by_edge[a, b, edge].append(number)
    changed = True
    while changed:
        changed = False
        for members in by_edge.values():
            least = min(group[m] for m in members)
            changed |= any(group[m] != least for m in members)
            for m in members:
                group[m] = least
    for root in set(group):
        own = [face for face, g in zip(faces, group, strict=True) if g == root]
        count = tuple(sum(face[3] == axis for face in own) for axis in range(3))
        centroid = grid.to_nm(np.mean([face[2] for face in own], axis=0))[0]
        yield own[0][0], own[0][1], count, tuple(np.round(centroid, 6))


@pytest.fixture
def real_data() -> Path:
    """The folder of the real data; the test is skipped where it is absent."""
    folder = Path(os.environ.get("SYNAPSE_DEBUG_DATA", "../shared/data"))
    if not (folder / "vnc_left.h5").exists():
        pytest.skip(f"no vnc_left.h5 in {folder}; set SYNAPSE_DEBUG_DATA")
    return folder
