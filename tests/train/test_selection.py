"""When a training is validated, and which weights it keeps."""

from __future__ import annotations

from napari_synapse_debug.networks import BestWeights
from napari_synapse_debug.train.selection import SCORE, SCORE_ERROR, ValidationClock, choose_best


def choose(*scores: float, error: float = 0.1) -> BestWeights:
    """The weights kept after validations with these scores, one each tenth of the training."""
    best = None
    for number, score in enumerate(scores, start=1):
        values = {SCORE: score, SCORE_ERROR: error}
        best = choose_best(best, {}, number, number / 10, values)
    assert best is not None
    return best


def test_the_first_is_kept_and_a_better_one_replaces_it() -> None:
    assert choose(0.0).step == 1
    assert choose(0.2, 0.6).step == 2


def test_a_later_one_within_an_error_of_the_peak_replaces_it() -> None:
    kept = choose(0.8, 0.75)
    assert (kept.step, kept.score, kept.peak, kept.peak_progress) == (2, 0.75, 0.8, 0.1)


def test_small_losses_do_not_add_up() -> None:
    kept = choose(0.8, 0.75, 0.68, 0.6)
    assert (kept.step, kept.score) == (2, 0.75), ".68 is more than .1 below .8"


def test_without_an_error_only_better_or_equal_ones_replace() -> None:
    assert choose(0.8, 0.79, error=0.0).step == 1
    assert choose(0.8, 0.8, error=0.0).step == 2


def test_a_validation_is_due_each_twentieth_but_not_within_fifteen_seconds() -> None:
    clock = ValidationClock(100.0, 0.2, {})
    assert not clock.is_due(130.0, 0.24), "less than a 20th is over"
    assert not clock.is_due(114.0, 0.3), "less than 15 s are over"
    assert clock.is_due(116.0, 0.26)
    clock.note(116.0, 117.0, 0.26)
    assert not clock.is_due(131.0, 0.4)
    assert clock.is_due(133.0, 0.4)


def test_validations_never_take_more_than_a_tenth_of_the_time() -> None:
    clock = ValidationClock(0.0, 0.0, {})
    clock.note(20.0, 30.0, 0.05)
    assert not clock.is_due(190.0, 0.9), "two would take 20 of 190 s"
    assert clock.is_due(201.0, 0.9)


def test_a_clock_goes_on_as_if_it_had_not_been_stopped() -> None:
    clock = ValidationClock(0.0, 0.0, {})
    clock.note(20.0, 30.0, 0.05)
    clock.begin(0.2)
    assert ValidationClock(100.0, 0.3, {}).is_due(190.0, 0.9), "a new one knows nothing"
    again = ValidationClock(100.0, 0.3, clock.state)
    assert again.pending == 0.2
    assert not again.is_due(190.0, 0.9), "two would take 20 of 190 s"
    assert again.is_due(201.0, 0.9)
    again.note(201.0, 202.0, 0.9)
    assert again.pending is None
    assert "pending" not in again.state


def test_a_training_that_was_made_longer_does_not_wait_for_where_it_was() -> None:
    clock = ValidationClock(0.0, 0.0, {})
    clock.note(20.0, 21.0, 0.8)
    assert ValidationClock(100.0, 0.2, clock.state).is_due(120.0, 0.26)
