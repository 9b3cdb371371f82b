from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.io.fingerprint import fingerprint
from napari_synapse_debug.io.ome_zarr import create_volume


def test_a_small_file_counts_by_content_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("one")
    first = fingerprint(path)
    os.utime(path, (1, 1))
    assert fingerprint(path) == first
    path.write_text("two")
    assert fingerprint(path) != first
    assert len(first) == 16


def test_a_large_file_counts_by_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(b"x" * (5 * 2**20))
    first = fingerprint(path)
    assert fingerprint(path) == first
    os.utime(path, (1, 1))
    assert fingerprint(path) != first


def test_a_zarr_folder_changes_with_its_chunks_and_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    volume = create_volume(path, Grid((2, 8, 8), (40.0, 8.0, 8.0)), np.uint8, chunks=(2, 4, 4))
    seen = [fingerprint(path)]
    assert fingerprint(path) == seen[0]
    for value in (1, 2):
        volume.write(Box((0, 0, 0), (2, 4, 4)), np.full((2, 4, 4), value, np.uint8))
        seen.append(fingerprint(path))
    described = path / "zarr.json"
    described.write_text(described.read_text() + " ")
    seen.append(fingerprint(path))
    assert len(set(seen)) == 4


def test_nothing_has_no_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        fingerprint(tmp_path / "absent")
