"""How far reviewers agree: Cohen's kappa of each two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from napari_synapse_debug.domain.records import Columns, conform, empty

_AGREEMENT: Columns = {
    "author_a": "str",
    "author_b": "str",
    "n_shared": "int64",
    "n_agreed": "int64",
    "kappa": "float64",
}


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen's kappa of two reviewers' verdicts on the same findings, in [-1, 1].

    ``(p_o - p_e) / (1 - p_e)``: agreement above that by chance, over the most that is possible
    (Cohen 1960, doi:10.1177/001316446002000104). 1 is full agreement, 0 that of chance.

    Parameters
    ----------
    first, second : sequences of str
        Verdicts in the same order; their lengths agree.

    Returns
    -------
    float or None
        None where it is not defined: nothing in common, or both gave one and the same verdict
        throughout, so that chance alone agrees fully.
    """
    if not len(first):
        return None
    one, other = Counter(first), Counter(second)
    count = len(first)
    by_chance = sum(one[name] * other[name] for name in one) / count**2
    if by_chance == 1.0:
        return None
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    return (observed - by_chance) / (1.0 - by_chance)


def agreement(verdicts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Agreement of each two authors on the findings that both judged.

    Parameters
    ----------
    verdicts : DataFrame
        As for ``settle``; words that settle a dispute are left out.
    by : sequence of str
        The columns that tell findings apart.

    Returns
    -------
    DataFrame
        ``author_a, author_b`` (a before b in the alphabet), ``n_shared, n_agreed``, ``kappa``
        (NaN where it is not defined). Without two authors it is empty.
    """
    own = verdicts[~verdicts["is_settlement"] & (verdicts["verdict"] != "")]
    by_author = {
        str(author): group.set_index(list(by))["verdict"] for author, group in own.groupby("author")
    }
    rows = []
    for a, b in combinations(sorted(by_author), 2):
        both = pd.concat([by_author[a], by_author[b]], axis=1, join="inner", keys=["a", "b"])
        kappa = cohen_kappa(both["a"].tolist(), both["b"].tolist())
        rows.append(
            {
                "author_a": a,
                "author_b": b,
                "n_shared": len(both),
                "n_agreed": int((both["a"] == both["b"]).sum()),
                "kappa": np.nan if kappa is None else kappa,
            }
        )
    if not rows:
        return empty(_AGREEMENT)
    return conform(pd.DataFrame(rows), _AGREEMENT, "agreement")
