"""Someone has a table, a folder of pictures or a text: with a few clicks there is a trained, tested, exported model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from person import Person
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from nnstudio.cli import main as command_line
from nnstudio.train.events import RunFinished
from nnstudio.ui.window import MainWindow


@pytest.fixture
def person(window: MainWindow, qtbot: QtBot) -> Person:
    QApplication.instance().setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    return Person(window, qtbot)


def table(folder: Path) -> Path:
    """Loans: numbers and a category with missing values, and whether they were paid back."""
    random = np.random.default_rng(1)
    rows = ["income,age,house,paid"]
    for _ in range(500):
        income, age, house = random.normal(30, 9), random.integers(18, 80), random.choice(["own", "rent", "free"])
        paid = income + (8 if house == "own" else 0) + random.normal(0, 2) > 32
        shown = "" if random.random() < 0.03 else f"{income:.1f}"
        rows.append(f"{shown},{age},{house},{'yes' if paid else 'no'}")
    path = folder / "loans.csv"
    path.write_text("\n".join(rows))
    return path


def pictures(folder: Path) -> Path:
    """Stripes that lie, and stripes that stand, in a folder each."""
    random = np.random.default_rng(2)
    for place in range(160):
        kind = ("lying", "standing")[place % 2]
        (folder / "stripes" / kind).mkdir(parents=True, exist_ok=True)
        lines = np.repeat(random.integers(40, 216, 6), 2)[:, None] + random.integers(-30, 30, (12, 12))
        pixels = np.clip(lines if kind == "lying" else lines.T, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "stripes" / kind / f"{place}.png")
    return folder / "stripes"


def text(folder: Path) -> Path:
    """A text that says the same things over and over."""
    path = folder / "rhyme.txt"
    path.write_text("the cat sat on the mat and the dog lay on the log and all was well\n" * 60)
    return path


@pytest.mark.parametrize(
    ("make", "figure", "least", "format"),
    [
        (table, "accuracy", 0.85, "onnx"),
        (pictures, "accuracy", 0.9, "onnx"),
        (text, "perplexity", None, "python"),  # the ONNX exporter takes a minute over a long recurrent layer
    ],
    ids=["table", "pictures", "text"],
)
def test_from_data_to_an_exported_model_in_under_a_minute_of_clicks(
    person: Person, tmp_path: Path, capsys, make, figure, least, format
) -> None:  # type: ignore[no-untyped-def]
    window, session = person.window, person.session
    given = make(tmp_path)

    # the file or folder is dropped on the window, and a network is suggested
    drop(window, given)
    person.effort.drag()
    dialog = person.dialog("Choose data")
    person.wait(lambda: dialog.suggest.isEnabled())
    person.effort.think()
    person.click(dialog.suggest)
    person.wait(lambda: bool(session.network.nodes))
    person.wait(lambda: session.settled and session.dataset is not None)
    assert session.resolution is not None
    assert session.resolution.problems == ()

    # one click trains it; another ends it where it is good enough
    person.press("start_button")
    good = lambda: bool(session.history.epochs) and session.history.epochs[-1].training["loss"] < 0.2  # noqa: E731
    person.wait(lambda: session.run_state == "idle" or (session.run_state == "running" and good()), 170)
    if session.run_state == "running":
        person.press("stop_button")
    person.wait(lambda: session.run_state == "idle" and session.history.ended is not None)
    assert isinstance(session.history.ended, RunFinished)

    # what is said of the end leads to how good it is on rows that it never saw
    person.wait(lambda: any(isinstance(notice.findChild(QPushButton), QPushButton) for notice in window.notices.shown))
    (led,) = [made for notice in window.notices.shown for made in notice.findChildren(QPushButton)]
    assert led.text() == "See how good it is"
    person.click(led)
    assert window.workspace.panels.title == "Evaluate"
    judging = window.workspace.panels.panel(window.workspace.panels.place)
    if least is not None:
        person.wait(lambda: any(part.text().startswith("accuracy ") for part in judging.findChildren(QLabel)))

    # it is saved, tested on rows it never saw, and exported
    path = tmp_path / "mine.nnstudio"
    person.answer_file_dialog(path)
    person.keys(Qt.Key.Key_S)
    person.effort.type("mine")
    person.wait(lambda: path.exists() and not session.modified)
    capsys.readouterr()
    assert command_line(["evaluate", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[0])
    if least is None:
        assert found[figure] < 1.6  # of some twenty letters hardly any doubt
    else:
        assert found[figure] >= least
    window.actions_table.qt("export").trigger()
    export = person.dialog("Export model")
    person.click(export.findChild(QWidget, f"format_{format}"), QPoint(8, 8))
    out = tmp_path / ("mine.onnx" if format == "onnx" else "mine.py")
    export.path.setText(str(out))
    person.effort.type(out.name)
    person.click(export.findChild(QPushButton, "export_go"))
    person.wait(lambda: "exported and checked" in export.findChild(QLabel, "export_result").text().lower())
    person.click(export.cancel)
    if format == "onnx":
        assert onnxruntime.InferenceSession(str(out)).get_inputs()
    assert out.stat().st_size > 0
    assert person.effort.seconds < 60


def drop(window: MainWindow, path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    at, keys = QPointF(window.rect().center()), (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, mime, *keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(at, Qt.DropAction.CopyAction, mime, *keys))
