"""Choosing data and exporting the model."""

from __future__ import annotations

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from nnstudio.graph import edits
from nnstudio.project.gallery import template
from nnstudio.ui.data_dialog import DataDialog
from nnstudio.ui.export_dialog import ExportDialog


@pytest.fixture
def data_dialog(session, qtbot):
    opened = []

    def open_(path=None):
        dialog = DataDialog(session, None, path)
        dialog.open()
        opened.append(dialog)
        qtbot.waitUntil(lambda: dialog._job is None, timeout=30_000)
        return dialog

    yield open_
    for dialog in opened:
        try:
            dialog.reject()
        except RuntimeError:
            continue  # it was accepted and is gone


def cells(dialog, column):
    return [dialog.columns.item(row, column).text() for row in range(dialog.columns.rowCount())]


def test_shipped_sets_are_listed_and_the_first_is_shown(data_dialog, session, qtbot):
    dialog = data_dialog()
    assert dialog.title.text() == "Optical digits"
    assert "1,797 rows" in dialog.counts.text()
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    assert session.reference.source == "shipped:digits"
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)


def test_a_folder_of_pictures_is_chosen_by_its_button(data_dialog, session, qtbot, tmp_path, monkeypatch):
    for kind, shade in (("cats", 20), ("dogs", 230)):
        (tmp_path / kind).mkdir()
        for place in range(12):
            Image.new("L", (8, 8), shade).save(tmp_path / kind / f"{place}.png")
    dialog = data_dialog()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    qtbot.mouseClick(dialog.findChild(QPushButton, "open_folder"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog._job is None and dialog.use.isEnabled(), timeout=30_000)
    assert "24 rows" in dialog.counts.text()
    assert cells(dialog, 0) == ["image", "label"]
    read = dialog.dataset
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.dataset is not None and session.settled, timeout=60_000)
    assert session.dataset.fields["label"].classes == ("cats", "dogs")
    assert session.dataset is read, "what the dialog has read is read again"


def test_the_size_and_colours_of_pictures_are_chosen_and_given_up_again(data_dialog, qtbot, tmp_path):
    for place in range(24):
        path = tmp_path / "animals" / ("cats", "dogs")[place % 2] / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (24, 24), (place, 9, 200)).save(path)
    dialog = data_dialog(tmp_path / "animals")
    size = dialog.options.numbers["size"]
    assert size.isVisible()
    assert not dialog.options.numbers["rate"].isVisible()
    qtbot.keyClicks(size, "16")
    qtbot.keyClick(size, Qt.Key.Key_Return)
    dialog.options.color.setCurrentIndex(dialog.options.color.findData("grey"))
    dialog.options.color.activated.emit(dialog.options.color.currentIndex())
    shape = lambda: dialog.dataset.types["image"].sizes[1:] if dialog.dataset is not None else ()  # noqa: E731
    qtbot.waitUntil(lambda: shape() == (1, 16, 16), timeout=30_000)
    size.selectAll()
    qtbot.keyClick(size, Qt.Key.Key_Backspace)
    qtbot.keyClick(size, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shape() == (1, 24, 24), timeout=30_000)
    assert dialog.isVisible()  # Enter ended what was typed, not the dialog


def test_what_was_detected_in_a_table_is_shown(data_dialog, tmp_path):
    path = tmp_path / "people.csv"
    rows = (f"p{i};{20 + i % 30},5;{'Köln' if i % 3 else ''};{'AB'[i % 2]}" for i in range(60))
    path.write_bytes(("name;age;city;grade\n" + "\n".join(rows)).encode("latin-1"))
    dialog = data_dialog(path)
    assert dialog.options.delimiter.currentData() == ";"
    assert dialog.options.decimal.currentData() == ","
    assert dialog.options.header.isChecked()
    assert cells(dialog, 0) == ["name", "age", "city", "grade"]
    assert cells(dialog, 1)[1:] == ["number", "category", "category"]
    assert cells(dialog, 4)[2] == "20"
    assert "Köln" in cells(dialog, 5)[2]


def test_what_was_detected_can_be_corrected(data_dialog, session, qtbot, tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text("a,b,c\n" + "\n".join(f"{i % 3},{i},{'xy'[i % 2]}" for i in range(60)))
    dialog = data_dialog(path)
    assert cells(dialog, 2) == ["input", "input", "target"]
    dialog.columns.item(0, 1).setData(Qt.ItemDataRole.UserRole, "category")
    qtbot.waitUntil(lambda: cells(dialog, 1)[:1] == ["category"], timeout=30_000)
    dialog.columns.item(1, 2).setData(Qt.ItemDataRole.UserRole, "ignored")
    qtbot.waitUntil(lambda: cells(dialog, 2)[1:2] == ["ignored"], timeout=30_000)
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.dataset is not None and session.settled, timeout=60_000)
    assert session.dataset.columns["a"].kind == "category"
    assert "b" not in session.fields


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "is empty"), ("a,b\n1,2\n3\n", "table.csv"), ("a,b\n", "table.csv")],
    ids=["empty", "ragged", "no rows"],
)
def test_a_table_that_cannot_be_used_is_told_and_cannot_be_taken(data_dialog, session, tmp_path, content, said):
    path = tmp_path / "table.csv"
    path.write_text(content)
    dialog = data_dialog(path)
    assert said in dialog.error.text()
    assert dialog.error.isVisible()
    assert not dialog.use.isEnabled()
    assert session.reference is None


