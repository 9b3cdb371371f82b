"""The file ``review.sqlite``: made, opened, checked and set aside.

SQLite with a write-ahead log where the disk allows it, so that readers never wait for a writer;
network disks lack the shared memory that the log needs and get a rollback journal.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psutil

from napari_synapse_debug.domain.errors import DataError, StorageError, SynapseDebugError
from napari_synapse_debug.io.atomic import guard_storage

_log = logging.getLogger(__name__)

FORMAT = 1
"""Of the files that this version writes (``user_version``); it reads no later ones."""

APPLICATION = 0x53594E44
"""``application_id`` of SQLite's header: SYND."""

_WAIT_MS = 10_000
_SIDES = ("-wal", "-shm", "-journal")
_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "sshfs",
    "9p",
    "afs",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "gluster",
)

_SCHEMA = """
CREATE TABLE actions (
    serial INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    time TEXT NOT NULL,
    author TEXT NOT NULL,
    session TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    subject TEXT,
    target TEXT NOT NULL
);
CREATE INDEX actions_by_time ON actions (time);
CREATE TABLE review (id TEXT NOT NULL);
CREATE TRIGGER actions_are_kept BEFORE DELETE ON actions
    BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
CREATE TRIGGER actions_stay BEFORE UPDATE ON actions
    BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
"""


def open_review_file(path: Path, review_id: str | None = None) -> sqlite3.Connection:
    """A connection to the journal at ``path``, which is made if absent.

    Parameters
    ----------
    path : Path
        The file; its folder must be there.
    review_id : str, optional
        Of a journal to be made: that of the project whose findings are reviewed.

    Raises
    ------
    DataError
        The file is damaged, of another program, or of a newer version; it is left as it is.
    StorageError
        It may not be written, or another program holds it.
    """
    try:
        with guard_storage(path.parent):
            connection = _connect(path, review_id)
    except sqlite3.DatabaseError as error:
        raise file_error(error, path) from error
    return connection


def close_review_file(connection: sqlite3.Connection) -> None:
    """Close the connection; the last one leaves a single file that can be copied and mailed."""
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:  # another window has it open and will do this
        _log.info("the review file stays with its log: %s", error)
    connection.close()


def set_aside(path: Path) -> Path | None:
    """Rename the review file, and SQLite's files beside it; its new path. None without one.

    Raises
    ------
    StorageError
        The folder may not be written.
    """
    if not path.exists():
        return None
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    kept = path.with_name(f"{path.name}.aside-{moment}-{uuid4().hex[:4]}")
    with guard_storage(path.parent):
        for side in (*_SIDES, ""):
            part = path.with_name(path.name + side)
            if part.exists():
                part.rename(kept.with_name(kept.name + side))
    return kept


def is_on_network(path: Path) -> bool:
    """Whether ``path`` lies on a disk of another machine, as far as the system tells."""
    place = path.absolute().parent
    if str(place).startswith("\\\\"):
        return True
    best, kind, options = -1, "", ""
    for disk in psutil.disk_partitions(all=True):
        mounted = Path(disk.mountpoint)
        if place.is_relative_to(mounted) and len(mounted.parts) > best:
            best, kind = len(mounted.parts), disk.fstype.lower()
            options = disk.opts.lower()
    # Windows tells the file system of the other machine, and that the drive is a remote one
    return "remote" in options.split(",") or any(name in kind for name in _NETWORK)


def file_error(error: sqlite3.Error, path: Path) -> SynapseDebugError:
    """What a failure of SQLite means, in words."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return StorageError(
            f"The verdicts in {path} are held by another program",
            found=text,
            expected=f"the file free within {_WAIT_MS // 1000} s",
            fix="close the other program, or wait until it is done, and try again",
        )
    if "readonly" in text or "unable to open" in text:
        return StorageError(
            f"The verdicts in {path} cannot be written",
            found=text,
            expected="a folder and a file that you may write to",
            fix="change the permissions, or copy the project to a folder of yours",
        )
    if "full" in text or "I/O" in text:
        return StorageError(
            f"The verdicts in {path} could not be saved",
            found=text,
            expected="room on a working disk",
            fix="free space there; all verdicts before the last one are kept",
        )
    return _unusable(path, text)


def _connect(path: Path, review_id: str | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_MS / 1000, isolation_level=None)
    try:
        _check_or_make(connection, path, review_id)
        mode = "DELETE" if is_on_network(path) else "WAL"
        _set_journal(connection, mode)
        # FULL: a commit returns when the disk has it, so a loss of power loses nothing either
        connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_journal(connection: sqlite3.Connection, mode: str) -> None:
    try:
        connection.execute(f"PRAGMA journal_mode={mode}")
    except sqlite3.OperationalError as error:
        _log.info("the review file keeps its journal mode: %s", error)


def _check_or_make(connection: sqlite3.Connection, path: Path, review_id: str | None) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if tables == 0:
            _make(connection, review_id or uuid4().hex)
        else:
            _check(connection, path)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _make(connection: sqlite3.Connection, review_id: str) -> None:
    statement = ""
    for line in _SCHEMA.splitlines():  # executescript would commit what is open
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    connection.execute("INSERT INTO review VALUES (?)", (review_id,))
    connection.execute(f"PRAGMA application_id={APPLICATION}")
    connection.execute(f"PRAGMA user_version={FORMAT}")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION:
        raise _unusable(path, f"a data base of another program (application_id {application})")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > FORMAT:
        raise DataError(
            f"{path} was written by a newer version",
            found=f"format {version}",
            expected=f"format {FORMAT}",
            fix="update napari-synapse-debug",
        )
    problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise _unusable(path, str(problem))


def _unusable(path: Path, found: str) -> DataError:
    return DataError(
        f"The verdicts in {path} cannot be read",
        found=found,
        expected=f"a review file of napari-synapse-debug, format {FORMAT}",
        fix=f"put a copy of the file in its place, or begin anew with `synapse-debug verdicts "
        f"{path.parent} --set-aside`, which renames {os.fspath(path.name)} and deletes nothing",
    )
