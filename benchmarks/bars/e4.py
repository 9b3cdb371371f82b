"""Pictures of each dock and page, 2D and 3D, two themes, two sizes: made by a command, not cut.

Of the sample, trained and run to its end, so that every page has what it is there to show.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from commands import ROOT, run
from napari_synapse_debug.pipeline import prepare_demo

SIZES = {"1280": (800, 1280), "2560": (1440, 2560)}
LEAST_DETAIL = 8.0
MINUTES = 1.0


def measure(work: Path) -> bool:
    """Draw all pictures; each has its size, shows something, and no text in it is cut."""
    project, out = prepare_demo(work, MINUTES), work / "pictures"
    run("run", project, "--set", "diagnose.budget=true")
    script = ROOT / "scripts" / "make_screenshots.py"
    command = [sys.executable, str(script), str(project), str(out), "--check"]
    if not os.environ.get("DISPLAY"):
        screen = "-screen 0 2560x1440x24"
        command = ["xvfb-run", "-a", "-s", screen, *command]
    drawn = subprocess.run(command, capture_output=True, text=True, check=False)
    cut = [line for line in drawn.stdout.splitlines() if line.startswith("CUT")]
    print("\n".join(cut) or "no text is cut off")
    pictures = sorted(out.glob("*.png"))
    poor = [path.name for path in pictures if not is_good(path)]
    print(f"{len(pictures)} pictures; blank or of another size: {', '.join(poor) or 'none'}")
    if drawn.returncode:
        print(drawn.stderr[-2000:])
    return drawn.returncode == 0 and bool(pictures) and not poor and not cut


def is_good(path: Path) -> bool:
    """Whether the picture has the size of its name and is not blank."""
    pixels = imageio.imread(path)[..., :3].astype(np.float64)
    size = SIZES[path.stem.rsplit("-", 1)[1]]
    return pixels.shape[:2] == size and pixels.std() > LEAST_DETAIL
