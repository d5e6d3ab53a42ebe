"""The window: what a person sees, presses and is asked."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from nnstudio.graph import edits
from nnstudio.layers import load
from nnstudio.project.gallery import template
from nnstudio.ui import theme
from nnstudio.ui.data_dialog import DataDialog
from nnstudio.ui.settings import Settings
from nnstudio.ui.window import MainWindow

CATALOGUE = load()
ANSWERS = QMessageBox.StandardButton


@pytest.fixture
def at_work(window, qtbot):
    """A window with an empty project."""
    window.actions_table.trigger("new")
    qtbot.waitUntil(lambda: window.in_workspace)
    return window


@pytest.fixture
def digits(window, qtbot):
    """A window with the digits network of the gallery, resolved and with its data."""
    window.file_actions.open_template(template("digits-mlp"))
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=60_000)
    return window


def pressing(button: str) -> list[str]:
    """Press a button of the next question that is asked, and what it asked."""
    told: list[str] = []

    def press() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, press)
            return
        told.append(box.text())
        next(each for each in box.buttons() if each.text() == button).click()

    QTimer.singleShot(0, press)
    return told


def answering(button, then=lambda _: None):
    """Press a button of the message box that opens next."""

    def press():
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            then(box)
            box.button(button).click()
        else:
            QTimer.singleShot(20, press)

    QTimer.singleShot(20, press)


def choosing(monkeypatch, kind, path):
    monkeypatch.setattr(QFileDialog, kind, lambda *_: (str(path), ""))


def test_an_edit_is_marked_and_can_be_undone_from_the_menu_which_says_what(at_work):
    at_work.session.do("Add Linear", edits.add(CATALOGUE["Linear"].make({})))
    at_work.actions_table.refresh()
    assert at_work.run_bar.edited.isVisible()
    assert at_work.actions_table.qt("undo").text() == "Undo add Linear"
    at_work.actions_table.trigger("undo")
    assert not at_work.session.network.nodes
    assert at_work.actions_table.qt("redo").text() == "Redo add Linear"
    assert not at_work.actions_table.qt("undo").isEnabled()


def test_the_status_counts_layers_parameters_and_problems(digits, qtbot):
    status = digits.workspace.findChild(object, "network_status")
    layers = len(digits.session.network.nodes)
    assert status.text() == f"{layers} layers · {digits.session.resolution.parameters:,} parameters · no problems"
    digits.session.do("Cut", edits.disconnect(digits.session.network.wires[:1]))
    qtbot.waitUntil(lambda: "error" in status.text(), timeout=60_000)


def test_the_status_says_so_while_types_are_not_yet_worked_out(digits):
    status = digits.workspace.findChild(object, "network_status")
    digits.session.resolution = None
    digits.session.run_changed.emit()
    assert status.text() == f"{len(digits.session.network.nodes)} layers · working out …"


def test_start_pause_resume_and_stop_are_pressed_on_the_bar(digits, qtbot):
    digits.session.do("Longer", plan=digits.session.plan.with_(epochs=100_000))
    main, stop = (digits.findChild(object, f"{name}_button") for name in ("start", "stop"))
    assert not stop.isEnabled()
    qtbot.mouseClick(main, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: digits.session.run_state == "running", timeout=60_000)
    qtbot.waitUntil(lambda: main.text() == "Pause")
    qtbot.waitUntil(lambda: digits.run_bar._epoch.text().startswith("Epoch "), timeout=60_000)
    qtbot.mouseClick(main, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: digits.session.run_state == "paused", timeout=10_000)
    qtbot.waitUntil(lambda: main.text() == "Resume")
    qtbot.mouseClick(main, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: digits.session.run_state == "running", timeout=10_000)
    qtbot.waitUntil(stop.isEnabled)
    qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: digits.session.run_state == "idle", timeout=10_000)
    qtbot.waitUntil(lambda: digits.run_bar._epoch.text().startswith("Stopped"))
    assert digits.run_bar._bar.value() < digits.run_bar._bar.maximum(), "the bar stays where the run was stopped"


def test_every_action_that_can_be_done_is_in_the_palette_with_its_keys(at_work):
    found = {command.title: command for command in at_work.view_actions.commands()}
    for action in at_work.actions_table:
        if action.dynamic is None and action.id != "command_palette":
            assert (at_work.actions_table.qt(action.id).text() in found) == action.enabled_when(), action.id
    assert found["New network"].keys == "Ctrl+N"
    assert "Add Conv2d" in found


def test_no_two_actions_that_can_be_done_at_once_share_a_key(digits):
    taken = {}
    for action in digits.actions_table:
        if action.dynamic is None and action.enabled_when():
            for keys in digits.actions_table.qt(action.id).shortcuts():
                assert keys.toString() not in taken, (action.id, taken[keys.toString()])
                taken[keys.toString()] = action.id


def test_the_command_palette_finds_by_a_few_letters_and_enter_does_it(at_work, qtbot):
    at_work.activateWindow()
    at_work.view_actions.show_command_palette()
    palette = at_work._palette
    qtbot.keyClicks(palette.field, "canv only")
    assert palette.list.currentItem().text() == "Canvas only"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert at_work.workspace.canvas_only


def test_panels_can_be_hidden_and_the_layout_is_remembered(at_work, qtbot):
    at_work.actions_table.trigger("show_palette")
    at_work.actions_table.trigger("panel_gradients")
    assert not at_work.workspace.palette_panel.isVisible()
    at_work.workspace.remember()
    again = MainWindow(Settings(at_work.settings.path))
    qtbot.addWidget(again)
    again.show()
    qtbot.waitUntil(lambda: again.warm, timeout=60_000)
    assert not again.workspace.shows("palette")
    assert again.workspace.shows("inspector")
    assert again.workspace.panels.place == 2
    again.actions_table.trigger("new")
    again.actions_table.trigger("reset_layout")
    assert again.workspace.shows("palette")
    again.close()


def test_one_key_shows_the_canvas_only_and_all_again(at_work):
    at_work.actions_table.trigger("canvas_only")
    assert at_work.workspace.canvas_only
    at_work.actions_table.trigger("canvas_only")
    assert not at_work.workspace.canvas_only


def test_the_theme_is_remembered_and_everything_follows_it(at_work):
    at_work.actions_table.trigger("theme_light")
    assert theme.current() is theme.LIGHT
    assert Settings(at_work.settings.path).get("theme", "") == "light"
    assert at_work.actions_table.qt("theme_light").isChecked()
    middle = at_work.workspace.inspector.grab().toImage().pixelColor(3, 3)
    assert middle.name() == theme.LIGHT.panel.lower()


@pytest.mark.usefixtures("qapp")
def test_on_a_small_screen_the_first_start_fills_it_and_leaves_room_for_the_frame(tmp_path):
    made = MainWindow(Settings(tmp_path / "none.json"))
    room = made.screen().availableSize()
    assert room.width() < 1600, "off-screen, the screen is small"
    assert made.isMaximized()
    assert made.height() < room.height()
    made.session.files.discard()
    made.close()
    made.deleteLater()


def test_nothing_is_cut_at_1280_by_800(digits):
    digits.resize(1280, 800)
    digits.session.select([digits.session.network.by_name["loss"].id])
    for name in ("start_button", "step_button", "stop_button"):
        made = digits.findChild(object, name)
        assert made.width() >= made.minimumSizeHint().width()
    assert digits.width() == 1280
    page = digits.workspace.inspector.page
    assert page.width() <= digits.workspace.inspector.width()


def test_the_last_tab_of_the_panels_is_never_cut(digits):
    tabs = digits.workspace.panels.tabs
    for place in range(tabs.count()):
        tabs.setCurrentIndex(place)
        QApplication.processEvents()
        tabs.setTabText(tabs.count() - 1, "Problems · 12")  # the panel itself says how many there are, when it knows
        assert tabs.tabRect(tabs.count() - 1).right() <= tabs.width()
        assert tabs.tabRect(tabs.count() - 1).width() >= tabs.fontMetrics().horizontalAdvance("Problems · 12")


def test_saving_asks_for_a_file_once_and_puts_it_among_the_recent(digits, qtbot, monkeypatch, tmp_path):
    path = tmp_path / "mine.nnstudio"
    choosing(monkeypatch, "getSaveFileName", tmp_path / "mine")
    digits.actions_table.trigger("save")
    qtbot.waitUntil(path.exists)
    qtbot.waitUntil(lambda: digits.run_bar.title.text() == "mine")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: pytest.fail("it asked again"))
    digits.session.do("Longer", plan=digits.session.plan.with_(epochs=7))
    digits.actions_table.trigger("save")
    qtbot.waitUntil(lambda: not digits.session.modified)
    assert digits.settings.recent == [path.resolve()]
    digits.actions_table.trigger("gallery")
    from nnstudio.ui.welcome import Recent

    assert [entry.path for entry in digits.welcome.findChildren(Recent)] == [path.resolve()]


def test_what_another_window_wrote_into_the_file_is_not_lost_without_being_asked(window, qtbot, tmp_path):
    path = tmp_path / "both.nnstudio"
    path.write_bytes(template("line").path.read_bytes())
    window.file_actions.open_path(path)
    qtbot.waitUntil(lambda: window.in_workspace and window.session.title == "both")
    window.session.do("Longer", plan=window.session.plan.with_(epochs=7))
    path.write_bytes(template("small-net").path.read_bytes())
    told = pressing("Cancel")
    window.actions_table.trigger("save")
    assert told[0].startswith("both.nnstudio was changed after it was opened here.")
    assert window.session.modified
    assert path.read_bytes() == template("small-net").path.read_bytes()
    pressing("Save over it")
    window.actions_table.trigger("save")
    qtbot.waitUntil(lambda: not window.session.modified)
    window.session.do("Longer", plan=window.session.plan.with_(epochs=8))
    window.actions_table.trigger("save")
    qtbot.waitUntil(lambda: not window.session.modified)


def test_unsaved_work_is_asked_about_and_cancel_keeps_the_window(at_work):
    at_work.session.do("Add", edits.add(CATALOGUE["Linear"].make({})))
    asked = []
    answering(ANSWERS.Cancel, lambda box: asked.append(box.text()))
    assert not at_work.close()
    assert asked == ["Save Untitled?"]
    assert at_work.isVisible()
    assert at_work.session.modified


def test_discard_closes_without_saving(at_work):
    at_work.session.do("Add", edits.add(CATALOGUE["Linear"].make({})))
    answering(ANSWERS.Discard)
    assert at_work.close()


def test_save_on_closing_saves_and_then_closes(at_work, qtbot, monkeypatch, tmp_path):
    at_work.session.do("Add", edits.add(CATALOGUE["Linear"].make({})))
    choosing(monkeypatch, "getSaveFileName", tmp_path / "kept.nnstudio")
    answering(ANSWERS.Save)
    at_work.close()
    qtbot.waitUntil(lambda: not at_work.isVisible())
    assert (tmp_path / "kept.nnstudio").exists()


def test_closing_in_the_middle_of_a_run_stops_it_cleanly(digits, qtbot):
    digits.session.do("Longer", plan=digits.session.plan.with_(epochs=100_000))
    digits.session.start()
    qtbot.waitUntil(lambda: digits.session.run_state == "running", timeout=60_000)
    asked = []
    answering(ANSWERS.Discard, lambda box: asked.append(box.informativeText()))
    assert digits.close()
    assert "Training is under way" in asked[0]
    assert digits.session.run_state == "idle"


def test_a_project_dropped_on_the_window_is_opened(window, qtbot, tmp_path):
    path = tmp_path / "dropped.nnstudio"
    path.write_bytes(template("line").path.read_bytes())
    drop(window, path)
    qtbot.waitUntil(lambda: window.in_workspace and window.session.title == "dropped")


def test_a_table_dropped_on_the_window_opens_the_data_dialog(window, qtbot, tmp_path):

    path = tmp_path / "table.csv"
    path.write_text("a,b\n" + "\n".join(f"{i},{'xy'[i % 2]}" for i in range(30)))
    drop(window, path)
    qtbot.waitUntil(lambda: window.findChild(DataDialog) is not None)
    dialog = window.findChild(DataDialog)
    qtbot.waitUntil(lambda: dialog.dataset is not None, timeout=30_000)
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.dataset is not None and window.session.settled, timeout=60_000)
    assert set(window.session.fields) >= {"features", "b"}


def drop(window, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    at, copy = QPointF(QPoint(300, 300)), Qt.DropAction.CopyAction
    held = (copy, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(at.toPoint(), *held)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(at, *held))


def test_a_file_of_another_kind_is_refused_in_a_sentence(window, tmp_path):
    window.file_actions.open_path(tmp_path / "song.mp3")
    (notice,) = window.notices.shown
    assert notice.sentence.startswith("song.mp3 cannot be opened; expected a project")
    assert len(notice.sentence) <= 200
    notice.leave()


def test_an_unexpected_exception_is_shown_logged_and_the_program_goes_on(window, tmp_path, expected_log):
    from nnstudio.ui import errors

    expected_log.append("boom")
    reporter = errors.Reporter()
    reporter.told.connect(lambda sentence: window.session.notice.emit("error", sentence))
    restore = errors.install(reporter, tmp_path / "nnstudio.log")
    try:
        sys.excepthook(ValueError, ValueError("boom"), None)
    finally:
        restore()
    (notice,) = window.notices.shown
    assert "boom" in notice.sentence
    assert "nnstudio.log" in notice.sentence
    notice.leave()


def test_several_notices_stand_one_above_the_other_each_with_its_room(window):
    for sentence in ("The first.", "The second.", "The third."):
        window.notices.say("warning", sentence)
    above = window.notices.shown
    assert [notice.sentence for notice in above] == ["The first.", "The second.", "The third."]
    QApplication.processEvents()
    assert all(notice.height() >= notice.sizeHint().height() for notice in above)
    assert all(one.geometry().bottom() < other.geometry().top() for one, other in itertools.pairwise(above))
    window.notices.clear()


def test_help_begins_with_how_to_start_and_finds_layers_by_other_words(window):
    from nnstudio.ui.help import show_help

    dialog = show_help(window)
    assert dialog.text.toPlainText().startswith("Getting started")
    paragraph = dialog.text.document().begin().next()
    assert paragraph.blockFormat().bottomMargin() > 0
    listed = [item.text(0) for item in dialog._items()]
    assert set(listed) >= {cls.type_name() for cls in CATALOGUE}
    dialog.search.setText("fully connected")
    assert dialog.text.toPlainText().startswith("Linear")
    dialog.close()


def test_help_on_a_selected_layer_is_its_page(digits, monkeypatch):
    opened = []
    monkeypatch.setattr("nnstudio.ui.help.show_help", lambda _, layer="": opened.append(layer))
    session = digits.session
    node = next(node for node in session.network.nodes.values() if node.layer.type_name() == "Linear")
    session.select({node.id})
    digits.view_actions.show_help()
    session.select(set())
    digits.view_actions.show_help()
    assert opened == ["Linear", ""]


def test_the_menu_reaches_every_action(at_work):
    reached = set()
    for menu in at_work.menus.values():
        for entry in menu.actions():
            entries = entry.menu().actions() if entry.menu() else [entry]
            reached |= {one.objectName() for one in entries}
    expected = {action.id for action in at_work.actions_table if action.dynamic is None}
    assert expected <= reached
