"""Someone at the window, for the tests from end to end: mouse and keys on what is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from nnstudio.graph import Wire
from nnstudio.ui.window import MainWindow

LEFT = Qt.MouseButton.LeftButton


class Effort:
    """How long a practised person takes for what is done here, by the keystroke-level model of Card, Moran and Newell
    ("The keystroke-level model for user performance time", 1980), in seconds: a key 0.28 (an average typist), pointing
    1.1, a button down or up 0.1, a hand between keys and mouse 0.4, making up one's mind 1.35."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.on_keys = False

    def think(self) -> None:
        self.seconds += 1.35

    def _hand(self, on_keys: bool) -> None:
        self.seconds += 0.4 * (on_keys is not self.on_keys)
        self.on_keys = on_keys

    def click(self, times: int = 1) -> None:
        self._hand(False)
        self.seconds += 1.1 + 0.2 * times

    def drag(self) -> None:
        self._hand(False)
        self.seconds += 2 * (1.1 + 0.1)

    def type(self, text: str) -> None:
        self._hand(True)
        self.seconds += 0.28 * (len(text) + 1)  # and Enter


class Person:
    """Someone at the window, who knows things by what they see."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot, self.session = window, qtbot, window.session
        self.effort = Effort()

    # looking

    def wait(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        self.qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    def settle(self) -> None:
        self.wait(lambda: self.session.settled)

    def seen(self, name: str, kind: type[QWidget] = QWidget, within: QWidget | None = None) -> QWidget:
        """The part of this name; the inspector's page is waited for, which is made a moment after the canvas."""
        if self.window.in_workspace:
            assert self.window.workspace.inspector.page is not None

        def shown() -> list[QWidget]:
            return [w for w in (within or self.window).findChildren(kind, name) if w.isVisible()]

        self.wait(lambda: bool(shown()), 5)
        return shown()[0]

    def dialog(self, name: str = "") -> QDialog:
        def shown() -> list[QDialog]:
            open_ = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
            return [w for w in open_ if not name or w.windowTitle() == name]

        self.wait(lambda: bool(shown()))
        return shown()[0]

    def names(self) -> set[str]:
        return set(self.session.network.by_name)

    def port(self, name: str, side: str, port: str) -> QPoint:
        canvas = self.window.workspace.canvas
        return canvas.mapFromScene(canvas.canvas.port_at(self.session.network.named(name).id, side, port))

    def node(self, name: str) -> QPoint:
        canvas = self.window.workspace.canvas
        return canvas.mapFromScene(canvas.canvas.items_by_id[self.session.network.named(name).id].pos())

    # doing

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        if not widget.isEnabled():
            self.wait(widget.isEnabled)
        QTest.mouseClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, at or widget.rect().center())
        self.effort.click()
        QApplication.processEvents()

    def press(self, name: str) -> None:
        self.click(self.seen(name, QPushButton))

    def drag(self, start: QPoint, end: QPoint) -> None:
        there = self.window.workspace.canvas.viewport()
        QTest.mousePress(there, LEFT, Qt.KeyboardModifier.NoModifier, start)
        for share in (0.1, 0.5, 0.9, 1.0):
            QTest.mouseMove(there, start + (end - start) * share)
            QApplication.processEvents()
        QTest.mouseRelease(there, LEFT, Qt.KeyboardModifier.NoModifier, end)
        self.effort.drag()
        QApplication.processEvents()

    def add(self, type_name: str, place: tuple[int, int] | None = None) -> str:
        """Double-click a layer in the palette, and drag it to a place where one is said; returns its name."""
        panel = self.window.workspace.palette_panel
        rows = range(panel.model.rowCount())
        index = next(
            panel.model.index(row)
            for row in rows
            if (cls := panel.model.type_at(panel.model.index(row))) is not None and cls.type_name() == type_name
        )
        panel.list.scrollTo(index)
        before = self.names()
        QTest.mouseClick(panel.list.viewport(), LEFT, pos=panel.list.visualRect(index).center())
        QTest.mouseDClick(panel.list.viewport(), LEFT, pos=panel.list.visualRect(index).center())
        self.wait(lambda: self.names() != before)
        (name,) = self.names() - before
        self.effort.think()
        self.effort.click()  # on the scroll bar or its family, to come by it
        self.effort.click(times=2)
        if place is not None:
            self.drag(self.node(name), QPoint(*place))
        return name

    def wire(self, source: str, target: str, port: str = "input", output: str = "output") -> None:
        ends = (self.session.network.named(source).id, output, self.session.network.named(target).id, port)
        if Wire(*ends) in self.session.network.wires:  # it was drawn when the layer was added
            return
        before = len(self.session.network.wires)
        self.drag(self.port(source, "outputs", output), self.port(target, "inputs", port))
        assert len(self.session.network.wires) == before + 1, f"no wire from {source} to {target}.{port}"

    def choose(self, name: str, field: str, title: str) -> None:
        """Choose in a combo box of the inspector."""
        self.click(self.window.workspace.canvas.viewport(), self.node(name))
        self.settle()
        combo = self.seen(f"field_{field}").findChild(QComboBox)
        row = combo.findText(title, Qt.MatchFlag.MatchStartsWith)
        assert row >= 0, [combo.itemText(place) for place in range(combo.count())]
        self.click(combo)
        view = combo.view()
        self.wait(view.isVisible)
        QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(combo.model().index(row, 0)).center())
        self.settle()

    def type_into(self, name: str, field: str, text: str) -> None:
        """Type into a field of the inspector; a layer that is selected need not be clicked for it."""
        if self.session.selection != {self.session.network.named(name).id}:
            self.click(self.window.workspace.canvas.viewport(), self.node(name))
        line = self.seen(f"field_{field}").findChild(QLineEdit)
        self.click(line)
        line.selectAll()
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)
        self.effort.think()
        self.effort.type(text)
        self.settle()

    def answer_file_dialog(self, path: Path) -> None:
        """Type a path into the file dialog that is about to open, and press its button until it has closed."""
        timer = QTimer(self.window)
        answered: list[QFileDialog] = []

        def answer() -> None:
            dialog = QApplication.activeModalWidget()
            if not isinstance(dialog, QFileDialog):
                if answered:
                    timer.stop()
                return
            if answered:  # it was told already, and is at work
                return
            answered.append(dialog)
            line = dialog.findChild(QLineEdit)
            line.selectAll()
            QTest.keyClicks(line, path.name[:1])  # with a key, then as if pasted: no completion comes between
            line.setText(str(path))
            accept = dialog.findChild(QDialogButtonBox).buttons()
            QTest.mouseClick(next(b for b in accept if b.text().strip("&") in ("Open", "Save")), LEFT)

        timer.timeout.connect(answer)
        timer.start(100)

    def answer_question(self, button: QMessageBox.StandardButton) -> None:
        def answer() -> None:
            box = QApplication.activeModalWidget()
            if not isinstance(box, QMessageBox):
                QTimer.singleShot(50, answer)
                return
            QTest.mouseClick(box.button(button), LEFT)

        QTimer.singleShot(50, answer)

    def keys(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.ControlModifier) -> None:
        self.window.activateWindow()  # as a window manager does when a dialog has closed
        self.wait(self.window.isActiveWindow)
        QTest.keyClick(self.window.workspace.canvas, key, modifiers)
        QApplication.processEvents()
