"""The journal on disk: kept at every action, shared, never overwritten."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from napari_synapse_debug.domain.errors import DataError, StorageError
from napari_synapse_debug.domain.verdicts import Action, ActionKind, FindingRef
from napari_synapse_debug.io import ReviewStore, set_aside
from napari_synapse_debug.io.review_file import is_on_network, open_review_file

REF = FindingRef(
    key="missed:7",
    run="main",
    finding=3,
    error="missed",
    stage="classifier",
    cause="weak_signal",
    truth_row=7,
    pre_segment=2**63 + 5,
    pre_nm=(0.0, 1.5, 2.0),
    cleft_nm=(0.0, 1.5, 2.25),
    post_nm=(0.0, 1.5, 2.5),
)
WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from napari_synapse_debug.domain.verdicts import ActionKind
    from napari_synapse_debug.io import ReviewStore

    with ReviewStore(Path(sys.argv[1]), sys.argv[2]) as store:
        for number in range(int(sys.argv[3])):
            store.append(ActionKind.COMMENT, str(number))
            print(number, flush=True)  # acknowledged
    """
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "review.sqlite"


def write(path: Path, author: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), author, str(count)],
        stdout=subprocess.PIPE,
        text=True,
    )


def actions_in(path: Path) -> list[Action]:
    with ReviewStore(path, "reader") as store:
        return [action for _, action in store.actions()]


def test_what_was_saved_is_read_back(path: Path) -> None:
    with ReviewStore(path, "anna") as store:
        given = [
            store.append(ActionKind.VERDICT, "unsure", REF),
            store.append(ActionKind.COMMENT, "Grenze unklar – 'ö'", REF),
            store.append(ActionKind.UNDO, target="0" * 32),
        ]
    assert actions_in(path) == given
    assert len({action.uid for action in given}) == 3
    assert [action.time for action in given] == sorted({action.time for action in given})


def test_closed_it_is_one_file(path: Path) -> None:
    with ReviewStore(path, "anna") as one, ReviewStore(path, "ben") as two:
        one.append(ActionKind.SEEN, subject=REF)
        two.append(ActionKind.SEEN, subject=REF)
        assert len(list(path.parent.iterdir())) > 1  # the log is beside it
    assert [part.name for part in path.parent.iterdir()] == ["review.sqlite"]
    assert len(actions_in(path)) == 2


def test_only_what_is_new_is_read_again(path: Path) -> None:
    with ReviewStore(path, "anna") as store:
        store.append(ActionKind.COMMENT, "a")
        serial = store.actions()[-1][0]
        assert store.actions(serial) == []
        store.append(ActionKind.COMMENT, "b")
        assert [action.value for _, action in store.actions(serial)] == ["b"]


def test_a_change_by_another_window_is_noticed_once(path: Path) -> None:
    with ReviewStore(path, "anna") as one, ReviewStore(path, "ben") as two:
        assert not one.is_changed_elsewhere()
        one.append(ActionKind.COMMENT, "mine")
        assert not one.is_changed_elsewhere()
        two.append(ActionKind.COMMENT, "theirs")
        assert one.is_changed_elsewhere()
        assert not one.is_changed_elsewhere()


def test_merging_twice_adds_nothing(path: Path, tmp_path: Path) -> None:
    with ReviewStore(tmp_path / "other.sqlite", "ben") as other:
        given = [other.append(ActionKind.COMMENT, str(number)) for number in range(4)]
    with ReviewStore(path, "anna") as store:
        assert store.add(given[:3]) == 3
        assert store.add(given) == 1
        assert store.add(given) == 0
        assert [action for _, action in store.actions()] == given


def test_time_rises_even_after_a_merge_from_a_fast_clock(path: Path) -> None:
    with ReviewStore(path, "anna") as store:
        future = Action("f" * 32, "2999-01-01T00:00:00.000000+00:00", "ben", "s", ActionKind.SEEN)
        store.add([future])
        assert store.append(ActionKind.SEEN).time == "2999-01-01T00:00:00.000001+00:00"


