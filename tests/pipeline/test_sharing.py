"""A model that leaves one project as a package and predicts in another."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from napari_synapse_debug.domain.errors import InputError, ProjectError
from napari_synapse_debug.domain.roles import ClassSpec, Role
from napari_synapse_debug.io import load_project, read_run
from napari_synapse_debug.io.checkpoint import load_model
from napari_synapse_debug.pipeline import (
    STEPS,
    change_params,
    create_project,
    describe_project,
    run_steps,
)
from napari_synapse_debug.pipeline.card import section_lines
from napari_synapse_debug.pipeline.sharing import (
    _with_classes,
    export_model,
    import_model,
    model_card,
    package_name,
)

QUICK = {"steps": 2, "minutes": 0.5, "patch_vx": [4, 16, 16], "validation_fraction": 0}


@pytest.fixture(scope="module")
def trained(_worlds: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy project with a network of two steps; not to be changed."""
    folder = tmp_path_factory.mktemp("trained") / "toy"
    shutil.copytree(_worlds("fresh"), folder)
    change_params(folder, {"train": QUICK})
    run_steps(folder, ["train"])
    return folder


def test_a_trained_model_has_its_card_beside_it(trained: Path) -> None:
    card = (trained / "models/main/README.md").read_text(encoding="utf-8")

    assert "`spine_head`: spine_head" in card
    assert "## Training" in card
    assert str(trained) not in card


@pytest.mark.slow
def test_a_model_is_sent_out_and_predicts_elsewhere(trained: Path, tmp_path: Path) -> None:
    package = export_model(trained, tmp_path / "net.zip", license="CC0-1.0", authors=("A. Tester",))
    elsewhere = create_project(tmp_path / "elsewhere", raw=str(trained / "raw.zarr"))
    assert load_project(elsewhere).models == ()
    with pytest.raises(ProjectError, match="needs the results of train"):
        run_steps(elsewhere, ["predict"])

    said = import_model(elsewhere, package, run="given")
    assert "shaft (shaft), spine_head (spine_head)" in said
    assert said.endswith("for voxels of 40 × 8 × 10 nm (zyx)"), "and there is nothing to note"
    project, home = load_project(elsewhere), load_project(trained)
    told = section_lines((project.model_folder("given") / "README.md").read_text(), "Training")
    assert told == (
        "imported from net.zip",
        *section_lines(model_card(home, "main"), "Training"),
    )
    assert project.config.classes == home.config.classes
    assert load_model(project.model_folder("given")).plan == (
        load_model(home.model_folder("main")).plan
    )
    summary = run_steps(elsewhere, ["train", "predict"], run="given")
    assert summary.skipped == ("train",)
    assert [step.name for step in summary.steps] == ["predict"]

    with pytest.raises(ProjectError, match="run 'given' has a model already"):
        import_model(elsewhere, package, run="given")
    _refused_elsewhere(package, trained, tmp_path)


def _refused_elsewhere(package: Path, trained: Path, folder: Path) -> None:
    raw = str(trained / "raw.zarr")
    masks = {"shaft": str(trained / "shaft.zarr")}
    named = create_project(folder / "named", raw=raw, masks=masks)
    with pytest.raises(ProjectError, match=r"other classes.*shaft:shaft, spine_head.*shaft:shaft"):
        import_model(named, package)
    fine = create_project(folder / "fine", raw=raw, voxel_size_nm=(9.0, 8.0, 10.0))
    with pytest.raises(InputError, match="voxels of another size"):
        import_model(fine, package)
    for project in (named, fine):
        assert load_project(project).models == ()


def test_the_card_tells_what_a_reader_needs(trained: Path) -> None:
    card = model_card(load_project(trained), "main", "CC0-1.0")
    for text in (
        "# fresh, main",
        "- `shaft`: shaft",
        "voxels of 40 × 8 × 10 nm (zyx)",
        "2 steps",
        "box: 0:5,0:56,0:96",
        "raw: raw.zarr ",
        "napari-synapse-debug 0.",
        "- none yet",
        "- CC0-1.0",
    ):
        assert text in card, card
    assert str(trained) not in card
    assert "not stated" in model_card(load_project(trained), "main")


def packed(project: Path, path: Path) -> Path:
    """The model of ``project`` as `export` packs it, without what other programs need of it."""
    model = project / "models/main"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "bioimageio.yaml", yaml.safe_dump({"config": {"napari_synapse_debug": {}}})
        )
        for name in ("weights.pt", "plan.json", "training.csv", "README.md"):
            archive.write(model / name, name)
    return path


