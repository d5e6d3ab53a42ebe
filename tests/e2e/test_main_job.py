"""The main job with mouse and keys alone: from an empty canvas to a trained, saved, reopened and exported model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from nnstudio.cli import main as command_line
from nnstudio.train.events import RunFinished
from nnstudio.ui.window import MainWindow

LEFT = Qt.MouseButton.LeftButton
#: Where the nodes of the digits network are put, in pixels of the canvas, in the order in which they are added.
PLACES = {
    "Input": (110, 70), "Flatten": (330, 70), "Linear": (550, 70), "ReLU": (110, 190), "Linear ": (330, 190),
    "CrossEntropyLoss": (590, 190), "Accuracy": (590, 300), "Output": (590, 390), "Input ": (330, 300),
}  # fmt: skip


class Person:
    """Someone at the window, who knows things by what they see."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot, self.session = window, qtbot, window.session

    # looking

    def wait(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        self.qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    def settle(self) -> None:
        self.wait(lambda: self.session.settled)

    def seen(self, name: str, kind: type[QWidget] = QWidget, within: QWidget | None = None) -> QWidget:
        found = [w for w in (within or self.window).findChildren(kind, name) if w.isVisible()]
        assert found, f"there is no {name} to be seen"
        return found[0]

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
        QApplication.processEvents()

    def add(self, type_name: str, place: tuple[int, int]) -> str:
        """Double-click a layer in the palette and drag it to its place; returns its name."""
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
        self.drag(self.node(name), QPoint(*place))
        return name

    def wire(self, source: str, target: str, port: str = "input", output: str = "output") -> None:
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
        self.click(self.window.workspace.canvas.viewport(), self.node(name))
        line = self.seen(f"field_{field}").findChild(QLineEdit)
        self.click(line)
        line.selectAll()
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)
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


@pytest.fixture
def person(window: MainWindow, qtbot: QtBot) -> Person:
    QApplication.instance().setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    return Person(window, qtbot)


def draw_digits_network(person: Person) -> dict[str, str]:
    """Draw it with the mouse; returns names by the keys of PLACES."""
    made = {key: person.add(key.strip(), place) for key, place in PLACES.items()}
    person.choose(made["Input"], "field", "image")
    person.choose(made["Input "], "field", "label")
    person.type_into(made["Linear"], "out_features", "48")
    person.type_into(made["Linear "], "out_features", "10")
    person.wire(made["Input"], made["Flatten"])
    person.wire(made["Flatten"], made["Linear"])
    person.wire(made["Linear"], made["ReLU"])
    person.wire(made["ReLU"], made["Linear "])
    person.wire(made["Linear "], made["CrossEntropyLoss"], "prediction")
    person.wire(made["Linear "], made["Accuracy"], "prediction")
    person.wire(made["Linear "], made["Output"])
    person.wire(made["Input "], made["CrossEntropyLoss"], "target")
    person.wire(made["Input "], made["Accuracy"], "target")
    person.settle()
    return made


