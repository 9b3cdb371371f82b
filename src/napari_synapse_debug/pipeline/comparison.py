"""Two runs of a project compared: what the second mends, what it breaks, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.params import CompareParams
from napari_synapse_debug.domain.records import CANDIDATES, FINDINGS, MATCHES, PREDICTION, points
from napari_synapse_debug.evaluate import (
    CHANGES,
    ROW_RULES,
    RunSide,
    compare_rows,
    f1_difference,
    false_change,
    kept_candidates,
    look_up_segments,
    true_clefts,
    truth_change,
)
from napari_synapse_debug.io import (
    Project,
    load_project,
    read_json,
    read_run,
    read_table,
    write_json,
    write_table,
)
from napari_synapse_debug.pipeline.evaluation import ASKED
from napari_synapse_debug.pipeline.inputs import inputs_of

_STAGED = {
    "fixed": "a",
    "broken": "b",
    "kept_wrong": "b",
    "vanished": "a",
    "new": "b",
    "kept_false": "b",
}
"""The run whose stage says why, for each change that is an error in one of them."""


@dataclass(frozen=True)
class Compared:
    """What a comparison found.

    Parameters
    ----------
    rows : DataFrame
        One row for each truth that counts and each false prediction, see
        ``evaluate.compare_rows``.
    content : dict
        The content of ``comparison.json``.
    folder : Path
        Where both were written.
    """

    rows: pd.DataFrame
    content: dict[str, Any]
    folder: Path


def compare_runs(
    folder: Path,
    run_a: str,
    run_b: str,
    params: CompareParams | None = None,
    out: Path | None = None,
) -> Compared:
    """Compare run ``run_b`` with ``run_a`` before it; writes ``comparison.json`` and ``.parquet``.

    Parameters
    ----------
    folder : Path
        The project.
    run_a, run_b : str
        Names of its runs; both evaluated on the same truth, box and ground-truth segmentation,
        by the same rule, judge and parameters.
    params : CompareParams, optional
        How false predictions are paired, and the bootstrap.
    out : Path, optional
        Where to write; else ``comparisons/RUN_A-RUN_B`` in the project.

    Raises
    ------
    ProjectError
        No such project or run, or one that was not evaluated.
    InputError
        The runs cannot be compared; the message says in what they differ.
    """
    params = params or CompareParams()
    project = load_project(folder)
    contents = [_evaluation_of(project, run) for run in (run_a, run_b)]
    _check_alike(project, (run_a, run_b), contents)
    truth, (before, after) = _sides(project, (run_a, run_b), contents[0])
    rows = compare_rows(truth, before, after, params)
    content = _content(rows, (run_a, run_b), contents, params)
    place = out or project.folder / "comparisons" / f"{run_a}-{run_b}"
    write_table(rows, place / "comparison.parquet")
    write_json(place / "comparison.json", content)
    return Compared(rows, content, place)


def _evaluation_of(project: Project, run: str) -> dict[str, Any]:
    folder = project.run_folder(run)
    if run not in project.runs:
        raise ProjectError(
            f"The project has no run {run!r}",
            found=", ".join(project.runs) or "no runs",
            expected="one of them",
            fix="correct the name, or make the run: synapse-debug run PROJECT --run NAME",
        )
    if "evaluate" not in read_run(folder).steps:
        raise ProjectError(
            f"The run {run!r} was not evaluated",
            found="no step evaluate in its record",
            expected="both runs evaluated",
            fix=f"synapse-debug evaluate {project.folder} --run {run}",
        )
    return dict(read_json(folder / "evaluation.json"))


def _check_alike(project: Project, runs: tuple[str, str], contents: list[dict[str, Any]]) -> None:
    """Refuse runs that were not judged alike, or not by the truth as it is now."""
    if runs[0] == runs[1]:
        raise InputError("A run cannot be compared with itself", found=runs[0], fix="name two")
    facts = [
        {**_flat(content), **_inputs(read_run(project.run_folder(run)).steps["evaluate"].inputs)}
        for run, content in zip(runs, contents, strict=True)
    ]
    differing = [name for name in facts[0] | facts[1] if facts[0].get(name) != facts[1].get(name)]
    if differing:
        raise InputError(
            f"The runs {runs[0]!r} and {runs[1]!r} were not evaluated alike",
            found="; ".join(
                f"{name} {facts[0].get(name)} and {facts[1].get(name)}" for name in differing
            ),
            expected="the same truth, rule, judge, parameters and box",
            fix=f"evaluate both again: synapse-debug evaluate {project.folder} --run NAME",
        )
    now = _inputs(inputs_of(project, runs[0], "evaluate"))
    changed = [name for name, value in now.items() if facts[0].get(name) != value]
    if changed:
        raise InputError(
            "The runs were evaluated on other data than the project names now",
            found=f"changed since: {', '.join(changed)}",
            expected="the data of the evaluation",
            fix=f"evaluate both again: synapse-debug evaluate {project.folder} --run NAME",
        )
    if contents[0]["rule"] == "overlap":
        raise InputError(
            "Runs cannot be compared by the rule overlap",
            found="rule overlap, whose objects have no names that two runs share",
            expected="a rule that matches rows or clefts",
            fix="evaluate both with --set evaluate.rule=cleft or three_point",
        )


def _flat(content: Mapping[str, Any]) -> dict[str, Any]:
    head = {name: content[name] for name in ("rule", "judge", "scope", "box")}
    return head | {f"evaluate.{name}": value for name, value in content["params"].items()}


def _inputs(inputs: Mapping[str, str]) -> dict[str, str]:
    """What was read apart from the results of the run itself."""
    return {name: value for name, value in inputs.items() if not name.startswith("step ")}


def _sides(
    project: Project, runs: tuple[str, str], content: Mapping[str, Any]
) -> tuple[pd.DataFrame, list[RunSide]]:
    """The truth and both runs, as the rule compares them."""
    of_rows = content["rule"] in ROW_RULES
    truth = project.truth() if of_rows else true_clefts(project.truth())
    table = "matches.parquet" if content["rule"] == "three_point" else ASKED
    sides = []
    for run in runs:
        place = project.run_folder(run)
        matches = read_table(place / table, MATCHES)
        if of_rows:
            prediction = read_table(place / "synapses.parquet", PREDICTION)
            ids = _ids(project, prediction, content["params"]["snap_nm"])
        else:
            prediction = kept_candidates(read_table(place / "candidates.parquet", CANDIDATES))
            ids = np.zeros((len(prediction), 2), dtype=np.uint64)
        findings = _findings(place) if of_rows else None
        sides.append(RunSide(matches, prediction, ids, findings))
    return truth, sides


def _ids(project: Project, prediction: pd.DataFrame, snap_nm: float) -> NDArray[np.uint64]:
    """Segments under pre and post in the segmentation that the project uses now."""
    if project.config.segmentation is None:
        return prediction[["pre_segment", "post_segment"]].to_numpy(np.uint64)
    volume = project.segmentation()
    return np.stack(
        [
            look_up_segments(points(prediction, end), volume.array, volume.grid, snap_nm)
            for end in ("pre", "post")
        ],
        axis=1,
    )


def _findings(place: Path) -> pd.DataFrame | None:
    path = place / "findings.parquet"
    return read_table(path, FINDINGS) if path.exists() else None


def _content(
    rows: pd.DataFrame,
    runs: tuple[str, str],
    contents: list[dict[str, Any]],
    params: CompareParams,
) -> dict[str, Any]:
    """What ``comparison.json`` holds."""
    before, after = contents
    counts = rows["change"].value_counts()
    is_sparse = before["f1"] is None or after["f1"] is None  # under a sparse truth
    difference, interval = (None, None) if is_sparse else f1_difference(rows, params)
    content: dict[str, Any] = {
        "runs": list(runs),
        **{name: before[name] for name in ("rule", "judge", "scope", "box", "params")},
        "compare": params.model_dump(mode="json"),
        "n_truth": before["n_truth"],
        "n_prediction": [before["n_prediction"], after["n_prediction"]],
        "f1": [before["f1"], after["f1"]],
        "f1_difference": difference,
        "f1_difference_interval": None if interval is None else list(interval),
        "changes": {name: int(counts.get(name, 0)) for name in CHANGES},
        "clefts": asdict(truth_change(rows)),
        "false": asdict(false_change(rows)),
        "by_stage": _by_stage(rows),
    }
    return content | {"summary": _summary(content)}


def _by_stage(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """How often each change happened to errors of each stage."""
    stage = pd.Series("", index=rows.index)
    for change, run in _STAGED.items():
        stage = stage.where(rows["change"] != change, rows[f"stage_{run}"])
    told = rows.assign(stage=stage)[stage != ""]
    table = pd.crosstab(told["stage"], told["change"]).reindex(columns=list(_STAGED), fill_value=0)
    return [
        {"stage": str(name), **{str(k): int(v) for k, v in counts.items()}}
        for name, counts in table.iterrows()
    ]


def _summary(content: Mapping[str, Any]) -> str:
    """One line for people: the difference, its interval, the tests, and the recipe."""
    parts = []
    if content["f1_difference"] is not None:
        before, after = content["f1"]
        text = f"F1 {before:.3f} → {after:.3f} ({content['f1_difference']:+.3f}"
        if content["f1_difference_interval"] is not None:
            low, high = content["f1_difference_interval"]
            text += f" [{low:+.3f}, {high:+.3f}]"
        parts.append(text + ")")
    clefts, false = content["clefts"], content["false"]
    parts += [
        f"clefts {clefts['better']} better, {clefts['worse']} worse (p {clefts['p_value']:.2g})",
        f"false {false['better']} vanished, {false['worse']} new (p {false['p_value']:.2g})",
        content["rule"],
        f"judge {content['judge']}",
        content["scope"],
        f"n {content['n_truth']} true",
    ]
    return " · ".join(parts)
