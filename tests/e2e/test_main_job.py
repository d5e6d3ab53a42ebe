"""The main job with mouse and keys alone: from an empty canvas to a trained, saved, reopened and exported model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from person import LEFT, Person
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QMessageBox,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from nnstudio.cli import main as command_line
from nnstudio.train.events import RunFinished
from nnstudio.ui.window import MainWindow

#: Where the nodes of the digits network are put, in pixels of the canvas, in the order in which they are added.
PLACES = {
    "Input": (110, 70), "Flatten": (330, 70), "Linear": (550, 70), "ReLU": (110, 190), "Linear ": (330, 190),
    "CrossEntropyLoss": (590, 190), "Accuracy": (590, 300), "Output": (590, 390), "Input ": (330, 300),
}  # fmt: skip


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
