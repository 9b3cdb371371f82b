"""Packages of a tiny model, tested by bioimageio.core itself."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import bioimageio.core
import numpy as np
import pytest
import torch

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.records import empty
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.io import bioimage
from napari_synapse_debug.io.bioimage import About, PackageTestError, read_package, write_package
from napari_synapse_debug.io.checkpoint import load_model, save_model
from napari_synapse_debug.networks import (
    RECORD,
    Intensity,
    NetworkPlan,
    TrainedNetwork,
    build_network,
)

PLAN = NetworkPlan(
    classes=(ClassSpec("cleft 1", Role.SYNAPSE), ClassSpec("mito", Role.MITOCHONDRION)),
    voxel_size_nm=(40.0, 8.0, 8.0),
    binning=(1, 2, 2),
    patch_vx=(4, 16, 16),
    filters=(4, 8, 8),
    kernels=((1, 3, 3), (1, 3, 3), (1, 3, 3)),
    strides=((1, 1, 1), (1, 2, 2), (1, 2, 2)),
    intensity=Intensity(low=20, high=230, mean=120, std=40),
)
ABOUT = About("tiny net", "# Card\n\nOf a test.\n", "CC-BY-4.0", ("A. Tester",))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an untrained network."""
    folder = tmp_path_factory.mktemp("models") / "model"
    torch.manual_seed(2)
    network = build_network(PLAN)
    save_model(folder, TrainedNetwork(PLAN, network.state_dict(), empty(RECORD)))
    (folder / "calibration.json").write_text(json.dumps({"threshold": 0.35}))
    return folder


@pytest.fixture(scope="module")
def sample() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (5, 61, 70), dtype=np.uint8)


@pytest.fixture(scope="module")
def _package(model: Path, sample: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packages") / "net.zip"
    write_package(model, ABOUT, sample, path)
    return path


@pytest.fixture
def package(_package: Path, tmp_path: Path) -> Path:
    """A copy of the package of the model."""
    return Path(shutil.copy(_package, tmp_path / "net.zip"))


@pytest.fixture
def rewrite(package: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the package with parts replaced (bytes) or left out (None)."""

    def write(**parts: bytes | None) -> Path:
        changed = {name.replace("__", "."): content for name, content in parts.items()}
        path = tmp_path / "changed.zip"
        with zipfile.ZipFile(package) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                content = changed.get(name, old.read(name))
                if content is not None:
                    new.writestr(name, content)
        return path

    return write


def test_a_package_passes_the_test_run_and_says_what_it_is(package: Path) -> None:
    described = bioimageio.core.load_description(package)
    assert described.license == "CC-BY-4.0"
    assert [author.name for author in described.authors] == ["A. Tester"]
    (raw,), (probability,) = described.inputs, described.outputs
    z, y, x = raw.axes[2:]
    assert [axis.scale for axis in (z, y, x)] == [40, 8, 8]
    assert (z.size.step, y.size.step) == (1, 8)
    assert [getattr(axis, "halo", 0) for axis in probability.axes[2:]] == list(PLAN.halo_vx)
    assert PLAN.halo_vx[0] == 0
    assert probability.axes[1].channel_names == ["cleft_1", "mito"]
    with zipfile.ZipFile(package) as archive:
        assert archive.read("README.md").decode() == ABOUT.card


def test_a_model_comes_back_as_it_was(package: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "back").mkdir()
    back, before = read_package(package, tmp_path / "back"), load_model(model)
    assert back.plan == before.plan
    for name, weight in before.weights.items():
        torch.testing.assert_close(back.weights[name], weight, rtol=0, atol=0)
    assert (tmp_path / "back" / "calibration.json").read_text() == '{"threshold": 0.35}'


def test_a_package_whose_bytes_were_changed_is_told(package: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("weights.pt").header_offset + 60
    content = bytearray(path.read_bytes())
    content[start : start + 40] = bytes(range(200, 240))
    path.write_bytes(content)
    (tmp_path / "back").mkdir()
    with pytest.raises(DataError, match="cannot be read as a package"):
        read_package(path, tmp_path / "back")


def test_a_damaged_record_does_not_keep_the_model_from_its_work(
    rewrite: Callable[..., Path], tmp_path: Path
) -> None:
    path = rewrite(training__csv=b'a,b\n"1,2,3\n\x00')
    (tmp_path / "back").mkdir()
    assert read_package(path, tmp_path / "back").record.empty


def test_a_package_that_fails_its_test_run_is_not_written(
    model: Path, sample: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bioimage._write_parts

    def wrong_output(folder: Path, *rest: object) -> None:
        real(folder, *rest)
        np.save(folder / "test_output.npy", np.load(folder / "test_output.npy") * 0.5)

    monkeypatch.setattr(bioimage, "_write_parts", wrong_output)
    with pytest.raises(PackageTestError, match=r"did not pass.*nothing was written"):
        write_package(model, ABOUT, sample, tmp_path / "net.zip")
    assert not (tmp_path / "net.zip").exists()


def test_what_cannot_be_described_is_refused(
    model: Path, sample: np.ndarray, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"cannot be described.*license.*SPDX"):
        write_package(model, About("net", "# Card", "my own"), sample, tmp_path / "net.zip")
    with pytest.raises(InputError, match=r"ending in \.zip"):
        write_package(model, ABOUT, sample, tmp_path / "net.tar")


def test_the_extra_is_asked_for_where_it_is_missing(
    model: Path, sample: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bioimageio.core", None)
    with pytest.raises(InputError, match=r"pip install 'napari-synapse-debug\[share\]'"):
        write_package(model, ABOUT, sample, tmp_path / "net.zip")


def test_a_model_of_another_program_is_refused(
    rewrite: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "back").mkdir()
    for parts, text in (
        ({"plan__json": None}, r"another program.*no plan\.json"),
        ({"rdf__yaml": b"name: net\ntype: model\n"}, r"another program.*no mark"),
        ({"rdf__yaml": None}, r"no bioimage\.io package.*bioimageio\.yaml"),
    ):
        with pytest.raises(InputError, match=text):
            read_package(rewrite(**parts), tmp_path / "back")
    with pytest.raises(InputError, match="There is no file"):
        read_package(tmp_path / "absent.zip", tmp_path / "back")


def test_damage_and_code_in_a_package_are_refused(
    rewrite: Callable[..., Path], package: Path, tmp_path: Path
) -> None:
    (tmp_path / "back").mkdir()
    torch.save({"plan": print, "weights": {}}, tmp_path / "bomb.pt")  # a callable, as in a bomb
    for content in (b"no zip", (tmp_path / "bomb.pt").read_bytes()):
        with pytest.raises(DataError, match=r"weights\.pt cannot be read as a model"):
            read_package(rewrite(weights__pt=content), tmp_path / "back")
    package.write_bytes(package.read_bytes()[:500])
    with pytest.raises(DataError, match="cannot be read as a package"):
        read_package(package, tmp_path / "back")
