"""The outline: the network as a tree beside the canvas, for the keyboard and for screen readers.

Everything that the canvas does to a selection can be done from here: the actions of the window work on what is
selected, wherever it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from nnstudio.graph import edits
from nnstudio.ui import theme
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.history import paint_row
from nnstudio.ui.docks.live import Live
from nnstudio.ui.docks.outline_model import (
    Item,
    OutlineModel,
    OutputRole,
    ProblemRole,
    QuietRole,
    TypeRole,
)
from nnstudio.ui.scope import Scopes

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

Index = QModelIndex | QPersistentModelIndex
Flags = QItemSelectionModel.SelectionFlag
ROW = 25
EMPTY = ("Nothing drawn yet", "Every layer is listed here, from inputs to outputs. Ctrl+L adds one by its name.")


class _Rows(QStyledItemDelegate):
    """A square in the family's colour, the name, the type, what it gives at the right, a dot where it is wrong."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, theme.scaled(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rect = QRect(option.rect)  # type: ignore[attr-defined]
        flags = option.state  # type: ignore[attr-defined]
        painter.save()
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            whole = rect.adjusted(-rect.left(), 0, 0, 0)
            paint_row(painter, whole, chosen=bool(flags & QStyle.StateFlag.State_Selected), flags=flags)
            self._paint_texts(painter, rect, index)
        finally:
            painter.restore()

    def _paint_texts(self, painter: QPainter, rect: QRect, index: Index) -> None:
        tokens, side = theme.current(), theme.scaled(11)
        color = index.data(Qt.ItemDataRole.DecorationRole)
        if color is None:
            return  # the layer is gone, and the list follows in a moment
        if index.data(QuietRole):
            painter.setOpacity(0.55)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRoundedRect(QRect(rect.left() + 2, rect.center().y() - side // 2, side, side), 3, 3)
        left, right = rect.left() + side + 9, rect.right() - 10
        if index.data(ProblemRole):
            painter.setBrush(QColor(tokens.problem))
            painter.drawEllipse(QPoint(right - 3, rect.center().y()), theme.scaled(4), theme.scaled(4))
            right -= theme.scaled(4) + 12
        name = str(index.data(Qt.ItemDataRole.DisplayRole))
        left = self._text(painter, rect, left, right, name, tokens.text, 13) + 8
        output = str(index.data(OutputRole))
        painter.setFont(theme.mono_font(10))
        width = painter.fontMetrics().horizontalAdvance(output)
        if output and right - left >= width:
            painter.setPen(QColor(tokens.muted))
            place = QRect(left, rect.top(), right - left, rect.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, output)
            right -= width + 10
        if right - left > theme.scaled(30):
            self._text(painter, rect, left, right, str(index.data(TypeRole)), tokens.muted, 11)

    def _text(
        self, painter: QPainter, rect: QRect, left: int, right: int, text: str, color: str, px: int
    ) -> int:  # fmt: skip
        """Write a text between two places, cut where it is too long. Returns where it ends."""
        painter.setFont(theme.ui_font(px))
        painter.setPen(QColor(color))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(0, right - left))
        place = QRect(left, rect.top(), max(0, right - left), rect.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)
        return left + painter.fontMetrics().horizontalAdvance(shown)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setProperty("role", "inline")
        editor.setAccessibleName(f"Name of {index.data(Qt.ItemDataRole.EditRole)}")
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        rect: QRect = option.rect  # type: ignore[attr-defined]
        editor.setGeometry(rect.adjusted(theme.scaled(11) + 2, 0, -4, 0))


class _Tree(QTreeView):
    """A tree whose rows are marked over their whole width, and whose arrows have the colours of the theme."""

    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:
        if not self.model().hasChildren(index):
            return
        side = theme.scaled(4)
        middle = QPoint(rect.right() - theme.scaled(3), rect.center().y())
        points = [QPoint(-side // 2, -side), QPoint(side // 2, 0), QPoint(-side // 2, side)]
        if self.isExpanded(index):  # type: ignore[arg-type]
            points = [QPoint(point.y(), point.x()) for point in points]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.current().muted), 1.5))
        painter.drawPolyline([middle + point for point in points])
        painter.restore()


