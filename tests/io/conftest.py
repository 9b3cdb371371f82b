"""Small volumes, tables and projects on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.project import Mask, ProjectConfig, Source
from napari_synapse_debug.domain.roles import Role

SHAPE = (5, 13, 22)
SIZE = (50.0, 4.6, 4.5)

HEADER = (
    "pre_segment,post_segment,pre_z_nm,pre_y_nm,pre_x_nm,"
    "cleft_z_nm,cleft_y_nm,cleft_x_nm,post_z_nm,post_y_nm,post_x_nm"
)


@pytest.fixture
def grid() -> Grid:
    return Grid(SHAPE, SIZE, (100.0, -9.2, 45.0))


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 250, SHAPE, dtype=np.uint16)


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    """Writes a table of synapses from its lines."""

    def write(*lines: str, header: str = HEADER) -> Path:
        path = tmp_path / "truth.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def sample(tmp_path: Path, values: np.ndarray) -> Path:
    """A file in CREMI's layout: raw, neuron ids and a mask."""
    path = tmp_path / "sample.h5"
    with h5py.File(path, "w") as file:
        for name, array in {
            "volumes/raw": values.astype(np.uint8),
            "volumes/labels/neuron_ids": values.astype(np.uint64),
            "volumes/labels/clefts": (values > 200).astype(np.uint32),
        }.items():
            made = file.create_dataset(name, data=array, chunks=(2, 8, 8), compression="gzip")
            made.attrs["resolution"] = SIZE
    return path


@pytest.fixture
def config(sample: Path) -> ProjectConfig:
    def source(dataset: str) -> Source:
        return Source(path=str(sample), dataset=dataset)

    return ProjectConfig(
        name="toy",
        voxel_size_nm=SIZE,
        raw=source("volumes/raw"),
        segmentation=source("volumes/labels/neuron_ids"),
        masks=(Mask(name="cleft", role=Role.SYNAPSE, source=source("volumes/labels/clefts")),),
        train_box="0:5,0:8,0:22",
        eval_box="0:5,8:13,0:22",
    )
