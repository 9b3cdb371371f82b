"""What became of the rows of a matching, as sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

NOTHING = np.iinfo(np.int64).min
"""Stands for a row that is not there."""


@dataclass(frozen=True)
class Outcomes:
    """Row ids by outcome.

    Parameters
    ----------
    found, missed, false : frozenset of int
        True rows that are found and missed, and false predictions.
    partner : mapping
        The predicted row of each true row that has one, counted or not.
    """

    found: frozenset[int]
    missed: frozenset[int]
    false: frozenset[int]
    partner: Mapping[int, int]

    @classmethod
    def of(cls, matches: pd.DataFrame) -> Outcomes:
        """Those of ``records.MATCHES``."""
        outcome = matches["outcome"].to_numpy(object)
        truth, prediction = (
            matches[f"{side}_row"].to_numpy(np.int64, na_value=NOTHING)
            for side in ("truth", "prediction")
        )
        is_pair = (truth != NOTHING) & (prediction != NOTHING)
        pairs = zip(truth[is_pair].tolist(), prediction[is_pair].tolist(), strict=True)
        return cls(
            found=frozenset(truth[outcome == "tp"].tolist()),
            missed=frozenset(truth[outcome == "fn"].tolist()),
            false=frozenset(prediction[outcome == "fp"].tolist()),
            partner=dict(pairs),
        )