class Outline(Live):
    """The tree, always in step with the canvas. ``menu_wanted(point on the screen)``: a menu for what is selected."""

    menu_wanted = Signal(QPoint)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.model = OutlineModel(self)
        self.tree = _Tree()
        self.tree.setObjectName("outline")
        self._set_up()
        self._following = False
        self._empty = EmptyState(*EMPTY)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self.tree)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(filled)
        self.setFocusProxy(self.tree)
        self.tree.selectionModel().selectionChanged.connect(self._selected)
        self.tree.activated.connect(self._activated)
        self.tree.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.tree.viewport().mapToGlobal(at))
        )
        self.model.renamed.connect(self._rename)
        for signal in (session.changed, session.resolved):
            signal.connect(self.refresh_soon)
        for signal in (session.selection_changed, session.scope_changed):
            signal.connect(self._follow_selection)

    def _set_up(self) -> None:
        tree = self.tree
        tree.setAccessibleName("Outline of the network")
        tree.setModel(self.model)
        tree.setItemDelegate(_Rows(tree))
        tree.setHeaderHidden(True)
        tree.setUniformRowHeights(True)
        tree.setFrameShape(QTreeView.Shape.NoFrame)
        tree.setIndentation(14)
        tree.setMouseTracking(True)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.setExpandsOnDoubleClick(False)

    # -- following ------------------------------------------------------------------------------------------------

    def restyle(self) -> None:
        self.tree.setIndentation(theme.scaled(14))
        self.tree.doItemsLayout()

    def refresh(self) -> None:
        self._following = True
        try:
            self.model.show_network(self.session.sheet.network, self.session.whole)
        finally:
            self._following = False
        self.tree.viewport().update()  # types and problems
        self._stack.setCurrentIndex(1 if self.model.root.rows else 0)
        self._follow_selection()

    def _follow_selection(self) -> None:
        """Mark the rows of what is selected in the session."""
        if self._following or not self.isVisible():
            return
        chosen = self.session.selection
        home = self._home()
        rows = [row for row in home.rows if row.id in chosen]
        first = rows[0] if rows else None
        selection = self._ranges(rows)
        self._following = True
        try:
            model = self.tree.selectionModel()
            model.select(selection, Flags.ClearAndSelect)
            current = self.model.item(self.tree.currentIndex())
            if first is not None and current.id not in chosen:
                index = self.model.index_of(first)
                model.setCurrentIndex(index, Flags.NoUpdate)
                self.tree.scrollTo(index)
        finally:
            self._following = False

    def _ranges(self, rows: list[Item]) -> QItemSelection:
        """These rows, in their order, as a selection: neighbours as one range, or thousands of rows take long."""
        selection = QItemSelection()
        start = 0
        for at, row in enumerate(rows):
            if at + 1 == len(rows) or rows[at + 1].place != row.place + 1:
                selection.select(self.model.index_of(rows[start]), self.model.index_of(row))
                start = at + 1
        return selection

    def _home(self) -> Item:
        """The row in which the open scope's nodes stand; the root where that is the whole network."""
        path = [part for part in self.session.scope.path.split("/") if part and not part.isdigit()]
        item = self.model.at(path) or self.model.root
        if item is not self.model.root:
            self.tree.expand(self.model.index_of(item))
        return item

    # -- what a person does here ----------------------------------------------------------------------------------

    def _selected(self, *_: object) -> None:
        if not self._following:
            self._following = True
            try:
                rows = [self.model.item(index) for index in self.tree.selectionModel().selectedRows()]
                current = self.model.item(self.tree.currentIndex())
                home = current.parent if current in rows else rows[0].parent if rows else None
                if home is not None:
                    self._open(home)
                self.session.select(row.id for row in rows if row.parent is home)
            finally:
                self._following = False

    def _activated(self, index: QModelIndex) -> None:
        item = self.model.item(index)
        if item.parent is not None:
            self._open(item.parent)
            self.session.reveal(item.id)

    def _open(self, item: Item) -> None:
        """Open the scope whose nodes are the children of a row, where another is open."""
        if item is not self._home():
            way = Scopes()
            for id in item.path:
                way.scope = way.into(self.session.sheet, id) or way.scope
            self.session.open_scope(way.scope)

    def rename(self) -> None:
        """Edit the name of the current row in its place."""
        index = self.tree.currentIndex()
        if index.isValid():
            self.tree.edit(index)

    def _rename(self, item: Item, name: str) -> None:
        node = self.model.node(item)
        if node is not None and item.parent is not None and name and name != node.name:
            self._open(item.parent)
            self.session.do(f"Rename {node.name}", edits.rename(item.id, name))
