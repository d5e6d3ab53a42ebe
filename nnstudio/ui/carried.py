"""What the next training would do with the trained weights: kept, grown, cut or begun afresh, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from nnstudio.ui import theme
from nnstudio.ui.background import Job
from nnstudio.ui.parts import label

if TYPE_CHECKING:
    from nnstudio.compile.carrying import Carried, Part
    from nnstudio.project.weights import Trained
    from nnstudio.ui.session import Session

#: What each state is called, and the token of its colour.
STATES = {
    "kept": ("kept", "good"), "grown": ("kept and grown", "accent"), "cut": ("cut", "validation"),
    "fresh": ("begins afresh", "validation"), "lost": ("left out", "problem"),
}  # fmt: skip


class CarriedDialog(QDialog):
    """A line that sums up, and a row for each layer with weights, with one for each weight in it where they did not all
    fare alike. A row that is chosen shows its layer."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None
        self._closed = False
        self.setWindowTitle("Trained weights")
        self.setObjectName("carried")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 420)
        self.summary = label("Looking what fits …", "strong", wrap=True)
        self.rows = QTreeWidget()
        self.rows.setHeaderLabels(["Layer", "Weights", "Why"])
        self.rows.setRootIsDecorated(False)
        self.rows.setAccessibleName("Layers and what becomes of their weights")
        self.rows.itemActivated.connect(self._reveal)
        self.rows.itemClicked.connect(self._reveal)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(10)
        layout.addWidget(self.summary)
        layout.addWidget(self.rows, 1)
        layout.addWidget(buttons)
        session.resolved.connect(self.refresh)
        session.run_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Work it out anew, in the background."""
        if self._closed:
            return
        if self._session.training.weights is None and not self._session.training.under_way:
            self._say("This network has not been trained: every layer begins afresh.")
            return
        trained = self._session.training.trained()
        if self._job is not None:
            self._job.cancel()
        self._job = self._session.background.run(lambda _: trained(), self._take, self._fail, name="weights")

    def done(self, result: int) -> None:
        self._closed = True
        if self._job is not None:
            self._job.cancel()  # nobody is there to take what it finds
        super().done(result)

    def _take(self, trained: Trained) -> None:
        if trained.carried is not None:
            self.show_carried(trained.carried)

    def _fail(self, error: BaseException) -> None:
        self._say(f"What fits cannot be told while the network has a problem: {error}")

    def _say(self, sentence: str) -> None:
        self.rows.clear()
        self.summary.setText(sentence)

    def show_carried(self, carried: Carried) -> None:
        """Show this."""
        self._say(f"{carried.summary()}. {self._what_comes()}.")
        for part in carried.parts:
            title, color = STATES[part.state]
            row = QTreeWidgetItem([part.name, title, part.detail])
            row.setForeground(1, theme.color(getattr(theme.current(), color)))
            row.setToolTip(2, part.detail)
            row.setData(0, Qt.ItemDataRole.UserRole, part.id.partition("/")[0])
            self.rows.addTopLevelItem(row)
            if len(set(part.weights.values())) > 1:
                row.addChildren([self._weight(part, key, what) for key, what in part.weights.items()])
                self.rows.setRootIsDecorated(True)
        self.rows.resizeColumnToContents(0)
        self.rows.resizeColumnToContents(1)

    def _weight(self, part: Part, key: str, what: str) -> QTreeWidgetItem:
        """One weight of a layer of which not all fared alike."""
        title, color = STATES[what]
        row = QTreeWidgetItem([key.removeprefix(f"{part.name}."), title])
        row.setForeground(1, theme.color(getattr(theme.current(), color)))
        row.setData(0, Qt.ItemDataRole.UserRole, part.id.partition("/")[0])
        return row

    def _what_comes(self) -> str:
        """What becomes of the weights next, and why."""
        training = self._session.training
        if training.under_way:
            edited = training.changes.network_waits
            return "Resume goes on with these" if edited else "The run trains the network as it is drawn"
        if training.keeps:
            return "The next training goes on from these weights: the network was edited since it was trained"
        return "The next training begins afresh: the network is the one that was trained"

    def _reveal(self, row: QTreeWidgetItem) -> None:
        self._session.reveal(row.data(0, Qt.ItemDataRole.UserRole))


def show_carried(session: Session, parent: QWidget) -> CarriedDialog:
    """Open the list beside the window."""
    dialog = CarriedDialog(session, parent)
    dialog.show()
    return dialog