def test_the_card_of_an_imported_model_says_where_it_was_trained(
    trained: Path, tmp_path: Path
) -> None:
    home = section_lines((trained / "models/main/README.md").read_text(), "Training")
    assert any(line.startswith("raw: raw.zarr ") for line in home)
    own = tmp_path / "tissue.zarr"
    shutil.copytree(trained / "raw.zarr", own)
    elsewhere = create_project(tmp_path / "elsewhere", raw=str(own))
    import_model(elsewhere, packed(trained, tmp_path / "net.zip"))

    card = (elsewhere / "models/main/README.md").read_text()
    assert card.startswith("# elsewhere, main")
    assert section_lines(card, "Training") == ("imported from net.zip", *home)
    assert "tissue.zarr" not in card
    assert section_lines(card, "Scores") == ("none yet",)

    further = create_project(tmp_path / "further", raw=str(trained / "raw.zarr"))
    import_model(further, packed(elsewhere, tmp_path / "again.zip"))
    told = ("imported from again.zip", "imported from net.zip", *home)
    assert section_lines(model_card(load_project(further), "main"), "Training") == told
    assert read_run(further / "runs/main").steps["train"].origin == told


@pytest.mark.parametrize(
    ("size_nm", "note"),
    [
        ((40.0, 16.0, 20.0), "resampled from 40×16×20 nm to 40×8×10 nm for the model, and back"),
        ((40.0, 9.0, 10.0), "trained on voxels of 40×8×10 nm, used as it is on 40×9×10 nm"),
        ((40.0, 33.0, 10.0), None),
    ],
)
def test_a_model_is_imported_where_it_can_predict(
    trained: Path, tmp_path: Path, size_nm: tuple[float, float, float], note: str | None
) -> None:
    raw = str(trained / "raw.zarr")
    project = create_project(tmp_path / "other", raw=raw, voxel_size_nm=size_nm)
    package = packed(trained, tmp_path / "net.zip")
    if note is None:
        with pytest.raises(InputError, match="voxels of another size"):
            import_model(project, package)
        assert load_project(project).models == ()
    else:
        assert import_model(project, package).endswith(note)


def test_card_and_summary_have_the_scores_of_the_present_model_alone(finished: Path) -> None:
    card = finished / "models/main/README.md"
    first = "# toy, main\n\n## Scores\n\n- of the model before\n- twice\n\n## License\n\n- mine\n"
    card.write_text(first)
    scored = run_steps(finished, ["evaluate"], again=True).score
    assert scored.startswith("P .67 R .57 F1 .62 ")
    lines = "\n".join(f"- {line}" for line in scored.splitlines())
    assert card.read_text() == first.replace("- of the model before\n- twice", lines)

    change_params(finished, {"train": QUICK})
    summary = run_steps(finished, ["train"])
    assert (summary.score, summary.errors) == ("", ())
    assert section_lines(card.read_text(), "Scores") == ("none yet",)
    assert "run main, score" not in {row["what"] for row in describe_project(finished)}
    assert (finished / "runs/main/evaluation.json").exists(), "as it was"


def test_a_score_of_synapses_that_were_found_anew_is_none(finished: Path) -> None:
    change_params(finished, {"synapses": {"threshold": 0.6}})
    again = run_steps(finished, ["synapses"])
    assert (again.score, again.errors) == ("", ())
    evaluated = run_steps(finished, ["evaluate"])
    assert evaluated.score
    assert evaluated.errors == (), "not diagnosed yet"
    assert run_steps(finished, STEPS).errors


def test_a_run_without_a_model_has_no_card(fresh: Path) -> None:
    with pytest.raises(ProjectError, match="no model"):
        model_card(load_project(fresh), "main")


def test_the_classes_of_a_project_with_classes_must_be_those_of_the_model(fresh: Path) -> None:
    project = load_project(fresh)
    assert _with_classes(project, project.config.classes) is project
    with pytest.raises(ProjectError, match="in this order"):
        _with_classes(project, project.config.classes[::-1])
    with pytest.raises(ProjectError, match="other classes"):
        _with_classes(project, (ClassSpec("shaft", Role.SOMA),))


@pytest.mark.parametrize(
    ("project", "run", "name"),
    [
        ("hörnchen", "main", "h rnchen main"),
        ("p", "m", "synapses p m"),
        ("脳", "m", "synapses   m"),
    ],
)
def test_the_name_of_a_package_is_one_that_may_be_uploaded(
    project: str, run: str, name: str
) -> None:
    assert package_name(project, run) == name
