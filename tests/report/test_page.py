"""The page: what it counts, what it shows, and what it must never let through."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from napari_synapse_debug.domain.records import FINDINGS, empty
from napari_synapse_debug.domain.stages import STAGE_HUE, Stage
from napari_synapse_debug.report import (
    Card,
    Report,
    StepRow,
    Views,
    count_by_stage,
    render_report,
)

ERRORS = [
    ("missed", "contact", "no_contact"),
    ("missed", "classifier", "weak_signal"),
    ("false", "classifier", "false_signal"),
    ("missed", "classifier", "weak_signal"),
    ("mistyped", "assignment", "wrong_kind"),
    ("false", "unexplained", "unexplained"),
    ("missed", "classifier", "no_signal"),
]


class Rows(HTMLParser):
    """The cells of all rows of all tables."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._cell: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self._cell = []

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.rows[-1].append("".join(self._cell))
            self._cell = None


def page_of(score: dict[str, Any], findings: pd.DataFrame, **more: Any) -> str:
    return render_report(Report("toy", "main", score, findings, **more))


def cards_of(findings: pd.DataFrame, views: Views | None = None) -> list[Card]:
    plain = findings.astype(object).where(findings.notna(), None)
    return [Card(dict(row), views) for row in plain.to_dict("records")]


def test_errors_are_counted_by_stage_in_the_order_of_the_data(
    findings_of: Callable[..., pd.DataFrame],
) -> None:
    assert count_by_stage(findings_of(*ERRORS)) == [
        {"stage": "classifier", "missed": 3, "false": 1, "mistyped": 0},
        {"stage": "contact", "missed": 1, "false": 0, "mistyped": 0},
        {"stage": "assignment", "missed": 0, "false": 0, "mistyped": 1},
        {"stage": "unexplained", "missed": 0, "false": 1, "mistyped": 0},
    ]
    assert count_by_stage(empty(FINDINGS)) == []


def test_the_tables_show_stages_and_causes(
    score: dict[str, Any], findings_of: Callable[..., pd.DataFrame]
) -> None:
    page = page_of(score, findings_of(*ERRORS))
    rows = Rows(page).rows
    stages = [row for row in rows if len(row) == 5 and row[0] != "stage"]
    assert [row[:4] for row in stages] == [
        ["classifier", "3", "1", "0"],
        ["contact", "1", "0", "0"],
        ["assignment", "0", "0", "1"],
        ["unexplained", "0", "1", "0"],
    ]
    causes = [row for row in rows if len(row) == 4 and row[0] != "stage"]
    assert causes[0] == ["classifier", "weak_signal", "missed", "2"]
    assert len(causes) == 6
    assert sum(int(row[3]) for row in causes) == len(ERRORS)
    widths = re.findall(r'class="bar" style="width:(\d+)%;background:(#\w+)', page)
    assert [int(width) for width, _ in widths] == [100, 25, 25, 25]
    assert widths[1][1] == STAGE_HUE[Stage.CONTACT]


def test_the_score_comes_with_its_rule(score: dict[str, Any]) -> None:
    page = page_of(score, empty(FINDINGS))
    for text in ("0.87", "0.80–0.93", "0.90", "0.85", "three_point", "judge gt", "complete"):
        assert text in page
    assert "61 true and 58 predicted" in page


def test_no_errors_are_said_and_show_no_cards(score: dict[str, Any]) -> None:
    page = page_of(score, empty(FINDINGS))
    assert "0 errors under this rule" in page
    assert "<article" not in page
    assert "<script" not in page


def test_rates_that_are_not_defined_are_dashes(score: dict[str, Any]) -> None:
    without = score | {"precision": None, "precision_interval": None, "f1_interval": None}
    page = page_of(without, empty(FINDINGS))
    assert "<b>–</b>precision" in page
    assert "None" not in page


@pytest.mark.parametrize("field", ["cause", "summary", "fix", "contact_evidence"])
def test_text_from_data_is_never_markup(
    score: dict[str, Any], findings_of: Callable[..., pd.DataFrame], field: str
) -> None:
    attack = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    findings = findings_of(("missed", "contact", "no_contact"))
    findings[field] = attack
    page = page_of(score, findings, cards=cards_of(findings))
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_names_and_steps_are_escaped_too(score: dict[str, Any]) -> None:
    bad = "<b>&'\""
    planted = pd.DataFrame(
        [{"stage": bad, "cause": bad, "description": bad, "found_as": bad}], dtype="str"
    )
    page = render_report(
        Report(
            title=bad,
            run=bad,
            score=score,
            findings=empty(FINDINGS),
            steps=[StepRow("train", bad, 1.25)],
            planted=planted,
            details={bad: bad},
        )
    )
    assert bad not in page
    assert page.count("&lt;b&gt;&amp;&#39;&#34;") == 11
    assert Rows(page).rows[1] == ["train", bad, "1.2"]


def test_the_page_needs_nothing_from_outside(
    score: dict[str, Any], findings_of: Callable[..., pd.DataFrame]
) -> None:
    findings = findings_of(*ERRORS)
    picture = np.zeros((8, 12, 3), np.uint8)
    page = page_of(score, findings, cards=cards_of(findings, Views(picture, picture, picture)))
    assert page.count("<article") == len(ERRORS)
    assert "http" not in page
    assert "//" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) == 3 * len(ERRORS)
    assert all(source.startswith("data:image/webp;base64,") for source in sources)


def test_pictures_are_those_that_were_given(
    score: dict[str, Any], findings_of: Callable[..., pd.DataFrame]
) -> None:
    findings = findings_of(("missed", "contact", "no_contact"))
    hues = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    views = Views(*[np.full((10, 14 + k, 3), hue, np.uint8) for k, hue in enumerate(hues)])
    page = page_of(score, findings, cards=cards_of(findings, views))
    found = re.findall(r'alt="(\w+) section" src="data:image/webp;base64,([^"]+)"', page)
    assert [name for name, _ in found] == ["xy", "xz", "yz"]
    for (_, content), hue, width in zip(found, hues, (14, 15, 16), strict=True):
        image = Image.open(io.BytesIO(base64.b64decode(content)))
        assert image.size == (width, 10)
        assert np.abs(np.asarray(image).mean(axis=(0, 1)) - hue).max() < 12


def test_a_card_shows_the_trace_and_whether_the_cause_was_confirmed(
    score: dict[str, Any], findings_of: Callable[..., pd.DataFrame]
) -> None:
    findings = findings_of(*[("missed", "contact", "no_contact")] * 4)
    findings["confirmed"] = pd.array([True, False, None, None], dtype="boolean")
    findings["candidate_outcome"], findings["contact_outcome"] = "pass", "fail"
    findings["contact_evidence"] = "no face in the zone"
    page = page_of(score, findings, cards=cards_of(findings))
    assert page.count("· confirmed") == 1
    assert page.count("· not confirmed") == 1
    assert page.count("✓ candidate") == 4
    assert page.count("✗ contact: no face in the zone") == 4
    assert page.count("– segmentation") == 4
    assert page.count("<img") == 0, "no picture was given"
