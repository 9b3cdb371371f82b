"""Names of the files of a model folder; here nothing needs torch, as reading weights does."""

from __future__ import annotations

WEIGHTS = "weights.pt"
"""The weights to predict with: the best that were validated."""

LAST = "last.pt"
"""The weights at the end of the training."""

PLAN = "plan.json"
"""The plan of the network."""

RECORD_FILE = "training.csv"
"""The figures of the training, one row a report."""

STATE = "training.pt"
"""Where an unfinished training goes on from."""

CARD = "README.md"
"""The model card: what it finds, learnt from what, how well."""
