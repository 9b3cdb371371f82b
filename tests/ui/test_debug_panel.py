"""The Debug panel: what it shows, and what it asks for."""

import dataclasses

import pytest
from qtpy.QtCore import Qt

from napari_synapse_debug.domain.params import EvaluateParams
from napari_synapse_debug.domain.stages import Stage
from napari_synapse_debug.evaluate import Evaluation
from napari_synapse_debug.ui.debug_panel import DebugPanel
from napari_synapse_debug.ui.finding_table import FindingFilter
from napari_synapse_debug.ui.score_line import score_line
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.trace_view import TraceView, fix_text, head_text

pytestmark = pytest.mark.ui

EVALUATION = Evaluation(
    rule="three_point",
    judge="gt",
    scope="complete",
    params=EvaluateParams(),
    box="0:8,0:40,0:60",
    notes=("No true segmentation is given.",),
    n_truth=6,
    n_prediction=4,
    tp=2,
    fp=2,
    fn=4,
    precision=0.5,
    recall=1 / 3,
    f1=0.4,
).model_dump(mode="json")


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def panel(session, qtbot):
    made = DebugPanel(session)
    made.filter_requested.connect(session.set_filter)
    made.finding_requested.connect(session.select)
    qtbot.addWidget(made)
    made.resize(520, 800)
    made.show()
    return made


def test_without_a_project_it_says_how_to_get_one(panel):
    assert panel.empty.isVisible()
    assert "Simulated neuropil" in panel.empty.text()
    assert not panel.numbers.isVisible()
    assert not panel.tabs.isVisible()


def test_a_project_without_diagnosis_says_what_to_run(panel, session, results):
    session.set_results(dataclasses.replace(results, findings=None))

    assert "Run <b>Evaluate</b>" in panel.empty.text()
    assert panel.numbers.text() == "No score yet"
    assert panel.tabs.isVisible(), "another run can be opened"


def test_no_errors_are_told_as_such(panel, session, results):
    session.set_results(dataclasses.replace(results, findings=results.findings[:0]))

    assert "0 errors under this rule" in panel.empty.text()
    assert panel.empty.isVisible()
    assert panel.tabs.isVisible()
    session.set_results(results)
    assert not panel.empty.isVisible()


def test_the_score_travels_with_its_recipe():
    line = score_line(EVALUATION)

    assert line.numbers == "P .50 R .33 F1 .40"
    assert line.recipe.startswith("2 right · 4 missed · 2 false · three_point · judge gt")
    assert "true segmentation" in line.notes


def test_chips_count_and_filter(panel, session, results, qtbot):
    session.set_results(results)
    chip = panel.errors.chips.chips["classifier"]
    assert chip.text() == "classifier 2"
    assert not panel.errors.chips.chips["evaluation"].isVisible()

    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)

    assert session.filter == FindingFilter(stages=frozenset({"classifier"}))
    assert chip.isChecked()
    assert panel.count.text() == "2 of 6 errors · 0 seen"


def test_typing_searches(panel, session, results, qtbot):
    session.set_results(results)

    qtbot.keyClicks(panel.search, "merged")

    assert session.filter.text == "merged"
    assert panel.view.model().rowCount() == 1


def test_the_trace_follows_the_finding(panel, session, results):
    session.set_results(results)
    assert panel.errors.trace.head.text().startswith("Select an error")

    session.select(101)

    assert panel.errors.trace.summary.text() == "<b>Summary of 101.</b>"
    assert panel.errors.trace.chips["segmentation"].text() == "segmentation ✗"
    assert panel.errors.trace.chips["contact"].text() == "contact ✓"
    assert panel.errors.sections.isVisible()


def test_evidence_is_shown_to_the_letter(findings, qtbot):
    said = "the row's points < 30 nm & <b>near</b>"
    view = TraceView()
    qtbot.addWidget(view)
    view.show_finding(findings.iloc[0].replace({"evidence of contact": said}))
    line = view.evidence_lines[Stage.CONTACT]
    assert line.text().endswith(said)
    assert line.textFormat() == Qt.TextFormat.PlainText


def test_a_fix_says_whether_it_was_proven(findings):
    texts = [fix_text(findings.iloc[i]) for i in (0, 1, 2)]

    assert "(confirmed: with this stage mended the error is gone)" in texts[0]
    assert "(not tested)" in texts[1]
    assert "(not confirmed" in texts[2]


def test_the_head_names_error_kind_and_partners(findings):
    text = head_text(findings.iloc[1])

    assert text.startswith("#102 missed spine head synapse")
    assert "pre 7" in text
    assert "post 24" in text


def test_help_and_legend_can_be_hidden(panel, session, results):
    session.set_results(results)
    assert (panel.sheet.isVisible(), panel.legend.isVisible()) == (False, True)

    panel.toggle_help()
    panel.toggle_legend()

    assert (panel.sheet.isVisible(), panel.legend.isVisible()) == (True, False)
    assert "next error" in panel.sheet.text()


@pytest.mark.parametrize("width", [480, 700])
def test_nothing_is_wider_than_the_dock(panel, session, results, width):
    session.set_results(dataclasses.replace(results, evaluation=EVALUATION))
    session.select(101)

    panel.resize(width, 720)

    assert panel.minimumSizeHint().width() <= 480
    assert panel.width() == width


def test_the_space_bar_presses_the_button_that_has_the_focus(toy_dock, qtbot):
    button = toy_dock.buttons["legend"]
    was_hidden = toy_dock.legend.isHidden()
    truth = toy_dock._desk.viewer_kept.layers["truth"]
    toy_dock.activateWindow()
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)

    qtbot.keyClick(button, Qt.Key.Key_Space)

    assert toy_dock.legend.isHidden() != was_hidden
    assert truth.visible
    toy_dock.view.setFocus()
    qtbot.waitUntil(toy_dock.view.hasFocus)
    for _ in range(2):  # truth alone, then prediction alone
        qtbot.keyClick(toy_dock.view, Qt.Key.Key_Space)
    assert not truth.visible
