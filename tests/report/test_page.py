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
from numpy.typing import NDArray
from PIL import Image

from napari_synapse_debug.domain.records import FINDINGS, empty
from napari_synapse_debug.domain.stages import STAGE_HUE, Stage
from napari_synapse_debug.report import (
    Card,
    Connectomes,
    Look,
    Operating,
    Report,
    StepRow,
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


def cards_of(findings: pd.DataFrame, sheet: NDArray[np.uint8] | None = None) -> list[Card]:
    plain = findings.astype(object).where(findings.notna(), None)
    looks = () if sheet is None else (Look.RAW, Look.SEGMENTATION)
    return [Card(dict(row), sheet, looks) for row in plain.to_dict("records")]


def test_the_table_of_losses_shows_each_stage_with_its_causes(
    score: dict[str, Any], findings_of: Callable[..., pd.DataFrame]
) -> None:
    page = page_of(score, findings_of(*ERRORS))
    losses = [row[:6] for row in Rows(page).rows if len(row) == 7][1:]
    assert losses == [
        ["classifier", "3", "1", "0", "4", "–"],
        ["weak_signal", "2", "0", "0", "2", "–"],
        ["false_signal", "0", "1", "0", "1", "–"],
        ["no_signal", "1", "0", "0", "1", "–"],
        ["contact", "1", "0", "0", "1", "–"],
        ["no_contact", "1", "0", "0", "1", "–"],
        ["assignment", "0", "0", "1", "1", "–"],
        ["wrong_kind", "0", "0", "1", "1", "–"],
        ["unexplained", "0", "1", "0", "1", "–"],
        ["unexplained", "0", "1", "0", "1", "–"],
    ]
    widths = re.findall(r'class="bar" style="width:(\d+)%;background:(#\w+)', page)
    assert [int(width) for width, _ in widths] == [100, 25, 25, 25]
    assert widths[1][1] == STAGE_HUE[Stage.CONTACT]


def test_the_score_comes_with_its_rule(score: dict[str, Any]) -> None:
    page = page_of(score, empty(FINDINGS))
    for text in ("<b>0.87</b>F1", "0.80–0.93", "<b>0.90</b>precision", "<b>0.85</b>recall"):
        assert text in page
    recipe = "rule three_point · judge gt · T 400 nm · scope complete · box 0:4,0:50,0:60"
    assert f"{recipe} · n 61 true, 58 predicted" in page
    assert "One note." in page


def test_a_warning_stands_at_the_top(score: dict[str, Any]) -> None:
    page = page_of(score, empty(FINDINGS), warnings=["Set by hand: <5>."])
    assert page.index("Set by hand: &lt;5&gt;.") < page.index("<h2>")
    assert "Beware" not in page_of(score, empty(FINDINGS))


def test_what_is_given_is_drawn_and_the_rest_left_out(score: dict[str, Any]) -> None:
    surface = pd.DataFrame({"box": ["eval"], "threshold": 0.5, "min_size_vx": 9, "f1": 0.8})
    stage = {"stage": "contact", "alone": 0.9, "in_order": 0.9, "all_but": 0.97, "is_tested": True}
    budget = {"rule": "three_point", "judge": "gt", "tolerance_nm": 400.0, "scope": "complete"}
    budget |= {"box": "0:4", "f1": 0.8, "stages": [stage], "n_truth": 4, "n_prediction": 5}
    counts, ids = np.array([[0, 2], [0, 0]]), np.array([4, 7], np.uint64)
    given = {
        "The connectome": {"connectomes": Connectomes(ids, counts, counts, 9)},
        "What to mend next": {"budget": budget},
        "Threshold and smallest size": {"operating": Operating(0.5, 9, surface)},
    }
    bare = page_of(score, empty(FINDINGS))
    assert bare.count("data:image/svg+xml;base64,") == 1, "the curve"
    for heading, part in given.items():
        page = page_of(score, empty(FINDINGS), **part)
        assert f"<h2>{heading}" in page
        assert f"<h2>{heading}" not in bare
        assert page.count("data:image/svg+xml;base64,") == 2
    assert "the 2 most connected of 9" in page_of(score, empty(FINDINGS), **given["The connectome"])


def test_the_surest_suspects_are_shown(score: dict[str, Any]) -> None:
    suspects = pd.DataFrame(
        {
            "finding": range(1, 13),
            "proposal": "remove",
            "cause": "gt_duplicate",
            "suspect_truth": 1.0,
            "f1_as_it_is": 0.6,
            "f1_if_accepted": [0.6 + k / 100 for k in range(1, 13)],
        }
    )
    page = page_of(score, empty(FINDINGS), suspects=suspects)
    rows = [row for row in Rows(page).rows if len(row) == 5][1:]
    assert len(rows) == 10
    assert rows[0] == ["1", "remove", "gt_duplicate", "1.00", "0.610"]
    assert "The 10 surest of 12" in page
    assert "Truth in doubt" not in page_of(score, empty(FINDINGS), suspects=suspects[:0])


def test_kinds_are_shown_as_a_table(score: dict[str, Any]) -> None:
    kinds = pd.DataFrame({"shaft": [4, 2], "missed": [1, 0]}, index=["spine_head", "false"])
    rows = Rows(page_of(score, empty(FINDINGS), kinds=kinds)).rows
    at = rows.index(["true \\ predicted", "shaft", "missed"])
    assert rows[at + 1 : at + 3] == [["spine head", "4", "1"], ["false", "2", ""]]


def test_no_errors_are_said_and_show_no_cards(score: dict[str, Any]) -> None:
    page = page_of(score, empty(FINDINGS))
    assert "0 errors under this rule" in page
    assert "<article" not in page
    assert "<script" not in page


def test_rates_that_are_not_defined_are_dashes(score: dict[str, Any]) -> None:
    without = score | {"precision": None, "precision_interval": None, "f1_interval": None}
    assert "data:image" in page_of(score, empty(FINDINGS))
    page = page_of(without, empty(FINDINGS))
    assert "<b>–</b>precision" in page
    assert "None" not in page
    assert "No precision–recall curve" in page
    assert "data:image" not in page


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
    assert ["train", bad, "1.2"] in Rows(page).rows


def test_the_page_needs_nothing_from_outside(
    score: dict[str, Any], findings_of: Callable[..., pd.DataFrame]
) -> None:
    findings = findings_of(*ERRORS)
    sheet = np.zeros((8, 12, 3), np.uint8)
    page = page_of(score, findings, cards=cards_of(findings, sheet))
    assert page.count("<article") == len(ERRORS)
    assert "http" not in page
    assert "//" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) == len(ERRORS) + 1, "and the curve"
    assert all(source.startswith("data:image/") for source in sources)


