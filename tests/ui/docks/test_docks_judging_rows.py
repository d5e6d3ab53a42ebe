"""Evaluate, where it shows rows: errors of numbers as points, and the worst rows as a table or as pictures."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest

from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.reference import DataReference, Split
from nnstudio.project.judging.classes import Confusion
from nnstudio.project.judging.judge import Judged
from nnstudio.project.judging.subjects import NOWHERE, Subject
from nnstudio.ui import theme
from nnstudio.ui.docks.judging.matrix_view import MatrixView
from nnstudio.ui.docks.judging.residuals import ResidualsPage
from nnstudio.ui.docks.judging.worst import WorstPage

LEFT = Qt.MouseButton.LeftButton
ROWS = 8
#: What is right and what was predicted of two numbers: row 5 is furthest off in the first, row 2 in the second.
RIGHT = np.stack([np.linspace(0, 7, ROWS), np.linspace(70, 0, ROWS)], axis=1)
OFF = np.array([[0.1, 1], [0.2, -1], [0.1, 30], [-0.2, 2], [0.3, -2], [-4, 1], [0.2, 2], [0.1, -1]])


def judged_of(columns: dict[str, Column], off: np.ndarray) -> SimpleNamespace:
    """Rows that were judged, and what pages ask for besides."""
    source = Source(columns, ROWS, False, {name: column.values for name, column in columns.items()})
    split = Split.make({"train": 1.0, "validation": 0.0, "test": 0.0})
    dataset = Dataset(DataReference(source="shipped:none", split=split), source, "rows")
    subject = Subject("answer", "numbers", "none", "o", "m", NOWHERE, NOWHERE, "y")
    losses = np.square(off).mean(axis=1)
    judged = Judged(
        subject, "train", np.arange(ROWS), losses, RIGHT, RIGHT + off, np.zeros((ROWS, 0)),
        np.abs(off).mean(axis=1), losses,
    )  # fmt: skip
    return SimpleNamespace(dataset=dataset, judged=judged)


@pytest.fixture
def table() -> SimpleNamespace:
    values = {"x": np.arange(ROWS, dtype=np.float64), "y": RIGHT[:, 0]}
    return judged_of({name: Column(name, "number", each, standardise=False) for name, each in values.items()}, OFF)


@pytest.fixture
def pictures() -> SimpleNamespace:
    shades = np.tile(np.linspace(0, 1, ROWS, dtype=np.float32)[:, None, None, None], (1, 1, 16, 16))
    number = Column("y", "number", RIGHT[:, 0], standardise=False, role="target")
    return judged_of({"image": Column("image", "image", shades), "y": number}, OFF)


class Assessed(QObject):
    changed = Signal()

    def __init__(self, rows: SimpleNamespace) -> None:
        super().__init__()
        self.session, self.judge, self.judged = SimpleNamespace(dataset=rows.dataset), None, rows.judged


def opened(show, kind, rows):
    """A page on what was judged, and the rows that it asks to be explained."""
    page, asked = kind(Assessed(rows)), []
    page.explained.connect(asked.append)
    show(page)
    page.resize(1100, 320)
    page.show_judged(rows.judged)
    QTest.qWait(0)
    return page, asked


def point_of(page, row, number=0):
    """Where a row's point is, in pixels of the plot."""
    plot, judged = page.errors.plot, page.judged
    said = float(judged.predicted[row, number])
    scene = plot.view.mapViewToScene(QPointF(said, said - float(judged.target[row, number])))
    return plot.mapFromScene(scene)


def test_large_errors_have_room_for_their_figures(show, table):
    judged = replace(table.judged, target=RIGHT * 1e5, predicted=(RIGHT + OFF) * 1e5)
    page, _ = opened(show, ResidualsPage, SimpleNamespace(**{**vars(table), "judged": judged}))
    left = page.errors.plot.left
    assert left.style["tickFont"] == theme.mono_font(10), "a page that is made late has the theme's fonts too"
    font = QFontMetricsF(theme.mono_font(10))
    assert max(map(len, left.texts())) > len("−0.000")
    assert left.width() >= max(font.horizontalAdvance(text) for text in left.texts())
    page.errors.plot.restyle()
    assert left.width() >= max(font.horizontalAdvance(text) for text in left.texts())


