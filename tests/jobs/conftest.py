"""One runner with its worker process for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from napari_synapse_debug.jobs import JobRunner


@pytest.fixture(scope="session")
def runner() -> Iterator[JobRunner]:
    with JobRunner() as made:
        yield made
