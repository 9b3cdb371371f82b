"""Peak memory of prediction on a volume 8 times as large within 10 %; waiting for disks <= 2 %.

Memory is compared with a network of three levels, that the larger volume takes minutes and not an
hour, and with blocks small enough that both volumes have one with a whole halo. Waiting is that
of the whole network `small` on the larger one, where the first reading and the last writing, beside
which nothing can be computed, are two of 27.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

SMALL = (48, 384, 384)
LARGE = (96, 768, 768)
MEMORY_BLOCK = (16, 128, 128)
WAITING_BLOCK = (32, 256, 256)
FEW_LEVELS, ALL_LEVELS = 3, 4
VOXEL_NM = (40.0, 8.0, 8.0)
MOST_MORE = 0.10
MOST_WAITING = 0.02
KIB = 1024

Triple = tuple[int, int, int]


def measure(work: Path) -> bool:
    """Each volume in a process of its own, from and to Zarr on the disk, pyramid included."""
    peaks = [_run(work, FEW_LEVELS, shape, MEMORY_BLOCK)["peak"] for shape in (SMALL, LARGE)]
    more = peaks[1] / peaks[0] - 1
    print(f"{100 * more:+.1f} % memory   (bar: at most {100 * MOST_MORE:g} % more)")
    waiting = _run(work, ALL_LEVELS, LARGE, WAITING_BLOCK)["waiting"]
    print(f"{100 * waiting:.1f} % waiting for disks   (bar: at most {100 * MOST_WAITING:g} %)")
    return more <= MOST_MORE and waiting <= MOST_WAITING


def _run(work: Path, levels: int, shape: Triple, block: Triple) -> dict[str, float]:
    """What ``predict`` found in a process of its own."""
    numbers = map(str, (levels, *shape, *block))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, __file__, str(work), *numbers]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{'x'.join(map(str, shape)):>12}, {levels} levels: peak {found['peak'] / 2**20:6.0f} MiB, "
        f"{found['blocks']} blocks, {found['seconds']:.0f} s",
        flush=True,
    )
    return found


def predict(work: Path, levels: int, shape: Triple, block: Triple) -> dict[str, float]:
    """Predict noise of ``shape`` in blocks of ``block``; what it took."""
    import numpy as np

    from napari_synapse_debug.domain.events import QuietContext
    from napari_synapse_debug.domain.grid import Grid
    from napari_synapse_debug.io import create_volume
    from napari_synapse_debug.pipeline.levels import add_levels
    from napari_synapse_debug.predict import Predictor, predict_blocks
    from untrained import random_network

    class Timed(Predictor):
        busy = 0.0

        def compute(self, tile):
            started = time.perf_counter()
            found = super().compute(tile)
            self.busy += time.perf_counter() - started
            return found

    grid = Grid(shape, VOXEL_NM)
    raw = create_volume(work / f"raw{shape[0]}.zarr", grid, np.uint8)
    noise = np.random.default_rng(0)
    for box in grid.box.blocks((32, 256, 256)):
        raw.write(box, noise.integers(0, 256, box.shape, dtype=np.uint8))
    trained = random_network(VOXEL_NM, levels)
    predictor = Timed(trained)
    names = tuple(spec.name for spec in trained.plan.classes)
    path = work / f"prediction{shape[0]}.zarr"
    out = create_volume(path, grid, np.uint8, channels=names)
    blocks = list(grid.box.blocks(block))
    started = time.perf_counter()
    for _ in predict_blocks(raw.array, blocks, predictor, out.array, QuietContext()):
        pass
    seconds = time.perf_counter() - started
    add_levels(path, "bar", "predict", QuietContext())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB
    waiting = 1 - predictor.busy / seconds
    return {"peak": peak, "blocks": len(blocks), "seconds": seconds, "waiting": waiting}


if __name__ == "__main__":
    levels, *sizes = (int(text) for text in sys.argv[2:])
    print(json.dumps(predict(Path(sys.argv[1]), levels, tuple(sizes[:3]), tuple(sizes[3:]))))
