"""The sheet of shortcuts: everything that has a key is on it, and can be found."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest

from nnstudio.ui.canvas.gestures import GESTURES
from nnstudio.ui.shortcut_sheet import ShortcutSheet, groups, page


def test_every_action_with_a_key_and_every_gesture_is_on_the_sheet(window) -> None:  # type: ignore[no-untyped-def]
    sheet = page(groups(window.actions_table))
    for action in window.actions_table:
        if action.shortcuts and action.dynamic is None:
            keys = window.actions_table.qt(action.id).shortcuts()
            told = ", ".join(each.toString(QKeySequence.SequenceFormat.NativeText) for each in keys)
            assert told.replace("&", "&amp;") in sheet, action.id
    for title, rows in GESTURES:
        assert title in sheet
        assert all(does.split(":")[0] in sheet for _, does in rows)


def test_no_two_actions_share_a_key_unless_only_one_can_be_done(window) -> None:  # type: ignore[no-untyped-def]
    taken: dict[str, str] = {}
    for action in window.actions_table:
        for keys in window.actions_table.qt(action.id).shortcuts() if action.dynamic is None else ():
            text = keys.toString()
            other = taken.setdefault(text, action.id)
            assert other == action.id or not at_one_time(other, action.id), text


def at_one_time(one: str, other: str) -> bool:
    """Whether two actions can be done at the same time. Those of learning mode and of the workspace cannot: there,
    `test_learning_mode` sees that no key has two meanings."""
    return {one, other} != {"start", "pause"} and one.startswith("learn_") == other.startswith("learn_")


def test_the_sheet_opens_and_words_find_their_lines(window) -> None:  # type: ignore[no-untyped-def]
    window.actions_table.trigger("shortcuts")
    sheet = window.findChild(ShortcutSheet)
    QTest.keyClicks(sheet.field, "cut all wires")
    assert "Ctrl+Shift+Drag" in sheet.text.toPlainText()
    assert "zoom" not in sheet.text.toPlainText()
    sheet.field.setText("qqqq")
    assert "No key or gesture" in sheet.text.toPlainText()
    sheet.close()
