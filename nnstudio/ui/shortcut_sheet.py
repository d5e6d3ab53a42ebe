"""All keys and gestures on one sheet. It derives from the table of actions and from what the canvas says of itself."""

from __future__ import annotations

import html
from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QLineEdit, QTextBrowser, QWidget

from nnstudio.ui import theme
from nnstudio.ui.actions import ActionTable
from nnstudio.ui.canvas.gestures import GESTURES
from nnstudio.ui.parts import column

Group = tuple[str, tuple[tuple[str, str], ...]]


def groups(table: ActionTable) -> list[Group]:
    """Groups of (keys, what they do): the actions that have keys by menu, then what the canvas has of its own."""
    by_menu: dict[str, list[tuple[str, str]]] = {}
    for action in table:
        if action.dynamic is not None or not action.shortcuts:
            continue
        keys = ", ".join(
            keys.toString(QKeySequence.SequenceFormat.NativeText) for keys in table.qt(action.id).shortcuts()
        )
        if keys:
            by_menu.setdefault(action.menu.partition("/")[0] or "Elsewhere", []).append((keys, action.title))
    return [*((menu, tuple(rows)) for menu, rows in by_menu.items()), *GESTURES]


def page(found: Iterable[Group], wanted: str = "") -> str:
    """The groups as HTML: those lines that hold the words that are wanted."""
    words, tokens = wanted.casefold().split(), theme.current()
    parts = []
    for title, rows in found:
        fitting = [row for row in rows if all(word in f"{title} {row[0]} {row[1]}".casefold() for word in words)]
        if not fitting:
            continue
        lines = "".join(
            f"<tr><td width='300' style='padding:2px 16px 2px 0; font-weight:600'>{html.escape(keys, quote=False)}</td>"
            f"<td style='padding:2px 0; color:{tokens.muted}'>{html.escape(does, quote=False)}</td></tr>"
            for keys, does in fitting
        )
        parts.append(f"<h3>{html.escape(title)}</h3><table>{lines}</table>")
    return "".join(parts) or f"<p>No key or gesture is called “{html.escape(wanted.strip())}”.</p>"


class ShortcutSheet(QDialog):
    """The sheet with a field to find something in it. Not modal: it may stay open beside the work."""

    def __init__(self, parent: QWidget, table: ActionTable) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.scaled(820), theme.scaled(640))
        self._groups = groups(table)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find a key or what it does")
        self.field.setAccessibleName("Find a key or what it does")
        self.field.setClearButtonEnabled(True)
        self.text = QTextBrowser()
        self.text.setAccessibleName("Keys and gestures")
        self.setLayout(column(self.field, self.text, spacing=8, margins=(16, 16, 16, 16)))
        self.field.textChanged.connect(self._show)
        theme.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.text.setHtml(page(self._groups, self.field.text()))


def show_shortcuts(parent: QWidget, table: ActionTable) -> ShortcutSheet:
    """Open it."""
    sheet = ShortcutSheet(parent, table)
    sheet.show()
    return sheet