def test_a_point_that_is_pointed_at_says_its_row_and_a_click_has_it_explained(show, table, qtbot):
    page, asked = opened(show, ResidualsPage, table)
    plot = page.errors.plot
    QTest.mouseMove(plot.viewport(), point_of(page, 5))
    qtbot.waitUntil(lambda: page.errors.reader.heading == "row 5")
    told = {reading.name: reading.value for reading in page.errors.reader.readings}
    assert told == {"right": "5.000", "predicted": "1.000", "error": "−4.000"}
    QTest.mouseClick(plot.viewport(), LEFT, pos=point_of(page, 5))
    qtbot.waitUntil(lambda: asked == [5])
    QTest.mouseClick(plot.viewport(), LEFT, pos=point_of(page, 5) + point_of(page, 5) - point_of(page, 4))
    assert asked == [5], "where no point is, none is meant"


def test_another_number_of_the_prediction_has_its_own_errors(show, table, qtbot):
    page, asked = opened(show, ResidualsPage, table)
    assert page.which.items == ["Number 1", "Number 2"]
    page.which.menu().actions()[1].trigger()
    np.testing.assert_allclose(page.errors.shown["error"][1], OFF[:, 1])
    low, high = page.errors.plot.view.viewRange()[1]
    assert low <= -30
    assert high >= 30
    assert page.bars.heights.sum() == ROWS
    QTest.mouseClick(page.errors.plot.viewport(), LEFT, pos=point_of(page, 2, 1))
    qtbot.waitUntil(lambda: asked == [2])


def test_of_pictures_the_errors_of_pixels_everywhere_are_shown_not_of_the_first_corner(show, pictures, qtbot):
    subject = replace(pictures.judged.subject, painted=True)
    judged = replace(pictures.judged, subject=subject)
    page, asked = opened(show, ResidualsPage, SimpleNamespace(dataset=pictures.dataset, judged=judged))
    assert not page.which.isVisible()
    np.testing.assert_allclose(np.sort(page.errors.shown["error"][1]), np.sort(OFF.reshape(-1)))
    assert page.histogram.note.text().startswith("16 pixels")
    QTest.mouseClick(page.errors.plot.viewport(), LEFT, pos=point_of(page, 2, 1))
    qtbot.waitUntil(lambda: asked == [2])


def test_a_row_without_a_number_leaves_the_others_in_sight(show, table, qtbot):
    table.judged.predicted[0] = np.nan
    page, asked = opened(show, ResidualsPage, table)
    low, high = page.errors.plot.view.viewRange()[1]
    assert low <= -4 < 4 <= high
    QTest.mouseClick(page.errors.plot.viewport(), LEFT, pos=point_of(page, 5))
    qtbot.waitUntil(lambda: asked == [5])


def test_the_worst_rows_come_first_and_one_that_is_clicked_is_explained(show, table):
    page, asked = opened(show, WorstPage, table)
    assert page.samples.title.text() == "The greatest losses first"
    assert page.samples.places[:2] == [2, 5]
    model, cells = page.samples.model, page.samples.table
    assert [model.index(0, at).data() for at in (0, 4, 5)] == ["2", "2", "2"]
    aligned = Qt.ItemDataRole.TextAlignmentRole
    for at in range(4):
        assert model.headerData(at, Qt.Orientation.Horizontal, aligned) == model.index(0, at).data(aligned), at
    assert float(model.index(0, 1).data()) > float(model.index(1, 1).data())
    QTest.mouseClick(cells.viewport(), LEFT, pos=page.samples.at(1))
    assert asked == [5]
    QTest.keyClick(cells, Qt.Key.Key_Down)
    QTest.keyClick(cells, Qt.Key.Key_Return)
    assert asked[-1] == page.samples.places[2]


def test_pictures_that_the_network_has_not_seen_are_not_shown_as_what_it_judged(show, pictures):
    subject = replace(pictures.judged.subject, reads=("y",))
    page, _ = opened(
        show, WorstPage, SimpleNamespace(**{**vars(pictures), "judged": replace(pictures.judged, subject=subject)})
    )
    assert page.samples.table.isVisible()
    assert page.samples.places[:2] == [2, 5]


