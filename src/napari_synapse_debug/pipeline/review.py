"""Review of a run by one person: verdicts and edits of the truth, saved as they are made."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import pandas as pd

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.records import FINDINGS, PREDICTION, TRUTH, Columns, empty
from napari_synapse_debug.domain.stages import ErrorKind
from napari_synapse_debug.domain.verdicts import (
    TRUTH_EDITS,
    Action,
    ActionKind,
    AddSynapse,
    Assignment,
    FindingRef,
    TruthEdit,
    Verdict,
    refer_to,
)
from napari_synapse_debug.evaluate import look_up_segments
from napari_synapse_debug.io import Project, ReviewStore, load_project, read_table
from napari_synapse_debug.pipeline.package_file import read_package, reviewer_name
from napari_synapse_debug.review import (
    FindingIndex,
    LookUp,
    ReviewState,
    check_row,
    correct_truth,
    find_again,
    has_row,
    new_row,
    next_redo,
    next_undo,
    once_per_point,
    replay,
    settle,
)


def open_review(
    folder: Path, run: str = "main", author: str | None = None, *, must_exist: bool = False
) -> Review:
    """The review of ``run``; ``review.sqlite`` is made if absent. It must be closed.

    Parameters
    ----------
    folder : Path
        A project, or a work package.
    run : str
        Whose findings are reviewed; without any, only the truth can be edited.
    author : str, optional
        Who reviews; default the reviewer of the work package, or the user's name.
    must_exist : bool
        Refuse to make ``review.sqlite``.

    Raises
    ------
    ProjectError
        There is no such project.
    InputError
        The author's name is empty, or there is no review where there must be one.
    DataError, StorageError
        ``review.sqlite`` cannot be read or written.
    """
    project = load_project(folder)
    package = read_package(project.folder)
    name = author or reviewer_name(package)
    if not name.strip():
        raise InputError(
            "The reviewer has no name", found=repr(name), fix="give one, as verdicts are signed"
        )
    if must_exist and not project.review_path.exists():
        raise InputError(
            f"Nothing was reviewed in {project.folder}",
            found=f"no {project.review_path.name}",
            fix="give verdicts in the window, or merge a work package",
        )
    review_id = package.review_id if package else None
    store = ReviewStore(project.review_path, name.strip(), review_id)
    return Review(project, run, store)


class Review:
    """One person's view of a project's journal; a context manager, as it must be closed.

    What changes something has saved it when it returns. What other windows saved is taken up by
    ``refresh``, which is due whenever ``store.is_changed_elsewhere()``.
    """

    def __init__(self, project: Project, run: str, store: ReviewStore) -> None:
        self.project = project
        self.run = run
        self.store = store
        self.findings = self._table("findings", FINDINGS)
        self._position = {int(n): at for at, n in enumerate(self.findings["finding"])}
        self._actions, self._serial = list[Action](), 0
        self._state: ReviewState | None = None
        self.refresh()

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
    def author(self) -> str:
        """Who reviews."""
        return self.store.author

    @cached_property
    def _index(self) -> FindingIndex:
        return FindingIndex.of(self.findings)

    @property
    def state(self) -> ReviewState:
        """What stands after all actions that were read so far."""
        if self._state is None:
            self._state = replay(self._actions)
        return self._state

    def refresh(self) -> bool:
        """Take up what was saved since, by whomever; whether there was anything."""
        new = self.store.actions(self._serial)
        if new:
            self._serial = new[-1][0]
            self._actions += [action for _, action in new]
            self._state = None
        return bool(new)

    def set_verdict(self, finding: int, verdict: Verdict | None) -> None:
        """Hold ``finding`` for ``verdict``; None takes the author's verdict back.

        Raises
        ------
        InputError
            There is no such finding in the run.
        """
        value = "" if verdict is None else verdict.value
        self._do(ActionKind.VERDICT, value, self.refer(finding))

    def set_comment(self, finding: int, comment: str) -> None:
        """Put ``comment`` in the place of the author's earlier one on ``finding``."""
        self._do(ActionKind.COMMENT, comment.strip(), self.refer(finding))

    def settle(self, finding: int, verdict: Verdict | None) -> None:
        """Settle what reviewers hold ``finding`` for, over all of their verdicts.

        None takes the author's settlement back.
        """
        value = "" if verdict is None else verdict.value
        self._do(ActionKind.SETTLE, value, self.refer(finding))

    def mark_seen(self, finding: int) -> None:
        """Remember that the author looked at ``finding``; a second time changes nothing."""
        ref = self.refer(finding)
        if (ref.key, self.author) not in self.state.seen:
            self._do(ActionKind.SEEN, subject=ref)

    def edit(self, edit: TruthEdit) -> int:
        """Change the corrected truth by hand; the row that was changed, or is new.

        Raises
        ------
        InputError
            The corrected truth has no such row.
        """
        kind = next(kind for kind, model in TRUTH_EDITS.items() if isinstance(edit, model))
        if not (isinstance(edit, AddSynapse) or has_row(edit.row, self._original, self._actions)):
            check_row(edit.row, self._original, self.state)
        uid = self._do(kind, edit.model_dump_json()).uid
        return new_row(uid) if isinstance(edit, AddSynapse) else edit.row

    def corrected_truth(self) -> pd.DataFrame:
        """The corrected truth (``review.correct_truth``); the file of the truth stays as it is."""
        return correct_truth(self._original, self.state, self.look_up(is_true=True))

    def undo(self) -> Action | None:
        """Undo the last thing done in this session that stands; it, or None without one."""
        action = next_undo(self._actions, self.author, self.store.session)
        if action is not None:
            self._do(ActionKind.UNDO, target=action.uid)
        return action

    def redo(self) -> Action | None:
        """Do again what was undone last in this session; it, or None without one."""
        action = next_redo(self._actions, self.author, self.store.session)
        if action is not None:
            self._do(ActionKind.REDO, target=action.uid)
        return action

    def verdicts(self, state: ReviewState | None = None) -> pd.DataFrame:
        """Who holds the run's findings for what in ``state``, by default now.

        A row for each finding and author: ``VERDICTS``, ``now_finding``, the number in this run,
        and ``is_stale``: given on another stage, to be shown and not applied.
        """
        return find_again((state or self.state).verdicts, self._index, self._segments)

    def n_moved(self, actions: Sequence[Action]) -> int:
        """How many false synapses that ``actions`` speak of are not where they were.

        Those are found again by the segments under their points, which have to be read.
        """
        told = {a.subject.key for a in actions if a.subject and a.subject.error == ErrorKind.FALSE}
        return len(told - self._index.at_key.keys())

    @cached_property
    def _segments(self) -> LookUp | None:
        """``look_up`` in the segmentation in use, which asks once for each point."""
        look_up = self.look_up()
        return None if look_up is None else once_per_point(look_up)

    def settled(self) -> pd.DataFrame:
        """What all reviewers together hold the run's findings for (``review.settle``)."""
        verdicts = self.verdicts()
        return settle(verdicts[~verdicts["is_stale"]], by=("now_finding",))

    def refer(self, finding: int) -> FindingRef:
        """What an action on ``finding`` is kept with.

        Raises
        ------
        InputError
            There is no such finding in the run.
        """
        at = self._position.get(finding)
        if at is None:
            raise InputError(
                f"There is no finding {finding} in the run {self.run}",
                found=f"{len(self._position)} findings",
                fix="look at the list of errors for its numbers",
            )
        row = self.findings.iloc[at]
        is_matched = pd.notna(row["prediction_row"])
        kind = self._predicted_kinds.get(int(row["prediction_row"]), "") if is_matched else ""
        return refer_to(row, self.run, kind)

    def look_up(self, *, is_true: bool = False) -> LookUp | None:
        """Segments under points, as the evaluation looks them up; None without a segmentation.

        They are those of the segmentation in use or, if ``is_true``, of the ground truth.
        """
        config = self.project.config
        if (config.true_segmentation if is_true else config.segmentation) is None:
            return None
        volume = self.project.true_segmentation() if is_true else self.project.segmentation()
        snap_nm = config.params.evaluate.snap_nm
        return lambda points_nm: look_up_segments(points_nm, volume.array, volume.grid, snap_nm)

    def assign(self, reviewer: str, findings: Sequence[int]) -> None:
        """Remember that ``reviewer`` was given ``findings`` of the run."""
        keys = tuple(self.refer(finding).key for finding in findings)
        given = Assignment(reviewer=reviewer, run=self.run, keys=keys)
        self._do(ActionKind.ASSIGN, given.model_dump_json())

    def merge(self, actions: Sequence[Action]) -> int:
        """Take up the actions of another journal; how many were new."""
        added = self.store.add(actions)
        self.refresh()
        return added

    def actions(self) -> tuple[Action, ...]:
        """All actions that were read so far."""
        return tuple(self._actions)

    def close(self) -> None:
        """Close the file; the last one to do so leaves a single file that can be mailed."""
        self.store.close()

    @cached_property
    def _original(self) -> pd.DataFrame:
        return empty(TRUTH) if self.project.config.truth is None else self.project.truth()

    def _do(
        self,
        kind: ActionKind,
        value: str = "",
        subject: FindingRef | None = None,
        target: str = "",
    ) -> Action:
        action = self.store.append(kind, value, subject, target)
        self.refresh()
        return action

    @cached_property
    def _predicted_kinds(self) -> dict[int, str]:
        table = self._table("synapses", PREDICTION)
        return dict(zip(table["row"].tolist(), table["kind"].tolist(), strict=True))

    def _table(self, name: str, columns: Columns) -> pd.DataFrame:
        path = self.project.run_folder(self.run) / f"{name}.parquet"
        return read_table(path, columns) if path.exists() else empty(columns)
