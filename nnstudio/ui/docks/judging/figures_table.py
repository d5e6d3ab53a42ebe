"""Figures of classes, one a line, the figures under their heads."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from nnstudio.ui import theme

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class FiguresTable(QTableWidget):
    """A name and its figures a line. heads, widths: of the columns, in pixels at 100 %; name: what it shows, told to
    those who cannot see it."""

    def __init__(self, heads: Sequence[str], widths: Sequence[int], name: str) -> None:
        super().__init__(0, len(heads))
        self._widths = widths
        self.setHorizontalHeaderLabels(list(heads))
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(RIGHT)
        self.horizontalHeaderItem(0).setTextAlignment(LEFT)

    def show_lines(self, lines: Sequence[Sequence[str]]) -> None:
        """Show these; none is chosen, and nobody is told of that."""
        blocker = QSignalBlocker(self)
        self.setFont(theme.ui_font(12))
        self.verticalHeader().setDefaultSectionSize(theme.scaled(24))
        self.setRowCount(len(lines))
        for at, line in enumerate(lines):
            for place, text in enumerate(line):
                item = QTableWidgetItem(text)
                item.setTextAlignment(RIGHT if place else LEFT)
                self.setItem(at, place, item)
        for place, width in enumerate(self._widths):
            self.setColumnWidth(place, theme.scaled(width))
        self.clearSelection()
        blocker.unblock()

    @property
    def chosen(self) -> str:
        """The name on the line that is chosen; "" where none is."""
        rows = self.selectionModel().selectedRows()
        return self.item(rows[0].row(), 0).text() if rows else ""
