"""What the window remembers of its user: one small JSON value a name, kept by Qt."""

from __future__ import annotations

import json
from typing import Any

from qtpy.QtCore import QSettings


class Preferences:
    """Values that outlive the window: layers of a stage, columns, the name of the reviewer."""

    def __init__(self) -> None:
        form, scope = QSettings.Format.IniFormat, QSettings.Scope.UserScope
        self._settings = QSettings(form, scope, "napari-synapse-debug", "window")

    def read(self, name: str, default: Any) -> Any:
        """The value of ``name``, or ``default`` where none was written or it cannot be read."""
        text = self._settings.value(name)
        if not isinstance(text, str):
            return default
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return default

    def write(self, name: str, value: Any) -> None:
        """Keep ``value`` (of JSON) as ``name``; None forgets it."""
        if value is None:
            self._settings.remove(name)
        else:
            self._settings.setValue(name, json.dumps(value))
