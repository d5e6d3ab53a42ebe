"""Notices: sentences at the foot of a widget, which leave when they were read."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QWidget

from nnstudio.ui.notices import Notice, Notices


@pytest.fixture
def notices(qtbot) -> Notices:  # type: ignore[no-untyped-def]
    under = QWidget()
    qtbot.addWidget(under)
    under.resize(800, 600)
    under.show()
    return Notices(under)


def said(notices: Notices, level: str, sentence: str) -> Notice:
    notices.say(level, sentence)
    return notices.shown[-1]


def test_a_long_sentence_stays_longer_than_a_short_one(notices):
    short, long = said(notices, "info", "Saved."), said(notices, "info", "A word and another. " * 12)
    assert 0 < short.staying.interval() < long.staying.interval()


def test_bad_news_stays_until_it_is_closed(notices):
    assert said(notices, "error", "The disk is full.").staying is None


def test_what_is_under_the_pointer_stays(notices):
    notice = said(notices, "info", "Saved.")
    middle = QPointF(notice.rect().center())
    QApplication.sendEvent(notice, QEnterEvent(middle, middle, middle))
    assert not notice.staying.isActive()
    QApplication.sendEvent(notice, QEvent(QEvent.Type.Leave))
    assert notice.staying.isActive()
    notice.leave()
