"""Notices: sentences at the foot of a widget, which leave when they were read."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from nnstudio.project.project import failure
from nnstudio.train.events import RunFailed, RunFinished
from nnstudio.train.history import History
from nnstudio.ui.notices import Notice, Notices
from nnstudio.ui.run_words import ends_well, ends_with, farewell


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


def test_a_notice_that_leads_on_does_so_at_a_click_and_leaves(qtbot):
    under, done = QWidget(), []
    qtbot.addWidget(under)
    under.resize(800, 600)
    under.show()
    notices = Notices(
        under, onwards=lambda level, _: ("See more", lambda: done.append(level)) if level == "error" else None
    )
    plain, bad = said(notices, "info", "Saved."), said(notices, "error", "The loss is NaN.")
    assert plain.findChild(QPushButton) is None
    qtbot.mouseClick(bad.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert done == ["error"]
    assert notices.shown == [plain]


def test_numbers_that_went_bad_lead_to_what_mends_them_and_other_failures_do_not():
    for message, leads in (("the loss was no longer a finite number", True), ("the disk is full", False)):
        history = History()
        history.feed(RunFailed(step=3, time=0.1, message=message, hint="lower the learning rate"))
        sentence = failure(history.ended)
        assert ends_with(history, sentence) is leads
        assert not ends_with(history, "Saved.")


def test_a_run_that_ended_leads_to_judging_it_and_stays_long_enough_to_be_clicked(notices):
    history, ended = History(), RunFinished(step=9, time=2.0, reason="completed", epochs=3, best_epoch=2, seconds=2.0)
    assert not ends_well(history, farewell(ended))
    history.feed(ended)
    assert ends_well(history, farewell(ended))
    assert not ends_well(history, "Saved.")
    plain = said(notices, "info", "Saved.")
    notices._onwards = lambda *_: ("See how good it is", lambda: None)
    assert said(notices, "info", "Done.").staying.interval() > plain.staying.interval()
    notices.clear()
