"""The journal of verdicts in ``review.sqlite``: saved at every action, shared by windows.

A commit returns when the disk has it (``synchronous=FULL``), so neither a killed process nor a
loss of power loses an action that was acknowledged. Several processes may write: each action is
a transaction of its own, and none changes what is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from pydantic import ValidationError

from napari_synapse_debug.domain.errors import DataError
from napari_synapse_debug.domain.verdicts import Action, ActionKind, FindingRef
from napari_synapse_debug.io.review_file import close_review_file, file_error, open_review_file

_COLUMNS = "uid, time, author, session, kind, value, subject, target"
_INSERT = f"INSERT OR IGNORE INTO actions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_SELECT = f"SELECT serial, {_COLUMNS} FROM actions WHERE serial > ? ORDER BY serial"  # noqa: S608


class ReviewStore:
    """An open journal; a context manager, as it must be closed.

    Parameters
    ----------
    path : Path
        ``review.sqlite``; it is made if absent.
    author : str
        Who acts through this store.
    review_id : str, optional
        For a journal to be made: the id of the review that it is a part of; default a new one.

    Raises
    ------
    DataError
        The file is damaged, of another program, or of a newer version.
    StorageError
        It may not be written.
    """

    def __init__(self, path: Path, author: str, review_id: str | None = None) -> None:
        self.path = path
        self.author = author
        self.session = uuid4().hex
        self._connection = open_review_file(path, review_id)
        self._version = self._data_version()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def review_id(self) -> str:
        """Shared by a project and all packages made from it."""
        with self._guarded():
            return str(self._connection.execute("SELECT id FROM review").fetchone()[0])

    def append(
        self,
        kind: ActionKind,
        value: str = "",
        subject: FindingRef | None = None,
        target: str = "",
    ) -> Action:
        """Save one action of the author; it is on the disk when this returns.

        Raises
        ------
        StorageError
            It could not be saved.
        """
        with self._transaction():
            row = self._connection.execute("SELECT max(time) FROM actions").fetchone()
            action = Action(
                uuid4().hex,
                _next_time(row[0]),
                self.author,
                self.session,
                kind,
                value,
                subject,
                target,
            )
            self._connection.execute(_INSERT, _row_of(action))
        return action

    def add(self, actions: Iterable[Action]) -> int:
        """Save actions of another journal; those that are there already are left out.

        Returns how many were new. All of them are saved, or none.

        Raises
        ------
        StorageError
            They could not be saved.
        """
        with self._transaction():
            before = self._connection.total_changes
            self._connection.executemany(_INSERT, [_row_of(action) for action in actions])
            return self._connection.total_changes - before

    def actions(self, after: int = 0) -> list[tuple[int, Action]]:
        """The actions with a serial number above ``after``, with it, as they were saved.

        Raises
        ------
        DataError
            An action cannot be read.
        """
        with self._guarded():
            rows = self._connection.execute(_SELECT, (after,)).fetchall()
        return [(int(row[0]), self._action_of(row[1:])) for row in rows]

    def is_changed_elsewhere(self) -> bool:
        """Whether another window or program saved something since this was asked last."""
        version = self._data_version()
        is_changed = version != self._version
        self._version = version
        return is_changed

    def close(self) -> None:
        """Close the file; the last one to do so leaves a single file."""
        close_review_file(self._connection)

    def _data_version(self) -> int:
        with self._guarded():
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise file_error(error, self.path) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guarded():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _action_of(self, row: tuple[Any, ...]) -> Action:
        uid, time, author, session, kind, value, subject, target = row
        try:
            ref = None if subject is None else FindingRef.model_validate_json(subject)
            return Action(uid, time, author, session, ActionKind(kind), value, ref, target)
        except (ValidationError, ValueError) as error:
            raise DataError(
                f"An action in {self.path} cannot be read",
                found=f"{kind} of {author} at {time}: {error}",
                fix="update napari-synapse-debug; the file may be of a newer version",
            ) from error


def _row_of(action: Action) -> tuple[str | None, ...]:
    subject = None if action.subject is None else action.subject.model_dump_json()
    return (
        action.uid,
        action.time,
        action.author,
        action.session,
        action.kind.value,
        action.value,
        subject,
        action.target,
    )


def _next_time(last: str | None) -> str:
    """Now, or a microsecond after ``last`` where the clock is not beyond it."""
    now = datetime.now(UTC)
    if last is not None:
        now = max(now, datetime.fromisoformat(last) + timedelta(microseconds=1))
    return now.isoformat(timespec="microseconds")