def test_the_picture_is_the_one_that_was_given(
    score: dict[str, Any], findings_of: Callable[..., pd.DataFrame]
) -> None:
    findings = findings_of(("missed", "contact", "no_contact"))
    sheet = np.full((20, 30, 3), (200, 0, 0), np.uint8)
    page = page_of(score, findings, cards=cards_of(findings, sheet))
    (content,) = re.findall(r'src="data:image/webp;base64,([^"]+)"', page)
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    assert image.size == (30, 20)
    assert np.abs(np.asarray(image).mean(axis=(0, 1)) - (200, 0, 0)).max() < 12
    assert 'width="30" height="20" alt="finding 1 in xy, xz and yz: raw, segmentation"' in page
    assert "<span>raw</span><span>segmentation</span>" in page


def test_a_card_shows_the_trace_and_whether_the_cause_was_confirmed(
    score: dict[str, Any], findings_of: Callable[..., pd.DataFrame]
) -> None:
    findings = findings_of(*[("missed", "contact", "no_contact")] * 4)
    findings["confirmed"] = pd.array([True, False, None, None], dtype="boolean")
    findings["candidate_outcome"], findings["contact_outcome"] = "pass", "fail"
    findings["contact_evidence"] = "no face in the zone"
    findings["fix_set"] = ["contact,ground_truth", "", "", ""]
    page = page_of(score, findings, cards=cards_of(findings))
    assert page.count("· proven") == 1
    assert page.count("· not proven") == 1
    assert page.count("contact + ground truth right") == 1
    assert page.count("✓ candidate") == 4
    assert page.count("✗ contact: no face in the zone") == 4
    assert page.count("– segmentation") == 4
    assert page.count("<img") == 1, "no picture was given, only the curve"
