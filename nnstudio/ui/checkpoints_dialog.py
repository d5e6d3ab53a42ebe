"""The list of a project's checkpoints: go back to one, save one now, delete some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QLocale, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QDialog, QMessageBox, QTreeWidget, QTreeWidgetItem, QWidget

from nnstudio.train.run_folder import BYTES, TIMED, Saved
from nnstudio.ui import theme
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.numbers import figure
from nnstudio.ui.parts import button, column, label, row

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: What each kind is called, and why there is one.
KINDS = {
    "last": ("from time to time", "Written every few seconds, less often in a long run"),
    "best": ("best epoch", "Of the epoch with the lowest validation loss so far"),
    "hand": ("by hand", "Asked for; it stays until you delete it"),
}
COLUMNS = ("Step", "Epoch", "Loss", "Kind", "Written", "Run", "Size")
_NUMBERS = (0, 1, 2, 6)
SavedRole = Qt.ItemDataRole.UserRole


class _Rows(QTreeWidget):
    """``removal_wanted``: Delete was pressed."""

    removal_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removal_wanted.emit()
        else:
            super().keyPressEvent(event)


class CheckpointsDialog(QDialog):
    """A row for each checkpoint, the newest first. Enter or a double click goes back to one, Delete deletes some."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setObjectName("checkpoints")
        self.setWindowTitle("Checkpoints")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.scaled(760), theme.scaled(420))
        self.rows = _Rows()
        self.rows.removal_wanted.connect(self.delete)
        self.rows.setHeaderLabels(list(COLUMNS))
        self.rows.setRootIsDecorated(False)
        self.rows.setUniformRowHeights(True)
        self.rows.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.rows.setAccessibleName("Checkpoints, the newest first")
        for place in _NUMBERS:
            self.rows.headerItem().setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.empty = EmptyState(
            "No checkpoints yet",
            "A run writes one every few seconds, for its best epoch, when you ask for one, and when it ends. "
            "You can then go back to it: weights, optimizer and place in the data.",
        )
        self.told = label("", "muted", wrap=True)
        self.back = button("Go back", self.go_back, "primary")
        self.delete_button = button("Delete …", self.delete)
        self.save = button("Save one now", session.training.checkpoint)
        close = button("Close", self.reject)
        self.setLayout(
            column(
                self.rows, self.empty, self.told,
                row(self.back, self.delete_button, self.save, 1, close),
                spacing=10, margins=(18, 16, 18, 16),
            )
        )  # fmt: skip
        self.rows.itemActivated.connect(lambda *_: self.go_back())
        self.rows.itemSelectionChanged.connect(self._follow)
        session.checkpoints.changed.connect(self.refresh)
        session.run_changed.connect(self._follow)
        self.refresh()
        session.checkpoints.look()

    @property
    def chosen(self) -> list[Saved]:
        """The checkpoints whose rows are selected, the newest first."""
        rows = [self.rows.topLevelItem(place) for place in range(self.rows.topLevelItemCount())]
        return [item.data(0, SavedRole) for item in rows if item is not None and item.isSelected()]

    def refresh(self) -> None:
        """Show what is on disk now."""
        kept = {saved.path for saved in self.chosen}
        saved = self._session.checkpoints.shelf.saved
        self.rows.clear()
        for each in saved:
            item = self._row(each)
            self.rows.addTopLevelItem(item)
            item.setSelected(each.path in kept)
        for place in range(len(COLUMNS) - 1):  # the last takes what is left
            self.rows.resizeColumnToContents(place)
            self.rows.setColumnWidth(place, self.rows.columnWidth(place) + theme.scaled(10))
        first = self.rows.topLevelItem(0)
        if first is not None and not self.chosen:
            self.rows.setCurrentItem(first)
        self.rows.setVisible(bool(saved))
        self.empty.setVisible(not saved)
        size, most = (self._bytes(amount) for amount in (self._session.checkpoints.size, BYTES))
        self.told.setText(
            f"{len(saved)} checkpoint{'' if len(saved) == 1 else 's'}, {size}. Of each run its newest, its best epoch, "
            f"{TIMED} more spread over its length and those made by hand are kept. Beyond {most} in all the oldest go, "
            "but none made by hand."
        )
        self._follow()

    def _row(self, saved: Saved) -> QTreeWidgetItem:
        about, session = saved.about, self._session
        record = session.runs.record(about.run)
        run = record.title if record is not None else about.run[:6]
        run = "this run" if session.checkpoints.present(saved) else run
        epochs = about.plan.get("epochs")
        title, why = KINDS[about.kind]
        when = QDateTime.fromSecsSinceEpoch(int(about.written))
        texts = (
            f"{about.step:,}", f"{about.epoch} of {epochs}" if epochs else str(about.epoch),
            figure(about.loss) if about.loss is not None else "–", title, _when(when),
            run, self._bytes(saved.size),
        )  # fmt: skip
        item = QTreeWidgetItem(list(texts))
        for place in _NUMBERS:
            item.setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setToolTip(2, "Of the last epoch: validation, or training where there are no validation rows")
        item.setToolTip(3, why)
        item.setToolTip(4, QLocale().toString(when, QLocale.FormatType.LongFormat))
        item.setData(0, SavedRole, saved)
        return item

    def _bytes(self, size: int) -> str:
        return QLocale().formattedDataSize(size, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)

    def _follow(self) -> None:
        chosen = len(self.chosen)
        self.back.setEnabled(chosen == 1)
        self.delete_button.setEnabled(chosen > 0)
        self.save.setEnabled(self._session.training.under_way)
        self.back.setToolTip("Have weights, optimizer and place in the data as they were then, and stand still there")

    def go_back(self) -> None:
        """Go back to the checkpoint that is selected."""
        if len(self.chosen) == 1:
            self._session.checkpoints.go_back(self.chosen[0])

    def delete(self) -> None:
        """Ask, then delete those that are selected."""
        gone = self.chosen
        if not gone:
            return
        what = f"the checkpoint of step {gone[0].about.step:,}" if len(gone) == 1 else f"{len(gone)} checkpoints"
        box = QMessageBox(self)
        box.setObjectName("delete_checkpoints")
        box.setText(f"Delete {what}?")
        box.setInformativeText("This cannot be undone. The weights that the project has now stay as they are.")
        delete = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)

        def answered() -> None:
            if box.clickedButton() is delete:
                self._session.checkpoints.delete(gone)
            box.deleteLater()

        box.finished.connect(answered)
        box.open()