def test_numbers_of_rows_stand_below_one_another(show, table):
    single = replace(table.judged, target=RIGHT[:, :1], predicted=RIGHT[:, :1] + OFF[:, :1])
    page, _ = opened(show, WorstPage, SimpleNamespace(dataset=table.dataset, judged=single))
    model, aligned = page.samples.model, Qt.ItemDataRole.TextAlignmentRole
    for at in range(model.columnCount()):
        assert model.index(0, at).data(aligned) & Qt.AlignmentFlag.AlignRight, at
        assert model.headerData(at, Qt.Orientation.Horizontal, aligned) == model.index(0, at).data(aligned), at


def test_the_worst_pictures_are_told_apart_by_mouse_and_by_keys(show, pictures):
    page, asked = opened(show, WorstPage, pictures)
    grid = page.samples.grid
    assert grid.places[:2] == [2, 5]
    assert grid.label(0) == "loss 450.0"
    QTest.mouseClick(grid, LEFT, pos=page.samples.at(1))
    assert asked == [5]
    assert grid.current == 1
    QTest.keyClick(grid, Qt.Key.Key_Right)
    QTest.keyClick(grid, Qt.Key.Key_Return)
    assert asked[-1] == grid.places[2]
    assert grid.accessibleDescription() == grid.label(2)


def test_long_names_of_what_is_right_and_what_was_said_stand_below_one_another(show, pictures):
    subject = replace(pictures.judged.subject, kind="classes", classes=("Ankle boot", "Pullover"))
    codes = np.arange(ROWS) % 2
    shares = np.eye(2, dtype=np.float32)[1 - codes]
    judged = replace(pictures.judged, subject=subject, target=codes, predicted=1 - codes, shares=shares)
    page, asked = opened(show, WorstPage, SimpleNamespace(dataset=pictures.dataset, judged=judged))
    grid, first = page.samples.grid, page.samples.places[0]
    right, said = subject.classes[codes[first]], subject.classes[1 - codes[first]]
    assert grid.label(0) == f"{right}\n→ {said}"
    box = grid.box(0)
    assert box.height() >= grid.side + 2 * grid.fontMetrics().height() - 4
    QTest.mouseClick(grid, LEFT, pos=box.bottomLeft() + QPoint(10, -4))
    assert asked == [first]


def test_rows_of_many_numbers_are_shown_with_the_loss_that_they_are_ordered_by(show, pictures):
    page, _ = opened(show, WorstPage, pictures)
    losses = [float(page.samples.grid.label(place).removeprefix("loss ")) for place in range(3)]
    assert losses == sorted(losses, reverse=True)


def test_of_a_whole_vocabulary_the_matrix_shows_what_there_is_room_for_those_with_most_mistakes(qtbot):
    size = 50_000
    true = np.append(np.arange(size), [1500, 700])
    said = np.append(np.arange(size), [3, 1500])
    times = np.append(np.full(size, 9), [5, 5])
    view = MatrixView()
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show_matrix(Confusion(tuple(f"word{code}" for code in range(size)), np.arange(size), true, said, times))
    view.show()
    qtbot.waitExposed(view)
    assert {3, 700, 1500} <= set(view.shown)
    assert view.rect_of(view.shown[-1], view.shown[-1]).bottom() <= view.height()
    told = []
    view.chosen.connect(lambda *cell: told.append(cell))
    QTest.mouseClick(view, LEFT, pos=view.rect_of(1500, 3).center().toPoint())
    assert told == [(1500, 3)]
    assert view.told(told[0]).startswith("word1500 taken for word3: 5 times")
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert told[-1][0] == view.shown[view.shown.index(1500) - 1]


def test_a_text_of_several_lines_is_told_in_one_line_of_the_table(show):
    texts = Column("x", "text", np.array(["one\ntwo"] * ROWS, dtype=object), standardise=False)
    number = Column("y", "number", RIGHT[:, 0], standardise=False, role="target")
    page, _ = opened(show, WorstPage, judged_of({"x": texts, "y": number}, OFF))
    assert page.samples.model.index(0, 4).data() == "one ⏎ two"
