"""Damaged data, a full disk, a killed worker, Ctrl+C: told in words, and nothing lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from napari_synapse_debug.cli.console import RETRIES
from napari_synapse_debug.contacts import find_contacts
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams
from napari_synapse_debug.io import write_labels
from napari_synapse_debug.pipeline import run_steps

resource = pytest.importorskip("resource", reason="signals, limits and mounts of Unix")

LONG_S = 120
MANY_BLOCKS = ("--set", "contacts.block_vx=[2,4,8]")
ONE_BLOCK = ("--set", "contacts.block_vx=[32,256,256]")


def chunks_of(volume: Path) -> list[Path]:
    return sorted(path for path in (volume / "0" / "c").rglob("*") if path.is_file())


def test_a_damaged_chunk_is_named_and_results_stay(project: Path, call: Callable[..., Any]) -> None:
    run_steps(project, ["contacts"])
    result = project / "runs/main/contacts.parquet"
    before = result.read_bytes()

    chunk = chunks_of(project.parent / "ids.zarr")[3]
    whole = chunk.read_bytes()
    chunk.write_bytes(b"garbage" * 9)
    told = call("contacts", "project", "--again")
    told.assert_one_error("ids.zarr")
    assert result.read_bytes() == before

    chunk.write_bytes(whole)
    assert run_steps(project, ["contacts"], again=True).steps
    assert result.read_bytes() == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB, mounted for the time of the test."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"mounting is not permitted: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_results_stay(
    small_disk: Path, volumes: Path, call: Callable[..., Any]
) -> None:
    disk = small_disk / "project"
    named = ("--raw", "raw.zarr", "--segmentation", "ids.zarr")
    assert call("init", disk, *named).code == 0
    run_steps(disk, ["contacts"])
    before = {path: path.read_bytes() for path in (disk / "runs/main").iterdir()}
    assert {path.name for path in before} == {
        "contacts.parquet",
        "contact_pairs.parquet",
        "run.json",
    }

    with pytest.raises(OSError, match="No space left"):
        (small_disk / "filler").write_bytes(b"x" * 2**20)
    told = call("contacts", disk, "--again")
    told.assert_one_error("could not be written", "the disk is full", "0.00 GiB free")
    assert {path: path.read_bytes() for path in (disk / "runs/main").iterdir()} == before

    (small_disk / "filler").unlink()
    assert run_steps(disk, ["contacts"], again=True).steps


@pytest.fixture(scope="module")
def _compiled() -> None:
    """The engine compiled for this machine, which takes long once and writes large files."""
    ids = np.arange(24, dtype=np.uint32).reshape(2, 3, 4)
    find_contacts(ids, Grid(ids.shape, (40.0, 8.0, 10.0)), ContactParams())


@pytest.mark.slow
@pytest.mark.usefixtures("_compiled")
def test_a_limit_on_files_is_told_like_a_full_disk(
    project: Path, start: Callable[..., subprocess.Popen[str]], finish: Callable[..., Any]
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    told = finish(start("contacts", "project", cwd=project.parent, preexec_fn=limit))
    told.assert_one_error("the disk is full or a limit is reached", "File too large")
    assert not list((project / "runs/main").iterdir())


@pytest.fixture
def long_project(project: Path, _compiled: None) -> Path:
    """A project on which the contacts in small blocks take many seconds."""
    shape = (32, 256, 256)
    tiles = np.indices(shape) // np.array([8, 16, 16]).reshape(3, 1, 1, 1)
    ids = (1 + tiles[0] + 4 * tiles[1] + 64 * tiles[2]).astype(np.uint32)
    grid = Grid(shape, (40.0, 8.0, 10.0))
    for name in ("raw", "ids"):
        write_labels(project.parent / f"{name}.zarr", ids, grid)
    return project


def worker_of(process: subprocess.Popen[str]) -> psutil.Process:
    """The process of a running call that works, not the one that cleans up after it."""
    children = psutil.Process(process.pid).children(recursive=True)
    (worker,) = [child for child in children if "resource_tracker" not in str(child.cmdline())]
    return worker


def next_worker(process: subprocess.Popen[str], before: psutil.Process | None) -> psutil.Process:
    """The process that works, once it is another one than ``before``, which may lie about dead."""
    until = time.monotonic() + LONG_S
    while time.monotonic() < until:
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                is_worker = "resource_tracker" not in str(child.cmdline())
                if is_worker and child != before and child.status() != psutil.STATUS_ZOMBIE:
                    return child
        time.sleep(0.05)
    pytest.fail("no worker came")


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    pytest.fail(f"ended without {words!r}: {process.stderr and process.stderr.read()}")


def wait_for_progress(process: subprocess.Popen[str]) -> None:
    wait_for(process, "block")


@pytest.mark.slow
def test_a_killed_worker_is_named_and_the_next_call_finishes(
    long_project: Path,
    start: Callable[..., subprocess.Popen[str]],
    finish: Callable[..., Any],
) -> None:
    process = start("contacts", "project", *MANY_BLOCKS, cwd=long_project.parent)
    worker = None
    for attempt in range(1 + RETRIES):
        if attempt:
            wait_for(process, "its process died")
        worker = next_worker(process, worker)
        wait_for_progress(process)
        worker.send_signal(signal.SIGKILL)
    finish(process).assert_one_error("process that ran the step died", "SIGKILL", "run the step")
    assert not (long_project / "runs/main/contacts.parquet").exists()

    told = finish(start("contacts", "project", *ONE_BLOCK, cwd=long_project.parent))
    assert (told.code, told.err) == (0, "")
    assert (long_project / "runs/main/contacts.parquet").exists()


@pytest.mark.slow
def test_a_step_whose_worker_was_killed_once_goes_on(
    long_project: Path,
    start: Callable[..., subprocess.Popen[str]],
    finish: Callable[..., Any],
) -> None:
    process = start("contacts", "project", *MANY_BLOCKS, cwd=long_project.parent)
    wait_for_progress(process)
    worker_of(process).send_signal(signal.SIGKILL)
    wait_for(process, "its process died")
    wait_for_progress(process)
    process.send_signal(signal.SIGINT)
    assert finish(process).code == 130


@pytest.mark.slow
def test_ctrl_c_stops_in_order(
    long_project: Path,
    start: Callable[..., subprocess.Popen[str]],
    finish: Callable[..., Any],
) -> None:
    process = start(
        "contacts", "project", *MANY_BLOCKS, cwd=long_project.parent, start_new_session=True
    )
    wait_for_progress(process)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    os.killpg(process.pid, signal.SIGINT)
    told = finish(process)
    assert told.code == 130
    assert "Stopped. What was finished is kept" in told.out
    assert "Traceback" not in told.out + told.err
    end = time.monotonic() + 60  # long, as the machine may be busy; one left behind stays for good
    while any(p.is_running() and p.status() != "zombie" for p in family):
        assert time.monotonic() < end, "a process was left behind"
        time.sleep(0.05)
