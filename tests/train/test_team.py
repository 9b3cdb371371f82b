"""Two real processes that train one network together, over gloo on the CPU."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import psutil
import pytest
import torch

from napari_synapse_debug.domain.errors import WorkerLostError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.networks import NetworkPlan
from napari_synapse_debug.train import TrainingBox, train_network
from napari_synapse_debug.train import trainer as trainer_module
from napari_synapse_debug.train.sampling import PatchSampler
from napari_synapse_debug.train.team import (
    ALONE,
    Team,
    _ended_badly,
    choose_backend,
    count_processes,
    end_where_lost,
    gather_team,
)
from napari_synapse_debug.train.trainer import Trainer

STEPS = 3


def params(**values: Any) -> TrainParams:
    return TrainParams(**{"batch_size": 1, "steps": STEPS, "device": "cpu", **values})


def train_and_save(team: Team, folder: Path, box: TrainingBox, plan: NetworkPlan) -> None:
    """What each process does: a few steps, then its weights and first patch go to a file."""
    formats = (torch.bfloat16, torch.float32)  # as if they had measured differently
    with mock.patch.object(trainer_module, "choose_dtype", return_value=formats[team.rank]):
        trainer = Trainer(plan, params(), None, team)
    assert trainer.dtype == formats[0]
    sampler = PatchSampler([box], plan, params(), team.rank)
    losses = [trainer.advance(sampler.draw(step), 0.1) for step in range(STEPS)]
    weights = trainer.state(0.0).weights
    trained = {name: weights[name] for name, _ in trainer._network.named_parameters()}
    content = {"weights": trained, "losses": losses, "raw": sampler.draw(0).raw}
    torch.save(content, folder / f"{team.rank}.pt")


def leave(team: Team) -> None:
    raise SystemExit(3)


def lead_those_who_leave() -> None:
    with gather_team(2, leave) as team:
        for _ in range(3):
            team.agree(0.5, torch.device("cpu"))
            team.mean(0.5, torch.device("cpu"))


def test_alone_nothing_is_sent(balls: TrainingBox) -> None:
    assert count_processes(params()) == 1
    with gather_team(1, leave) as team:
        assert team == ALONE
    assert ALONE.mean(2.5, torch.device("cpu")) == ALONE.agree(2.5, torch.device("cpu")) == 2.5


@pytest.mark.slow
def test_two_processes_have_the_same_weights_from_different_patches(
    tmp_path: Path, balls: TrainingBox, tiny_plan: NetworkPlan
) -> None:
    with gather_team(2, train_and_save, tmp_path, balls, tiny_plan) as team:
        assert (team.rank, team.size) == (0, 2)
        train_and_save(team, tmp_path, balls, tiny_plan)
    one, two = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert not torch.allclose(one["raw"], two["raw"])
    assert one["losses"] == two["losses"]
    assert all(math.isfinite(loss) for loss in one["losses"])
    assert len(one["weights"]) > 10
    for name, tensor in one["weights"].items():
        torch.testing.assert_close(two["weights"][name], tensor, rtol=0, atol=0)


@pytest.mark.slow
def test_two_processes_learn(balls: TrainingBox, tiny_plan: NetworkPlan) -> None:
    events: list[Any] = []
    together = params(steps=30, processes=2, augment=False, learning_rate=3e-2)
    trained = train_network([balls], tiny_plan, together, QuietContext(events.append))
    losses = [event.values["loss"] for event in events if "loss" in event.values]
    assert trained.record["step"].iloc[-1] == 30
    one = Trainer(tiny_plan, together, None)
    first = one.advance(PatchSampler([balls], tiny_plan, together).draw(0), 0.0)
    assert np.min(losses) < 0.8 * first


@pytest.mark.slow
def test_a_lost_process_is_told() -> None:
    with pytest.raises(WorkerLostError, match=r"ended before its time.*exit code 3"):
        lead_those_who_leave()


def test_a_leader_that_waits_for_a_lost_one_ends() -> None:
    for is_over, ends in ((False, True), (True, False)):
        reading, writing = os.pipe()  # its end tells as that of a process does
        over, ended = threading.Event(), threading.Event()
        if is_over:
            over.set()
        watch = end_where_lost([reading], over, ended.set, grace_s=0.1)
        assert not ended.wait(0.3)
        os.close(writing)
        watch.join(10)
        assert ended.is_set() is ends
        os.close(reading)


def test_who_has_done_its_part_is_not_lost() -> None:
    ended, context = threading.Event(), torch.multiprocessing.get_context("spawn")
    for codes, ends in (((0, 0), False), ((0, 3), True)):
        others = [context.Process(target=sys.exit, args=(code,)) for code in codes]
        for process in others:
            process.start()
        watch = end_where_lost(
            [process.sentinel for process in others],
            threading.Event(),
            ended.set,
            [partial(_ended_badly, process) for process in others],
            grace_s=0.1,
        )
        watch.join(60)
        assert ended.is_set() is ends


LEADER = """
import time
from contextlib import contextmanager
from napari_synapse_debug.train import team

team._FAREWELL_S = 0.1


@contextmanager
def meet(rank, size, meeting, backend):  # nothing that would tell of a lost process, as with NCCL
    yield team.Team(rank, size)


team._meet = meet


def follow(team, noted):
    import os
    from pathlib import Path

    Path(noted + ".new").write_text(str(os.getpid()))
    os.replace(noted + ".new", noted)
    time.sleep(600)


if __name__ == "__main__":
    import sys

    with team.gather_team(2, follow, sys.argv[1]):
        time.sleep(600)
"""


@pytest.mark.slow
def test_a_follower_ends_where_its_leader_was_killed(tmp_path: Path) -> None:
    script, noted = tmp_path / "leader.py", tmp_path / "follower"
    script.write_text(LEADER)
    with subprocess.Popen([sys.executable, script, noted]) as leader:
        while not noted.exists():
            assert leader.poll() is None
            time.sleep(0.05)
        follower = psutil.Process(int(noted.read_text()))
        leader.kill()
    try:
        psutil.wait_procs([follower], timeout=60)
        assert not follower.is_running()
    finally:
        with suppress(psutil.NoSuchProcess):
            follower.kill()


def test_processes_on_the_cpu_talk_by_gloo_whatever_gpus_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: True)
    assert choose_backend(torch.device("cpu")) == "gloo"
    assert choose_backend(torch.device("cuda", 0)) == "nccl"
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: False)
    assert choose_backend(torch.device("cuda", 0)) == "gloo"
