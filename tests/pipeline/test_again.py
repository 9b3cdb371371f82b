"""Train again: a review's lessons in the next training, and the next run against the last."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from napari_synapse_debug.domain.errors import InputError, ProjectError, StepCancelledError
from napari_synapse_debug.domain.events import Event, QuietContext
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.params import AgainParams
from napari_synapse_debug.domain.records import FINDINGS, points
from napari_synapse_debug.domain.verdicts import DeleteSynapse, Verdict
from napari_synapse_debug.io import (
    Project,
    load_project,
    lock_run,
    read_table,
    run_lock,
    save_config,
)
from napari_synapse_debug.io.checkpoint import load_model
from napari_synapse_debug.pipeline import (
    STEPS,
    annotate_box,
    change_params,
    lessons_of,
    open_review,
    run_steps,
    train_again,
)
from napari_synapse_debug.pipeline.lessons import read_hard_places, read_true_lessons

TINY = {"patch_vx": [6, 32, 32], "batch_size": 1, "device": "cpu", "steps": 6}
HALF = AgainParams(minutes=1, learn_share=0.5)


@pytest.fixture(scope="module")
def _reviewed(_worlds: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("again") / "project"
    shutil.copytree(_worlds("fresh"), folder)
    change_params(folder, {"train": TINY, "predict": {"device": "cpu"}})
    run_steps(folder, STEPS)
    with open_review(folder, author="anna") as review:
        for finding in review.findings["finding"]:
            review.set_verdict(int(finding), Verdict.MODEL_ERROR)
    return folder


@pytest.fixture
def reviewed(_reviewed: Path, tmp_path: Path) -> Path:
    """A project with a small model, whose errors a person held for errors of the model."""
    return Path(shutil.copytree(_reviewed, tmp_path / "project"))


def test_a_part_of_the_evaluation_box_is_learnt_and_the_rest_judges_both_runs(
    reviewed: Path,
) -> None:
    before = (reviewed / "runs/main/findings.parquet").read_bytes()
    told: list[str] = []
    context = QuietContext(lambda event: told.append(event.message))
    made = train_again(reviewed, params=HALF, context=context)

    project = load_project(reviewed)
    assert (made.run, made.before) == ("main-2", "main")
    assert project.config.eval_box == "5:14,0:56,48:96"
    (learnt,) = project.config.annotations
    assert learnt.box == "5:14,0:56,0:48"
    assert (learnt.masks, learnt.truth) == (None, None)  # the masks mark all true clefts
    assert any("by its masks" in message for message in told)
    assert tuple(step.name for step in made.steps) == STEPS
    assert made.compared is not None
    assert made.compared.content["runs"] == ["main", "main-2"]
    assert made.compared.content["n_truth"] == 4  # synapses 2, 3, 5 and 8

    (aside,) = (reviewed / "runs/main").glob("evaluated-*")
    assert (aside / "findings.parquet").read_bytes() == before
    places = read_hard_places(reviewed / "models/main-2")
    assert places is not None
    assert len(places) == made.lessons.hard > 0
    assert any("hard places: " in message for message in told)
    record = load_model(reviewed / "models/main-2").record
    assert record["step"].iloc[-1] == 6
    assert project.config.params.train.init_from == "main"
    weights = (reviewed / "models/main/weights.pt").read_bytes()
    assert (
        "train" in run_steps(reviewed, ["train", "predict"]).skipped
    )  # of main, which is compared
    assert "train" in run_steps(reviewed, ["train"], run="main-2").skipped
    assert (reviewed / "models/main/weights.pt").read_bytes() == weights


@pytest.mark.slow
def test_without_masks_the_part_is_painted_from_the_corrected_truth(reviewed: Path) -> None:
    params = HALF.model_copy(update={"learn_by": "points"})
    with open_review(reviewed, author="anna") as review:
        review.edit(DeleteSynapse(row=6))
    train_again(reviewed, params=params)
    (learnt,) = load_project(reviewed).config.annotations
    assert learnt.masks == ()
    assert learnt.truth == "truth.corrected.csv"
    corrected = read_true_lessons(reviewed / "models/main-2")
    assert corrected is not None
    assert 6 not in corrected["row"].tolist()


@pytest.mark.slow
def test_one_that_was_stopped_is_gone_on_with_and_the_next_is_another(reviewed: Path) -> None:
    made = train_again(reviewed, params=HALF)
    record = reviewed / "runs/main-2/run.json"
    again = train_again(reviewed, params=AgainParams(minutes=1, learn_share=0), name="main-2")
    assert again.steps == ()
    assert record.exists()
    assert made.run == "main-2"
    with open_review(reviewed, "main-2", author="anna") as review:
        review.edit(DeleteSynapse(row=7))
    third = train_again(reviewed, run="main-2", params=AgainParams(minutes=1))
    assert third.run == "main-3"
    assert third.lessons.removed == 1


class StopAt(QuietContext):
    """Asks to stop as soon as ``step`` has reported anything."""

    def __init__(self, step: str, told: list[str] | None = None) -> None:
        self.reached, self.told = False, [] if told is None else told
        super().__init__(lambda event: self._hear(event, step))

    def _hear(self, event: Event, step: str) -> None:
        self.reached = self.reached or event.step == step
        self.told.append(event.message)

    def should_stop(self) -> bool:
        return self.reached


@pytest.mark.slow
def test_what_is_reviewed_after_a_call_was_stopped_is_learnt_too(reviewed: Path) -> None:
    with pytest.raises(StepCancelledError):
        train_again(reviewed, params=HALF, context=StopAt("train"))
    first = read_hard_places(reviewed / "models/main-2")
    assert first is not None
    written = (reviewed / "models/main-2/hard_places.parquet").stat().st_mtime_ns
    told: list[str] = []
    with pytest.raises(StepCancelledError):
        train_again(reviewed, params=HALF, context=StopAt("train", told))
    assert (reviewed / "models/main-2/hard_places.parquet").stat().st_mtime_ns == written
    assert not any("begins anew" in message for message in told)
    with open_review(reviewed, author="anna") as review:
        kept = review.findings["finding"][review.findings["stage"] == "classifier"]
        review.set_verdict(int(kept.iloc[0]), Verdict.UNSURE)
        review.edit(DeleteSynapse(row=8))

    with pytest.raises(StepCancelledError):
        train_again(reviewed, params=HALF, context=StopAt("predict"))
    second = read_hard_places(reviewed / "models/main-2")
    assert second is not None
    assert len(second) == len(first) - 1
    corrected = read_true_lessons(reviewed / "models/main-2")
    assert corrected is not None
    assert 8 not in corrected["row"].tolist()

    with open_review(reviewed, author="anna") as review:
        review.edit(DeleteSynapse(row=5))
    made = train_again(
        reviewed, params=HALF, context=QuietContext(lambda event: told.append(event.message))
    )
    assert made.run == "main-2"
    assert "train" in made.summary.skipped
    assert (made.lessons.hard, made.lessons.removed) == (len(second), 1)
    assert any("for the run after it" in message for message in told)


@pytest.mark.slow
def test_without_a_truth_it_ends_with_the_synapses(reviewed: Path) -> None:
    project = load_project(reviewed)
    changes = {"truth": None, "eval_box": None}
    save_config(Project(project.folder, project.config.model_copy(update=changes)))
    annotate_box(reviewed, "5:14,0:56,0:24")
    made = train_again(reviewed, params=AgainParams(minutes=1))
    assert made.compared is None
    assert tuple(step.name for step in made.steps) == STEPS[:4]
    assert (made.run, load_project(reviewed).runs) == ("main-2", ("main", "main-2"))
    annotate_box(reviewed, "5:14,0:56,24:48")
    assert train_again(reviewed, run="main-2", params=AgainParams(minutes=1)).run == "main-3"


@pytest.mark.parametrize("lacking", ["segmentation", "truth"])
def test_what_the_next_run_would_lack_is_told_before_anything_is_changed(
    reviewed: Path, lacking: str
) -> None:
    project = load_project(reviewed)
    changes = {lacking: None, "truth": None}
    save_config(Project(project.folder, project.config.model_copy(update=changes)))
    before = (reviewed / "project.yaml").read_bytes()
    said = "needs a neuron segmentation" if lacking == "segmentation" else "nothing new to learn"
    with pytest.raises((InputError, ProjectError), match=said) as told:
        train_again(reviewed, params=AgainParams(minutes=1))
    assert "--steps" not in str(told.value)
    assert (reviewed / "project.yaml").read_bytes() == before
    assert load_project(reviewed).models == ("main",)


def test_one_that_is_being_trained_keeps_its_lessons(
    reviewed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "WAIT_S", 0.0)
    with (
        lock_run(load_project(reviewed), "main-2"),
        pytest.raises(ProjectError, match="by another process"),
    ):
        train_again(reviewed, params=HALF)
    assert load_project(reviewed).config.annotations == ()


def test_nothing_new_to_learn_is_told_before_an_hour_is_spent(reviewed: Path) -> None:
    with pytest.raises(InputError, match="nothing new to learn"):
        train_again(reviewed, params=AgainParams(minutes=1))
    assert load_project(reviewed).runs == ("main",)


def test_a_share_that_leaves_no_synapse_to_judge_by_is_refused(reviewed: Path) -> None:
    with pytest.raises(InputError, match="to judge by"):
        train_again(reviewed, params=AgainParams(learn_share=0.9))
    config = load_project(reviewed).config
    assert (config.eval_box, config.annotations) == ("5:14,0:56,0:96", ())


@pytest.mark.parametrize("use", ["train", "validation"])
def test_without_an_evaluation_box_apart_from_annotated_ones_it_is_asked_for(
    reviewed: Path, use: str
) -> None:
    project = load_project(reviewed)
    changes = {"eval_box": None} if use == "train" else {"eval_box": None, "train_box": None}
    save_config(Project(project.folder, project.config.model_copy(update=changes)))
    if use == "validation":
        annotate_box(reviewed, "0:5,0:56,0:40", use="validation")
    before = (reviewed / "project.yaml").read_bytes()
    with pytest.raises(ProjectError, match=r"no evaluation box.*eval_box: z0:z1"):
        train_again(reviewed, params=HALF)
    assert (reviewed / "project.yaml").read_bytes() == before
    assert load_project(reviewed).models == ("main",)


def test_a_part_that_is_refused_leaves_all_as_it_was(reviewed: Path) -> None:
    path = reviewed / "project.yaml"
    content = yaml.safe_load(path.read_text())
    content["annotations"] = [{"box": "5:14,0:56,40:60", "use": "validation"}]
    path.write_text("# written by hand\n" + yaml.safe_dump(content))
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(ProjectError, match=r"validation box .* overlap"):
            train_again(reviewed, params=HALF)
        assert path.read_bytes() == before
    assert not list((reviewed / "runs/main").glob("evaluated-*"))
    assert load_project(reviewed).runs == load_project(reviewed).models == ("main",)


@pytest.mark.slow
def test_a_part_is_learnt_once_though_the_first_call_was_killed_after_it(
    reviewed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("napari_synapse_debug.pipeline.again.write_lessons", killed)
        with pytest.raises(KeyboardInterrupt):
            train_again(reviewed, params=HALF)
    once = (reviewed / "project.yaml").read_bytes()
    assert load_project(reviewed).config.eval_box == "5:14,0:56,48:96"

    made = train_again(reviewed, params=HALF)

    assert made.run == "main-2"
    assert (reviewed / "project.yaml").read_bytes() != once  # trained from main now
    config = load_project(reviewed).config
    assert config.eval_box == "5:14,0:56,48:96"
    assert [known.box for known in config.annotations] == ["5:14,0:56,0:48"]
    assert len(list((reviewed / "runs/main").glob("evaluated-*"))) == 1


def test_a_run_without_a_model_is_refused(fresh: Path) -> None:
    with pytest.raises(ProjectError, match="no model"):
        train_again(fresh)


def test_lessons_say_where_the_confirmed_errors_lie(reviewed: Path) -> None:
    findings = read_table(reviewed / "runs/main/findings.parquet", FINDINGS)
    of_classifier = findings[findings["stage"] == "classifier"]
    lessons = lessons_of(reviewed)
    assert lessons.verdicts == len(findings)
    assert lessons.hard == len(of_classifier)
    assert lessons.hard_learnt == 0
    assert lessons.hard_judged == len(of_classifier)  # the train box is not judged
    config = load_project(reviewed).config
    text = (reviewed / "project.yaml").read_text()
    (reviewed / "project.yaml").write_text(text.replace(config.eval_box, "5:14,0:56,48:96"))
    annotate_box(reviewed, "5:14,0:56,0:48")
    voxels = load_project(reviewed).raw().grid.to_index(points(of_classifier, "cleft"))
    learnt = int(Box.parse("5:14,0:56,0:48").contains(voxels).sum())
    now = lessons_of(reviewed)
    assert (now.hard_learnt, now.hard_judged) == (learnt, len(voxels) - learnt)
    assert f"{learnt} of them in annotated boxes" in str(now)
    assert np.isfinite(voxels).all()
