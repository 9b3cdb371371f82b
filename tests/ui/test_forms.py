"""Forms give back the parameters they were made of."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qtpy.QtCore import QLocale, QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.params import (
    ContactParams,
    DiagnoseParams,
    EvaluateParams,
    PredictParams,
    SimulateParams,
    SynapseParams,
    TrainParams,
)
from napari_synapse_debug.ui.forms import Form, help_text

pytestmark = pytest.mark.ui

MODELS = (
    TrainParams,
    PredictParams,
    ContactParams,
    SynapseParams,
    EvaluateParams,
    DiagnoseParams,
    SimulateParams,
)
CHANGED = (
    TrainParams(minutes=0.1, binning=(1, 2, 3), size="large", learning_rate=3.1e-5, augment=False),
    PredictParams(block_vx=(16, 128, 256), views="mirrored", device="cuda"),
    ContactParams(excluded_segments=(4, 17, 90001), min_area_nm2=1234.5),
    SynapseParams(threshold=0.35, min_size_vx=0, polyadic=True, depth_nm=0.5),
    EvaluateParams(rule="cleft", judge="none", margin_nm=0.0, edge_at=()),
    DiagnoseParams(noise_quantile=1.0, counterfactuals=False),
    SimulateParams(voxel_size_nm=(50.0, 4.6, 4.0), seed=7),
)


@pytest.fixture(params=["German", "C"])
def language(request):
    """The computer speaks a language that writes 0,5, or none."""
    before = QLocale()
    QLocale.setDefault(QLocale(getattr(QLocale.Language, request.param)))
    yield request.param
    QLocale.setDefault(before)


def turn_wheel(widget: QWidget) -> None:
    """Turn the mouse wheel over ``widget`` by one notch towards the user."""
    at, none = QPointF(5, 5), Qt.MouseButton.NoButton
    plain, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(
        widget, QWheelEvent(at, at, QPoint(), QPoint(0, -120), none, plain, phase, False)
    )


def focus(qtbot, widget: QWidget) -> None:
    """Give ``widget`` the keyboard."""
    widget.activateWindow()
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)


@pytest.fixture
def make_form(qtbot):
    def make(params):
        form = Form(params)
        qtbot.addWidget(form)
        return form

    return make


@pytest.mark.parametrize("model", MODELS)
def test_defaults_come_back(make_form, model):
    assert make_form(model()).value() == model()


@pytest.mark.parametrize("params", CHANGED, ids=lambda p: type(p).__name__)
def test_values_come_back(make_form, params):
    form = make_form(type(params)())
    assert form.value() != params

    form.set_value(params)

    assert form.value() == params


@given(nm=st.floats(0.001, 1e5), share=st.floats(0, 1), ids=st.lists(st.integers(0, 10**6)))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_number_within_its_bounds_comes_back(make_form, nm, share, ids):
    tolerance = make_form(EvaluateParams(tolerance_nm=nm)).value().tolerance_nm
    quantile = make_form(DiagnoseParams(noise_quantile=share)).value().noise_quantile
    left_out = make_form(ContactParams(excluded_segments=tuple(ids))).value().excluded_segments

    assert tolerance == pytest.approx(nm, abs=1e-9)
    assert quantile == pytest.approx(share, abs=1e-9)
    assert left_out == tuple(ids)


def test_bounds_of_the_model_bind_the_editor(make_form):
    form = make_form(SynapseParams(threshold=0.5))
    box = form.editors["threshold"].inner.box

    box.setValue(7.0)

    assert form.value().threshold == 1.0


def test_auto_is_none_and_disables_its_editor(make_form):
    form = make_form(SynapseParams(threshold=0.5))
    editor = form.editors["threshold"]
    assert editor.inner.isEnabled()

    editor.auto.setChecked(True)

    assert not editor.inner.isEnabled()
    assert form.value().threshold is None


def test_a_list_that_cannot_be_read_is_an_error_with_an_example(make_form):
    form = make_form(ContactParams())
    form.editors["excluded_segments"].line.setText("17, many")

    with pytest.raises(InputError, match="17, 42"):
        form.value()


def test_advanced_fields_are_folded_away(make_form, qtbot):
    form = make_form(EvaluateParams())
    form.show()

    assert not form.advanced.isExpanded()
    assert not form.editors["tolerance_nm"].visibleRegion().isEmpty()
    assert form.editors["snap_nm"].visibleRegion().isEmpty()


def test_changes_are_told(make_form, qtbot):
    form = make_form(ContactParams())

    with qtbot.waitSignal(form.changed):
        form.editors["max_gap_nm"].box.setValue(24.0)


def test_help_tells_meaning_bounds_unit_and_default():
    text = help_text(EvaluateParams.model_fields["snap_nm"])

    assert "nearest segment" in text
    assert "≥ 0" in text
    assert "≤ 1000" in text
    assert "nm" in text
    assert "default: 30.0" in text


def test_a_digit_typed_and_taken_back_leaves_the_number(make_form, qtbot, language):
    form = make_form(EvaluateParams(snap_nm=0.5))
    box = form.editors["snap_nm"].box
    box.lineEdit().setCursorPosition(3)

    for key in (Qt.Key.Key_1, Qt.Key.Key_Backspace, Qt.Key.Key_Return):
        qtbot.keyClick(box, key)

    assert (form.value().snap_nm, box.text()) == (0.5, "0.5 nm")


@pytest.mark.parametrize("typed", ["0,25", "0.25"])
def test_comma_and_point_are_decimal(make_form, qtbot, language, typed):
    form = make_form(SynapseParams(threshold=0.5))
    box = form.editors["threshold"].inner.box
    box.selectAll()

    qtbot.keyClicks(box, typed)

    assert (form.value().threshold, box.text()) == (0.25, "0.25")


def test_a_digit_behind_a_number_makes_it_longer(make_form, qtbot, language):
    form = make_form(SynapseParams(threshold=0.3))
    box = form.editors["threshold"].inner.box
    box.lineEdit().setCursorPosition(3)

    qtbot.keyClicks(box, "5")

    assert form.value().threshold == 0.35


@pytest.mark.parametrize("separator", [",", "."])
def test_a_whole_number_takes_no_separator(make_form, qtbot, language, separator):
    form = make_form(TrainParams(steps=2000))
    line = form.editors["steps"].box.lineEdit()
    line.setCursorPosition(1)

    qtbot.keyClicks(line, separator)

    assert line.text() == "2000"


def test_a_passing_wheel_changes_no_choice(make_form, qtbot):
    form = make_form(TrainParams(size="small"))
    box = form.editors["size"].box
    form.advanced.expand(animate=False)
    form.show()

    turn_wheel(box)
    assert form.value().size == "small"
    focus(qtbot, box)
    turn_wheel(box)
    assert form.value().size != "small"


def test_an_empty_text_is_none(make_form):
    form = make_form(ContactParams(box="0:4,0:8,0:8"))
    assert form.value().box == "0:4,0:8,0:8"

    form.editors["box"].inner.line.clear()

    assert form.value().box is None
