"""Which array of a file is meant, where it holds several."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from napari_synapse_debug.domain.errors import InputError


def choose_dataset(path: Path, dataset: str | None, found: Mapping[str, int]) -> str:
    """The name of the array to open.

    Parameters
    ----------
    path : Path
        The file, for messages.
    dataset : str, optional
        The name that was asked for; None takes the only volume there is.
    found : mapping
        Number of axes of each array of the file.

    Raises
    ------
    InputError
        No array has that name, or none was named and not exactly one is a volume.
    """
    volumes = [name for name, ndim in found.items() if ndim in (3, 4)]
    listed = ", ".join(volumes) or "none with 3 or 4 axes"
    if dataset is None:
        if len(volumes) == 1:
            return volumes[0]
        raise InputError(
            f"{path} holds {len(volumes)} volumes, and none was named",
            found=listed,
            expected="FILE:DATASET",
            fix=f"write {path}:{volumes[0]}" if volumes else "choose another file",
        )
    if dataset in volumes:
        return dataset
    if dataset in found:
        raise InputError(
            f"{path}:{dataset} is no volume",
            found=f"{found[dataset]} axes",
            expected="3 axes z, y, x, or 4 with channels first",
            fix=f"choose one of: {listed}",
        )
    similar = difflib.get_close_matches(dataset, volumes, n=1, cutoff=0.4)
    raise InputError(
        f"{path} has no data set {dataset!r}",
        found=listed,
        fix=f"write {path}:{(similar or volumes)[0]}" if volumes else "choose another file",
    )


def plain_channels(shape: tuple[int, ...]) -> tuple[str, ...] | None:
    """Names ``0, 1, …`` for the first of four axes; None for three."""
    return tuple(str(i) for i in range(shape[0])) if len(shape) == 4 else None
