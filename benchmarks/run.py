"""Run one numbered bar: ``python benchmarks/run.py A1``; ``--list`` names them all.

Each bar is a module ``bars/NAME.py`` with a one-line docstring and a function ``measure(work)``
that prints its figures and returns whether the bar holds. Exit code 0 only where it does.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import sys
import tempfile
from pathlib import Path

BARS = Path(__file__).parent / "bars"
sys.path.insert(0, str(Path(__file__).parent))


def describe(path: Path) -> str:
    """First line of the module's docstring, read without importing it."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.splitlines()[0]


def measure(path: Path, work: Path) -> bool:
    """Import the bar's module and run it in the folder ``work``."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return bool(module.measure(work))


def main() -> int:
    """Read the arguments and run the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bar", nargs="?", help="name of the bar, for example A1")
    parser.add_argument("--list", action="store_true", help="name all bars")
    parser.add_argument("--work", type=Path, help="keep what is made in this folder")
    arguments = parser.parse_args()
    bars = {path.stem.upper(): path for path in sorted(BARS.glob("[a-z][0-9]*.py"))}
    if arguments.list or arguments.bar is None:
        for name, path in bars.items():
            print(f"{name:4} {describe(path)}")
        return 0
    name = arguments.bar.upper()
    if name not in bars:
        print(f"There is no bar {name}; there are {', '.join(bars)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="synapse-debug-bar-") as folder:
        holds = measure(bars[name], arguments.work or Path(folder))
    print(f"{name} {'holds' if holds else 'DOES NOT HOLD'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
