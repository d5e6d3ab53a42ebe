"""Try it with a column of dates: the day is shown as it is written, and another can be typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnstudio.data.opening import open_file
from nnstudio.project.project import Project
from nnstudio.project.suggesting import suggest
from nnstudio.ui.docks.try_editors import MomentEditor
from nnstudio.ui.docks.try_panel import TryPanel
from nnstudio.ui.session import Session


@pytest.fixture
def stays(tmp_path: Path) -> Path:
    """Guests: since when they come, how often they came, and whether they stay; the date of one is missing."""
    rows = ["since,visits,stays"]
    for place in range(60):
        since = "" if place == 7 else f"{1 + place % 28:02}.{1 + place % 12:02}.{2015 + place % 9}"
        rows.append(f"{since},{place % 11},{'yes' if place % 3 else 'no'}")
    (tmp_path / "guests.csv").write_text("\n".join(rows))
    found = suggest(open_file(tmp_path / "guests.csv"))
    project = Project(found.sheet, tmp_path / "guests.nnstudio")
    project.train(epochs=2)
    return project.save(tmp_path / "guests.nnstudio")


@pytest.fixture
def session(qapp: QApplication) -> Iterator[Session]:
    assert qapp is not None
    made = Session()
    yield made
    made.shut_down()


def test_a_date_is_shown_as_it_is_written_and_another_is_answered(session: Session, qtbot: QtBot, stays: Path) -> None:
    session.open(stays)
    qtbot.waitUntil(lambda: session.settled and session.dataset is not None, timeout=60_000)
    assert session.dataset is not None
    panel = TryPanel(session)
    qtbot.addWidget(panel)
    panel.resize(1000, 320)
    panel.show()
    qtbot.waitUntil(lambda: bool(panel.answers.headlines), timeout=60_000)
    (since,) = [each for each in panel.editors if isinstance(each, MomentEditor)]
    rows = {split: session.dataset.indices(split).tolist() for split in ("train", "validation", "test")}
    for wanted, shown in ((8, "2023-09-09"), (7, "")):  # as their rows have it: 09.09.2023, and none
        (split,) = [split for split, own in rows.items() if wanted in own]
        panel.trying.choose(split, rows[split].index(wanted))
        qtbot.waitUntil(lambda shown=shown: since.field.text() == shown, timeout=10_000)  # type: ignore[misc]
    since.field.setFocus()
    since.field.selectAll()
    QTest.keyClicks(since.field, "31.12.2019")
    QTest.keyClick(since.field, Qt.Key.Key_Return)
    assert panel.trying.own == {"since": "31.12.2019"}
    qtbot.waitUntil(lambda: not panel.trying.asking, timeout=60_000)
    assert panel.trying.error == ""
    since.field.selectAll()
    QTest.keyClicks(since.field, "some day")
    QTest.keyClick(since.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "must be a date such as" in panel.trying.error, timeout=60_000)
    panel.hide()


def test_moments_are_written_as_shortly_as_they_can_be() -> None:
    from nnstudio.ui.docks.try_editors import _written

    assert _written(0.0) == "1970-01-01"
    assert _written(1735669800.0) == "2024-12-31 18:30"
    assert _written(-1.0) == "1969-12-31 23:59:59"
    assert _written(float("nan")) == _written(None) == _written(1e20) == ""
