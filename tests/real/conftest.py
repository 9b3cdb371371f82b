"""Where the real data lie: SYNAPSE_DEBUG_DATA, by default a folder beside the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = Path(os.environ.get("SYNAPSE_DEBUG_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "vnc_left.h5").exists():
        pytest.skip(f"the real data are not in {folder}; set SYNAPSE_DEBUG_DATA")
    return folder
