"""The small run of ``tests/ui``, for the real window."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_spec = spec_from_file_location("small_run", Path(__file__).parents[1] / "ui" / "conftest.py")
_small_run = module_from_spec(_spec)
sys.modules[_spec.name] = _small_run  # dataclasses look their module up
_spec.loader.exec_module(_small_run)

results = _small_run.results
project = _small_run.project
own_preferences = _small_run.own_preferences
