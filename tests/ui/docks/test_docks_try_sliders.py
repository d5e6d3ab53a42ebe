"""Try it: numbers that are slid one by one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnstudio.data.columns import Column
from nnstudio.ui.docks.try_editors import editor
from nnstudio.ui.docks.try_sliders import NoiseEditor, VectorEditor

LEFT = Qt.MouseButton.LeftButton


def shown(qtbot, widget):
    qtbot.addWidget(widget)
    widget.resize(420, 260)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def test_a_latent_number_is_slid_and_others_are_drawn(qtbot):
    put, drawn = [], []
    editor = shown(qtbot, NoiseEditor("n", "noise", 10, lambda *each: put.append(each), lambda: drawn.append(1)))
    assert editor.title == "noise: the first 8 of 10 numbers"
    editor.show_values(np.zeros(10))
    assert not put
    editor.sliders[2].setFocus()
    QTest.keyClick(editor.sliders[2], Qt.Key.Key_End)
    assert put == [("n", 2, 3.0)]
    QTest.mouseClick(editor.again, LEFT)
    assert drawn == [1]


def test_each_of_a_few_numbers_has_a_slider_over_its_range(qtbot):
    rows = np.array([[0.0, 10.0], [1.0, 30.0]])
    column, put = Column("sensors", "array", rows), []
    dataset = SimpleNamespace(indices=lambda _: np.arange(2))
    made = editor(column, dataset, lambda name, value: put.append((name, value.tolist())), put.append)
    shown(qtbot, made)
    assert isinstance(made, VectorEditor)
    made.show_value(rows[0])
    made.sliders[1].setFocus()
    QTest.keyClick(made.sliders[1], Qt.Key.Key_End)
    assert put == [("sensors", [0.0, 30.0])]
    assert [figure.text() for figure in made.figures] == ["0", "30.00"]


def test_numbers_that_are_missing_in_every_row_have_a_slider_too(qtbot):
    rows = np.array([[np.nan, 10.0], [np.nan, 30.0]])
    column, put = Column("sensors", "array", rows), []
    dataset = SimpleNamespace(indices=lambda _: np.arange(2))
    made = shown(qtbot, editor(column, dataset, lambda name, value: put.append((name, value.tolist())), put.append))
    made.show_value(rows[0])
    made.sliders[0].setFocus()
    QTest.keyClick(made.sliders[0], Qt.Key.Key_End)
    assert put == [("sensors", [1.0, 10.0])]