def test_from_an_empty_canvas_to_an_exported_model(person: Person, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    window, session = person.window, person.session
    person.click(person.seen("welcome_new"))
    person.wait(lambda: window.in_workspace)

    # data
    person.press("choose_data")
    dialog = person.dialog("Choose data")
    sources = dialog.sources
    digits = sources.findItems("Optical digits", Qt.MatchFlag.MatchStartsWith)[0]
    QTest.mouseClick(sources.viewport(), LEFT, pos=sources.visualItemRect(digits).center())
    person.wait(lambda: dialog.use.isEnabled() and dialog.title.text().startswith("Optical"))
    person.click(dialog.use)
    person.wait(lambda: session.dataset is not None)

    # drawing, with a mistake that is undone
    made = draw_digits_network(person)
    assert session.resolution is not None
    assert session.resolution.problems == ()
    assert "no problems" in person.seen("network_status", QLabel).text()
    person.click(window.workspace.canvas.viewport(), person.node(made["ReLU"]))
    person.keys(Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier)
    assert made["ReLU"] not in person.names()
    person.keys(Qt.Key.Key_Z)
    person.settle()
    assert made["ReLU"] in person.names()
    assert session.resolution.problems == ()

    # training: start, pause, one step, resume, stop
    person.press("start_button")
    person.wait(lambda: session.run_state == "running" and session.history.progress > 0.02)
    person.press("start_button")
    person.wait(lambda: session.run_state == "paused")
    stood_at = len(session.history.losses)
    person.press("step_button")
    person.wait(lambda: len(session.history.losses) == stood_at + 1 and session.run_state == "paused")
    person.press("start_button")
    person.wait(lambda: len(session.history.epochs) >= 8)
    assert session.history.activations
    assert session.history.gradients
    person.press("stop_button")
    person.wait(lambda: session.run_state == "idle")
    ended = session.history.ended
    assert isinstance(ended, RunFinished)
    assert ended.reason in ("stopped", "completed")
    losses = session.history.losses
    assert float(np.mean(losses[-20:])) < 0.5 * float(np.mean(losses[:20]))

    # save, close, reopen
    path = tmp_path / "digits.nnstudio"
    person.answer_file_dialog(path)
    person.keys(Qt.Key.Key_S)
    person.wait(lambda: path.exists() and not session.modified)
    drawn, trained = session.network, dict(session.training.weights or {})
    window.actions_table.qt("close").trigger()
    person.wait(lambda: not window.in_workspace)
    person.answer_file_dialog(path)
    window.actions_table.qt("open").trigger()
    person.wait(lambda: window.in_workspace and session.path == path)
    person.settle()
    assert session.network == drawn
    again = session.training.weights
    assert again is not None
    assert set(again) == set(trained)
    assert all(np.array_equal(again[name], trained[name]) for name in trained)

    # export, checked
    window.actions_table.qt("export").trigger()
    export = person.dialog("Export model")
    person.click(export.findChild(QWidget, "format_onnx"), QPoint(8, 8))
    out = tmp_path / "digits.onnx"
    export.path.setText(str(out))
    person.click(export.findChild(QPushButton, "export_go"))
    person.wait(lambda: "exported and checked" in export.findChild(QLabel, "export_result").text().lower())
    person.click(export.cancel)

    # another runtime gives right answers
    runtime = onnxruntime.InferenceSession(str(out))
    assert session.dataset is not None
    samples = session.dataset.arrays("test")
    (scores,) = runtime.run(None, {runtime.get_inputs()[0].name: np.array(samples["image"])})
    accuracy = float((scores.argmax(1) == samples["label"]).mean())
    assert accuracy > 0.5
    capsys.readouterr()
    assert command_line(["evaluate", str(path), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert accuracy == pytest.approx(next(v for k, v in _flat(figures) if k.endswith(made["Accuracy"])), abs=1e-6)


def _flat(value: object, key: str = "") -> list[tuple[str, float]]:
    if isinstance(value, dict):
        return [pair for name, inner in value.items() for pair in _flat(inner, f"{key}.{name}")]
    return [(key, value)] if isinstance(value, int | float) else []


def test_closing_while_training_asks_and_stops_cleanly(person: Person) -> None:
    window, session = person.window, person.session
    person.click(person.seen("template_digits-mlp"))
    person.wait(lambda: window.in_workspace and session.dataset is not None)
    person.settle()
    person.press("start_button")
    person.wait(lambda: session.run_state == "running" and len(session.history.losses) > 5)
    person.answer_question(QMessageBox.StandardButton.Cancel)
    window.close()
    assert window.isVisible()
    assert session.run_state == "running"
    person.answer_question(QMessageBox.StandardButton.Discard)
    window.close()
    assert not window.isVisible()
    assert session.run_state == "idle"


def test_a_second_start_and_a_deleted_node_do_not_disturb_the_run(person: Person) -> None:
    window, session = person.window, person.session
    person.click(person.seen("template_digits-mlp"))
    person.wait(lambda: window.in_workspace and session.dataset is not None)
    person.settle()
    person.press("start_button")
    person.wait(lambda: session.run_state == "running" and len(session.history.losses) > 5)
    said: list[str] = []
    session.notice.connect(lambda _, text: said.append(text))
    session.start()
    assert any("under way" in text for text in said)
    scores = next(node for node in session.network.nodes.values() if node.layer.role == "layer")
    person.click(window.workspace.canvas.viewport(), person.node(scores.name))
    person.keys(Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier)
    assert scores.id not in session.network.nodes
    before = len(session.history.losses)
    person.wait(lambda: len(session.history.losses) > before + 20 or session.run_state == "idle")
    assert session.history.ended is None or isinstance(session.history.ended, RunFinished)
    person.keys(Qt.Key.Key_Z)
    assert scores.id in session.network.nodes