@pytest.fixture
def exporting(session, qtbot):
    session.files.open_template(template("small-net"))
    qtbot.waitUntil(lambda: session.title == "small-net" and session.dataset is not None and session.settled)
    dialog = ExportDialog(session, None)
    dialog.open()
    yield dialog
    dialog.reject()


@pytest.mark.parametrize("format", ["onnx", "pt2", "safetensors", "python"])
def test_each_format_is_written_and_what_was_proved_is_said(exporting, qtbot, tmp_path, format, monkeypatch):
    exporting._formats[format].click()
    path = tmp_path / "model"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (f"{path}{_suffix(format)}", ""))
    exporting._ask()
    qtbot.mouseClick(exporting.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: exporting.outcome.property("role") in ("strong", "problem"), timeout=120_000)
    assert exporting.outcome.text().startswith("Exported and checked: "), exporting.outcome.text()
    assert path.with_suffix(_suffix(format)).exists()


def _suffix(format: str) -> str:
    return {"onnx": ".onnx", "pt2": ".pt2", "safetensors": ".safetensors", "python": ".py"}[format]


def test_a_network_with_problems_is_not_exported_and_the_first_is_named(exporting, session, qtbot, tmp_path):
    session.do("Cut", edits.disconnect(session.network.wires))
    exporting.path.setText(str(tmp_path / "model.onnx"))
    qtbot.mouseClick(exporting.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: exporting.outcome.property("role") == "problem", timeout=60_000)
    assert "wired" in exporting.outcome.text()
    assert not list(tmp_path.iterdir())
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)


def test_a_folder_that_cannot_be_written_is_told(exporting, qtbot, tmp_path):
    exporting.path.setText(str(tmp_path / "not there" / "model.safetensors"))
    exporting._formats["safetensors"].setChecked(True)
    qtbot.mouseClick(exporting.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: exporting.outcome.property("role") == "problem", timeout=60_000)
    assert "could not be written" in exporting.outcome.text()


def test_a_question_about_a_project_shows_its_whole_name(qtbot: QtBot) -> None:
    box = QMessageBox()
    qtbot.addWidget(box)
    box.setText(f"NN Studio ended without saving {'digits-cnn-small-' * 4}2.")
    box.setInformativeText("What was trained must be trained again.")
    box.show()
    said = box.findChild(QLabel, "qt_msgbox_label")
    metrics = said.fontMetrics()
    needed = metrics.boundingRect(said.rect().adjusted(0, 0, 0, 1000), Qt.TextFlag.TextWordWrap, said.text())
    assert needed.width() <= said.width()
    assert needed.height() <= said.height()


def test_data_is_taken_with_a_network_that_suits_it_and_trains_at_once(data_dialog, session, qtbot):
    dialog = data_dialog()
    read = dialog.dataset
    qtbot.mouseClick(dialog.suggest, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(session.network.nodes), timeout=30_000)
    qtbot.waitUntil(lambda: session.settled and session.dataset is not None, timeout=60_000)
    assert session.dataset is read, "what the dialog has read is read again"
    assert session.reference.source == "shipped:digits"
    assert not session.resolution.problems
    assert session.document.undo_label == "Suggest a network"
    session.document.do("Train shortly", plan=session.plan.with_(epochs=1))
    session.start()
    qtbot.waitUntil(lambda: session.run_state == "idle" and session.history.ended is not None, timeout=60_000)
    assert session.history.ended.reason == "completed"
    session.undo()
    session.undo()
    assert not session.network.nodes


def test_data_that_no_network_suits_stays_in_the_dialog_and_says_why(data_dialog, session, qtbot, tmp_path):
    path = tmp_path / "times.csv"
    path.write_text("when,what\n" + "\n".join(f"2024-01-{1 + n % 28:02},{n}" for n in range(40)))
    dialog = data_dialog(path)
    for name, role in (("what", "target"), ("when", "ignored")):
        dialog._column(name, "role", role)
        qtbot.waitUntil(lambda: dialog._job is None and not dialog._soon.isActive(), timeout=30_000)
    qtbot.mouseClick(dialog.suggest, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog._job is None, timeout=30_000)
    assert "role input" in dialog.error.text()
    assert dialog.suggest.isEnabled()
    assert not session.network.nodes
