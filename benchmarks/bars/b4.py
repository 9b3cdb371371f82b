"""Trained net: tiled = untiled within bf16 rounding, F1 within 1 % of f32 with full overlap.

On a simulated volume with about a hundred true synapses in its half that judges, so that one
synapse alone moves F1 by less than the bar.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from monai.inferers import sliding_window_inference

from commands import run
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io import load_project, open_volume, write_volume
from napari_synapse_debug.io.checkpoint import load_model
from napari_synapse_debug.networks import load_weights, mirror_to_multiple, prepare_raw
from napari_synapse_debug.pipeline import change_params, run_steps
from napari_synapse_debug.predict import Predictor, upsample

SHAPE = "48,384,768"
MINUTES = 2
BLOCK_VX = [32, 96, 96]
MOST_F1_APART = 0.01


def measure(work: Path) -> bool:
    """Train on simulated tissue; predict it by blocks, whole, and with full overlap in f32."""
    project = work / "simulated"
    run("simulate", project, "--shape", SHAPE)
    change_params(project, {"train": {"minutes": MINUTES}, "predict": {"block_vx": BLOCK_VX}})
    run_steps(project, ["train", "predict", "contacts", "synapses", "evaluate"])
    place = project / "runs" / "main"
    stored = open_volume(Source(path=str(place / "prediction.zarr")))
    tiled = stored.read(stored.grid.box).astype(int)
    fast_f1, n = _f1(place)

    trained = load_model(project / "models" / "main")
    source = load_project(project).raw()
    raw = source.read(source.grid.box)
    whole = Predictor(trained).predict(raw).astype(int)
    exact = Predictor(trained, dtype=torch.float32).predict(raw).astype(int)
    of_tiles, of_rounding = np.abs(tiled - whole), np.abs(whole - exact)
    print(f"tiled - untiled, bf16: mean {of_tiles.mean():.4f}, most {of_tiles.max()} of 255")
    print(f"bf16 - f32, untiled:   mean {of_rounding.mean():.4f}, most {of_rounding.max()} of 255")

    batch = torch.from_numpy(
        prepare_raw(mirror_to_multiple(raw, trained.plan.align_vx), trained.plan)
    )
    with torch.inference_mode():
        overlapped = sliding_window_inference(
            batch[None, None], trained.plan.patch_vx, 4, load_weights(trained), 0.5, "gaussian"
        )
        fine = upsample(overlapped[0].sigmoid(), trained.plan.binning)
    z, y, x = source.grid.box.slices
    slow = (fine[:, z, y, x] * 255).round().to(torch.uint8).numpy()
    write_volume(place / "prediction.zarr", slow, source.grid, channels=stored.channels)
    run_steps(project, ["synapses", "evaluate"], again=True)
    slow_f1, _ = _f1(place)
    print(f"F1 {fast_f1:.4f} by blocks in bf16, {slow_f1:.4f} in f32 with overlap 0.5; n {n} true")
    print(f"apart {abs(fast_f1 - slow_f1):.4f}   (bar: at most {MOST_F1_APART})")
    is_rounding = of_tiles.mean() <= of_rounding.mean() and of_tiles.max() <= of_rounding.max()
    return bool(is_rounding) and abs(fast_f1 - slow_f1) <= MOST_F1_APART


def _f1(place: Path) -> tuple[float, int]:
    """F1 of the evaluation, and the number of true synapses that it counted."""
    score = json.loads((place / "evaluation.json").read_text(encoding="utf-8"))
    return float(score["f1"]), int(score["n_truth"])
