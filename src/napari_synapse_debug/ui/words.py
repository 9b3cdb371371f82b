"""Names of causes, stages and columns as the window writes them."""

from __future__ import annotations


def in_words(name: str) -> str:
    """``name`` without underscores; a cause of the truth without what its stage says already.

    >>> in_words("gt_same_segment_in_gt_segmentation")
    'same segment'
    """
    return name.removeprefix("gt_").removesuffix("_in_gt_segmentation").replace("_", " ")
