"""Someone brings data: what is to be predicted is said in one place, and what comes next is led to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from nnstudio.ui.data_dialog import DataDialog
from nnstudio.ui.session import Session
from nnstudio.ui.suggesting import ONWARDS
from nnstudio.ui.window import MainWindow

Opened = Callable[[Path], DataDialog]


@pytest.fixture
def opened(session: Session, qtbot: QtBot) -> Iterator[Opened]:
    made = []

    def open_(path: Path) -> DataDialog:
        dialog = DataDialog(session, None, path)
        made.append(dialog)
        dialog.open()
        qtbot.waitUntil(lambda: dialog._job is None, timeout=30_000)
        return dialog

    yield open_
    for dialog in made:
        try:
            dialog.reject()
        except RuntimeError:
            continue  # it was accepted and is gone


@pytest.fixture
def pumps(tmp_path: Path) -> Path:
    """Pumps: which it is, what was measured, and what it needed."""
    rows = ["device,rpm,vibration,power"]
    rows += [f"pump-{place % 3},{1400 + place},{place % 7 / 10},{2 + place / 50}" for place in range(90)]
    path = tmp_path / "pumps.csv"
    path.write_text("\n".join(rows))
    return path


def choose(dialog: DataDialog, name: str) -> None:
    """Choose in the list of what is to be predicted, going through it from its top with the keys."""
    box = dialog.predicted.box
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findText(name)):
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == name


def roles(dialog: DataDialog) -> dict[str, str]:
    assert dialog.dataset is not None
    return {name: column.role for name, column in dialog.dataset.columns.items()}


def items(box: QComboBox) -> list[str]:
    return [box.itemText(place) for place in range(box.count())]


def test_what_is_to_be_predicted_is_shown_and_chosen_in_one_place(opened: Opened, pumps: Path, qtbot: QtBot) -> None:
    dialog = opened(pumps)
    box = dialog.predicted.box
    assert box.isVisible()
    assert items(box) == ["nothing", "device", "rpm", "vibration", "power"]
    assert box.currentText() == "device"  # a category, which is likelier than a number
    choose(dialog, "power")
    others = {"device": "input", "rpm": "input", "vibration": "input"}
    qtbot.waitUntil(lambda: roles(dialog) == {**others, "power": "target"}, timeout=30_000)
    choose(dialog, "rpm")
    qtbot.waitUntil(lambda: roles(dialog) == {**others, "power": "input", "rpm": "target"}, timeout=30_000)
    choose(dialog, "nothing")
    qtbot.waitUntil(lambda: set(roles(dialog).values()) == {"input"}, timeout=30_000)
    qtbot.waitUntil(lambda: dialog._job is None)
    assert box.currentText() == "nothing"


def test_columns_that_the_suggested_network_does_not_read_are_named(
    opened: Opened, session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    rows = ["customer,since,visits,agent,stays"]
    for place in range(120):
        stays = "yes" if place % 3 else "no"
        rows += [f"K-{place * 7:05},2024-{1 + place % 12:02}-0{1 + place % 9},{place % 11},agent {place % 55},{stays}"]
    path = tmp_path / "customers.csv"
    path.write_text("\n".join(rows))
    told: list[str] = []
    session.notice.connect(lambda _, sentence: told.append(sentence))
    dialog = opened(path)
    assert "55 categories" in dialog.warnings.text()
    dialog.suggest.click()
    qtbot.waitUntil(lambda: bool(session.network.nodes) and session.settled, timeout=60_000)
    (sentence,) = [each for each in told if "Start trains it" in each]
    assert "“customer” is not read" in sentence
    assert "“since” is a date" in sentence  # which is read, by a step
    assert len(told) == 1, "what the dialog told of the data is told again"


def test_where_there_is_one_column_nothing_is_asked(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("It was a dark and stormy night, and nobody slept. " * 60)
    dialog = opened(path)
    assert not dialog.predicted.isVisible()


def test_the_dialog_with_a_table_fits_a_small_screen(opened: Opened, pumps: Path) -> None:
    dialog = opened(pumps)
    assert dialog.options.isVisible()
    assert dialog.width() <= 1100, "what is not shown made the dialog wide"


def test_a_text_that_is_no_table_can_be_read_as_something_else(opened: Opened, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "notes.tsv"
    path.write_bytes(b"\n".join(b'a\tb\tc"' + b"\t" * (place % 4) for place in range(40)))
    dialog = opened(tmp_path / "notes.tsv")
    qtbot.waitUntil(lambda: dialog._job is None, timeout=30_000)
    assert dialog.error.isVisible()
    assert not dialog.suggest.isEnabled()
    box = dialog.options.format
    assert box.isVisible(), "there is no way on"
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findData("lines")):
        QTest.keyClick(box, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: dialog.dataset is not None and dialog.dataset.total == 40, timeout=30_000)
    assert not dialog.error.isVisible()


def test_what_was_said_of_a_suggested_network_leaves_the_drawing_when_it_is_trained(window: MainWindow) -> None:
    window.session.notice.emit("info", f"“stays” is one of 2 classes. {ONWARDS}")
    window.session.notice.emit("info", "Saved guests.nnstudio")
    window.session.run_changed.emit()
    assert len(window.notices.shown) == 2
    window.session.training.state = "starting"
    try:
        window.session.run_changed.emit()
        assert [notice.sentence for notice in window.notices.shown] == ["Saved guests.nnstudio"]
    finally:
        window.session.training.state = "idle"
        window.session.run_changed.emit()
        window.notices.clear()
