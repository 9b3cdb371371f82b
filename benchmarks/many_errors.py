"""A run of many errors in memory, on a small volume, for bars about the window."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.domain.project import ProjectConfig, Source
from napari_synapse_debug.domain.records import ENDS, FINDINGS, conform, empty, with_points
from napari_synapse_debug.domain.stages import STAGE_OF_CAUSE, Cause

GRID = Grid((64, 512, 512), (40.0, 8.0, 8.0), (0.0, 0.0, 0.0))


def many_findings(count: int, grid: Grid = GRID) -> pd.DataFrame:
    """``count`` errors all over the grid, of all causes; every third false."""
    rng = np.random.default_rng(0)
    causes = np.array(list(STAGE_OF_CAUSE), dtype=object)[rng.integers(len(Cause), size=count) - 1]
    is_false = np.arange(count) % 3 == 0
    numbers = pd.Series(np.arange(1, count + 1), dtype="Int64")
    texts = {name: "" for name, dtype in FINDINGS.items() if dtype == "str"}
    table = empty(FINDINGS).reindex(range(count)).assign(**texts)
    table = table.assign(
        finding=numbers,
        fault=numbers,
        error=np.where(is_false, "false", "missed"),
        cause=[str(cause) for cause in causes],
        stage=[str(STAGE_OF_CAUSE[cause]) for cause in causes],
        summary=_sentences(rng.random(count)),
        kind=np.where(rng.random(count) < 0.5, "shaft", "spine_head"),
        score=np.where(is_false, rng.random(count), np.nan),
        candidate=numbers.where(rng.random(count) < 0.7),
        truth_row=numbers.mask(is_false),
        prediction_row=numbers.where(is_false),
        pre_segment=rng.integers(1, 60, count),
        post_segment=rng.integers(1, 60, count),
    )
    cleft = rng.random((count, 3)) * (np.array(grid.shape) - 1) * grid.voxel_size_nm
    for end, aside in zip(ENDS, (-60.0, 0.0, 60.0), strict=True):
        table = with_points(table, end, cleft + np.array([0.0, 0.0, aside]))
    return conform(table, FINDINGS)


def _sentences(values: np.ndarray) -> list[str]:
    """What is said of each error; every second one differs from all others, as with areas."""
    few = (f"Peak {value:.2f} in the zone, threshold 0.50." for value in values[::2])
    many = (f"The two segments touch in the zone ({1e9 * v:,.0f} nm²)." for v in values[1::2])
    out = [""] * len(values)
    out[::2], out[1::2] = few, many
    return out


def many_results(count: int) -> SimpleNamespace:
    """Results of a run with ``count`` errors, as the window takes them."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(1, 60, (8, 16, 16)).astype(np.uint64)
    segmentation = coarse.repeat(8, 0).repeat(32, 1).repeat(32, 2)
    raw = rng.integers(80, 200, GRID.shape, dtype=np.uint8)
    config = ProjectConfig(
        name="many",
        voxel_size_nm=GRID.voxel_size_nm,
        raw=Source(path="raw.zarr"),
        segmentation=Source(path="segmentation.zarr"),
    )
    volumes = {"raw": raw, "segmentation": segmentation}
    return SimpleNamespace(
        config=config,
        grid=GRID,
        volumes={k: SimpleNamespace(array=v, grid=GRID, channels=None) for k, v in volumes.items()},
        findings=many_findings(count),
        candidates=pd.DataFrame(
            {"candidate": np.arange(1, count + 1), "size_vx": rng.integers(20, 900, count)}
        ),
        has_model=True,
        is_package=False,
        **dict.fromkeys(("truth", "synapses", "contacts", "matches", "evaluation")),
    )
