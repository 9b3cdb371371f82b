"""Contacts of 512³ against cc3d: pairs ≥ 4×, patches ≥ 2×, gap ≥ 1×, memory ≤ 25 %."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cc3d
import numpy as np

from contacts_data import PINKY_NM, in_turns, pinky
from napari_synapse_debug.contacts import (
    contact_halo_vx,
    contacts_in_block,
    find_contacts,
    find_pairs,
    stitch_contacts,
)
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams

BARS = {"pairs": 4.0, "patches": 2.0, "gap": 1.0}
MOST_MEMORY = 0.25
PLAIN, GAP = ContactParams(), ContactParams(max_gap_nm=12)


def measure(work: Path) -> bool:  # noqa: ARG001
    """Compare on one thread each, in turns; then two threads, and memory in a new process."""
    labels = pinky()
    grid = Grid(labels.shape, PINKY_NM)
    seconds = in_turns(
        5,
        cc3d=lambda: cc3d.contacts(labels, connectivity=6, anisotropy=PINKY_NM),
        pairs=lambda: find_pairs(labels, grid, PLAIN),
        patches=lambda: find_contacts(labels, grid, PLAIN),
        gap=lambda: find_contacts(labels, grid, GAP),
    )
    ratios = {name: seconds["cc3d"] / seconds[name] for name in BARS}
    for name, ratio in ratios.items():
        print(f"{name:8} {ratio:.2f} × cc3d.contacts c6 (bar {BARS[name]:g})")
    one, two = (_with_threads(labels, grid, count) for count in (1, 2))
    print(f"patches on two threads: {one / two:.2f} × one thread (wall time)")
    shares = {gap: _memory_share(gap) for gap in (0, 12)}
    print(
        "memory beyond the input: "
        + ", ".join(f"gap {gap} nm {share:.1%}" for gap, share in shares.items())
        + f" (bar {MOST_MEMORY:.0%})"
    )
    is_fast = all(ratios[name] >= bar for name, bar in BARS.items())
    return is_fast and max(shares.values()) <= MOST_MEMORY


def _with_threads(labels: np.ndarray, grid: Grid, threads: int) -> float:
    halo = contact_halo_vx(grid, PLAIN)

    def pieces_in(core):
        read = core.grow(halo, within=grid.box)
        return contacts_in_block(labels[read.slices], read, core, grid, PLAIN)

    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        stitch_contacts(pool.map(pieces_in, grid.box.blocks(PLAIN.block_vx)), grid, PLAIN)
    return time.perf_counter() - start


_MEMORY = """
import sys; sys.path.insert(0, {folder!r})
import psutil, threading, numpy as np
from contacts_data import PINKY_NM, pinky
from napari_synapse_debug.contacts import find_contacts
from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.params import ContactParams
params, labels = ContactParams(max_gap_nm={gap}), pinky()
small = labels[:9, :99, :99].copy()
find_contacts(small, Grid(small.shape, PINKY_NM), params)
process, most, done = psutil.Process(), [0], threading.Event()
before = process.memory_info().rss
def watch():
    while not done.wait(0.002):
        most[0] = max(most[0], process.memory_info().rss)
watcher = threading.Thread(target=watch); watcher.start()
find_contacts(labels, Grid(labels.shape, PINKY_NM), params)
done.set(); watcher.join()
print((most[0] - before) / labels.nbytes)
"""


def _memory_share(gap: int) -> float:
    """Most memory while contacts are found, beyond what was there before, over the input's."""
    code = _MEMORY.format(folder=str(Path(__file__).parents[1]), gap=gap)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)
