"""The history: every step that can be undone or redone, by name; a click goes to the state after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, QStringListModel, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from nnstudio.ui import theme
from nnstudio.ui.docks.live import Live

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

Index = QModelIndex | QPersistentModelIndex
#: How a row stands to the present: before it, at it, or undone.
DONE, PRESENT, UNDONE = "done", "present", "undone"
StateRole = Qt.ItemDataRole.UserRole + 1


class HistoryModel(QStringListModel):
    """A row for the state at the beginning, and one for the state after each step.

    The rows are Qt's own, without texts, so that the view counts a hundred thousand of them without asking; what they
    say is asked for when they are seen.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.steps: tuple[str, ...] = ()
        self.position = 0
        self.insertRows(0, 1)

    def show_steps(self, steps: tuple[str, ...], position: int) -> None:
        """Show these, so many of which are done."""
        before, alike = len(self.steps), _alike(self.steps, steps)
        others = alike < min(before, len(steps)) or position != self.position
        self.steps, self.position = steps, position
        if len(steps) > before:
            self.insertRows(before + 1, len(steps) - before)
        elif len(steps) < before:
            self.removeRows(len(steps) + 1, before - len(steps))
        if others:
            self.dataChanged.emit(self.index(0), self.index(len(steps)))

    def flags(self, index: Index) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = index.row()
        if not 0 <= row <= len(self.steps):
            return None
        state = PRESENT if row == self.position else DONE if row < self.position else UNDONE
        text = self.steps[row - 1] if row else "As it was opened"
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                return text
            case Qt.ItemDataRole.AccessibleTextRole:
                return text if state == DONE else f"{text}, {state}"
        return state if role == StateRole else None


def _alike(old: tuple[str, ...], new: tuple[str, ...]) -> int:
    """With how many of the same steps both begin."""
    if new[: len(old)] == old:
        return len(old)
    return next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), len(new))


class _Rows(QStyledItemDelegate):
    """A dot and the step's name; what is undone is quieter."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, theme.scaled(25))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens, state = theme.current(), index.data(StateRole)
        rect = option.rect  # type: ignore[attr-defined]
        flags = option.state  # type: ignore[attr-defined]
        painter.save()
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_row(painter, rect, chosen=state == PRESENT, flags=flags)
            middle, dot = rect.center().y(), theme.scaled(7)
            color = tokens.accent if state == PRESENT else tokens.muted
            painter.setPen(QColor(color))
            painter.setBrush(QColor(color) if state != UNDONE else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(rect.left() + 13, middle - dot // 2, dot, dot)
            painter.setFont(theme.ui_font(13, 600 if state == PRESENT else 400))
            painter.setPen(QColor(tokens.muted if state == UNDONE else tokens.text))
            inside = rect.adjusted(20 + dot, 0, -10, 0)
            text = index.data(Qt.ItemDataRole.DisplayRole)
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, inside.width())
            painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, shown)
        finally:
            painter.restore()


def paint_row(painter: QPainter, rect: Any, *, chosen: bool, flags: QStyle.StateFlag) -> None:
    """The ground of a row of a list: chosen, under the pointer, and with the keyboard's focus."""
    tokens = theme.current()
    inside = rect.adjusted(4, 1, -4, -1)
    painter.setPen(Qt.PenStyle.NoPen)
    if chosen:
        painter.setBrush(theme.row_selected(tokens))
        painter.drawRoundedRect(inside, 5, 5)
    elif flags & QStyle.StateFlag.State_MouseOver:
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(inside, 5, 5)
    if flags & QStyle.StateFlag.State_HasFocus:
        painter.setPen(QColor(tokens.accent))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(inside, 5, 5)


class HistoryPanel(Live):
    """The list. A click, or Enter, undoes or redoes until the state after that step."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.model = HistoryModel(self)
        self.list = QListView()
        self.list.setObjectName("history")
        self.list.setAccessibleName("History")
        self.list.setModel(self.model)
        self.list.setItemDelegate(_Rows(self.list))
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setUniformItemSizes(True)  # of a hundred thousand rows nobody asks each how tall it is
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self.list)
        self.setFocusProxy(self.list)
        self.list.clicked.connect(self._go)
        self.list.activated.connect(self._go)
        session.changed.connect(self.refresh_soon)

    def restyle(self) -> None:
        self.list.doItemsLayout()

    def refresh(self) -> None:
        document = self.session.document
        self.model.show_steps(document.steps, document.position)
        present = self.model.index(document.position)
        self.list.setCurrentIndex(present)
        self.list.scrollTo(present)

    def _go(self, index: QModelIndex) -> None:
        self.session.document.go_to(index.row())
