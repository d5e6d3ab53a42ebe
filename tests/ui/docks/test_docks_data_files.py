"""The data panel while a large file is read, and where a file is gone or has changed."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton

from nnstudio.data import csv_stream
from nnstudio.data.opening import describe_file, open_data
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.ui.docks import DataPanel

LEFT = Qt.MouseButton.LeftButton
ROWS = 40


def write(path, rows=ROWS, by=1.0):
    path.write_text(
        "size,colour,price\n" + "".join(f"{i * by},{'red' if i % 2 else 'blue'},{i}\n" for i in range(rows))
    )
    return path


@pytest.fixture
def panel(session, show, monkeypatch) -> DataPanel:
    """The panel of a session that reads its data, and does no more."""
    monkeypatch.setattr(session, "_load_data", lambda again=False: session.data_loading.load(again=again))
    made = DataPanel(session)
    show(made, 1400, 300)
    return made


@pytest.fixture
def chosen(qtbot, session, panel, tmp_path):
    """A file that the session uses, read by it."""
    path = write(tmp_path / "houses.csv", by=abs(hash(str(tmp_path))) % 9973)
    session.do("Choose data", data=describe_file(path))
    settle(qtbot, session, panel)
    return path


def settle(qtbot, session, panel) -> None:
    """Wait until what is read is shown."""
    qtbot.waitUntil(lambda: not session.background.busy, timeout=20000)
    qtbot.waitUntil(lambda: not panel._stale, timeout=20000)


def gone(qtbot, session, panel, path, to) -> None:
    path.rename(to)
    session.reload_data()
    qtbot.waitUntil(lambda: bool(session.data_error), timeout=20000)
    settle(qtbot, session, panel)


def test_a_file_that_was_moved_is_found_by_what_is_in_it(qtbot, session, panel, chosen, tmp_path):
    (tmp_path / "archive").mkdir()
    write(tmp_path / "other.csv", 7)
    gone(qtbot, session, panel, chosen, tmp_path / "archive" / "renamed.csv")
    assert "renamed.csv" in panel.repair.text.text()
    qtbot.mouseClick(panel.repair.take, LEFT)
    settle(qtbot, session, panel)
    assert session.dataset is not None
    assert session.reference.path().name == "renamed.csv"
    assert panel.repair.isHidden()
    assert session.document.undo_label == "Find the data"


def test_a_file_that_is_gone_is_found_by_the_person(qtbot, session, panel, chosen, tmp_path, monkeypatch):
    far = tmp_path / "a" / "b" / "c" / "d" / "e" / "f"
    far.mkdir(parents=True)
    gone(qtbot, session, panel, chosen, far / "houses.csv")
    assert panel.repair.text.text() == "“houses.csv” is not where it was."
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(far / "houses.csv"), ""))
    qtbot.mouseClick(panel.repair.search, LEFT)
    qtbot.waitUntil(lambda: session.dataset is not None, timeout=20000)
    assert session.reference.path() == far / "houses.csv"
    session.document.undo()
    assert session.reference.path() == chosen


def test_another_file_is_used_only_when_the_person_says_so(qtbot, session, panel, chosen, tmp_path, monkeypatch):
    new = write(tmp_path / "x" / "newer.csv" if (tmp_path / "x").mkdir() is None else tmp_path, 60)
    chosen.unlink()
    session.reload_data()
    qtbot.waitUntil(lambda: bool(session.data_error), timeout=20000)
    settle(qtbot, session, panel)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(new), ""))
    qtbot.mouseClick(panel.repair.search, LEFT)
    qtbot.waitUntil(lambda: session.data_loading.other is not None, timeout=20000)
    settle(qtbot, session, panel)
    assert session.dataset is None
    assert "“newer.csv” holds other data than “houses.csv” did." in panel.repair.text.text()
    qtbot.mouseClick(panel.repair.take, LEFT)
    qtbot.waitUntil(lambda: session.dataset is not None, timeout=20000)
    assert session.dataset.total == 60
    assert not session.dataset.has_changed


def test_a_file_that_changed_is_said_and_can_be_taken_as_it_is(qtbot, session, panel, chosen):
    before = session.reference.sha256
    write(chosen, 50)
    session.reload_data()
    qtbot.waitUntil(lambda: session.dataset is not None and session.dataset.total == 50, timeout=20000)
    settle(qtbot, session, panel)
    assert "“houses.csv” has changed since it was chosen" in panel.repair.text.text()
    qtbot.mouseClick(panel.repair.take, LEFT)
    qtbot.waitUntil(lambda: session.dataset is not None and not session.dataset.has_changed, timeout=20000)
    settle(qtbot, session, panel)
    assert session.reference.sha256 != before
    assert panel.repair.isHidden()
    assert session.document.undo_label == "Use the data as it is now"


def test_first_rows_of_a_large_file_are_shown_while_the_rest_is_read_and_reading_can_be_stopped(
    qtbot, session, panel, tmp_path, monkeypatch
):
    monkeypatch.setattr(csv_stream, "FIRST", 600)
    path = write(tmp_path / "large.csv", 400)
    reference = describe_file(path)
    more = threading.Event()
    read = csv_stream.blocks

    def held(*arguments):
        more.wait(20)
        yield from read(*arguments)

    monkeypatch.setattr(csv_stream, "blocks", held)
    session.do("Choose data", data=reference.with_(options={**reference.options, "reading": "disk"}))
    try:
        qtbot.waitUntil(lambda: panel._shown is not None, timeout=20000)
        assert panel.stack.currentWidget() is panel.filled
        assert 10 < panel.rows.rows.rowCount() < 100
        qtbot.waitUntil(lambda: panel.repair.isVisible(), timeout=20000)
        assert "the rest of “large.csv” is being read" in panel.repair.text.text()
        qtbot.mouseClick(panel.repair.stop, LEFT)
        qtbot.waitUntil(lambda: session.data_job is None and not panel._stale, timeout=20000)
        assert "was not read to its end" in panel.repair.text.text()
    finally:
        more.set()
    settle(qtbot, session, panel)
    qtbot.mouseClick(panel.repair.again, LEFT)
    qtbot.waitUntil(lambda: session.dataset is not None, timeout=20000)
    settle(qtbot, session, panel)
    assert panel.rows.rows.rowCount() == 400


def test_a_finding_is_mended_by_its_button_and_undone_by_its_name(qtbot, session, panel, tmp_path):
    path = tmp_path / "shops.csv"
    path.write_text(
        "same,size,class\n" + "".join(f"x,{i % 37}.{i % 11},{'yes' if i % 3 else 'no'}\n" for i in range(90))
    )
    session.do("Choose data", data=open_data(describe_file(path)).reference)
    settle(qtbot, session, panel)
    qtbot.waitUntil(lambda: panel.tabs.tabText(panel.tabs.count() - 1) == "Findings (1)", timeout=20000)
    qtbot.mouseClick(panel.tabs, LEFT, pos=panel.tabs.tabRect(panel.tabs.count() - 1).center())
    (line,) = panel.findings.findings
    assert line.message == "“same” has the same value in all rows, so it tells nothing"
    (cure,) = [each for each in panel.findings.findChildren(QPushButton) if each.isVisible()]
    assert cure.text() == "Ignore “same”"
    qtbot.mouseClick(cure, LEFT)
    qtbot.waitUntil(lambda: session.dataset is not None and session.dataset.columns["same"].role == "ignored")
    assert session.document.undo_label == "Ignore “same”"
    settle(qtbot, session, panel)
    qtbot.waitUntil(lambda: panel.tabs.tabText(panel.tabs.count() - 1) == "Findings", timeout=20000)
    assert panel.findings.findings == ()
    assert not panel.warning.isVisible(), "nothing that was chosen is told as a change of the file"


def test_uneven_classes_are_weighed_in_the_network_by_a_button_and_undone_by_its_name(qtbot, session, panel, tmp_path):
    path = tmp_path / "rare.csv"
    path.write_text("size,class\n" + "".join(f"{i % 37}.{i % 11},{'no' if i % 40 else 'yes'}\n" for i in range(200)))
    net = NetworkBuilder()
    scores = net.add("Linear", net.add("Input", field="features"), out_features=2)
    net.add("CrossEntropyLoss", scores, net.add("Input", field="class"), name="loss")
    session.do("Draw", lambda _: net.network)
    session.do("Choose data", data=describe_file(path).with_choice("class", role="target"))
    settle(qtbot, session, panel)
    qtbot.waitUntil(lambda: bool(panel.findings.findings), timeout=20000)
    qtbot.mouseClick(panel.tabs, LEFT, pos=panel.tabs.tabRect(panel.tabs.count() - 1).center())
    (cure,) = [
        each for each in panel.findings.findChildren(QPushButton) if each.text() == "Give each class the same say"
    ]
    qtbot.mouseClick(cure, LEFT)
    assert session.network.by_name["loss"].layer.class_weights == (0.513, 20.0)
    assert session.document.undo_label == "Give each class the same say"
    assert not [each for each in panel.findings.findChildren(QPushButton) if each.isVisible()]
