"""Cross-validation in the window: real clicks, a table, and stopping."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from nnstudio.data import open_data
from nnstudio.project.project import Project
from nnstudio.ui.folds import FoldsDialog
from nnstudio.ui.session import Session

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dialog(qtbot):
    """The dialog over the digits, with a plan of one epoch."""
    session = Session(asleep=True)
    sheet = Project.new("digits-mlp").sheet
    session.document.do("Plan", network=sheet.network, plan=sheet.plan.with_(epochs=1), data=sheet.data)
    session.dataset = open_data(sheet.data)
    made = FoldsDialog(session)
    made.open()
    qtbot.waitExposed(made)
    yield made
    made.close()
    session.shut_down()


def texts(table, line: int) -> list[str]:
    return [table.item(line, place).text() for place in range(table.columnCount())]


def test_each_fold_gets_a_line_and_the_mean_stands_below(qtbot, dialog):
    dialog.folds.setValue(2)
    qtbot.mouseClick(dialog.start, LEFT)
    assert not dialog.start.isEnabled()
    assert dialog.stop.isVisible()
    qtbot.waitUntil(lambda: dialog.left.text() == "Done", timeout=120_000)
    assert dialog.table.rowCount() == 3
    assert [texts(dialog.table, line)[0] for line in range(3)] == ["1", "2", "Mean"]
    loss = [dialog.table.horizontalHeaderItem(at).text() for at in range(dialog.table.columnCount())].index("Loss")
    one, two = (float(texts(dialog.table, line)[loss]) for line in (0, 1))
    mean, spread = texts(dialog.table, 2)[loss].split(" ± ")
    assert float(mean) == pytest.approx((one + two) / 2, rel=0.01)
    assert float(spread) > 0
    assert dialog.start.isEnabled()


def test_it_can_be_stopped(qtbot, dialog):
    dialog.folds.setValue(20)
    qtbot.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(lambda: dialog._job is not None and dialog._job.progress[0] > 0, timeout=120_000)
    qtbot.mouseClick(dialog.stop, LEFT)
    qtbot.waitUntil(lambda: dialog.left.text().startswith("Stopped after"), timeout=120_000)
    assert dialog.table.rowCount() < 20
