from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.io.finished import FinishedBlocks

BLOCKS = list(Box.of_shape((5, 13, 22)).blocks((4, 8, 8)))


def test_blocks_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "predict.blocks"
    first = FinishedBlocks(path, "key")
    assert first.remaining(BLOCKS) == BLOCKS
    for block in BLOCKS[:5]:
        first.add(block)
    again = FinishedBlocks(path, "key")
    assert len(again) == 5
    assert BLOCKS[4] in again
    assert BLOCKS[5] not in again
    assert again.remaining(BLOCKS) == BLOCKS[5:]


def test_another_key_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "predict.blocks"
    FinishedBlocks(path, "key").add(BLOCKS[0])
    assert len(FinishedBlocks(path, "key 2")) == 0
    assert len(FinishedBlocks(path, "key")) == 0


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """What a step writes that finishes seven blocks."""
    path = tmp_path / "predict.blocks"
    blocks = FinishedBlocks(path, "key")
    for block in BLOCKS[:7]:
        blocks.add(block)
    return path.read_bytes()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1))
def test_a_file_cut_anywhere_loses_no_more_than_the_line_cut(
    tmp_path: Path, content: bytes, share: float
) -> None:
    path = tmp_path / "cut.blocks"
    cut = round(share * len(content))
    path.write_bytes(content[:cut])
    whole = max(0, content[:cut].count(b"\n") - 1)
    found = FinishedBlocks(path, "key")
    assert len(found) == whole
    assert all(block in found for block in BLOCKS[:whole])
    found.add(BLOCKS[7])
    assert len(FinishedBlocks(path, "key")) == whole + 1


def test_forgotten_blocks_are_gone(tmp_path: Path) -> None:
    blocks = FinishedBlocks(tmp_path / "predict.blocks", "key")
    blocks.add(BLOCKS[0])
    blocks.forget()
    assert len(blocks) == 0
    assert list(tmp_path.iterdir()) == []
