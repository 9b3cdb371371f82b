"""The two partners of an error as a small label volume of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PRE_LABEL, POST_LABEL = 1, 2


class PartnerVolume:
    """A segmentation in which only two segments are left: (Z, Y, X) uint8, read when sliced.

    Pre is 1, post is 2, all else 0. Where both are one segment it is 1. Eight bits are what
    napari hands to the graphics card as they are; ids of 64 bits it maps voxel by voxel.

    Parameters
    ----------
    segmentation : array
        (Z, Y, X) ids.
    pre, post : int
        Segments to be kept; 0 is none.
    """

    def __init__(self, segmentation: Any, pre: int = 0, post: int = 0) -> None:
        self.segmentation, self.pre, self.post = segmentation, pre, post
        self.shape: tuple[int, ...] = tuple(segmentation.shape)
        self.ndim = len(self.shape)
        self.dtype = np.dtype(np.uint8)

    def light_up(self, pre: int, post: int) -> None:
        """Keep these two segments from the next slice on."""
        self.pre, self.post = pre, post

    def crop(self, index: Any) -> PartnerVolume:
        """The partners within ``index``, which is read now."""
        return PartnerVolume(np.asarray(self.segmentation[index]), self.pre, self.post)

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        return self._kept(np.asarray(self.segmentation[index]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        kept = self._kept(np.asarray(self.segmentation[...]))
        return kept if dtype is None else kept.astype(dtype)

    def _kept(self, ids: NDArray[Any]) -> NDArray[np.uint8]:
        out = np.zeros(ids.shape, np.uint8)
        if self.post:
            out[ids == self.post] = POST_LABEL
        if self.pre:
            out[ids == self.pre] = PRE_LABEL
        return out
