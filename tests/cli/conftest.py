"""A folder with small volumes and a truth, and the command line run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_synapse_debug.cli.main import main
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.io import write_labels, write_volume

SHAPE = (8, 40, 50)
VOXEL_NM = (40.0, 8.0, 10.0)
PROGRAM = Path(sys.executable).with_name("synapse-debug")
LONG_S = 120
TRUTH = """\
pre_segment,post_segment,pre_z_nm,pre_y_nm,pre_x_nm,post_z_nm,post_y_nm,post_x_nm
1,2,120,80,150,120,80,350
2,1,240,240,350,240,240,150
1,2,200,160,150,200,160,350
1,2,40,200,150,40,200,350
"""


@dataclass(frozen=True)
class Told:
    """What a call printed, and how it ended."""

    code: int
    out: str
    err: str

    def assert_one_error(self, *texts: str, code: int = 1) -> None:
        """One message with what was found, or expected, and what to do; and no traceback."""
        assert self.code == code, self.err or self.out
        lines = self.err.splitlines()
        labels = [line.split(":")[0].strip() for line in lines]
        assert labels[0] == "Error", self.err
        assert labels.count("Error") == 1
        assert {"found", "expected", "to fix it"} & set(labels), self.err
        assert "Traceback" not in self.err + self.out
        for text in texts:
            assert text in self.err


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Runs the command line in this process; steps still run in a worker."""

    def run(*arguments: object) -> Told:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return Told(int(ended.value.code or 0), told.out, told.err)

    return run


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """Starts the installed program; keyword arguments are those of ``Popen``."""

    def run(*arguments: object, **more: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(PROGRAM), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            **more,
        )

    return run


@pytest.fixture
def finish() -> Callable[[subprocess.Popen[str]], Told]:
    """Waits for a program that was started."""

    def wait(process: subprocess.Popen[str]) -> Told:
        out, err = process.communicate(timeout=LONG_S)
        return Told(process.returncode, out, err)

    return wait


@pytest.fixture(scope="session")
def _volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two neurons side by side: as HDF5 data sets without a voxel size, and as OME-Zarr."""
    folder = tmp_path_factory.mktemp("volumes")
    ids = np.ones(SHAPE, np.uint32)
    ids[..., 25:] = 2
    grey = np.random.default_rng(6).integers(0, 255, SHAPE, dtype=np.uint8)
    with h5py.File(folder / "sample.h5", "w") as file:
        file["raw"] = grey
        file["labels/ids"] = ids
        file["labels/clefts"] = np.zeros(SHAPE, np.uint16)
        file["short"] = grey[:, :, :44]
        file["float_ids"] = ids.astype(np.float32)
        broken = grey.astype(np.float32)
        broken[2, 30, 4] = np.nan
        file["broken"] = broken
    grid = Grid(SHAPE, VOXEL_NM)
    write_volume(folder / "raw.zarr", grey, grid, chunks=(4, 20, 25))
    write_labels(folder / "ids.zarr", ids, grid, chunks=(4, 20, 25))
    (folder / "truth.csv").write_text(TRUTH)
    return folder


@pytest.fixture
def volumes(_volumes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the volumes, which is the working directory."""
    folder = Path(shutil.copytree(_volumes, tmp_path / "data"))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def project(volumes: Path, call: Callable[..., Told]) -> Path:
    """A project on the OME-Zarr volumes, made by `init`."""
    told = call("init", "project", "--raw", "raw.zarr", "--segmentation", "ids.zarr")
    assert told.code == 0, told.err
    return volumes / "project"
