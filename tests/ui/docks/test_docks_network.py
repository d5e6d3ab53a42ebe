"""The network panel: what every layer costs, in a table and as bars, in step with the canvas."""

from __future__ import annotations

import csv
import io

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from nnstudio.graph import Network, Node, Wire, blocks, edits
from nnstudio.layers import load
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet
from nnstudio.ui.costing import Costing
from nnstudio.ui.docks import NetworkPanel
from nnstudio.ui.session import Session


@pytest.fixture
def session(qapp):
    """A session with a small convolutional network."""
    assert qapp is not None
    made = Session()
    made.replace_sheet(Project.new("digits-cnn-small").sheet)
    yield made
    made.shut_down()


@pytest.fixture
def panel(qtbot, session, show) -> NetworkPanel:
    made = NetworkPanel(session)
    show(made, 1100, 400)
    qtbot.waitUntil(lambda: made.costing.costs is not None and bool(made.model.shown), timeout=30_000)
    settled(qtbot, session, made)
    return made


def settled(qtbot, session, panel) -> None:
    qtbot.waitUntil(lambda: session.settled and not panel._stale, timeout=30_000)


def named(session, name: str) -> str:
    return session.network.named(name).id


def text(panel, name: str, column: str) -> str:
    titles = [panel.model.headerData(at, Qt.Orientation.Horizontal) for at in range(panel.model.columnCount())]
    place = next(at for at, (row, _) in enumerate(panel.model.shown) if row.name == name)
    return panel.model.data(panel.model.index(place, titles.index(column)))


def names(panel) -> list[str]:
    return [row.name for row, _ in panel.model.shown]


def test_every_layer_has_its_figures(panel):
    assert text(panel, "conv2", "Type") == "Conv2d"
    assert text(panel, "conv2", "Gives") == "16×8×8"
    assert text(panel, "conv2", "Parameters") == "2,320"
    assert text(panel, "conv2", "Multiply–adds") == "147 k"
    assert text(panel, "conv2", "Sees") == "5 × 5"
    assert text(panel, "scores", "Sees") == "all"
    assert text(panel, "conv2", "Time") == ""


def test_the_last_row_is_the_total_however_it_is_sorted(panel):
    assert text(panel, "Total", "Parameters") == "5,082"
    panel.table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    assert names(panel)[:2] == ["scores", "conv2"]
    assert names(panel)[-1] == "Total"
    panel.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert names(panel)[:2] == ["accuracy", "bn1"]
    assert names(panel)[-1] == "Total"


def test_the_filter_looks_into_names_and_types(panel, qtbot):
    qtbot.keyClicks(panel.filter, "conv")
    assert names(panel) == ["conv1", "conv2", "Total"]
    panel.filter.setText("relu")
    assert names(panel) == ["relu1", "relu2", "Total"]
    panel.filter.setText("no such thing")
    assert names(panel) == []


