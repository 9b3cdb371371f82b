"""Errors that a person can act on: what is wrong, found, expected, and what to do."""

from __future__ import annotations


class SynapseDebugError(Exception):
    """A failure that is told to the user in one message, without a traceback.

    Parameters
    ----------
    problem : str
        What is wrong, in one clause, with the name of the thing (a file, a column, a box).
    found, expected : str, optional
        The value met, and what it should have been.
    fix : str, optional
        The next step that the user can take.
    """

    def __init__(
        self,
        problem: str,
        found: str | None = None,
        expected: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(problem, found, expected, fix)
        self.problem = problem
        self.found = found
        self.expected = expected
        self.fix = fix

    def __str__(self) -> str:
        parts = [self.problem.rstrip(".") + "."]
        if self.found is not None:
            parts.append(f"Found: {self.found}.")
        if self.expected is not None:
            parts.append(f"Expected: {self.expected}.")
        if self.fix is not None:
            parts.append(f"To fix it: {self.fix}.")
        return " ".join(parts)


class InputError(SynapseDebugError):
    """Data given by the user that cannot be used: a path, a data set, a table, a box, a value."""


class ProjectError(SynapseDebugError):
    """A project folder that lacks something, or holds something that cannot be read."""


class DataError(SynapseDebugError):
    """Data on disk that is damaged: a corrupt chunk, a truncated file."""


class StorageError(SynapseDebugError):
    """Results could not be written: a full disk, a folder without write permission."""


class WorkerLostError(SynapseDebugError):
    """The process that ran a step died: killed, out of memory, or crashed."""


class StepCancelledError(SynapseDebugError):
    """A step was stopped on request; what it had finished is kept."""
