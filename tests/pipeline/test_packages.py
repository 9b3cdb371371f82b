"""Work packages: mailed, reviewed elsewhere, and brought back in any order."""

from __future__ import annotations

import getpass
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import (
    DataError,
    InputError,
    ProjectError,
    StepCancelledError,
)
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.verdicts import Verdict
from napari_synapse_debug.io import load_project, write_labels
from napari_synapse_debug.pipeline import (
    describe_review,
    make_package,
    merge_packages,
    open_results,
    open_review,
    run_steps,
)
from napari_synapse_debug.pipeline.corrections import score_corrected
from napari_synapse_debug.pipeline.package_file import read_package, reviewer_name
from napari_synapse_debug.pipeline.whatif import load_whatif
from napari_synapse_debug.review import crop_boxes


def all_findings(project: Path) -> list[int]:
    with open_review(project, author="founder") as review:
        return list(review.findings["finding"])


def review_package(path: Path, verdicts: dict[int, Verdict]) -> None:
    """What a reviewer does with it; the author's name is that of the package."""
    with open_review(path) as review:
        for finding, verdict in verdicts.items():
            review.set_verdict(finding, verdict)


def test_a_package_opens_like_a_project(finished: Path, tmp_path: Path) -> None:
    chosen = all_findings(finished)[:2]
    made = make_package(finished, "anna", tmp_path / "anna", chosen, margin_nm=80.0)
    moved = Path(shutil.move(made.path, tmp_path / "elsewhere"))
    shutil.move(finished, tmp_path / "gone")
    whole, part = open_results(tmp_path / "gone"), open_results(moved)
    assert part.findings is not None
    assert whole.findings is not None
    assert part.findings["finding"].tolist() == chosen
    assert part.grid == whole.grid
    assert set(part.volumes) == set(whole.volumes)
    assert part.config.classes == whole.config.classes
    for name in ("truth", "synapses", "matches"):
        assert getattr(part, name).equals(getattr(whole, name))
    for name in ("contacts", "candidates", "pairs"):
        assert 0 < len(getattr(part, name)) <= len(getattr(whole, name))
    for name, volume in part.volumes.items():
        original = whole.volumes[name]
        assert (volume.grid, volume.dtype, volume.channels) == (
            original.grid,
            original.dtype,
            original.channels,
        )
        for box in crop_boxes(part.findings, volume.grid, 80.0):
            np.testing.assert_array_equal(volume.read(box), original.read(box))


def test_chunks_far_from_the_findings_are_absent(finished: Path, tmp_path: Path) -> None:
    chosen = all_findings(finished)[:1]
    make_package(finished, "anna", tmp_path / "near", chosen, margin_nm=0.0)
    make_package(finished, "anna", tmp_path / "far", chosen, margin_nm=5000.0)

    def chunks(name: str) -> int:
        return len(list((tmp_path / name / "volumes" / "raw.zarr" / "0").rglob("c/*/*/*")))

    assert 0 < chunks("near") < chunks("far")


def test_a_package_names_nothing_outside_itself(finished: Path, tmp_path: Path) -> None:
    made = make_package(finished, "anna", tmp_path / "anna")
    names = [part for part in made.path.rglob("*") if part.suffix in (".yaml", ".json", ".txt")]
    assert len(names) > 4
    for part in names:
        assert str(tmp_path) not in part.read_text(encoding="utf-8"), part
    package = read_package(made.path)
    assert package is not None
    assert (package.reviewer, package.run) == ("anna", "main")
    assert [part.name for part in made.path.glob("review.sqlite*")] == ["review.sqlite"]


@pytest.mark.parametrize("order", [("anna", "ben"), ("ben", "anna"), ("ben", "ben", "anna")])
def test_packages_merge_to_the_same_in_any_order(
    finished: Path, tmp_path: Path, order: tuple[str, ...]
) -> None:
    first, second, third = all_findings(finished)[:3]
    sent = {"anna": [first, second], "ben": [second, third]}
    said = {
        "anna": {first: Verdict.MODEL_ERROR, second: Verdict.UNSURE},
        "ben": {second: Verdict.AMBIGUOUS, third: Verdict.MODEL_ERROR},
    }
    for name, findings in sent.items():
        make_package(finished, name, tmp_path / name, findings)
        review_package(tmp_path / name, said[name])
    assert describe_review(finished).n_reviewed == 0
    merged = merge_packages(finished, [tmp_path / name for name in order])
    assert sum(count for _, count in merged.added) == 4
    with open_review(finished, author="founder") as review:
        table = review.verdicts()
        got = sorted(zip(table["now_finding"], table["author"], table["verdict"], strict=True))
    assert got == [
        (first, "anna", "model_error"),
        (second, "anna", "unsure"),
        (second, "ben", "ambiguous"),
        (third, "ben", "model_error"),
    ]
    summary = describe_review(finished)
    assert [row["finding"] for row in summary.disputes] == [second]
    assert [(row["reviewer"], row["assigned_left"]) for row in summary.progress] == [
        ("anna", 0),
        ("ben", 0),
    ]


def test_a_zip_goes_and_comes(finished: Path, tmp_path: Path) -> None:
    finding = all_findings(finished)[0]
    (tmp_path / "post").mkdir()
    kept = tmp_path / "post" / "note.txt"
    kept.write_text("stays")
    made = make_package(finished, "anna", tmp_path / "post.zip", [finding])
    assert made.size_bytes == made.path.stat().st_size > 0
    assert kept.read_text() == "stays"
    shutil.unpack_archive(made.path, tmp_path / "there")
    review_package(tmp_path / "there" / "post", {finding: Verdict.UNSURE})
    back = shutil.make_archive(str(tmp_path / "back"), "zip", tmp_path / "there")
    merge_packages(finished, [Path(back)])
    assert describe_review(finished).n_reviewed == 1


