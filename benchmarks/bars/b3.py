"""Training step >= 2.5x f32 eager, augmentation <= 2 % of a step, validation F1 as good."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import mean, median, stdev
from unittest.mock import patch

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from monai.networks.nets.dynunet import DynUNet
from torch import nn

from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.grid import Box, Grid
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.io import Project, load_project
from napari_synapse_debug.networks import (
    NetworkPlan,
    build_network,
    memory_kept,
    plan_network,
    prepare_raw,
)
from napari_synapse_debug.pipeline import sample_folder
from napari_synapse_debug.pipeline.detection import JudgedBox, cleft_sizes, count_detections
from napari_synapse_debug.pipeline.overlay import true_clefts
from napari_synapse_debug.train import TrainingBox, train_network, trainer
from napari_synapse_debug.train.sampling import PatchSampler
from napari_synapse_debug.train.trainer import Trainer

LEAST_RATIO, LARGEST_SHARE = 2.5, 0.02
ROUNDS, DRAWS, STEPS, SEEDS = 8, 60, 120, (0, 1, 2)
THRESHOLDS = tuple(round(0.1 * k, 1) for k in range(2, 10))

Builder = Callable[[NetworkPlan], nn.Module]


def measure(work: Path) -> bool:
    """Steps interleaved with those of f32 eager; then both trained on the embedded sample."""
    del work  # nothing is written
    project = load_project(sample_folder())
    box = project.config.box("train")
    masks = {m.name: project.mask(m.name).read(box) for m in project.config.masks}
    learnt = TrainingBox(project.raw().read(box), masks)
    params = TrainParams(steps=STEPS, minutes=1000, device="cpu")
    plan = plan_network(project.config.classes, project.config.voxel_size_nm, [learnt.raw], params)
    return _compare_steps(learnt, plan, params) & _compare_scores(project, learnt, plan, params)


def _compare_steps(box: TrainingBox, plan: NetworkPlan, params: TrainParams) -> bool:
    with ExitStack() as stack:
        ask = {
            name: stack.enter_context(_contender(name, box, plan, params)) for name in CONTENDERS
        }
        steps: dict[str, list[float]] = {name: [] for name in CONTENDERS}
        for step in range(ROUNDS + 2):
            for name in CONTENDERS:
                steps[name].append(ask[name]("augmented", step)[1])
        draws: dict[str, list[float]] = {"augmented": [], "plain": []}
        for step in range(DRAWS):  # between steps, as in a training; patches differ in what is done
            for kind, seconds in draws.items():
                seconds.append(ask["ours"](kind, step)[0])
    times = {name: median(values[2:]) for name, values in steps.items()}
    draw = {kind: mean(values) for kind, values in draws.items()}
    ratio = times["f32"] / times["ours"]
    share = (draw["augmented"] - draw["plain"]) / times["ours"]
    told = ", ".join(f"{name} {1e3 * seconds:.0f} ms" for name, seconds in times.items())
    print(f"a step: {told} (median of {ROUNDS}, in turn, each in a process of its own)")
    print(f"step: f32 eager / ours = {ratio:.2f} (bar {LEAST_RATIO})")
    print(f"step: f32 eager with instance norm / ours = {times['instance'] / times['ours']:.2f}")
    print(f"augmenting a batch: {share:.1%} of a step (bar {LARGEST_SHARE:.0%})")
    print(f"cutting and augmenting it: {draw['augmented'] / times['ours']:.1%} of a step")
    return ratio >= LEAST_RATIO and share <= LARGEST_SHARE


@contextmanager
def _contender(
    name: str, box: TrainingBox, plan: NetworkPlan, params: TrainParams
) -> Iterator[Callable[[str, int], tuple[float, float]]]:
    """A function that has a process draw a batch and learn it: seconds of both."""
    sys.path.insert(0, str(Path(__file__).parent))  # the process looks this module up
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=serve, args=(theirs, name, box, plan, params))
    process.start()

    def ask(kind: str, step: int) -> tuple[float, float]:
        ours.send((kind, step))
        return tuple(ours.recv())

    try:
        yield ask
    finally:
        ours.send(None)
        process.join()


def serve(
    pipe: Connection, name: str, box: TrainingBox, plan: NetworkPlan, params: TrainParams
) -> None:
    """Learn batches as asked, as the contender ``name`` does, until asked for None."""
    plain = params.model_copy(update={"augment": False})
    samplers = {
        "augmented": PatchSampler([box], plan, params),
        "plain": PatchSampler([box], plan, plain),
    }
    with CONTENDERS[name]():
        one = Trainer(plan, params, None)
        while (asked := pipe.recv()) is not None:
            kind, step = asked
            started = time.perf_counter()
            batch = samplers[kind].draw(step)
            drawn = time.perf_counter()
            one.advance(batch, 0.1)
            pipe.send((drawn - started, time.perf_counter() - drawn))


def _compare_scores(
    project: Project, box: TrainingBox, plan: NetworkPlan, params: TrainParams
) -> bool:
    scores: dict[str, list[float]] = {"ours": [], "f32": []}
    for seed in SEEDS:
        seeded = params.model_copy(update={"seed": seed})
        trained = train_network([box], plan, seeded, QuietContext())
        scores["ours"].append(_f1(project, plan, build_network, dict(trained.weights)))
        with as_it_comes(with_instance_norm):
            trained = train_network([box], plan, seeded, QuietContext())
        scores["f32"].append(_f1(project, plan, with_instance_norm, dict(trained.weights)))
        print(f"seed {seed}: F1 ours {scores['ours'][-1]:.3f}, f32 {scores['f32'][-1]:.3f}")
    noise = (stdev(scores["ours"]) ** 2 + stdev(scores["f32"]) ** 2) ** 0.5 / len(SEEDS) ** 0.5
    difference = mean(scores["ours"]) - mean(scores["f32"])
    print(f"F1, bf16 and batch norm minus f32 and instance norm: {difference:+.3f} ± {noise:.3f}")
    return difference >= -max(2 * noise, 0.02)


@contextmanager
def as_it_comes(build: Builder) -> Iterator[None]:
    """A block in which trainers are of float32, contiguous, with a network of ``build``."""
    with (
        patch.object(trainer, "choose_dtype", lambda _device: torch.float32),
        patch.object(trainer, "choose_memory_format", lambda _device: torch.contiguous_format),
        patch.object(trainer, "build_network", build),
    ):
        yield


def with_instance_norm(plan: NetworkPlan) -> nn.Module:
    """The network of ``plan`` with the norm and activation of nnU-Net."""
    return DynUNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=len(plan.classes),
        kernel_size=plan.kernels,
        strides=plan.strides,
        upsample_kernel_size=plan.strides[1:],
        filters=plan.filters,
        norm_name=("instance", {"affine": True}),
        act_name=("leakyrelu", {"inplace": True, "negative_slope": 0.01}),
        res_block=True,
    )


def _f1(
    project: Project, plan: NetworkPlan, build: Builder, weights: dict[str, torch.Tensor]
) -> float:
    """Best F1 of clefts (overlap) in the evaluation box, which was not learnt."""
    network = build(plan)
    network.load_state_dict(weights)
    network.eval()
    box: Box = project.config.box("eval")
    raw = torch.from_numpy(prepare_raw(project.raw().read(box), plan))[None, None]
    with torch.inference_mode():
        logits = sliding_window_inference(raw, plan.patch_vx, 4, network, overlap=0.25)
    probability = (logits[0].sigmoid() * 255).round().to(torch.uint8).numpy()
    grid: Grid = project.raw().grid.crop(box)
    clefts = true_clefts(project).read(box).astype(np.uint64)
    judged = JudgedBox(probability, clefts, grid, plan.classes)
    least = round(0.05 * float(np.median(cleft_sizes([judged]))))
    return float(count_detections([judged], THRESHOLDS, [least])["f1"].max())


CONTENDERS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "ours": memory_kept,  # as train_network has it
    "f32": partial(as_it_comes, build_network),
    "instance": partial(as_it_comes, with_instance_norm),
}
