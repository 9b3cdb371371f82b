"""What is printed is what was meant, whatever the terminal."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from napari_synapse_debug.cli.console import out, say_where, show_table
from napari_synapse_debug.cli.main import main


def test_brackets_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    say_where("Results", Path("/data/em[final]/p1"))
    show_table("of [b]", [{"name": "a[bold]", "n": 1}])
    told = capsys.readouterr().out
    assert "Results: /data/em[final]/p1" in told
    assert "of [b]" in told
    assert "a[bold]" in told


def test_a_terminal_without_arrows_gets_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    out.print("main → b")
    sys.stdout.flush()
    assert ended.value.code == 0
    assert b"main ? b" in written.getvalue()
