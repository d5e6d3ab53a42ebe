"""The data panel: rows, pictures, distributions, kinds and roles, the split."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from nnstudio.data import DataReference, open_data, shipped_reference
from nnstudio.ui import theme
from nnstudio.ui.docks import DataPanel

TABLE = "size,colour,price\n1.5,red,10\n2.5,blue,20\n,red,30\n4.5,blue,40\n5.5,red,50\n6.5,blue,60\n"
PAGES = {"Pictures": 0, "Rows": 1, "Distributions": 2, "Columns and split": 3}


@pytest.fixture
def panel(session, show) -> DataPanel:
    made = DataPanel(session)
    show(made, 1400, 300)
    return made


@pytest.fixture
def use(qtbot, session, panel):
    """Have the session use this data, as if it had been read in the background."""

    def give(reference: DataReference, base=None) -> None:
        session.do("Choose data", data=reference)
        session.dataset = open_data(reference, base)
        session.data_changed.emit()
        qtbot.waitUntil(lambda: not panel._stale)

    return give


@pytest.fixture
def table(use, tmp_path) -> None:
    (tmp_path / "houses.csv").write_text(TABLE)
    use(DataReference("file:houses.csv"), tmp_path)


def open_page(qtbot, panel, title: str) -> None:
    """Click on a page's tab."""
    at = panel.tabs.tabRect(PAGES[title]).center()
    qtbot.mouseClick(panel.tabs, Qt.MouseButton.LeftButton, pos=at)


def test_without_data_the_panel_invites_to_choose_some(qtbot, panel, monkeypatch):
    import nnstudio.ui.data_dialog

    assert panel.empty.title.text() == "No data yet"
    asked = []
    monkeypatch.setattr(nnstudio.ui.data_dialog, "choose_data", lambda *_: asked.append(True))
    qtbot.mouseClick(panel.empty.button, Qt.MouseButton.LeftButton)
    assert asked


def test_data_that_cannot_be_used_is_explained(qtbot, session, panel):
    session.data_error = "The data file “a.csv” is not at /a.csv; move it back there or choose it again"
    session.data_changed.emit()
    qtbot.waitUntil(lambda: panel.empty.title.text() == "The data cannot be used")
    assert "move it back" in panel.empty.sentence.text()
    assert panel.empty.button.isVisible()


@pytest.mark.usefixtures("table")
def test_the_summary_tells_rows_splits_and_missing_values(panel):
    assert panel.title.text() == "houses.csv"
    assert panel.summary.text() == "6 rows · 4 training · 1 validation · 1 test · 1 value missing"


def test_warnings_of_the_data_are_shown(session, panel, use, tmp_path):
    (tmp_path / "one.csv").write_text("x,kind\n" + "1,a\n" * 8)
    use(DataReference("file:one.csv"), tmp_path)
    assert session.dataset.warnings
    assert panel.warning.isVisible()
    assert panel.warning.text().startswith(session.dataset.warnings[0][:40])


@pytest.mark.usefixtures("table")
def test_rows_stand_as_in_the_file_with_their_split(session, panel):
    model = panel.rows.rows
    titles = [model.headerData(section, Qt.Orientation.Horizontal) for section in range(model.columnCount())]
    assert titles == ["row", "split", "size", "colour", "price"]
    assert [model.index(2, section).data() for section in (0, 2, 3, 4)] == ["2", "", "red", "30"]
    splits = [model.index(row, 1).data() for row in range(6)]
    assert sorted(splits) == ["test", "training", "training", "training", "training", "validation"]
    training = [row for row in range(6) if splits[row] == "training"]
    assert training == sorted(session.dataset.indices("train").tolist())
    color = model.index(training[0], 1).data(Qt.ItemDataRole.ForegroundRole)
    assert color.name().upper() == theme.current().training


def test_only_rows_in_sight_are_fetched(session, panel, use, monkeypatch):
    use(shipped_reference("breast_cancer"))
    asked = []
    cells = session.dataset.cells
    monkeypatch.setattr(session.dataset, "cells", lambda start, stop: (asked.append(start), cells(start, stop))[1])
    panel.rows.rows.index(500, 3).data()
    assert asked == [384]
    panel.rows.rows.index(400, 4).data()
    assert asked == [384]


