"""The command palette: every action of the window by a few letters of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.fuzzy import ranked
from nnstudio.ui.parts import column

WIDTH, ROW, ROWS = 560, 32, 12
#: So many rows are listed at most; what is typed makes them fewer.
MOST = 300
#: Height of all but the rows.
FRAME = 62


@dataclass(frozen=True)
class Command:
    """One line: what it is called, where it belongs (shown muted), its keys, and what it does."""

    title: str
    run: Callable[[], object]
    group: str = ""
    keys: str = ""
    words: str = ""


class _Rows(QStyledItemDelegate):
    """Title at the left, group behind it, keys at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(theme.scaled(WIDTH), theme.scaled(ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = theme.current()
        command: Command = index.data(Qt.ItemDataRole.UserRole)
        rect: QRect = option.rect  # type: ignore[attr-defined]
        selected = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.mixed(tokens.raised, tokens.accent, 0.25))
            painter.drawRoundedRect(rect.adjusted(4, 1, -4, -1), 5, 5)
        inside = rect.adjusted(14, 0, -14, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.ui_font(13))
        painter.setPen(theme.color(tokens.text))
        painter.drawText(inside, middle | Qt.AlignmentFlag.AlignLeft, command.title)
        width = painter.fontMetrics().horizontalAdvance(command.title)
        painter.setPen(theme.color(tokens.muted))
        painter.setFont(theme.ui_font(12))
        painter.drawText(inside.adjusted(width + 10, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, command.group)
        painter.setFont(theme.mono_font(11))
        painter.drawText(inside, middle | Qt.AlignmentFlag.AlignRight, command.keys)
        painter.restore()


class CommandPalette(QFrame):
    """A field and the commands that fit what is typed. Enter does the chosen one, Escape leaves."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("command_palette")
        self.setProperty("role", "popup")
        self._window = window
        self._all: list[Command] = []
        self._barred: list[Command] = []
        self._filtered: tuple[str, list[Command]] = ("", [])
        self.field = QLineEdit()
        self.field.setProperty("role", "large")
        self.list = QListWidget()
        self.list.setAccessibleName("What was found")
        self.list.setItemDelegate(_Rows(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.nothing = QLabel()
        self.nothing.setProperty("role", "muted")
        self.nothing.setContentsMargins(6, 0, 6, 0)
        self.setLayout(column(self.field, self.list, self.nothing, spacing=6, margins=(8, 8, 8, 8)))
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda _: self._run())
        self.list.itemEntered.connect(self.list.setCurrentItem)
        self.list.currentItemChanged.connect(self._tell)

    def popup(self, commands: Iterable[Command], prompt: str, barred: Iterable[Command] = ()) -> None:
        """Show these commands at the top of the window, with the field ready to type.

        barred: those that cannot be done now; where nothing else fits, that is said of them.
        """
        self._all, self._filtered, self._barred = list(commands), ("", []), list(barred)
        self.field.setPlaceholderText(prompt)
        self.field.setAccessibleName(prompt)
        self.field.clear()
        self._filter("")
        width = min(theme.scaled(WIDTH), self._window.width() - 40)
        self.setFixedWidth(width)
        self.move(self._window.mapToGlobal(QPoint((self._window.width() - width) // 2, 56)))
        self.show()
        self.field.setFocus()

    def _tell(self, item: QListWidgetItem | None) -> None:
        """The chosen row in words: the focus stays in the field."""
        command: Command | None = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        parts = (
            filter(None, (command.title, command.group, command.keys)) if command is not None else ("nothing found",)
        )
        describe(self.field, ", ".join(parts))

    def _filter(self, text: str) -> None:
        self.list.clear()
        before, pool = self._filtered
        if not before or not text.startswith(before):
            pool = self._all
        found = ranked(text, pool, lambda c: c.title, lambda c: f"{c.group} {c.words}")
        fitting = set(map(id, found))  # what is typed on finds less: the others need not be looked at again
        self._filtered = text, [command for command in pool if id(command) in fitting]
        for command in found[:MOST]:
            item = QListWidgetItem(command.title)
            item.setData(Qt.ItemDataRole.UserRole, command)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        empty = not self.list.count()
        self.list.setVisible(not empty)
        self.nothing.setVisible(empty)
        if empty:
            barred = ranked(text, self._barred, lambda c: c.title, lambda c: f"{c.group} {c.words}")
            said = f"Nothing fits “{text[:40]}”; try another word for it."
            self.nothing.setText(f"“{barred[0].title}” cannot be done at this moment." if barred else said)
            self._tell(None)
        room = max(2, (self._window.height() - 80 - theme.scaled(FRAME)) // theme.scaled(ROW))
        self.setFixedHeight(theme.scaled(FRAME) + theme.scaled(ROW) * min(ROWS, room, max(1, self.list.count())))

    def _run(self) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        command: Command = item.data(Qt.ItemDataRole.UserRole)
        self.close()
        command.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS, Qt.Key.Key_PageUp: -ROWS}
            key = Qt.Key(event.key())
            if key in moves and self.list.count():
                row = self.list.currentRow() + moves[key]
                self.list.setCurrentRow(min(max(0, row), self.list.count() - 1))
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run()
                return True
        return False
