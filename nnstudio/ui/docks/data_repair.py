"""A strip over the data panel while its file is being read, is gone or has changed, with what can be done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from nnstudio.ui.data_loading import STOPPED
from nnstudio.ui.docks import numbers
from nnstudio.ui.parts import button, label, row

if TYPE_CHECKING:
    from nnstudio.ui.session import Session


class DataRepair(QWidget):
    """Says what is the matter with the file; hidden where nothing is."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.text = label("", wrap=True)
        self.stop = button("Stop reading", session.data_loading.stop)
        self.again = button("Read it again", session.reload_data)
        self.search = button("Find it …", self._find)
        self.take = button("", self._take, "primary")
        self.buttons = (self.take, self.search, self.again, self.stop)
        layout = row(self.text, *self.buttons, spacing=10, margins=(16, 8, 12, 8))
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.hide()

    def refresh(self) -> None:
        """Show what is the matter now."""
        session = self._session
        loading, dataset, job = session.data_loading, session.dataset, session.data_job
        name = Path(session.reference.name).name if session.reference is not None else ""
        if job is not None and job.early is not None:
            share = numbers.share(job.progress[0])
            self._say(f"These are the first rows; the rest of “{name}” is being read: {share}.", self.stop)
        elif job is not None:
            self.hide()
        elif loading.other is not None:
            self.take.setText("Use the new one")
            self._say(f"“{loading.other.name}” holds other data than “{name}” did.", self.take, self.search)
        elif loading.lost and loading.found is not None:
            self.take.setText("Use it")
            self._say(f"“{name}” was found: {loading.found}", self.take, self.search)
        elif loading.lost:
            self._say(f"“{name}” is not where it was.", self.search, self.again)
        elif session.data_error == STOPPED:
            self._say(f"“{name}” was not read to its end.", self.again)
        elif dataset is not None and dataset.has_changed:
            self.take.setText("Use the new one")
            self._say(
                f"“{name}” has changed since it was chosen; figures of earlier runs were of other data.",
                self.take, self.search,
            )  # fmt: skip
        else:
            self.hide()

    def _say(self, text: str, *offered: QWidget) -> None:
        self.text.setText(text)
        for each in self.buttons:
            each.setVisible(each in offered)
        self.show()

    def _take(self) -> None:
        loading = self._session.data_loading
        path = loading.other or loading.found
        if path is not None:
            loading.use(path)
        else:
            loading.use_changed()

    def _find(self) -> None:
        reference = self._session.reference
        if reference is None:
            return
        base = self._session.data_loading.base
        old = reference.path(base)
        place = str(base or old.parent)
        if Path(old).suffix:
            chosen, _ = QFileDialog.getOpenFileName(self, f"Find {old.name}", place, f"*{old.suffix};;*")
        else:
            chosen = QFileDialog.getExistingDirectory(self, f"Find {old.name}", place)
        if chosen:
            self._session.data_loading.look_at(Path(chosen))