def test_pictures_are_shown_with_their_labels(qtbot, session, panel, use):
    use(shipped_reference("digits"))
    assert panel.tabs.tabText(panel.tabs.currentIndex()) == "Pictures"
    grid = panel.pictures.grid
    assert len(grid.rows) == 1797
    target = session.dataset.columns["label"]
    assert [grid.label(place) for place in range(5)] == [target.categories[code] for code in target.values[:5]]
    qtbot.waitUntil(lambda: bool(grid._images))
    assert len(grid._images) < 200  # those in sight
    panel.pictures.split.menu().actions()[3].trigger()
    assert panel.pictures.count.text() == f"{session.dataset.count('test')} pictures"
    assert grid.rows.tolist() == session.dataset.indices("test").tolist()


@pytest.mark.usefixtures("table")
def test_a_table_offers_no_pictures(panel):
    assert not panel.tabs.isTabVisible(PAGES["Pictures"])
    assert panel.tabs.tabText(panel.tabs.currentIndex()) == "Rows"


@pytest.mark.usefixtures("table")
def test_distributions_count_numbers_and_classes_by_split(qtbot, session, panel):
    open_page(qtbot, panel, "Distributions")
    qtbot.waitUntil(lambda: panel.columns.complete)
    summaries = panel.columns.cards.summaries
    assert panel.columns.cards.names[0] == next(n for n, c in session.dataset.columns.items() if c.role == "target")
    assert sum(summaries["colour"].classes["red"].values()) == 3
    assert summaries["size"].counts.sum() == 5
    assert summaries["size"].missing == 1
    qtbot.waitUntil(lambda: not session.background.busy)


@pytest.mark.usefixtures("table")
def test_a_column_can_be_given_another_role_which_can_be_undone(qtbot, session, panel):
    open_page(qtbot, panel, "Columns and split")
    view = panel.fields.table
    price = view.fields.index(2, 2)
    assert price.data() in ("input ▾", "target ▾")
    choose(qtbot, view, price, "ignored")
    assert session.reference.fields["price"].role == "ignored"
    assert session.document.undo_label == "Change role of “price”"
    session.undo()
    assert "price" not in session.reference.fields


@pytest.mark.usefixtures("table")
def test_a_column_can_be_given_another_kind(qtbot, session, panel):
    open_page(qtbot, panel, "Columns and split")
    view = panel.fields.table
    choose(qtbot, view, view.fields.index(0, 1), "category")
    assert session.reference.fields["size"].kind == "category"
    assert view.fields.index(0, 1).data(Qt.ItemDataRole.ForegroundRole).name().upper() == theme.current().accent


def choose(qtbot, view, index, text: str) -> None:
    """Click on a cell and choose from the list that drops down."""
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())
    qtbot.waitUntil(lambda: view.findChild(QComboBox) is not None and view.findChild(QComboBox).view().isVisible())
    box = view.findChild(QComboBox)
    item = box.view().visualRect(box.model().index(box.findText(text), 0)).center()
    qtbot.mouseClick(box.view().viewport(), Qt.MouseButton.LeftButton, pos=item)
    qtbot.waitUntil(lambda: view.findChild(QComboBox) is None)


@pytest.mark.usefixtures("table")
def test_the_split_can_be_changed(qtbot, session, panel):
    open_page(qtbot, panel, "Columns and split")
    line = panel.fields.split.fields["test"].line
    line.selectAll()
    qtbot.keyClicks(line, "0.5")
    assert session.reference.split.test == 0.5
    assert session.document.undo_label == "Change split: test"
    qtbot.mouseClick(panel.fields.split.fields["stratify"].box, Qt.MouseButton.LeftButton)
    assert session.reference.split.stratify is False


@pytest.mark.usefixtures("table")
def test_new_data_replaces_what_was_shown(session, panel, use):
    use(shipped_reference("iris"))
    assert panel.summary.text().startswith("150 rows")
    assert panel.rows.rows.rowCount() == 150
    session.dataset = None
    session.do("Remove data", data=None)
    session.data_changed.emit()


def test_a_hidden_panel_leaves_data_alone(qtbot, panel):
    panel.hide()
    panel._stale = False
    use_later = panel.rows.rows.rowCount()
    panel.session.dataset = open_data(shipped_reference("iris"))
    panel.session.do("Choose data", data=shipped_reference("iris"))
    panel.session.data_changed.emit()
    assert panel.rows.rows.rowCount() == use_later == 0
    panel.show()
    qtbot.waitUntil(lambda: panel.rows.rows.rowCount() == 150)
