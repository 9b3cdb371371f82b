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
from napari_synapse_debug.train import SCORE, SCORE_ERROR, selection, train_network
from napari_synapse_debug.train import trainer as trainer_module
from napari_synapse_debug.train.sampling import Batch, PatchSampler
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


@pytest.mark.slow
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
        params(steps=80, augment=False, learning_rate=3e-2),
        QuietContext(),
    )
    rest = dataclasses.replace(
        balls,
        raw=balls.raw[:, 24:],
        masks={name: mask[:, 24:] for name, mask in balls.masks.items()},
    )
    assert min(dice(trained, rest)) > 0.8


def test_a_class_that_is_drawn_thinly_is_told_once(balls, tiny_plan):
    plan = tiny_plan.model_copy(update={"binning": (1, 3, 3), "patch_vx": (4, 16, 16)})
    line = np.zeros_like(balls.masks["mito"])
    line[:, :, 25] = 1
    thin = dataclasses.replace(balls, masks={**balls.masks, "mito": line})
    told = []
    for box in (balls, thin):
        events = []
        train_network([box], plan, params(steps=1), QuietContext(events.append))
        told.append([event.message for event in events if "thinly" in event.message])
    assert told[0] == []
    assert len(told[1]) == 1
    assert told[1][0].startswith("mito: drawn so thinly that hardly any bin of 1×3×3 voxels")


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
    assert len(states[0].optimizer["state"]) > 10
    assert states[0].averaged_steps == 4


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


def test_the_first_such_loss_halves_the_rate_and_the_second_ends_the_training(
    balls, tiny_plan, broken_batch
):
    trainer = Trainer(tiny_plan, params(), None)
    whole = PatchSampler([balls], tiny_plan, params()).draw(0)
    trainer.advance(whole, 0.0)
    rate = trainer.note([], 0.0, {})["learning_rate"]
    assert math.isnan(trainer.advance(broken_batch, 0.0))
    assert math.isfinite(trainer.advance(whole, 0.0))
    warming = 3 / 1  # the third step of the warm-up against the first
    assert trainer.note([], 0.0, {})["learning_rate"] == pytest.approx(rate * warming / 2)
    with pytest.raises(InputError, match=r"does not converge.*step 4.*train\.learning_rate"):
        trainer.advance(broken_batch, 0.0)


