"""The outline: the network as a tree beside the canvas, for the keyboard and for screen readers.

Everything that the canvas does to a selection can be done from here: the actions of the window work on what is
selected, wherever it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
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

from nnstudio.graph import Network, edits
from nnstudio.ui import theme
from nnstudio.ui.background import Job
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.history import paint_row
from nnstudio.ui.docks.live import Live
from nnstudio.ui.docks.outline_marks import MarksList
from nnstudio.ui.docks.outline_model import (
    MANY,
    Item,
    OutlineModel,
    OutputRole,
    ProblemRole,
    QuietRole,
    Steps,
    TypeRole,
    flow_order,
    steps,
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
    """The tree and, below it, frames and notes; always in step with the canvas.

    ``menu_wanted(point on the screen)``: a menu for what is selected.
    """

    menu_wanted = Signal(QPoint)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.model = OutlineModel(self)
        self.tree = _Tree()
        self.marks = MarksList()
        self.tree.setObjectName("outline")
        self._set_up()
        self._following = False
        self._job: Job | None = None  # which finds the order of very many rows
        self._opened: dict[int, Item] = {}  # blocks whose rows are shown
        self._empty = EmptyState(*EMPTY)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self.tree)
        column.addWidget(self.marks)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(filled)
        self.setFocusProxy(self.tree)
        self.tree.selectionModel().selectionChanged.connect(self._selected)
        self.tree.activated.connect(self._activated)
        self.tree.expanded.connect(lambda index: self._note_open(self.model.row_at(index), is_open=True))
        self.tree.collapsed.connect(lambda index: self._note_open(self.model.row_at(index), is_open=False))
        self.tree.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.tree.viewport().mapToGlobal(at))
        )
        self.model.renamed.connect(self._rename)
        for signal in (session.changed, session.resolved):
            signal.connect(self.refresh_soon)
        for signal in (session.selection_changed, session.scope_changed):
            signal.connect(self._follow_selection)
        session.scope_changed.connect(self.refresh_soon)

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
        network = self.session.sheet.network
        self._change(lambda: self.model.look_at(network, self.session.whole))
        if self.model.disordered and self._job is None:
            if len(network.nodes) > MANY:
                self._order_later(network)
            else:
                self._change(lambda: self.model.show_network(network, self.session.whole))
        self.tree.viewport().update()  # types and problems
        self.marks.show_view(self.session.view, self.session.network)
        self._stack.setCurrentIndex(1 if self.model.root.rows or self.session.view.notes else 0)
        self._follow_selection()

    def _change(self, change: Callable[[], object]) -> None:
        """Do something to the rows; what that does to their selection is nobody's choice. Blocks stay open."""
        self._following = True
        try:
            change()
            for item in [
                item for item in self._opened.values() if shiboken6.isValid(item) and item.model() is self.model
            ]:
                self.tree.setExpanded(item.index(), True)
        finally:
            self._following = False

    def _note_open(self, item: Item, *, is_open: bool) -> None:
        if is_open:
            self._opened[id(item)] = item
        else:
            self._opened.pop(id(item), None)

    def _order_later(self, network: Network) -> None:
        """Find the order of very many rows in the background."""
        before = self.model.ids

        def work(_: Job) -> tuple[list[str], Steps | None]:
            wanted = flow_order(network)
            return wanted, steps(before, wanted)

        def done(found: tuple[list[str], Steps | None]) -> None:
            self._job = None
            if self.session.sheet.network.wires is network.wires and self.session.sheet.network is self.model.network:
                self._change(lambda: self.model.order(*found))
            self.refresh_soon()

        def failed(error: BaseException) -> None:
            self._job = None
            raise error

        self._job = self.session.background.run(work, done, failed, name="outline")

    def _follow_selection(self) -> None:
        """Mark the rows of what is selected in the session."""
        if self._following or not self.isVisible():
            return
        chosen = self.session.selection
        home = self._home()
        if len(chosen) == len(home.rows) and home.by_id.keys() == chosen:
            rows = home.rows
        else:
            rows = sorted((home.by_id[id] for id in chosen if id in home.by_id), key=Item.row)
        first = rows[0] if rows else None
        selection = self._ranges(rows, whole=rows is home.rows)
        self._following = True
        try:
            model = self.tree.selectionModel()
            model.select(selection, Flags.ClearAndSelect)
            current = self.model.row_at(self.tree.currentIndex())
            if first is not None and current.id not in chosen:
                index = self.model.index_of(first)
                model.setCurrentIndex(index, Flags.NoUpdate)
                self.tree.scrollTo(index)
        finally:
            self._following = False

    def _ranges(self, rows: list[Item], *, whole: bool) -> QItemSelection:
        """These rows, in their order, as a selection: neighbours as one range, or thousands of rows take long."""
        selection = QItemSelection()
        if whole and rows:
            selection.select(self.model.index_of(rows[0]), self.model.index_of(rows[-1]))
            return selection
        places = [row.row() for row in rows]
        start = 0
        for at, place in enumerate(places):
            if at + 1 == len(rows) or places[at + 1] != place + 1:
                selection.select(self.model.index_of(rows[start]), self.model.index_of(rows[at]))
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
                ranges: list[QItemSelectionRange] = list(self.tree.selectionModel().selection())  # type: ignore[call-overload]
                rows = [
                    row
                    for each in ranges
                    for row in self.model.row_at(each.parent()).rows[each.top() : each.bottom() + 1]
                ]
                current = self.model.row_at(self.tree.currentIndex())
                marked = any(each.contains(self.tree.currentIndex()) for each in ranges)
                home = current.above if marked else rows[0].above if rows else None
                if home is not None:
                    self._open(home)
                self.session.select([row.id for row in rows if row.above is home])
            finally:
                self._following = False

    def _activated(self, index: QModelIndex) -> None:
        item = self.model.row_at(index)
        if item.above is not None:
            self._open(item.above)
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
        if node is not None and item.above is not None and name and name != node.name:
            self._open(item.above)
            self.session.do(f"Rename {node.name}", edits.rename(item.id, name))
