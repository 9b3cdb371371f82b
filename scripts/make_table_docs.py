"""Write docs/tables.md from the columns of the tables and what their module says of them."""

from __future__ import annotations

import ast
import itertools
import sys
from pathlib import Path

from napari_synapse_debug.domain import records

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "tables.md"

HEAD = """# Columns of the tables

Made by `python scripts/make_table_docs.py` from `domain/records.py`. Points are `…_z_nm, …_y_nm,
…_x_nm`, in nm; boxes are voxels. `Int64` may be missing. A table that is given (`--prediction`,
`--truth`, `--candidates`, `--contacts`) may have further columns, which are kept.
"""

TABLES = {
    "PREDICTION": "synapses.parquet, .csv",
    "TRUTH": "the truth",
    "CANDIDATES": "candidates.parquet",
    "CONTACTS": "contacts.parquet",
    "CONTACT_PAIRS": "contact_pairs.parquet",
    "PAIRS": "pairs.parquet",
    "MATCHES": "matches.parquet",
    "FINDINGS": "findings.parquet, .csv",
    "CONNECTOME": "connectome.parquet",
}


def page() -> str:
    """The whole page."""
    said = _said()
    return "\n".join([HEAD, *(_section(name, file, said[name]) for name, file in TABLES.items())])


def _section(name: str, file: str, words: str) -> str:
    columns = ", ".join(f"`{column}` {dtype}" for column, dtype in getattr(records, name).items())
    return f"## {file}\n\n{words}\n\n{columns}\n"


def _said() -> dict[str, str]:
    """The text below each assignment of the module."""
    body = ast.parse(Path(records.__file__).read_text(encoding="utf-8")).body
    said = {}
    for statement, text in itertools.pairwise(body):
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            words = " ".join(str(text.value.value).split()).replace("``", "`")
            said |= {target.id: words for target in targets if isinstance(target, ast.Name)}
    return said


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
