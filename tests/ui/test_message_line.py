"""A message of the window, and the error of a thread as it is told on the pages."""

import pytest
from qtpy.QtCore import Qt

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.ui.job_endings import failed
from napari_synapse_debug.ui.message_line import MessageLine
from napari_synapse_debug.ui.predict_panel import PredictPanel
from napari_synapse_debug.ui.project_panel import ProjectPanel
from napari_synapse_debug.ui.session import PROJECT, Session

pytestmark = pytest.mark.ui


def raised(error):
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


@pytest.fixture
def line(qtbot):
    made = MessageLine()
    qtbot.addWidget(made)
    return made


def test_an_error_is_told_with_its_type_and_its_details_can_be_copied(line, qtbot, qapp):
    assert line.isHidden()
    line.show_error(raised(KeyError("x")))
    line.show()

    assert line.text() == "KeyError: 'x'"
    qtbot.mouseClick(line.copy, Qt.MouseButton.LeftButton)
    copied = qapp.clipboard().text()
    assert copied.startswith("Traceback")
    assert "test_message_line.py" in copied
    assert copied.rstrip().endswith("KeyError: 'x'")


def test_errors_of_ours_are_told_in_their_words(line):
    line.show_error(raised(DataError("The table is damaged", fix="make it anew")))
    assert line.text().startswith("The table is damaged")
    assert not line.copy.isHidden()

    line.show_error(raised(InputError("Select an error first")))
    assert line.text().startswith("Select an error first")
    assert line.copy.isHidden()  # it says what to do, and is no matter for a report

    line.show_text("done")
    assert line.copy.isHidden()


@pytest.mark.parametrize(
    "show",
    [
        lambda dock: (dock.message, dock.show_error),
        lambda dock: (dock.whatif.message, dock.whatif.show_problem),
        lambda dock: (dock.again.message, dock.again.show_problem),
        lambda dock: (dock.runs.message, dock.runs.show_error),
        lambda dock: (dock.team.message, dock.team.show_error),
    ],
)
def test_every_page_of_debug_tells_an_error_so(plain_dock, show):
    message, show_error = show(plain_dock)
    show_error(raised(KeyError("x")))

    assert message.text() == "KeyError: 'x'"
    assert not message.copy.isHidden()


def test_predict_here_and_the_making_of_a_project_tell_an_error_so(qtbot):
    session = Session()
    predict, project = PredictPanel(session), ProjectPanel(session)
    for panel in (predict, project):
        qtbot.addWidget(panel)
    session.set_job(failed(PROJECT, raised(KeyError("x"))))
    predict.show_error(raised(KeyError("x")))

    for message in (predict.here_message, project.message):
        assert message.text() == "KeyError: 'x'"
        assert not message.copy.isHidden()
