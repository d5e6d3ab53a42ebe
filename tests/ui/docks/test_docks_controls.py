"""Small controls: one of some things, and one of very many."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnstudio.ui.docks.controls import MANY, Choice
from nnstudio.ui.docks.finding_one import FindOne

LEFT = Qt.MouseButton.LeftButton
WORDS = [f"word {place}" for place in range(50_000)]


@pytest.fixture
def choice(show) -> Choice:
    made = Choice("Which word")
    show(made)
    made.told = []
    made.chosen.connect(made.told.append)
    return made


def opened(choice, qtbot) -> FindOne:
    """The list that a click opens."""
    QTest.mouseClick(choice, LEFT)
    qtbot.waitUntil(lambda: any(each.isVisible() for each in choice.findChildren(FindOne)))
    return choice.findChildren(FindOne)[-1]


def test_one_of_a_few_is_chosen_in_a_menu(choice):
    choice.offer(WORDS[:MANY])
    choice.show_index(3)
    choice.menu().actions()[7].trigger()
    assert choice.told == [7]
    assert choice.text() == "word 7 ▾"


def test_one_of_very_many_is_found_by_its_name(choice, qtbot):
    choice.offer(WORDS)
    choice.show_index(40_000)
    found = opened(choice, qtbot)
    assert found.list.currentIndex().data() == "word 40000"
    assert found.list.visualRect(found.list.currentIndex()).top() >= 0
    QTest.keyClicks(found.search, "D 4999")
    QTest.keyClick(found.search, Qt.Key.Key_Down)
    QTest.keyClick(found.search, Qt.Key.Key_Return)
    assert choice.told == [49_990]
    assert choice.text() == "word 49990 ▾"
    qtbot.waitUntil(lambda: not choice.findChildren(FindOne))


def test_a_click_in_the_list_takes_it_and_escape_takes_none(choice, qtbot):
    choice.offer(WORDS[:100])
    choice.show_index(0)
    found = opened(choice, qtbot)
    QTest.mouseClick(found.list.viewport(), LEFT, pos=found.list.visualRect(found.list.model().index(2, 0)).center())
    assert choice.told == [2]
    found = opened(choice, qtbot)
    QTest.keyClick(found, Qt.Key.Key_Escape)
    assert choice.told == [2]
    choice.offer(WORDS[:2])
    assert len(choice.menu().actions()) == 2, "a menu again"
