"""What is printed is what was meant, whatever the terminal."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from napari_synapse_debug.cli import console
from napari_synapse_debug.cli.console import ProgressLine, out, say_where, show_table
from napari_synapse_debug.cli.main import main
from napari_synapse_debug.domain.events import Event


def test_brackets_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    say_where("Results", Path("/data/em[final]/p1"))
    show_table("of [b]", [{"name": "a[bold]", "n": 1}])
    told = capsys.readouterr().out
    assert "Results: /data/em[final]/p1" in told
    assert "of [b]" in told
    assert "a[bold]" in told


VALIDATED = Event(
    "train",
    "step 90",
    470,
    1000,
    {
        "step": 90.0,
        "loss": 0.25,
        "validation_f1": 0.8125,
        "validation_score": 0.5,
        "validation_error": 0.1,
        "f1 cleft": 0.75,
        "dice mito": 0.625,
    },
)
SCORES = "validation: step 90, F1 0.81, score 0.50, cleft F1 0.75, mito Dice 0.62"


@pytest.mark.parametrize("is_terminal", [False, True])
def test_each_validation_stays_as_a_line(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    written = io.StringIO()
    plain = Console(
        file=written, force_terminal=is_terminal, color_system=None, width=120, markup=False
    )
    monkeypatch.setattr(console, "out", plain)
    with ProgressLine() as line:
        line.show(Event("train", "step 80", 450, 1000, {"step": 80.0, "loss": 0.5}))
        line.show(VALIDATED)  # in the same tenth
        line.show(Event("train", "step 91", 475, 1000, {"step": 91.0, "loss": 0.5}))
    assert written.getvalue().count(f"47 %  {SCORES}") == 1


def test_a_terminal_without_arrows_gets_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    out.print("main → b")
    sys.stdout.flush()
    assert ended.value.code == 0
    assert b"main ? b" in written.getvalue()
