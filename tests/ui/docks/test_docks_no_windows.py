"""No part of a panel is a window for a moment, before it stands in its place: it would flash, and take the focus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from nnstudio.ui import docks
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.panel import PAGES
from nnstudio.ui.palette import PalettePanel
from nnstudio.ui.parts import column, show_if

PANELS = [name for name in docks.__all__ if name.endswith("Panel")]


class Watch(QObject):
    """Notes what is shown as a window and gets a place only then."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[QWidget] = []
        self.moved: list[str] = []

    def eventFilter(self, thing: QObject, event: QEvent) -> bool:
        if not isinstance(thing, QWidget):
            return False
        if event.type() == QEvent.Type.Show and thing.isWindow():
            self.shown.append(thing)
        elif event.type() == QEvent.Type.ParentChange and not thing.isWindow() and thing in self.shown:
            self.moved.append(repr(thing))
        return False


@pytest.fixture
def watch(qapp: QApplication) -> Iterator[Watch]:
    made = Watch()
    qapp.installEventFilter(made)
    yield made
    qapp.removeEventFilter(made)


@pytest.mark.parametrize("name", PANELS)
def test_no_part_of_a_panel_is_a_window(session, show, watch, name):
    show(getattr(docks, name)(session))
    assert not watch.moved


def test_no_part_of_a_page_of_evaluate_is_a_window(session, show, watch):
    assessing = Assessing(session)
    pages = [kind(assessing) for kind in PAGES.values()]
    whole = QWidget()
    whole.setLayout(column(*pages))
    show(whole)
    assert not watch.moved


def test_no_part_of_the_palette_is_a_window(session, show, watch):
    show(PalettePanel(session))
    assert not watch.moved


def test_what_is_wanted_is_seen_with_its_parent_and_what_is_not_is_not(show):
    wanted, unwanted, again, whole = QPushButton("a"), QPushButton("b"), QPushButton("c"), QWidget()
    again.hide()
    show_if(wanted, True)
    show_if(unwanted, "")
    show_if(again, "text")
    assert not any(button.isVisible() for button in (wanted, unwanted, again))
    whole.setLayout(column(wanted, unwanted, again))
    show(whole)
    assert [button.isVisible() for button in (wanted, unwanted, again)] == [True, False, True]
    show_if(wanted, False)
    assert not wanted.isVisible()
