"""In which blocks and where a prediction is computed: fixed when it starts, kept when it goes on.

The plan lies beside the half-finished prediction, so that a prediction that goes on cuts the
same blocks whatever memory is free by then. Where memory does not suffice the next plan has
smaller blocks, and in the end the CPU; its output starts again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from pydantic import Field, ValidationError

from napari_synapse_debug.domain.errors import DataError, StorageError
from napari_synapse_debug.domain.grid import Triple
from napari_synapse_debug.domain.params import Device, Params
from napari_synapse_debug.io import read_json, write_json
from napari_synapse_debug.networks import NumberFormat

FRUITLESS, FRUITLESS_THOUGH_PROVEN = 2, 6
"""Starts without a finished block after which a dead process is put down to want of memory: where
no block of the plan was ever finished, and where some were, as there are other ways to die."""

_WATCH_SECONDS = 0.25


class TilePlan(Params):
    """The blocks of one prediction.

    Parameters
    ----------
    key : str
        Of the step; a plan of another key does not count.
    asked : str
        Block and device that the user asked for, as text.
    block_vx : tuple of int
        Voxels zyx of a block.
    device : str
        Where to compute.
    dtype : str, optional
        In which number format: two processes of one machine may choose differently, by what else
        it does. None, in plans of earlier versions: whichever is faster.
    number : int
        How many plans for the same prediction were given up before.
    starts : int
        How often it was begun since a block was last finished.
    is_proven : bool
        Whether a block was ever finished with it.
    """

    key: str
    asked: str
    block_vx: Triple
    device: Device
    dtype: NumberFormat | None = None
    number: int = Field(0, ge=0)
    starts: int = Field(0, ge=0)
    is_proven: bool = False

    @property
    def blocks_key(self) -> str:
        """What its finished blocks depend on."""
        known = f"{self.key} plan {self.number} {self.device} {self.block_vx}"
        return known if self.dtype is None else f"{known} {self.dtype}"

    @property
    def is_fruitless(self) -> bool:
        """Whether its process died so often that less memory must be asked for."""
        return self.starts >= (FRUITLESS_THOUGH_PROVEN if self.is_proven else FRUITLESS)

    def on(self, block_vx: Triple, device: Device, dtype: NumberFormat | None = None) -> TilePlan:
        """The next plan, with these blocks on this device; in the same number format by default."""
        return TilePlan(
            key=self.key,
            asked=self.asked,
            block_vx=block_vx,
            device=device,
            dtype=dtype or self.dtype,
            number=self.number + 1,
        )

    def __str__(self) -> str:
        return f"blocks of {'×'.join(map(str, self.block_vx))} voxels on {self.device}"


def read_tile_plan(path: Path, key: str, asked: str) -> TilePlan | None:
    """The plan at ``path`` if it is for this very step; a damaged one does not count."""
    try:
        plan = TilePlan.model_validate(read_json(path))
    except (FileNotFoundError, DataError, ValidationError):
        return None
    return plan if (plan.key, plan.asked) == (key, asked) else None


def write_tile_plan(path: Path, plan: TilePlan) -> None:
    """Write ``plan``, whole or not at all.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    write_json(path, plan.model_dump(mode="json"))


@contextmanager
def counting_start(path: Path, plan: TilePlan, should_stop: Callable[[], bool]) -> Iterator[None]:
    """A block that counts as a start of ``plan`` if its process dies in it unasked.

    Parameters
    ----------
    path : Path
        Where the plan is kept.
    plan : TilePlan
        With the starts before this one.
    should_stop : callable
        Whether a stop was asked for: the process may be ended before it notices.

    Raises
    ------
    StorageError
        The disk is full or the folder may not be written.
    """
    ended = Event()

    def forgive() -> None:
        now = read_tile_plan(path, plan.key, plan.asked) or plan
        write_tile_plan(path, now.model_copy(update={"starts": 0}))

    def watch() -> None:
        while not ended.wait(_WATCH_SECONDS):
            if should_stop():
                with suppress(StorageError):
                    forgive()
                return

    write_tile_plan(path, plan.model_copy(update={"starts": plan.starts + 1}))
    watcher = Thread(target=watch, name="start of a prediction", daemon=True)
    watcher.start()
    try:
        yield
    finally:  # not reached where the process dies
        ended.set()
        watcher.join()
        forgive()
