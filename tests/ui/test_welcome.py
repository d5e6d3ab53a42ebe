"""The welcome page: the gallery by topic, finding a project, and beginning with one's own data."""

from __future__ import annotations

import threading

import pytest
from hands import small_network
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nnstudio.project import files
from nnstudio.project.gallery import classical, templates
from nnstudio.project.sheet import Sheet
from nnstudio.ui.data_dialog import DataDialog
from nnstudio.ui.window import MainWindow


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


@pytest.fixture
def slow(monkeypatch):
    """Reading project files waits until this is set."""
    read, go = files.load, threading.Event()

    def load(path):
        assert go.wait(60)
        return read(path)

    monkeypatch.setattr(files, "load", load)
    yield go
    go.set()


def test_from_the_click_on_it_is_said_which_project_is_being_opened_and_another_can_be_chosen(window, qtbot, slow):
    first, then = window.welcome.cards[:2]
    qtbot.mouseClick(first, Qt.MouseButton.LeftButton)
    assert window.opening.isVisible()
    assert window.opening.text.text() == f"Opening {first.template.title} …"
    qtbot.mouseClick(then, Qt.MouseButton.LeftButton)
    assert window.opening.text.text() == f"Opening {then.template.title} …"
    assert not window.in_workspace
    slow.set()
    qtbot.waitUntil(lambda: window.in_workspace)
    assert window.run_bar.title.text() == then.template.id
    assert not window.opening.isVisible()


def test_what_cannot_be_opened_is_no_longer_said_to_be_being_opened(window, qtbot, tmp_path):
    path = tmp_path / "broken.nnstudio"
    path.write_bytes(b"no project")
    window.file_actions.open_path(path)
    assert window.opening.isVisible()
    qtbot.waitUntil(lambda: bool(window.notices.shown))
    assert not window.opening.isVisible()
    assert "broken.nnstudio cannot be opened" in window.notices.shown[0].sentence


def test_what_is_drawn_while_another_project_is_being_opened_is_not_lost(window, qtbot, slow, tmp_path):
    path = tmp_path / "other.nnstudio"
    files.save(path, Sheet())
    window.actions_table.trigger("new")
    window.file_actions.open_path(path)
    window.session.do("Add", lambda _: small_network())
    slow.set()
    qtbot.waitUntil(lambda: bool(window.notices.shown))
    assert "other was not opened" in window.notices.shown[0].sentence
    assert window.session.network.nodes
    assert window.session.path is None


def test_a_window_that_is_not_ready_yet_says_what_it_will_open(qtbot):
    first = next(each for each in templates() if each.id == "line")
    made, said = MainWindow(), []
    made.file_actions.open_template(first)
    made.show()

    def there() -> bool:
        if not made.in_workspace:
            said.append(made.opening.isVisible() and made.opening.text.text())
        return made.in_workspace

    qtbot.waitUntil(there, timeout=60_000)
    assert set(said) == {f"Opening {first.title} …"}
    assert not made.opening.isVisible()
    made.close()
    made.deleteLater()


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
