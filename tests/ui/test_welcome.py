"""The welcome page: the gallery by topic, finding a project, and beginning with one's own data."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nnstudio.project.gallery import classical, templates
from nnstudio.ui.data_dialog import DataDialog


def test_the_welcome_page_shows_gallery_and_classical_networks_with_a_picture_of_each(window, qtbot):
    assert [card.template.id for card in window.welcome.cards] == [t.id for t in (*templates(), *classical())]
    qtbot.waitUntil(lambda: all(card.picture.sheet is not None for card in window.welcome.cards))
    assert all(card.picture.sheet.network.nodes for card in window.welcome.cards)


def test_every_project_stands_on_a_shelf_under_its_topic(window):
    for shelf in window.welcome.shelves:
        assert {card.template.topic or "Classical networks" for card in shelf.cards} == {shelf.title.text()}


def test_a_person_can_begin_with_data_of_their_own(window, qtbot):
    qtbot.mouseClick(window.findChild(QWidget, "welcome_data"), Qt.MouseButton.LeftButton)
    dialogs = lambda: window.findChildren(DataDialog)  # noqa: E731
    qtbot.waitUntil(lambda: bool(dialogs()) and dialogs()[0].isVisible())
    assert window.in_workspace
    dialogs()[0].reject()


def test_a_click_on_a_card_opens_a_copy_and_the_title_says_so(window, qtbot):
    card = window.welcome.cards[0]
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.in_workspace)
    assert window.run_bar.title.text() == card.template.id
    assert not window.run_bar.edited.isVisible()
    assert window.windowTitle().startswith(card.template.id)


def test_a_project_of_the_gallery_is_found_by_what_it_is_about(window, qtbot):
    qtbot.waitUntil(lambda: bool(window.welcome.cards), timeout=60_000)
    shown = lambda: {card.template.id for card in window.welcome.cards if card.isVisible()}  # noqa: E731
    every = {card.template.id for card in window.welcome.cards}
    qtbot.waitUntil(lambda: shown() == every)
    window.welcome.search.setFocus()
    qtbot.keyClicks(window.welcome.search, "tissue")
    assert "small-net" in shown()
    assert "line" not in shown()
    assert "resnet-50" not in shown()
    headed = lambda: {shelf.title.text() for shelf in window.welcome.shelves if shelf.title.isVisible()}  # noqa: E731
    assert headed() == {card.template.topic for card in window.welcome.cards if card.isVisible()}
    window.welcome.search.selectAll()
    qtbot.keyClicks(window.welcome.search, "xylophone")
    assert not shown()
    assert not headed()
    assert window.welcome._nothing.isVisible()
    window.welcome.search.clear()
    assert shown() == every