def test_nothing_in_the_journal_can_be_changed(path: Path) -> None:
    with ReviewStore(path, "anna") as store:
        store.append(ActionKind.COMMENT, "a")
    connection = sqlite3.connect(path)
    for statement in ("DELETE FROM actions", "UPDATE actions SET value = 'b'"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(statement)
    connection.close()
    assert [action.value for action in actions_in(path)] == ["a"]


def test_a_killed_writer_loses_nothing_that_was_acknowledged(path: Path) -> None:
    moment = random.Random(7)
    told = 0
    for _ in range(4):
        writer = write(path, "anna", 10_000)
        assert writer.stdout is not None
        lines = [writer.stdout.readline()]  # it has begun
        time.sleep(moment.uniform(0.0, 0.15))
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.read().splitlines()
        assert writer.wait() == -signal.SIGKILL
        told += len(lines)
        kept = len(actions_in(path))
        assert told <= kept <= told + 1  # saved, and killed before it could be told
        told = kept
    assert told > 8


def test_two_processes_at_once_lose_nothing(path: Path) -> None:
    writers = [write(path, author, 60) for author in ("anna", "ben")]
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0]
    actions = actions_in(path)
    for author in ("anna", "ben"):
        values = [action.value for action in actions if action.author == author]
        assert values == [str(number) for number in range(60)]
    assert [action.time for action in actions] == sorted({action.time for action in actions})


@pytest.mark.parametrize("content", [b"no data base at all, but long enough " * 99, b"SQLite f"])
def test_a_damaged_file_is_told_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read") as failure:
        ReviewStore(path, "anna")
    assert "--set-aside" in str(failure.value)
    assert path.read_bytes() == content


def test_a_broken_page_is_told(path: Path) -> None:
    with ReviewStore(path, "anna") as store:
        for _ in range(200):
            store.append(ActionKind.COMMENT, "text " * 20)
    content = bytearray(path.read_bytes())
    content[8192:20480] = b"\x55" * 12288
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        ReviewStore(path, "anna")
    assert path.read_bytes() == bytes(content)


def test_the_data_base_of_another_program_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DataError, match="another program"):
        ReviewStore(path, "anna")
    assert path.read_bytes() == before


def test_a_newer_version_is_refused(path: Path) -> None:
    ReviewStore(path, "anna").close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=9")
    connection.close()
    with pytest.raises(DataError, match="newer version"):
        ReviewStore(path, "anna")


def test_set_aside_the_file_is_kept(path: Path) -> None:
    assert set_aside(path) is None
    path.write_bytes(b"broken")
    kept = set_aside(path)
    assert kept is not None
    assert not path.exists()
    assert kept.read_bytes() == b"broken"
    with ReviewStore(path, "anna") as store:
        assert store.actions() == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        ReviewStore(tmp_path / "nowhere" / "review.sqlite", "anna")


def test_a_file_held_by_another_program_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_synapse_debug.io.review_file._WAIT_MS", 50)
    with ReviewStore(path, "anna") as store:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="held by another program"):
            store.append(ActionKind.COMMENT, "a")
        holder.execute("ROLLBACK")
        holder.close()
        store.append(ActionKind.COMMENT, "b")
    assert [action.value for action in actions_in(path)] == ["b"]


@pytest.mark.parametrize(
    ("kind", "options", "mode"),
    [
        ("ext4", "rw,noatime", "wal"),
        ("nfs4", "rw", "delete"),
        ("cifs", "rw", "delete"),
        ("NTFS", "rw,fixed", "wal"),
        ("NTFS", "rw,remote", "delete"),  # a drive of Windows, mapped to a share
    ],
)
def test_on_a_network_disk_there_is_no_log(
    path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, options: str, mode: str
) -> None:
    class Disk:
        mountpoint = "/"
        fstype = kind
        opts = options

    monkeypatch.setattr("psutil.disk_partitions", lambda all: [Disk])
    assert is_on_network(path) == (mode == "delete")
    connection = open_review_file(path)
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == mode
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    connection.close()


def test_a_package_shares_the_id_of_its_project(tmp_path: Path) -> None:
    with ReviewStore(tmp_path / "a.sqlite", "anna") as store:
        own = store.review_id
    with ReviewStore(tmp_path / "b.sqlite", "ben", own) as package:
        assert package.review_id == own
    with ReviewStore(tmp_path / "a.sqlite", "anna", "another") as again:
        assert again.review_id == own
    with ReviewStore(tmp_path / "c.sqlite", "anna") as stranger:
        assert stranger.review_id != own
