"""The window to a screen reader and to the keyboard: everything that takes the focus says what it is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QLineEdit, QTabBar, QWidget

from nnstudio.graph import edits
from nnstudio.graph.parameters import set_network_parameter
from nnstudio.project.gallery import template
from nnstudio.ui import announce
from nnstudio.ui.panels import PANELS

Role = QAccessible.Role
#: What a screen reader has to be told of these, so that it says how they are worked.
ROLES = {"QPushButton": Role.Button, "QLineEdit": Role.EditableText, "QCheckBox": Role.CheckBox,
         "QComboBox": Role.ComboBox, "QTreeView": Role.Tree, "QListView": Role.List, "QTabBar": Role.PageTabList,
         "QSlider": Role.Slider}  # fmt: skip


@pytest.fixture
def digits(window, qtbot):
    """A window with the digits network of the gallery, resolved and with its data."""
    window.file_actions.open_template(template("digits-mlp"))
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=60_000)
    return window


def nameless(window: QWidget) -> list[str]:
    """The widgets that take the focus, are seen, and have no name for a screen reader, or a role that is wrong."""
    wrong = []
    for widget in (window, *window.findChildren(QWidget)):
        if not widget.isVisible() or not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or widget.focusProxy():
            continue
        told = QAccessible.queryAccessibleInterface(widget)
        name = told.text(QAccessible.Text.Name).strip() if told is not None else ""
        kind = next((known for known in ROLES if widget.inherits(known)), "")
        if not name:
            wrong.append(f"{where(widget)} has no name")
        elif kind and told.role() != ROLES[kind]:
            wrong.append(f"{where(widget)} has the role {told.role()}")
    return wrong


def where(widget: QObject) -> str:
    path = []
    while widget is not None:
        path.append(widget.objectName() or type(widget).__name__)
        widget = widget.parent()
    return " < ".join(path[:6])


def select(window, *names):
    session = window.session
    session.select([session.network.by_name[name].id for name in names])
    QApplication.processEvents()


def test_everything_that_takes_the_focus_on_the_welcome_page_has_a_name(window, qtbot):
    qtbot.waitUntil(lambda: bool(window.welcome.cards))
    assert not nameless(window)


def test_everything_that_takes_the_focus_has_a_name_whatever_is_selected_or_shown(digits, qtbot):
    session, table = digits.session, digits.actions_table
    session.do("Name width", set_network_parameter("width", 32))
    assert not nameless(digits), "nothing selected"
    for names in (("hidden1",), ("image",), ("hidden1", "hidden2"), ("loss",)):
        select(digits, *names)
        assert not nameless(digits), names
    for tab in ("outline", "history", "layers"):
        digits.workspace.side.show_tab(tab)
        assert not nameless(digits), tab
    session.do("Cut", edits.disconnect(session.network.wires[:1]))
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    for place, (title, _) in enumerate(PANELS):
        digits.workspace.show_panel(place)
        QApplication.processEvents()
        assert not nameless(digits), title
    select(digits, "hidden1", "relu1")
    table.trigger("make_block")
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    assert not nameless(digits), "a block"
    table.trigger("open_block")
    session.select(())
    assert not nameless(digits), "a definition"
    table.trigger("command_palette")
    palette = digits._palette
    assert not nameless(palette)
    palette.close()


def test_everything_that_takes_the_focus_has_a_name_while_training(digits, qtbot):
    session = digits.session
    session.do("Longer", plan=session.plan.with_(epochs=100_000))
    session.start()
    qtbot.waitUntil(lambda: len(session.history.losses) > 20, timeout=60_000)
    for place, (title, _) in enumerate(PANELS):
        digits.workspace.show_panel(place)
        QApplication.processEvents()
        assert not nameless(digits), title
    session.stop()
    qtbot.waitUntil(lambda: session.run_state == "idle", timeout=20_000)


def test_dialogs_name_what_takes_the_focus(digits, qtbot):
    from nnstudio.ui.data_dialog import DataDialog
    from nnstudio.ui.export_dialog import ExportDialog

    for action, kind in (("choose_data", DataDialog), ("export", ExportDialog)):
        digits.actions_table.trigger(action)
        qtbot.waitUntil(lambda kind=kind: digits.findChild(kind) is not None)
        dialog = digits.findChild(kind)
        qtbot.waitUntil(lambda: digits.session.settled, timeout=60_000)
        assert not nameless(dialog), action
        dialog.close()


def test_a_nameless_field_would_be_found(digits):
    stray = QLineEdit(digits)
    stray.show()
    assert len(nameless(digits)) == 1
    stray.setAccessibleName("A name")
    assert not nameless(digits)
    stray.deleteLater()


def test_the_canvas_says_what_is_selected_and_how_it_is_wired(digits):
    told = QAccessible.queryAccessibleInterface(digits.workspace.canvas)
    assert told.text(QAccessible.Text.Name) == "Network canvas"
    select(digits, "hidden1")
    said = told.text(QAccessible.Text.Description)
    assert said == "hidden1, Linear · 128, gives 128; fed by flatten; feeds relu1; selected"
    select(digits, "hidden1", "relu1")
    assert told.text(QAccessible.Text.Description) == "2 layers selected"


def test_what_is_done_to_the_network_is_said(digits, monkeypatch):
    said = []
    monkeypatch.setattr(announce, "announce", lambda _, text: said.append(text))
    session = digits.session
    session.do("Rename hidden1", edits.rename(session.network.by_name["hidden1"].id, "first"))
    session.undo()
    assert said == ["Rename hidden1", "Undone: Rename hidden1"]


def test_rows_of_the_outline_say_name_type_output_and_problems(digits, qtbot):
    digits.workspace.side.show_tab("outline")
    session = digits.session
    session.do("Freeze", edits.set_frozen([session.network.by_name["hidden2"].id]))
    session.do("Cut", edits.disconnect(session.network.incoming[session.network.by_name["hidden1"].id]))
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    outline = digits.workspace.side.outline
    outline.catch_up()
    tree = QAccessible.queryAccessibleInterface(outline.tree)
    assert tree.role() == Role.Tree
    said = [tree.child(at).text(QAccessible.Text.Name) for at in range(tree.childCount())]
    assert "image, Input · image, gives 1 by 8 by 8" in said
    assert any(text.startswith("hidden2, Linear · 64") and "frozen" in text for text in said)
    assert any(text.startswith("hidden1, ") and "1 problem: " in text for text in said)


def test_every_tab_bar_can_be_reached_by_keyboard(digits):
    for bar in digits.workspace.findChildren(QTabBar):
        if bar.isVisible():
            assert bar.focusPolicy() & Qt.FocusPolicy.TabFocus, where(bar)