def _when(time: QDateTime) -> str:
    """The hour, and the day where that is another than today."""
    hour = QLocale().toString(time.time(), "HH:mm:ss")
    day = QLocale().toString(time.date(), QLocale.FormatType.ShortFormat)
    return hour if time.date() == QDateTime.currentDateTime().date() else f"{day} {hour}"


def show_checkpoints(session: Session, parent: QWidget) -> CheckpointsDialog:
    """Open the list beside the window, or bring it forward."""
    known = parent.findChild(CheckpointsDialog, "checkpoints")
    dialog = known or CheckpointsDialog(session, parent)
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()
    return dialog


def offer_interrupted(session: Session, parent: QWidget) -> None:
    """Ask whether to go on with the run that was cut off."""
    saved = session.checkpoints.interrupted
    if saved is None or parent.findChild(QMessageBox, "interrupted") is not None:
        return
    about = saved.about
    epochs = about.plan.get("epochs", about.epoch)
    box = QMessageBox(parent)
    box.setObjectName("interrupted")
    box.setText(f"A run of “{session.title}” was cut off after step {about.step:,}, epoch {about.epoch} of {epochs}.")
    box.setInformativeText(
        f"Its last checkpoint was written at {_when(QDateTime.fromSecsSinceEpoch(int(about.written)))}. "
        "From there it can go on as if nothing had happened."
    )
    on = box.addButton("Go on", QMessageBox.ButtonRole.AcceptRole)
    be = box.addButton("Let it be", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(on)
    box.setEscapeButton(box.addButton("Later", QMessageBox.ButtonRole.RejectRole))

    def answered() -> None:
        pressed = box.clickedButton()
        if pressed is on:
            session.checkpoints.resume()
        elif pressed is be:
            session.checkpoints.let_be()
        box.deleteLater()

    box.finished.connect(answered)
    box.open()
