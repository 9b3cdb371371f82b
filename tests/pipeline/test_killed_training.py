"""A training whose process is killed, gone on with, is the one that nobody killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from napari_synapse_debug.io.checkpoint import load_model, load_training_state
from napari_synapse_debug.pipeline import change_params, run_steps
from napari_synapse_debug.train import trainer

SCRIPT = """
import sys
from pathlib import Path
from napari_synapse_debug.pipeline import run_steps
import torch
from napari_synapse_debug.train import loop, trainer
loop._CHECKPOINT_SECONDS = 0.0
trainer.choose_dtype = lambda device: torch.float32
run_steps(Path(sys.argv[1]), ["train"], run="killed")
"""
STEPS = 8
TINY = {"patch_vx": [6, 32, 32], "batch_size": 1, "device": "cpu", "minutes": 1000}


def steps_done(project: Path) -> int:
    state = load_training_state(project / "models/killed")
    return 0 if state is None else state.step


@pytest.mark.slow
def test_a_killed_training_goes_on_with_the_same_curve(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both begin in float32, whatever is faster here and now; the one that goes on keeps it."""
    change_params(fresh, {"train": {**TINY, "steps": STEPS}})
    with monkeypatch.context() as patched:
        patched.setattr(trainer, "choose_dtype", lambda _device: torch.float32)
        run_steps(fresh, ["train"], run="whole")
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(fresh)]) as process:
        while steps_done(fresh) < 2:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    done = steps_done(fresh)
    assert 2 <= done < STEPS
    run_steps(fresh, ["train"], run="killed")
    whole, killed = (load_model(fresh / "models" / name) for name in ("whole", "killed"))
    assert killed.record["step"].is_monotonic_increasing
    assert killed.record["step"].iloc[-1] == STEPS
    assert load_training_state(fresh / "models/killed") is None
    for name, tensor in whole.weights.items():
        torch.testing.assert_close(killed.weights[name], tensor, rtol=1e-4, atol=1e-4)