def test_a_zip_that_was_cut_off_is_told(finished: Path, tmp_path: Path) -> None:
    make_package(finished, "anna", tmp_path / "anna.zip")
    cut = tmp_path / "cut.zip"
    cut.write_bytes((tmp_path / "anna.zip").read_bytes()[:2000])
    with pytest.raises(DataError, match="cannot be read as a zip"):
        merge_packages(finished, [cut])


def test_a_window_that_was_killed_left_a_log_that_is_merged_too(
    finished: Path, tmp_path: Path
) -> None:
    finding = all_findings(finished)[0]
    make_package(finished, "anna", tmp_path / "anna", [finding])
    review = open_review(tmp_path / "anna")
    review.set_verdict(finding, Verdict.UNSURE)
    copied = tmp_path / "copied"
    shutil.copytree(tmp_path / "anna", copied)  # as a kill would leave it
    review.close()
    assert (copied / "review.sqlite-wal").stat().st_size > 0
    before = {part: part.read_bytes() for part in copied.glob("review.sqlite*")}
    merge_packages(finished, [copied])
    assert describe_review(finished).n_reviewed == 1
    assert {part: part.read_bytes() for part in copied.glob("review.sqlite*")} == before


def test_the_package_of_another_project_is_refused_whole(finished: Path, tmp_path: Path) -> None:
    finding = all_findings(finished)[0]
    other = tmp_path / "other"
    shutil.copytree(finished, other)
    (other / "review.sqlite").unlink()
    make_package(finished, "anna", tmp_path / "anna", [finding])
    make_package(other, "ben", tmp_path / "ben", [finding])
    for name in ("anna", "ben"):
        review_package(tmp_path / name, {finding: Verdict.UNSURE})
    with pytest.raises(InputError, match="another project"):
        merge_packages(finished, [tmp_path / "anna", tmp_path / "ben"])
    assert describe_review(finished).n_reviewed == 0
    with pytest.raises(InputError, match="no verdicts"):
        merge_packages(finished, [tmp_path / "nowhere"])


def test_what_cannot_be_packed_is_refused(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="exists already"):
        make_package(finished, "anna", tmp_path / "there")
    with pytest.raises(InputError, match="no finding 999"):
        make_package(finished, "anna", tmp_path / "out", [1, 999])
    with pytest.raises(InputError, match="nothing to review"):
        make_package(finished, "anna", tmp_path / "out", [])
    with pytest.raises(InputError, match="no name"):
        make_package(finished, " ", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_package_that_was_stopped_leaves_nothing(finished: Path, tmp_path: Path) -> None:
    class Stopped(QuietContext):
        def should_stop(self) -> bool:
            return True

    for name in ("out", "out.zip"):
        with pytest.raises(StepCancelledError):
            make_package(finished, "anna", tmp_path / name, context=Stopped())
    assert [part.name for part in tmp_path.iterdir()] == ["project"]
    with open_review(finished, author="founder") as review:
        assert review.state.assignments == ()


def test_a_package_with_damaged_verdicts_is_named(finished: Path, tmp_path: Path) -> None:
    made = make_package(finished, "anna", tmp_path / "anna")
    (made.path / "review.sqlite").write_bytes(b"this is a letter and no data base " * 40)
    with pytest.raises(DataError, match="work package") as failure:
        merge_packages(finished, [made.path])
    assert str(made.path) in str(failure.value)
    assert describe_review(finished).n_reviewed == 0


def test_two_packages_in_one_zip_and_a_review_alone_are_merged(
    finished: Path, tmp_path: Path
) -> None:
    first, second, third = all_findings(finished)[:3]
    for name, finding in (("anna", first), ("ben", second), ("cora", third)):
        made = make_package(finished, name, tmp_path / name, [finding])
        review_package(made.path, {finding: Verdict.UNSURE})
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("anna", "ben"):
            archive.write(tmp_path / name / "review.sqlite", f"{name}/review.sqlite")
    merged = merge_packages(finished, [path, tmp_path / "cora/review.sqlite"])
    assert [new for _, new in merged.added] == [2, 1]
    with open_review(finished) as review:
        assert set(review.verdicts()["author"]) == {"anna", "ben", "cora"}


def test_nothing_is_computed_in_a_package(finished: Path, tmp_path: Path) -> None:
    made = make_package(finished, "anna", tmp_path / "anna")
    with pytest.raises(ProjectError, match=r"cannot be used to run steps.*send the package back"):
        run_steps(made.path, ["evaluate"])
    with open_review(made.path) as review, pytest.raises(ProjectError, match="to score"):
        score_corrected(review)
    with pytest.raises(ProjectError, match="to try filters"):
        load_whatif(made.path)


def test_labels_of_larger_voxels_are_packed_where_they_are(finished: Path, tmp_path: Path) -> None:
    project = load_project(finished)
    fine = project.segmentation()
    coarse = Grid((14, 28, 48), (40.0, 16.0, 20.0), fine.grid.offset_nm)
    labels = fine.read(fine.grid.box)[:, ::2, ::2]
    shutil.rmtree(finished / "segmentation.zarr")
    write_labels(finished / "segmentation.zarr", labels, coarse)
    made = make_package(finished, "anna", tmp_path / "anna", margin_nm=80.0)
    whole, part = open_results(finished), open_results(made.path)
    found, original = part.volumes["segmentation"], whole.volumes["segmentation"]
    assert found.grid == original.grid == project.raw().grid
    for box in crop_boxes(part.findings, found.grid, 80.0):
        assert found.read(box).any()
        np.testing.assert_array_equal(found.read(box), original.read(box))


def test_a_user_without_a_name_reviews_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert reviewer_name(None) == "reviewer"
