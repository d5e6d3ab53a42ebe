"""What tests of the window share, and a check after each that nothing was left behind or complained of."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QDir, QEvent, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from nnstudio.resources import resource_path
from nnstudio.ui import theme

sys.path.insert(0, str(Path(__file__).parent))  # for what these tests share in files of their own

#: What the off-screen platform says of itself.
CREATED = Qt.WidgetAttribute.WA_WState_Created  # it has been on the screen
_PLATFORM = ("This plugin does not support",)


@pytest.fixture(scope="module", autouse=True)
def _imported_is_kept() -> None:
    """What stands before a file's tests is left out of collecting, so that collecting after each of them is short."""
    import torch  # noqa: F401 - the largest part of it

    gc.collect()
    gc.freeze()


@pytest.fixture
def expected_log() -> list[str]:
    """Parts of log lines of level WARNING and above that the test expects; others fail it."""
    return []


@pytest.fixture(autouse=True)
def _left_clean(qapp: QApplication, qtlog, caplog, expected_log: list[str]) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """Fails on Qt warnings, log lines of level WARNING, and widgets, threads and timers that the test left behind."""
    threads = set(threading.enumerate())
    widgets = {id(widget) for widget in QApplication.topLevelWidgets()}
    QDir.setSearchPaths("icons", [str(resource_path("icons"))])
    theme.set_text_percent(100)
    if (theme.chosen(), theme.text_scale()) != ("dark", 1.0) or not qapp.styleSheet():
        theme.set_theme("dark")  # takes longer the more widgets there are, so only where a test changed it
    yield
    qapp.clipboard().clear()  # the off-screen one outlives Python, and what Python made must not
    settle(qapp)
    said = [r.message for r in qtlog.records if r.type.name != "QtDebugMsg" and not r.message.startswith(_PLATFORM)]
    logged = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING and not any(part in record.getMessage() for part in expected_log)
    ]
    left = [w for w in QApplication.topLevelWidgets() if id(w) not in widgets and w.testAttribute(CREATED)]
    running = _still_running(threads)
    ticking = [timer for timer in _timers() if timer.isActive()]
    gc.freeze()  # what outlives a test, such as what it imported, need not be looked through after each of the others
    assert not said, f"Qt complained: {said}"
    assert not logged, f"unexpected log lines: {logged}"
    assert not left, f"top-level widgets were left: {left}"
    assert not running, f"threads were left: {running}"
    assert not ticking, f"timers were left running: {ticking}"


def settle(app: QCoreApplication) -> None:
    """Destroy what is due to be destroyed."""
    for _ in range(3):
        gc.collect()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        app.processEvents()


def _still_running(before: set[threading.Thread]) -> list[threading.Thread]:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        left = [t for t in threading.enumerate() if t not in before and t.name.startswith(("nnstudio", "training"))]
        if not left:
            return []
        left[0].join(0.05)
    return left


def _timers() -> list[QTimer]:
    return [thing for thing in gc.get_objects() if type(thing) is QTimer and shiboken6.isValid(thing)]


@pytest.fixture
def session(qapp: QApplication) -> Iterator[object]:
    """A session that works things out in the background."""
    from nnstudio.ui.session import Session

    made = Session(qapp)
    yield made
    made.shut_down()
    made.deleteLater()


@pytest.fixture
def window(qtbot) -> Iterator[object]:  # type: ignore[no-untyped-def]
    """A window on the welcome page, painted and warm."""
    from nnstudio.ui.window import MainWindow

    made = MainWindow()
    made.setWindowState(Qt.WindowState.WindowNoState)  # the off-screen screen is smaller
    made.resize(1280, 800)
    made.show()
    qtbot.waitUntil(lambda: made.warm, timeout=60_000)
    yield made
    made.session.training.shut_down()
    made.session.files.discard()
    made.close()
    made.deleteLater()


@pytest.fixture
def show(qtbot) -> Callable[[QWidget], QWidget]:  # type: ignore[no-untyped-def]
    """Show a widget that the test destroys at its end."""

    def shown(widget: QWidget) -> QWidget:
        qtbot.addWidget(widget)
        widget.show()
        return widget

    return shown


@pytest.fixture
def hands(qtbot) -> Iterator[object]:  # type: ignore[no-untyped-def]
    """A person at a canvas with a small network, alone in its window."""
    from hands import Hands, small_network

    from nnstudio.ui.canvas import CanvasView
    from nnstudio.ui.session import Session

    session = Session(asleep=True)
    view = CanvasView(session)
    view.resize(1100, 640)
    qtbot.addWidget(view)
    view.show()
    made = Hands(session, view)
    made.show(small_network())
    yield made
    view.close()
    session.shut_down()
