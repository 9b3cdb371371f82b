import numpy as np
import pytest

from napari_synapse_debug.domain.errors import StepCancelledError
from napari_synapse_debug.domain.events import QuietContext
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.predict import Predictor, predict_blocks

RAW = np.random.default_rng(1).integers(0, 256, (5, 100, 90), dtype=np.uint8)
BOX = Box((1, 30, 20), (5, 95, 90))


class StopAfter(QuietContext):
    """A context that stops before block ``count`` + 1."""

    count = 2

    def map_blocks(self, function, blocks):
        for number, block in enumerate(blocks):
            if number == self.count:
                raise StepCancelledError("Stopped")
            yield block, function(block)


@pytest.fixture
def predictor(trained):
    return Predictor(trained, "cpu")


def test_blocks_are_written_at_their_place_and_told(predictor):
    out, events = np.zeros((2, *BOX.shape), np.uint8), []
    blocks = list(BOX.blocks((5, 48, 64)))
    assert len(blocks) == 4
    context = QuietContext(events.append)
    done = list(predict_blocks(RAW, blocks, predictor, out, context, origin=BOX.start))
    assert done == blocks
    assert [(event.done, event.total) for event in events] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    wanted = predictor.predict(RAW)[(slice(None), *BOX.slices)]
    assert np.ptp(wanted) > 30
    assert np.abs(out.astype(int) - wanted).max() <= 1


def test_a_stopped_prediction_goes_on_to_the_same_result(predictor):
    blocks = list(BOX.blocks((5, 48, 64)))
    whole, parts = (np.zeros((2, *RAW.shape), np.uint8) for _ in range(2))
    list(predict_blocks(RAW, blocks, predictor, whole, QuietContext()))
    done = []
    with pytest.raises(StepCancelledError):
        done.extend(predict_blocks(RAW, blocks, predictor, parts, StopAfter()))
    assert not np.array_equal(parts, whole)
    done = blocks[: StopAfter.count]
    rest = [block for block in blocks if block not in done]
    list(predict_blocks(RAW, rest, predictor, parts, QuietContext()))
    np.testing.assert_array_equal(parts, whole)


def test_no_block_is_no_work(predictor):
    assert list(predict_blocks(RAW, [], predictor, np.zeros(0), QuietContext())) == []
