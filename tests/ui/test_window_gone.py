"""A window that was closed leaves no widget behind."""

from __future__ import annotations

import gc

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnstudio.ui.window import MainWindow


def open_and_close(qtbot: QtBot) -> int:
    """Build a whole window and close it: how many widgets there were with it."""
    window = MainWindow()
    window.show()
    qtbot.waitUntil(lambda: window.warm, timeout=60_000)
    count = len(QApplication.allWidgets())
    window.close()
    window.deleteLater()
    return count


def test_nothing_is_left_of_a_window_that_was_closed(qapp: QApplication, qtbot: QtBot) -> None:
    before = qapp.allWidgets()
    assert open_and_close(qtbot) > len(before) + 100
    for _ in range(3):
        gc.collect()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qapp.processEvents()
    left = [widget for widget in qapp.allWidgets() if widget not in before]
    assert not left, f"left: {left}"
