"""Make the embedded sample again: simulated neuropil with planted errors, a ready project."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from napari_synapse_debug.domain.params import SimulateParams
from napari_synapse_debug.pipeline import simulate_project

FOLDER = Path(__file__).resolve().parent.parent / "src/napari_synapse_debug/sample_data/neuropil"
LARGEST_BYTES = 8_000_000


def main() -> int:
    """Write the sample; 1 if it is too large to ship."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    made = simulate_project(FOLDER, SimulateParams(planted=1))
    size = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file())
    for row in (*made.rows, *made.events):
        sys.stdout.write(" · ".join(map(str, row.values())) + "\n")
    sys.stdout.write(f"{size / 1e6:.1f} MB in {FOLDER}\n")
    return 0 if size < LARGEST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
