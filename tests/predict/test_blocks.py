import threading

import numpy as np
import pytest

from napari_synapse_debug.domain.errors import StepCancelledError, StorageError
from napari_synapse_debug.domain.events import QuietContext, box_of
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
    assert [box_of(event) for event in events] == blocks
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
    assert done == blocks[: StopAfter.count]
    rest = [block for block in blocks if block not in done]
    list(predict_blocks(RAW, rest, predictor, parts, QuietContext()))
    np.testing.assert_array_equal(parts, whole)


def test_no_block_is_no_work(predictor):
    assert list(predict_blocks(RAW, [], predictor, np.zeros(0), QuietContext())) == []


def test_outside_of_a_mask_nothing_is_read_or_written(predictor):
    mask = np.zeros(RAW.shape, np.uint16)
    mask[1:3, 60:70, 10:20] = 7
    out = np.full((2, *RAW.shape), 99, np.uint8)
    blocks = list(Box.of_shape(RAW.shape).blocks((5, 48, 64)))
    read = []

    class Spy:
        shape = RAW.shape

        def __getitem__(self, key):
            read.append(key)
            return RAW[key]

    done = list(predict_blocks(Spy(), blocks, predictor, out, QuietContext(), within=mask))
    assert done == blocks
    assert len(read) == 1
    touched = blocks[2]
    assert touched.start == (0, 48, 0)
    outside = np.ones(RAW.shape, bool)
    outside[touched.slices] = False
    assert (out[:, outside] == 99).all()
    inside = mask > 0
    assert (out[:, ~outside & ~inside] == 0).all()
    wanted = predictor.predict_box(RAW, touched)[:, inside[touched.slices]]
    assert np.ptp(wanted) > 10
    np.testing.assert_array_equal(out[:, inside], wanted)


def test_the_next_block_is_read_while_one_is_computed(predictor):
    blocks = list(BOX.blocks((5, 48, 64)))
    order, next_is_read = [], threading.Event()

    class Recorded:
        def read(self, raw, box):
            order.append(("read", box))
            if len(order) > 1:
                next_is_read.set()
            return predictor.read(raw, box)

        def compute(self, tile):
            if len(order) == 1:
                assert next_is_read.wait(20), "the second block was read before the first was done"
            return predictor.compute(tile)

    out = np.zeros((2, *BOX.shape), np.uint8)
    list(predict_blocks(RAW, blocks, Recorded(), out, QuietContext(), origin=BOX.start))
    assert [box for _, box in order] == blocks


def test_a_block_that_cannot_be_written_ends_the_step(predictor):
    class Full:
        def __setitem__(self, key, value):
            raise StorageError("The disk is full")

    blocks = list(BOX.blocks((5, 48, 64)))
    done = []
    with pytest.raises(StorageError):
        done.extend(predict_blocks(RAW, blocks, predictor, Full(), QuietContext()))
    assert done == []
