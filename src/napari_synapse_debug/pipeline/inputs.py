"""What each step reads, as fingerprints: when one of them changes, the step is done again."""

from __future__ import annotations

from collections.abc import Iterable

from napari_synapse_debug.domain.errors import ProjectError
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io import Project, RunRecord, fingerprint, parse_source, read_run
from napari_synapse_debug.io.project import CONFIG
from napari_synapse_debug.pipeline.lessons import lesson_inputs
from napari_synapse_debug.pipeline.partners import partner_lessons
from napari_synapse_debug.pipeline.plan import NEEDS, STEPS, step_key
from napari_synapse_debug.synapses import LEAST_SYNAPSES


def inputs_of(project: Project, run: str, step: str) -> dict[str, str]:
    """Fingerprints of all that ``step`` reads: files, grid, boxes, classes, steps before it."""
    config = project.config
    masks = {f"mask {mask.name}": mask.source for mask in config.masks}
    read_by: dict[str, dict[str, Source | None]] = {
        "train": {"raw": config.raw, **masks},
        "predict": {"raw": config.raw, "within": _within(project)},
        "contacts": {"segmentation": config.segmentation, **_contact_layers(project)},
        "synapses": {"raw": config.raw},
        "evaluate": {"true_segmentation": config.true_segmentation, **masks},
    }
    inputs = {
        name: f"{source} {fingerprint(project.path_of(source))}"
        for name, source in read_by.get(step, {}).items()
        if source is not None
    }
    if inputs:
        inputs["voxel size and offset"] = f"{config.voxel_size_nm} {config.offset_nm}"
    if step == "train":
        inputs["classes"] = " ".join(f"{c.name}:{c.role}" for c in config.classes)
        inputs["box"] = str(config.train_box)
        inputs |= _annotation_inputs(project) | lesson_inputs(project, run)
    if step == "synapses" and config.params.synapses.partners != "rule":
        inputs["true partners"] = _partner_inputs(project)
    if step == "evaluate":
        inputs["box"] = str(config.eval_box)
        if config.truth is not None:
            inputs["truth"] = fingerprint(project.truth_path)
    record = read_run(project.run_folder(run))
    for before in NEEDS[step]:
        inputs[f"step {before}"] = _key_of(record, before)
    return inputs


def older_than(record: RunRecord, step: str) -> tuple[str, str] | None:
    """A result that ``step`` would read, and what that was made of and has changed since.

    None where all fit together. That parameters or files are others by now does not count.
    """
    for before in NEEDS[step]:
        found = older_than(record, before)
        if found is not None:
            return found
        made = record.steps.get(before)
        if made is None:
            continue
        for earlier in NEEDS[before]:  # what was begun anew and stopped is not there at all
            was, now = made.inputs.get(f"step {earlier}"), _key_of(record, earlier)
            if earlier in record.steps and was != now:
                return before, earlier
    return None


def check_needs(record: RunRecord, step: str, who: str = "") -> None:
    """Refuse a run that lacks what ``step`` reads, or has what does not fit together.

    Raises
    ------
    ProjectError
        It is said of ``who``, by default of the step.
    """
    who = who or f"The step {step}"
    missing = [before for before in NEEDS[step] if before not in record.steps]
    if missing:
        raise ProjectError(
            f"{who} needs the results of {' and '.join(missing)}",
            found="a run in which they were not made",
            expected=f"{', '.join(NEEDS[step])} done before",
            fix=f"run {' and '.join(missing)} first, or `synapse-debug run` for all",
        )
    if (older := older_than(record, step)) is not None:
        before, earlier = older
        raise ProjectError(
            f"{who} needs the results of {before}",
            found=f"some that were made before {earlier} was done anew",
            fix=f"run {before} first, or `synapse-debug run` for all",
        )


def check_sources(project: Project, steps: Iterable[str], *, can_be_less: bool = True) -> None:
    """Refuse ``steps`` one of which would read what the project does not name.

    Asked before the first begins, so that nothing is trained and predicted for hours first. Where
    fewer steps could be asked for (``can_be_less``) it tells which.

    Raises
    ------
    ProjectError
        There is no neuron segmentation for the contacts, or no truth to evaluate with.
    """
    config, asked = project.config, tuple(steps)
    for step, what, field, source in (
        ("contacts", "neuron segmentation", "segmentation", config.segmentation),
        ("evaluate", "truth", "truth", config.truth),
    ):
        if step in asked and source is None:
            before = [name for name in STEPS[: STEPS.index(step)] if name in asked]
            without = (
                f", or run without it: --steps {','.join(before)}" if before and can_be_less else ""
            )
            raise ProjectError(
                f"The step {step} needs a {what}",
                found=f"a project without: {project.folder}",
                fix=f"name one as `{field}` in {project.folder / CONFIG}{without}",
            )


def _contact_layers(project: Project) -> dict[str, Source | None]:
    """The layers that the parameters of contacts name, as far as the project has them."""
    config, params = project.config, project.config.params.contacts
    layers = {mask.name: mask.source for mask in config.masks} | dict(config.extra_layers)
    named = (params.background_layer, params.region_layer)
    return {f"layer {name}": layers.get(name) for name in named if name is not None}


def _within(project: Project) -> Source | None:
    text = project.config.params.predict.within
    return None if text is None else parse_source(text, project.folder)


def _annotation_inputs(project: Project) -> dict[str, str]:
    """Boxes beyond the train box, with their files, and what classes are painted from."""
    inputs = {}
    for number, found in enumerate(project.config.annotated):
        sources = {"raw": found.raw, **{f"mask {m.name}": m.source for m in found.masks or ()}}
        for name, source in sources.items():
            if source is not None:
                inputs[f"box {number} {name}"] = f"{source} {fingerprint(project.path_of(source))}"
        if found.truth is not None:
            path = project.path_of(Source(path=found.truth))
            inputs[f"box {number} truth"] = f"{fingerprint(path)} {project.config.params.targets}"
        if found in project.config.annotations:
            inputs[f"box {number}"] = f"{found} {found.voxel_size_nm} {found.offset_nm}"
    return inputs


def _partner_inputs(project: Project) -> str:
    """What partners are learnt from, and how true rows are told to belong to candidates."""
    lessons, rule = partner_lessons(project), project.config.params.evaluate
    if len(lessons.rows) < LEAST_SYNAPSES:
        return lessons.fingerprint
    return f"{lessons.fingerprint} {rule.tolerance_nm} {rule.snap_nm} {rule.is_complete}"


def _key_of(record: RunRecord, step: str) -> str:
    """What those after ``step`` depend on; empty where it was not done.

    A training is stopped by the clock, so that doing it again gives another model: it also
    counts when it was done. The other steps make the same again.
    """
    found = record.steps.get(step)
    if found is None:
        return ""
    when = {"finished": found.finished} if step == "train" else {}
    return step_key(found.params, {**found.inputs, **when})