def test_what_is_selected_in_the_table_is_selected_on_the_canvas(panel, session, qtbot):
    place = panel.model.place(named(session, "conv2"))
    at = panel.table.visualRect(panel.model.index(place, 1)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert session.selection == {named(session, "conv2")}


def test_what_is_selected_on_the_canvas_is_selected_in_the_table(panel, session, qtbot):
    session.select([named(session, "conv1"), named(session, "pool")])
    settled(qtbot, session, panel)
    rows = {panel.model.shown[index.row()][0].name for index in panel.table.selectionModel().selectedRows()}
    assert rows == {"conv1", "pool"}
    panel.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    rows = {panel.model.shown[index.row()][0].name for index in panel.table.selectionModel().selectedRows()}
    assert rows == {"conv1", "pool"}


def test_an_edit_and_another_batch_size_are_followed(panel, session, qtbot):
    before = text(panel, "relu1", "To train")
    session.do("More", edits.set_params(named(session, "conv1"), out_channels=32))
    qtbot.waitUntil(lambda: text(panel, "conv1", "Parameters") == "320", timeout=30_000)
    session.do("Undo it", edits.set_params(named(session, "conv1"), out_channels=16))
    qtbot.waitUntil(lambda: text(panel, "conv1", "Parameters") == "160", timeout=30_000)
    session.do("Larger batches", plan=session.plan.with_(batch_size=320))
    qtbot.waitUntil(lambda: text(panel, "relu1", "To train") == "1.31 MB", timeout=30_000)
    assert before == "131 kB"
    assert "batch of 320" in panel.summary.text()


def test_bars_say_where_parameters_go_and_a_click_selects(panel, session, qtbot):
    shares = {share.name: share for share in panel.parameters.shares}
    assert set(shares) == {"conv1", "bn1", "conv2", "scores"}
    assert panel.parameters.tip(shares["scores"]) == "scores: 2,570 parameters, 50.6%"
    rect = next(rect for share, rect in panel.parameters.rects() if share.name == "scores")
    qtbot.mouseClick(panel.parameters, Qt.MouseButton.LeftButton, pos=rect.center().toPoint())
    assert session.selection == {named(session, "scores")}


def test_parts_of_a_bar_can_be_families(panel, session, qtbot):
    panel.by._choose(1)
    shares = {share.name: share for share in panel.parameters.shares}
    assert set(shares) == {"Convolution", "Normalisation", "Linear"}
    rect = next(rect for share, rect in panel.parameters.rects() if share.name == "Convolution")
    qtbot.mouseClick(panel.parameters, Qt.MouseButton.LeftButton, pos=rect.center().toPoint())
    assert session.selection == {named(session, "conv1"), named(session, "conv2")}


def test_until_time_is_measured_it_is_said_to_be_estimated(panel, session, qtbot):
    assert panel.time_label.text() == "Time, by multiply–adds"
    assert {share.name for share in panel.time.shares} == {"conv1", "conv2", "scores"}
    qtbot.mouseClick(panel.measure, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.costing.timing is not None and panel.time_label.text() == "Time", timeout=60_000)
    assert text(panel, "relu1", "Time").endswith("s")
    assert "relu1" in {share.name for share in panel.time.shares}
    assert "Measured on this machine" in panel.time_label.toolTip()
    session.do("More", edits.set_params(named(session, "conv1"), out_channels=17))
    qtbot.waitUntil(lambda: panel.costing.timing is None, timeout=30_000)
    settled(qtbot, session, panel)
    assert text(panel, "relu1", "Time") == ""


def test_the_table_is_copied_as_csv_and_for_spreadsheets(panel, session):
    panel._copy(",")
    rows = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
    assert len(rows) == len(session.network.nodes)
    assert next(row for row in rows if row["Name"] == "conv2")["Multiply–adds"] == "147456"
    panel._copy("\t")
    assert QGuiApplication.clipboard().text().splitlines()[0].split("\t")[0] == "Name"


def test_with_nothing_drawn_it_says_what_to_do(qtbot, session, show):
    session.replace_sheet(Sheet())
    panel = NetworkPanel(session)
    show(panel)
    qtbot.waitUntil(lambda: panel.empty.title.text() == "Nothing drawn yet")
    assert "Ctrl+L" in panel.empty.sentence.text()


def test_both_views_share_what_was_worked_out(session):
    assert Costing.of(session) is Costing.of(session)


def test_a_block_is_a_sum_that_can_be_opened(panel, session, qtbot):
    ids = [named(session, name) for name in ("conv1", "bn1", "relu1")]
    session.do("Make a block", blocks.make_block(ids, "Stage", id="stage"))
    qtbot.waitUntil(lambda: panel.model.place("stage") is not None, timeout=30_000)
    settled(qtbot, session, panel)
    name = session.network.nodes["stage"].name
    assert text(panel, name, "Parameters") == "192"
    assert "conv1" not in names(panel)
    place = panel.model.place("stage")
    panel.table.setCurrentIndex(panel.model.index(place, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_Right)
    assert names(panel)[place + 1 : place + 4] == ["conv1", "bn1", "relu1"]
    assert text(panel, "conv1", "Parameters") == "160"
    panel.table.setCurrentIndex(panel.model.index(place + 1, 0))
    assert session.selection == {"stage"}
    panel.table.setCurrentIndex(panel.model.index(place, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_Left)
    assert "conv1" not in names(panel)


def test_ten_thousand_layers_are_shown_at_once(qtbot, session, show):
    relu, data = load()["ReLU"](), load()["Input"](shape=(3,))
    nodes = {"n0": Node("n0", "x", data)} | {f"n{at}": Node(f"n{at}", f"relu{at}", relu) for at in range(1, 10_000)}
    wires = tuple(Wire(f"n{at - 1}", "output", f"n{at}", "input") for at in range(1, 10_000))
    session.replace_sheet(Sheet(network=Network(nodes, wires)))
    panel = NetworkPanel(session)
    show(panel)
    qtbot.waitUntil(lambda: len(panel.model.shown) == 10_001, timeout=120_000)
    panel.filter.setText("relu9999")
    assert names(panel) == ["relu9999", "Total"]
    settled(qtbot, session, panel)
