"""Write docs/parameters.md from the parameter models, so that it cannot go stale."""

from __future__ import annotations

import sys
from pathlib import Path

from napari_synapse_debug.domain.params import AgainParams, CompareParams, Params
from napari_synapse_debug.domain.project import StepParams

PAGE = Path(__file__).resolve().parent.parent / "docs" / "parameters.md"

HEAD = """# Parameters

Made by `python scripts/make_parameter_docs.py` from `domain/params/`. On the command line:
`--set STEP.NAME=VALUE` (remembered in `project.yaml`). Values are YAML: `true` or `false`, lists in
square brackets and quotes (`--set 'contacts.excluded_segments=[1,2]'`), `null` for *as needed*.
In the window: the form of the step, under the name of the last column; those with … are folded
under *Advanced*; `targets` are set on the command line alone.
Where files are judged without a project: `--params FILE.yaml` with the sections evaluate, diagnose,
synapses and contacts.

Parameters belong to the project, not to a run: a change makes the steps of all runs out of date
that depend on it, and the next `run` of each does them anew. To compare one change with the same
network, begin a run as a copy, and leave the other one as it is:

```sh
synapse-debug run PROJECT --run b --from main --set synapses.threshold=0.6
synapse-debug compare PROJECT main b
```
"""

COMMANDS = {"again": AgainParams, "compare": CompareParams}

WITHOUT_FORM = ("targets",)

COMMAND_HEAD = """## Of commands that are no steps

They are not kept in the project, but told each time: as options of `synapse-debug again` and
`compare`, and in the form of *Train again*; `draws` and `seed` of a comparison from Python alone.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for step, field in StepParams.model_fields.items():
        parts.append(_section(step, field.annotation))
    parts.append(COMMAND_HEAD)
    parts += [_section(command, model) for command, model in COMMANDS.items()]
    return "\n".join(parts)


def _section(step: str, model: type[Params]) -> str:
    has_form = step not in WITHOUT_FORM
    lines = [
        f"## {step}",
        "",
        "| name | default | unit | bounds | what it does | in the window |",
        "|---|---|---|---|---|---|",
    ]
    schema = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra or {}
        default = "as needed" if field.default is None else f"`{_typed(field.default)}`"
        title = f"{field.title}{' …' if extra.get('advanced') else ''}" if has_form else ""
        lines.append(
            f"| `{name}` | {default} | {extra.get('unit', '')} | {_bounds(schema[name])} "
            f"| {field.description} | {title} |"
        )
    return "\n".join([*lines, ""])


def _typed(value: object) -> str:
    """``value`` as it is typed on the command line."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _bounds(schema: dict) -> str:
    options = [schema, *schema.get("anyOf", [])]
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [
        f"{sign} {part[key]:g}" for part in options for key, sign in signs.items() if key in part
    ]
    choices = [str(value) for part in options for value in part.get("enum", [])]
    return ", ".join([*bounds, *choices])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