def test_a_training_that_goes_on_has_not_forgotten_that_it_went_back(tiny_plan, broken_batch):
    trainer = Trainer(tiny_plan, params(), None)
    trainer.advance(broken_batch, 0.0)
    again = Trainer(tiny_plan, params(), trainer.state(0.0))
    with pytest.raises(InputError, match="does not converge"):
        again.advance(broken_batch, 0.0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_training_that_goes_on_keeps_its_number_format(tiny_plan, monkeypatch, dtype):
    """Which one is faster is measured, and may come out otherwise the second time."""
    (other,) = {torch.bfloat16, torch.float32} - {dtype}
    monkeypatch.setattr(trainer_module, "choose_dtype", lambda _: dtype)
    state = Trainer(tiny_plan, params(), None).state(0.0)
    monkeypatch.setattr(trainer_module, "choose_dtype", lambda _: other)
    assert Trainer(tiny_plan, params(), None).dtype == other
    assert Trainer(tiny_plan, params(), state).dtype == dtype
    elsewhere = dataclasses.replace(state, device="cuda")
    assert Trainer(tiny_plan, params(), elsewhere).dtype == other


def test_patches_that_end_one_voxel_thick_are_learnt_in_float32(tiny_plan, monkeypatch):
    monkeypatch.setattr(trainer_module, "choose_dtype", lambda _: torch.bfloat16)
    assert Trainer(tiny_plan, params(), None).dtype == torch.bfloat16
    thin = tiny_plan.model_copy(update={"patch_vx": (1, 16, 16)})
    assert Trainer(thin, params(), None).dtype == torch.float32


def scores(*values):
    """A validation that gives these scores, one after the other, with an error of .1."""
    left = iter(values)
    return lambda _trained: {SCORE: next(left), SCORE_ERROR: 0.1, "validation_f1": 0.5}


def test_the_network_is_validated_at_the_end_and_told(balls, tiny_plan):
    events = []
    trained = train_network(
        [balls], tiny_plan, params(), QuietContext(events.append), validate=scores(0.25)
    )
    assert trained.record[SCORE].dropna().tolist() == [0.25]
    assert events[-1].values["validation_f1"] == 0.5
    told = {name for event in events for name in event.values}
    assert {"loss", "rate", "minutes", "step"} <= told
    assert "validation F1 0.50" in events[-1].message


def test_worse_weights_at_the_end_do_not_replace_better_ones(balls, tiny_plan, monkeypatch):
    monkeypatch.setattr(selection, "_SECONDS", 0.0)
    monkeypatch.setattr(selection, "_LARGEST_SHARE", 100.0)
    states = []
    trained = train_network(
        [balls],
        tiny_plan,
        params(steps=3),
        QuietContext(),
        on_checkpoint=states.append,
        validate=scores(0.9, 0.7, 0.75),
    )
    assert [state.step for state in states] == [
        2,
        2,
        3,
        3,
        3,
        3,
    ]  # before and after each validation
    state = states[-1]
    assert trained.record[SCORE].dropna().tolist() == [0.9, 0.7, 0.75]
    assert (state.best.step, state.step) == (2, 3)
    name = "input_block.conv1.conv.weight"
    assert not torch.equal(trained.weights[name], state.trained.weights[name])
    assert torch.equal(trained.weights[name], state.best.weights[name])


@pytest.mark.parametrize("killed_in", ["a validation", "a step"])
def test_a_training_that_goes_on_is_validated_when_it_would_have_been(
    balls, tiny_plan, monkeypatch, killed_in
):
    monkeypatch.setattr(selection, "_SECONDS", 0.0)
    monkeypatch.setattr(selection, "_LARGEST_SHARE", 100.0)
    monkeypatch.setattr(selection, "_PART", 0.3)
    monkeypatch.setattr(trainer_module, "choose_dtype", lambda _: torch.float32)
    states, told = [], QuietContext()

    def killed(_trained):
        raise KeyboardInterrupt

    def train(context, validate, resume=None):
        return train_network(
            [balls],
            tiny_plan,
            params(steps=12, minutes=10000),
            context,
            resume=resume,
            on_checkpoint=states.append,
            validate=validate,
        )

    whole = train(told, scores(0.3, 0.9, 0.2))
    validated = whole.record.dropna(subset=[SCORE])
    assert validated["step"].tolist() == [5, 9, 12]
    assert whole.step == 9
    states.clear()
    if killed_in == "a step":
        train(StopAfter(7), scores(0.3))
        left = scores(0.9, 0.2)
        assert states[-1].step == 7
    else:
        given = iter([scores(0.3), killed])
        with pytest.raises(KeyboardInterrupt):
            train(told, lambda trained: next(given)(trained))
        left = scores(0.9, 0.2)
        assert states[-1].step == 9
    resumed = train(told, left, states[-1])
    again = resumed.record.dropna(subset=[SCORE])
    assert again["step"].tolist() == [5, 9, 12]
    assert again[SCORE].tolist() == [0.3, 0.9, 0.2]
    assert resumed.step == 9
    for name, tensor in whole.weights.items():
        torch.testing.assert_close(resumed.weights[name], tensor, rtol=1e-3, atol=1e-3)


def test_a_validation_is_saved_before_the_next_step(balls, tiny_plan, monkeypatch):
    monkeypatch.setattr(selection, "_SECONDS", 0.0)
    monkeypatch.setattr(selection, "_LARGEST_SHARE", 100.0)
    states = []
    validate, keep = scores(0.9), {"on_checkpoint": states.append}
    train_network([balls], tiny_plan, params(), StopAfter(2), validate=validate, **keep)
    assert [(state.step, state.best is None) for state in states] == [
        (2, True),
        (2, False),
        (2, False),
    ]


def test_patience_ends_a_training_that_gets_no_better(balls, tiny_plan, monkeypatch):
    monkeypatch.setattr(selection, "_SECONDS", 0.0)
    monkeypatch.setattr(selection, "_LARGEST_SHARE", 100.0)
    endless = train_network(
        [balls], tiny_plan, params(steps=10), QuietContext(), validate=scores(*[0.5] * 20)
    )
    assert endless.record["step"].iloc[-1] == 10
    patient = train_network(
        [balls],
        tiny_plan,
        params(steps=10, patience=0.3),
        QuietContext(),
        validate=scores(*[0.5] * 20),
    )
    assert 3 <= patient.record["step"].iloc[-1] <= 5


def test_a_stop_is_not_followed_by_a_validation(balls, tiny_plan):
    trained = train_network([balls], tiny_plan, params(steps=100), StopAfter(2), validate=scores())
    assert trained.record["step"].iloc[-1] == 2


def test_arguments_are_not_changed(balls, tiny_plan):
    raw, masks = balls.raw.copy(), {name: mask.copy() for name, mask in balls.masks.items()}
    train_network([balls], tiny_plan, params(steps=2), QuietContext())
    np.testing.assert_array_equal(balls.raw, raw)
    for name, mask in masks.items():
        np.testing.assert_array_equal(balls.masks[name], mask)


def test_what_was_held_out_is_learnt_at_the_end_and_the_last_average_is_kept(
    balls, tiny_plan, monkeypatch
):
    monkeypatch.setattr(selection, "_SECONDS", 0.0)
    monkeypatch.setattr(selection, "_LARGEST_SHARE", 100.0)
    shown, states = [], []
    draw = PatchSampler.draw

    def watched(sampler, step):
        shown.append((step, len(sampler._boxes)))
        return draw(sampler, step)

    monkeypatch.setattr(PatchSampler, "draw", watched)
    late = dataclasses.replace(balls, is_late=True)
    trained = train_network(
        [balls, late],
        tiny_plan,
        params(steps=10),
        QuietContext(),
        on_checkpoint=states.append,
        validate=scores(0.9, *[0.1] * 20),
    )
    assert shown == [(step, 1 if step < 7 else 2) for step in range(10)]
    validated = trained.record.dropna(subset=[SCORE])["step"]
    assert validated.max() == 7  # once more before the late box is learnt, then never
    state = states[-1]
    assert state.best is None
    name = "input_block.conv1.conv.weight"
    assert torch.equal(trained.weights[name], state.trained.weights[name])


def test_a_training_that_was_left_late_goes_on_without_validation(balls, tiny_plan):
    late = dataclasses.replace(balls, is_late=True)
    states = []
    train_network(
        [balls, late],
        tiny_plan,
        params(steps=10),
        StopAfter(8),
        on_checkpoint=states.append,
        validate=scores(0.5),
    )
    trained = train_network(
        [balls, late],
        tiny_plan,
        params(steps=10),
        QuietContext(),
        resume=states[-1],
        validate=scores(),
    )
    assert trained.record["step"].iloc[-1] == 10


def test_resumed_late_the_latest_average_is_kept_not_what_was_validated_before(
    balls, tiny_plan, monkeypatch
):
    monkeypatch.setattr(selection, "_SECONDS", 0.0)
    monkeypatch.setattr(selection, "_LARGEST_SHARE", 100.0)
    late = dataclasses.replace(balls, is_late=True)
    states = []
    kept = {"on_checkpoint": states.append}
    first = {**kept, "validate": scores(*[0.9] * 20)}
    train_network([balls, late], tiny_plan, params(steps=10), StopAfter(6), **first)
    assert states[-1].best is not None
    left, fewer = states[-1], params(steps=8)  # now three quarters are over
    trained = train_network([balls, late], tiny_plan, fewer, QuietContext(), resume=left, **kept)
    assert states[-1].best is None
    name = "input_block.conv1.conv.weight"
    assert torch.equal(trained.weights[name], states[-1].trained.weights[name])
