"""The list of data sets in the data dialog: those that come along, those in packages, and files that were opened."""

from __future__ import annotations

import functools
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from nnstudio.data import DataReference, shipped, shipped_reference
from nnstudio.data.packages import PACKAGED, packaged_reference


class Sources(QListWidget):
    """``choose`` is called with the reference to a set that is clicked on."""

    def __init__(self, choose: Callable[[DataReference], object]) -> None:
        super().__init__()
        self._choose = choose
        self.setFixedWidth(210)
        self.setAccessibleName("Data sets")
        for id, title, summary in shipped():
            self.add(title, summary, functools.partial(self._shipped, id))
        for made in PACKAGED.values():
            tip = f"{made.summary}; in the package {made.package}. {made.licence}"
            self.add(made.title, tip, functools.partial(self._packaged, made.id))
        self.currentItemChanged.connect(self._chosen)

    def add(self, title: str, summary: str, chosen: Callable[[], object]) -> QListWidgetItem:
        """One more line; ``chosen`` is called when it becomes the current one."""
        item = QListWidgetItem(title)
        item.setToolTip(summary)
        item.setSizeHint(QSize(0, 30))
        item.setData(Qt.ItemDataRole.UserRole, chosen)
        self.addItem(item)
        return item

    def show_current(self, id: str) -> None:
        """Mark the set with this id, without choosing it."""
        titles = {known: title for known, title, _ in shipped()} | {made.id: made.title for made in PACKAGED.values()}
        found = self.findItems(titles.get(id, ""), Qt.MatchFlag.MatchExactly)
        self.blockSignals(True)
        self.setCurrentItem(found[0] if found else None)  # type: ignore[arg-type]
        self.blockSignals(False)

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            item.data(Qt.ItemDataRole.UserRole)()

    def _shipped(self, id: str) -> None:
        self._choose(shipped_reference(id))

    def _packaged(self, id: str) -> None:
        self._choose(packaged_reference(id))
