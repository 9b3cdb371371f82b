"""The grey values of a volume: what is usual in them, and what cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import Params

_SAMPLE_SIZE = 2_000_000


class Intensity(Params):
    """How grey values become network input: ``(clip(raw, low, high) - mean) / std``.

    All four are in the units of the raw volume; ``std`` is positive.
    """

    low: float
    high: float
    mean: float
    std: float = Field(gt=0)


def measure_intensity(samples: Sequence[NDArray[Any]]) -> Intensity:
    """The intensity of all voxels of ``samples``, each of them counted alike.

    ``low`` and ``high`` are the 0.1 and 99.9 % quantiles, so that single hot pixels do not
    stretch the range; mean and standard deviation are those of the clipped values.

    Parameters
    ----------
    samples : sequence of array
        Pieces of the raw volume, (z, y, x), any real dtype. Large ones are thinned out.

    Raises
    ------
    InputError
        There is no voxel, a value is not finite, or all voxels have one value.
    """
    for number, sample in enumerate(samples):
        check_finite(sample, f"training box {number + 1}")
    step = max(1, sum(sample.size for sample in samples) // _SAMPLE_SIZE)
    thinned = [np.asarray(sample, np.float32).ravel()[::step] for sample in samples]
    values = np.concatenate(thinned) if thinned else np.zeros(0, np.float32)
    if values.size == 0:
        raise InputError(
            "There is no raw voxel to train on",
            found="only empty boxes",
            expected="at least one box with voxels",
            fix="choose a training box that overlaps the volume",
        )
    low, high = (float(v) for v in np.quantile(values, (0.001, 0.999)))
    clipped = np.clip(values, low, high).astype(np.float64)
    if clipped.std() == 0:
        raise InputError(
            "The raw volume is constant in the training boxes",
            found=f"the value {low:g} everywhere",
            expected="an image",
            fix="choose the raw data set, and a box where it was imaged",
        )
    return Intensity(low=low, high=high, mean=float(clipped.mean()), std=float(clipped.std()))


def check_finite(raw: NDArray[Any], name: str) -> None:
    """Refuse an array with NaN or infinite values; integers pass at once.

    Parameters
    ----------
    raw : array
        (z, y, x), any real dtype.
    name : str
        How the error calls the array.

    Raises
    ------
    InputError
        Says how many values are not finite, and where the first is (zyx index in ``raw``).
    """
    if not np.issubdtype(raw.dtype, np.floating):
        return
    finite = np.isfinite(raw)
    if finite.all():
        return
    first = tuple(int(i) for i in np.argwhere(~finite)[0])
    raise InputError(
        f"The raw data of {name} hold values that are no numbers",
        found=f"{int((~finite).sum())} NaN or infinite voxels, the first at zyx {first}",
        expected="finite grey values",
        fix="replace them, for example by the mean of the volume, or choose a box without them",
    )
