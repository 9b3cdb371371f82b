import dataclasses
import logging
import math

import numpy as np
import pytest
import torch

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.params import TrainParams
from napari_synapse_debug.networks import RECORD, load_weights, prepare_raw
from napari_synapse_debug.train import train_network
from napari_synapse_debug.train.sampling import Batch
from napari_synapse_debug.train.trainer import Trainer


class StopAfter(QuietContext):
    """A context whose user presses stop before step ``count`` + 1."""

    def __init__(self, count):
        super().__init__()
        object.__setattr__(self, "left", iter([False] * count))

    def should_stop(self):
        return next(self.left, True)


def params(**values):
    return TrainParams(**{"minutes": 10, "steps": 4, "batch_size": 2, "device": "cpu", **values})


def dice(trained, box):
    """Dice of each class at 1/2, on the box itself."""
    raw = torch.from_numpy(prepare_raw(box.raw, trained.plan))
    with torch.inference_mode():
        found = load_weights(trained)(raw[None, None])[0] > 0
    scores = []
    for number, spec in enumerate(trained.plan.classes):
        truth = torch.from_numpy(box.masks[spec.name] > 0)
        shared = (found[number] & truth).sum()
        scores.append(float(2 * shared / (found[number].sum() + truth.sum())))
    return scores


def test_one_tiny_box_is_learnt_by_heart(balls, tiny_plan):
    events = []
    untrained = train_network([balls], tiny_plan, params(steps=1), QuietContext())
    trained = train_network(
        [balls],
        tiny_plan,
        params(steps=50, augment=False, learning_rate=3e-2),
        QuietContext(events.append),
    )
    assert max(dice(untrained, balls)) < 0.5
    assert min(dice(trained, balls)) > 0.9
    assert (events[-1].done, events[-1].total) == (1000, 1000)
    assert trained.record["loss"].iloc[-1] == events[-1].values["loss"]
    assert list(trained.record.columns) == list(RECORD)
    assert trained.record["step"].iloc[-1] == 50


def test_an_unknown_class_is_not_learnt_as_background(balls, tiny_plan):
    """Half of the box has no mask of mitochondria; there they must be found all the same."""
    known = dataclasses.replace(
        balls,
        raw=balls.raw[:, :24],
        masks={name: mask[:, :24] for name, mask in balls.masks.items()},
    )
    unknown = dataclasses.replace(
        balls, raw=balls.raw[:, 24:], masks={"cleft": balls.masks["cleft"][:, 24:]}
    )
    trained = train_network(
        [known, unknown],
        tiny_plan,
        params(steps=50, augment=False, learning_rate=3e-2),
        QuietContext(),
    )
    rest = dataclasses.replace(
        balls,
        raw=balls.raw[:, 24:],
        masks={name: mask[:, 24:] for name, mask in balls.masks.items()},
    )
    assert min(dice(trained, rest)) > 0.8


def test_a_stop_keeps_what_was_learnt(balls, tiny_plan):
    trained = train_network([balls], tiny_plan, params(steps=1000), StopAfter(3))
    assert trained.record["step"].tolist()[-1] == 3
    load_weights(trained)


def test_a_stop_before_the_first_step_gives_an_untrained_network(balls, tiny_plan):
    trained = train_network([balls], tiny_plan, params(), StopAfter(0))
    assert trained.record.empty
    load_weights(trained)


def test_a_resumed_training_is_the_one_that_was_not_interrupted(balls, tiny_plan):
    states = []
    whole = train_network([balls], tiny_plan, params(steps=6), QuietContext())
    train_network([balls], tiny_plan, params(steps=6), StopAfter(4), on_checkpoint=states.append)
    assert [state.step for state in states] == [4]
    resumed = train_network([balls], tiny_plan, params(steps=6), QuietContext(), resume=states[0])
    for name, tensor in whole.weights.items():
        torch.testing.assert_close(resumed.weights[name], tensor, rtol=1e-3, atol=1e-3)
    assert resumed.record["step"].tolist()[-1] == 6
    assert resumed.record["minutes"].is_monotonic_increasing


def test_a_state_of_another_plan_is_refused(balls, tiny_plan):
    states = []
    train_network([balls], tiny_plan, params(), StopAfter(1), on_checkpoint=states.append)
    other = tiny_plan.model_copy(update={"patch_vx": (4, 16, 16)})
    with pytest.raises(InputError, match="another plan"):
        train_network([balls], other, params(), QuietContext(), resume=states[0])


def test_time_ends_a_training(balls, tiny_plan):
    trained = train_network([balls], tiny_plan, params(minutes=0.01, steps=10**6), QuietContext())
    assert 0 < trained.record["step"].iloc[-1] < 1000


@pytest.fixture
def broken_batch(tiny_plan):
    shape = (1, 1, *tiny_plan.patch_vx)
    raw = torch.full(shape, math.inf)
    known = torch.zeros(1, 2, *tiny_plan.patch_vx)
    return Batch(raw, known, torch.ones_like(known))


def test_a_loss_that_is_no_number_is_undone(balls, tiny_plan, broken_batch, caplog):
    trainer = Trainer(tiny_plan, params(), None)
    with caplog.at_level(logging.WARNING):
        assert math.isnan(trainer.advance(broken_batch, 0.0))
    assert "no number" in caplog.text
    weights = trainer.state(0.0).trained.weights
    assert len(weights) > 10
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())


def test_a_training_that_never_converges_says_so(tiny_plan, broken_batch):
    trainer = Trainer(tiny_plan, params(), None)
    for _ in range(3):
        trainer.advance(broken_batch, 0.0)
    with pytest.raises(InputError, match=r"does not converge.*learning rate"):
        trainer.advance(broken_batch, 0.0)


def test_arguments_are_not_changed(balls, tiny_plan):
    raw, masks = balls.raw.copy(), {name: mask.copy() for name, mask in balls.masks.items()}
    train_network([balls], tiny_plan, params(steps=2), QuietContext())
    np.testing.assert_array_equal(balls.raw, raw)
    for name, mask in masks.items():
        np.testing.assert_array_equal(balls.masks[name], mask)
