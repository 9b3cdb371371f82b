"""A training whose process is killed, gone on with, is the one that nobody killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from napari_synapse_debug.io.checkpoint import load_model, load_training_state
from napari_synapse_debug.pipeline import change_params, run_steps
from napari_synapse_debug.train import trainer

SCRIPT = """
import os, signal, sys
from pathlib import Path
from napari_synapse_debug.pipeline import run_steps
import torch
from napari_synapse_debug.train import loop, trainer
loop._CHECKPOINT_SECONDS = loop._FIRST_CHECKPOINT_SECONDS = 0.0
trainer.choose_dtype = lambda device: torch.float32
advance = trainer.Trainer.advance
def advance_and_die(self, *args):
    loss = advance(self, *args)
    if self.step == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return loss
trainer.Trainer.advance = advance_and_die
run_steps(Path(sys.argv[1]), ["train"], run="killed")
"""
STEPS, KILLED_AT = 8, 5
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
    command = [sys.executable, "-c", SCRIPT, str(fresh), str(KILLED_AT)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert steps_done(fresh) == KILLED_AT - 1, "it was killed before that step was saved"
    run_steps(fresh, ["train"], run="killed")
    whole, killed = (load_model(fresh / "models" / name) for name in ("whole", "killed"))
    assert killed.record["step"].is_monotonic_increasing
    assert killed.record["step"].iloc[-1] == STEPS
    assert load_training_state(fresh / "models/killed") is None
    for name, tensor in whole.weights.items():
        torch.testing.assert_close(killed.weights[name], tensor, rtol=1e-4, atol=1e-4)
