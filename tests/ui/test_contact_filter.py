"""The smallest contact that shows is chosen by hand, and only by hand."""

import pytest
from tests.ui.test_forms import focus, turn_wheel

from napari_synapse_debug.ui.contact_filter import ContactFilter

pytestmark = pytest.mark.ui

AREAS_NM2 = (100.0, 200.0, 400.0, 800.0)


@pytest.fixture
def contacts(qtbot):
    made = ContactFilter()
    qtbot.addWidget(made)
    made.show_areas(AREAS_NM2)
    made.show()
    return made


def test_other_contacts_show_whole_without_a_word(contacts):
    told = []
    contacts.area_changed.connect(told.append)
    contacts.slider.setValue(60)
    assert len(told) == 1
    assert told[0] > 100

    contacts.show_areas((300.0, 500.0))

    assert (len(told), contacts.least_nm2) == (1, 0.0)
    assert contacts.told.text() == "0 nm²: 2 of 2 contacts show"


def test_a_passing_wheel_filters_nothing(contacts, qtbot):
    contacts.slider.setValue(60)

    turn_wheel(contacts.slider)
    assert contacts.slider.value() == 60

    focus(qtbot, contacts.slider)
    turn_wheel(contacts.slider)
    assert contacts.slider.value() != 60
