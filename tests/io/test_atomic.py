from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from napari_synapse_debug.domain.errors import DataError, StorageError
from napari_synapse_debug.io import atomic
from napari_synapse_debug.io.atomic import (
    guard_storage,
    read_json,
    replace_file,
    replace_folder,
    write_json,
    write_text,
)


@contextmanager
def small_files_only() -> Iterator[None]:
    """No file of this process may grow beyond 4 kB: a real write fails half-way.

    Only around the write itself: the test report may go to a file as well.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_text_replaces_what_was_there_and_makes_folders(tmp_path: Path) -> None:
    path = tmp_path / "new" / "note.txt"
    write_text(path, "first")
    write_text(path, "sécond")
    assert path.read_text(encoding="utf-8") == "sécond"
    assert [p.name for p in path.parent.iterdir()] == ["note.txt"]


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    write_text(path, "old")
    with pytest.raises(StorageError, match=r"GiB free.*free space"), small_files_only():
        write_text(path, "x" * 10_000)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="disk is full"), guard_storage(tmp_path / "new"):
        Path("/dev/full").write_text("x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_a_storage_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="not allowed"):
        write_text(tmp_path / "note.txt", "x")


def test_a_file_in_place_of_a_folder_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        write_text(tmp_path / "taken" / "note.txt", "x")


def test_other_errors_pass_the_guard(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), guard_storage(tmp_path):
        (tmp_path / "absent").read_text()


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "made.zarr"
    for content in ("a", "b"):
        with replace_folder(path) as folder:
            (folder / content).write_text(content)
    assert [p.name for p in path.iterdir()] == ["b"]
    assert [p.name for p in tmp_path.iterdir()] == ["made.zarr"]


@pytest.mark.parametrize("replace", [replace_file, replace_folder])
def test_an_error_in_the_block_leaves_nothing(tmp_path: Path, replace) -> None:
    with pytest.raises(ZeroDivisionError), replace(tmp_path / "made"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_fails_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "made"
    with replace_folder(path) as folder:
        (folder / "old").write_text("")
    with pytest.raises(ZeroDivisionError), replace_folder(path):
        raise ZeroDivisionError
    assert [p.name for p in path.iterdir()] == ["old"]
    assert [p.name for p in tmp_path.iterdir()] == ["made"]


def test_what_is_in_use_for_a_moment_is_renamed_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows refuses to rename what another program reads."""
    rename, refused = Path.replace, []

    def busy(self: Path, target: Path) -> Path:
        if len(refused) < 3:
            refused.append(self.name)
            raise PermissionError(errno.EACCES, "in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", busy)
    with pytest.raises(StorageError):
        write_text(tmp_path / "a.txt", "at once")
    assert len(refused) == 1
    monkeypatch.setattr(atomic, "PATIENCE_S", 5.0)
    write_text(tmp_path / "a.txt", "later")
    assert (len(refused), (tmp_path / "a.txt").read_text()) == (3, "later")


def test_json_round_trip_and_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"µ": [1, 2.5, None]})
    assert read_json(path) == {"µ": [1, 2.5, None]}
    path.write_text('{"a": ')
    with pytest.raises(DataError, match=r"a\.json is damaged"):
        read_json(path)


def test_a_drive_that_cannot_flush_a_folder_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = os.fsync

    def no_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        flush(handle)

    monkeypatch.setattr(os, "fsync", no_folders)
    write_text(tmp_path / "a.txt", "here")
    with replace_folder(tmp_path / "b") as place:
        write_text(place / "c.txt", "there")
    assert (tmp_path / "a.txt").read_text() + (tmp_path / "b/c.txt").read_text() == "herethere"
