"""The Arrange menu in the window: each command by its action, its keys and its conditions; what is remembered."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from nnstudio.graph.view import Frame, put_frame
from nnstudio.project import files
from nnstudio.project.gallery import template
from nnstudio.ui.command_palette import Command, CommandPalette
from nnstudio.ui.settings import Settings
from nnstudio.ui.window import MainWindow

Key, Mod = Qt.Key, Qt.KeyboardModifier


@pytest.fixture
def drawn(window: MainWindow, qtbot: QtBot) -> MainWindow:
    window.file_actions.open_template(template("digits-cnn-small"))
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=60_000)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def chosen(window: MainWindow, count: int) -> list[str]:
    ids = list(window.session.network.nodes)[:count]
    window.session.select(ids)
    window.actions_table.refresh()
    return ids


def test_every_command_of_the_menu_says_what_it_does(drawn: MainWindow) -> None:
    titles = {action.text() for action in drawn.menus["Arrange"].actions() if action.text()}
    assert {"Arrange all", "Align", "Distribute", "Snap to grid", "Frame selection", "Add note", "Places"} <= titles
    for action in drawn.actions_table:
        if action.menu.startswith("Arrange") and action.dynamic is None:
            assert drawn.actions_table.qt(action.id).toolTip()


def test_a_frame_is_made_and_folded_by_keys_alone(drawn: MainWindow) -> None:
    ids = chosen(drawn, 3)
    canvas = drawn.workspace.canvas
    canvas.setFocus()
    QTest.keyClick(canvas, Key.Key_G, Mod.ControlModifier | Mod.ShiftModifier)
    QTest.keyClicks(canvas.name_field, "Stem")
    QTest.keyClick(canvas.name_field, Key.Key_Return)
    (frame,) = drawn.session.view.frames.values()
    assert (frame.title, frame.members) == ("Stem", frozenset(ids))
    QTest.keyClick(canvas, Key.Key_F, Mod.ControlModifier | Mod.AltModifier)
    assert next(iter(drawn.session.view.frames.values())).folded
    QTest.keyClick(canvas, Key.Key_Space)
    assert not next(iter(drawn.session.view.frames.values())).folded


def test_commands_on_frames_can_be_done_where_there_is_one(drawn: MainWindow) -> None:
    ids = chosen(drawn, 2)
    table = drawn.actions_table
    assert not table.qt("fold_frame").isEnabled()
    drawn.session.do("Frame", view=put_frame(Frame("f", "Stem", frozenset(ids))))
    table.refresh()
    assert table.qt("fold_frame").isEnabled()
    table.trigger("take_out")
    assert not drawn.session.view.frames


def test_a_place_is_kept_gone_to_by_keys_and_saved(drawn: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    canvas = drawn.workspace.canvas
    canvas.zoom_to(1.0)
    canvas.pan(-150, -90)
    middle = canvas.seen().center()
    drawn.actions_table.trigger("keep_place_3")
    canvas.fit()
    drawn.actions_table.refresh()
    canvas.setFocus()
    QTest.keyClick(canvas, Key.Key_3, Mod.ControlModifier | Mod.AltModifier)
    assert canvas.scale_now() == 1.0
    away = canvas.seen().center() - middle
    assert (away.x(), away.y()) == pytest.approx((0.0, 0.0), abs=2)
    path = tmp_path / "places.nnstudio"
    drawn.session.save(path)
    qtbot.waitUntil(lambda: path.exists() and drawn.session.settled, timeout=20_000)
    kept = files.load(path).sheet.view.bookmarks["Place 3"]
    assert kept == pytest.approx((middle.x(), middle.y(), 1.0))
    (forget,) = drawn.layout_actions.forgetting()
    forget.callback()
    drawn.actions_table.refresh()
    assert not drawn.actions_table.qt("go_place_3").isEnabled()


def test_frames_and_notes_are_there_again_after_saving(drawn: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    ids = chosen(drawn, 2)
    canvas = drawn.workspace.canvas
    drawn.session.do("Frame", view=put_frame(Frame("f", "Stem", frozenset(ids), "loss", folded=True)))
    drawn.actions_table.trigger("add_note")
    canvas.note_editor.setPlainText("*why*")
    QTest.keyClick(canvas.note_editor, Key.Key_Return, Mod.ControlModifier)
    view, path = drawn.session.view, tmp_path / "notes.nnstudio"
    drawn.session.save(path)
    qtbot.waitUntil(lambda: path.exists() and drawn.session.settled, timeout=20_000)
    again = files.load(path).sheet.view
    assert (dict(again.frames), dict(again.notes)) == (dict(view.frames), dict(view.notes))


def test_grid_and_guides_are_remembered(drawn: MainWindow) -> None:
    table = drawn.actions_table
    assert table.qt("grid").isChecked()
    assert table.qt("guides").isChecked()
    table.trigger("grid")
    table.trigger("guides")
    assert not table.qt("grid").isChecked()
    settings = Settings()
    assert (settings.get("canvas.grid", True), settings.get("canvas.guides", True)) == (False, False)
    canvas = drawn.workspace.canvas
    canvas.set_snapping(True)
    drawn.layout_actions.restore(canvas)
    assert not canvas.snapping


def test_aligning_is_offered_from_two_layers_on_and_distributing_from_three(drawn: MainWindow) -> None:
    table = drawn.actions_table
    for count, possible in ((1, (False, False)), (2, (True, False)), (3, (True, True))):
        chosen(drawn, count)
        assert (table.qt("align_left").isEnabled(), table.qt("distribute_down").isEnabled()) == possible
    table.trigger("align_top")
    assert drawn.session.document.undo_label == "Align top edges"


def test_going_to_a_layer_finds_the_same_whether_typed_or_pasted(show, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    ran: list[str] = []
    names = ["conv1", "conv12", "norm1", "encoder_conv2", "head"]
    palette = CommandPalette(show(QWidget()))
    qtbot.addWidget(palette)

    def found() -> list[str]:
        return [palette.list.item(row).text() for row in range(palette.list.count())]

    palette.popup([Command(name, partial(ran.append, name), "Layer") for name in names], "Which layer?")
    palette.field.setText("con2")
    pasted = found()
    palette.field.clear()
    QTest.keyClicks(palette.field, "con2")
    assert found() == pasted
    QTest.keyClick(palette.field, Key.Key_Backspace)
    assert "conv1" in found()
    palette.field.setText("encoder")
    QTest.keyClick(palette.field, Key.Key_Return)
    assert ran == ["encoder_conv2"]


def test_the_command_palette_knows_words_in_any_order_and_says_when_nothing_fits(show, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    palette = CommandPalette(show(QWidget()))
    qtbot.addWidget(palette)
    light = Command("Light", lambda: None, "View / Theme", words="theme colours")
    palette.popup([Command("Dark", lambda: None, "View / Theme", words="theme colours"), light], "Search actions")
    palette.field.setText("light theme")
    assert [palette.list.item(row).text() for row in range(palette.list.count())] == ["Light"]
    palette.field.setText("brew coffee")
    assert palette.nothing.isVisible()
    assert palette.nothing.text() == "Nothing fits “brew coffee”; try another word for it."
    palette.popup([light], "Search actions", [Command("Stop", lambda: None, "Training", words="end halt")])
    palette.field.setText("halt")
    assert palette.nothing.text() == "“Stop” cannot be done at this moment."
    palette.popup([Command("Dark", lambda: None, "View / Theme", words="theme colours"), light], "Search actions")
    palette.field.setText("dark")
    assert not palette.nothing.isVisible()
    assert palette.list.isVisible()
    palette.close()
