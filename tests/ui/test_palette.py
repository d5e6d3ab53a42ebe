"""The palette: layers are found, dragged and added."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from nnstudio.layers import load
from nnstudio.project import library
from nnstudio.ui.layer_list import LAYER_MIME, find_layers
from nnstudio.ui.offered import offered_types
from nnstudio.ui.palette import PalettePanel
from nnstudio.ui.session import Session


@pytest.fixture
def palette(qtbot: QtBot) -> Iterator[PalettePanel]:
    session = Session(asleep=True)
    panel = PalettePanel(session)
    panel.resize(216, 600)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.close()
    session.shut_down()


def names(panel: PalettePanel) -> list[str]:
    model = panel.model
    return [
        cls.type_name()
        for row in range(model.rowCount())
        if (cls := model.type_at(model.index(row))) is not None
    ]  # fmt: skip


def test_every_layer_and_classical_block_is_listed_once_under_its_family(palette: PalettePanel) -> None:
    kept = [block.name for block in library.blocks()]
    assert sorted(names(palette)) == sorted([*(cls.type_name() for cls in offered_types()), "Shared", *kept])
    headings = [
        palette.model.index(row).data()
        for row in range(palette.model.rowCount())
        if palette.model.type_at(palette.model.index(row)) is None
    ]
    assert len(headings) == len(set(headings))
    assert headings[0] == "Inputs and outputs"


@pytest.mark.parametrize(("typed", "found"), [("linear", "Linear"), ("dense", "Linear"), ("MAXP", "MaxPool2d")])
def test_typing_filters_by_name_and_synonym(palette: PalettePanel, typed: str, found: str) -> None:
    QTest.keyClicks(palette.search, typed)
    assert found in names(palette)
    assert len(names(palette)) < len(load()) / 2


def test_a_search_without_result_says_so(palette: PalettePanel) -> None:
    QTest.keyClicks(palette.search, "qqqq")
    assert names(palette) == []
    assert not palette.list.isVisible()
    assert "qqqq" in palette._nothing.text()
    QTest.keyClick(palette.search, Qt.Key.Key_Escape)
    assert palette.list.isVisible()


def test_enter_adds_the_best_match(palette: PalettePanel, qtbot: QtBot) -> None:
    QTest.keyClicks(palette.search, "relu")
    with qtbot.waitSignal(palette.chosen) as chosen:
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert chosen.args == ["ReLU"]


def test_the_arrow_keys_reach_the_list_and_skip_headings(palette: PalettePanel, qtbot: QtBot) -> None:
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    first = palette.list.currentIndex().data()
    for _ in range(3):
        QTest.keyClick(palette.list, Qt.Key.Key_Down)
        assert palette.model.type_at(palette.list.currentIndex()) is not None
    assert palette.list.currentIndex().data() != first
    with qtbot.waitSignal(palette.chosen):
        QTest.keyClick(palette.list, Qt.Key.Key_Return)


def test_a_double_click_adds(palette: PalettePanel, qtbot: QtBot) -> None:
    index = palette.model.index(palette.model.first())
    at = palette.list.visualRect(index).center()
    QTest.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    with qtbot.waitSignal(palette.chosen) as chosen:
        QTest.mouseDClick(palette.list.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert chosen.args == [index.data()]


def test_what_is_dragged_names_the_layer_type(palette: PalettePanel) -> None:
    index = palette.model.index(palette.model.first())
    assert index.flags() & Qt.ItemFlag.ItemIsDragEnabled
    assert palette.list.dragEnabled()
    data = palette.model.mimeData([index])
    assert bytes(data.data(LAYER_MIME).data()).decode() == index.data()


def test_each_entry_tells_what_the_layer_does(palette: PalettePanel) -> None:
    for row in range(palette.model.rowCount()):
        index = palette.model.index(row)
        if palette.model.type_at(index) is not None:
            assert len(index.data(Qt.ItemDataRole.ToolTipRole)) > 10


def test_exact_names_come_first() -> None:
    found = [cls.type_name() for cls in find_layers("relu", load())]
    assert found[0] == "ReLU"
    assert "LeakyReLU" in found
    assert find_layers("cnv2d", load())[0].type_name() == "Conv2d"


def test_a_layer_is_marked_only_while_the_list_has_the_focus(palette: PalettePanel, qtbot: QtBot) -> None:
    palette.search.setFocus()
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: len(palette.list.selectedIndexes()) == 1)
    palette.search.setFocus(Qt.FocusReason.MouseFocusReason)
    assert not palette.list.selectedIndexes()
    palette.list.setFocus(Qt.FocusReason.TabFocusReason)
    assert len(palette.list.selectedIndexes()) == 1, "the keys go on where they were"
