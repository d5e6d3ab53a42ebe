"""The card of a diagnosis: what is wrong with the training, where, the evidence, why, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from nnstudio.diagnose.titles import title
from nnstudio.train.events import Diagnosis
from nnstudio.ui.docks.evidence import EvidencePlot
from nnstudio.ui.docks.finding_row import FindingRow
from nnstudio.ui.parts import ElidedLabel, button, label, row, show_if

if TYPE_CHECKING:
    from nnstudio.diagnose.cures import Cure
    from nnstudio.ui.docks.findings import Finding
    from nnstudio.ui.session import Session

#: Nodes that are named as links at most.
NAMED = 6


class CureButton(QPushButton):
    """Does a cure. While the pointer or the focus is on it, the canvas shows what an edit of the network would do."""

    def __init__(self, session: Session, cure: Cure, parent: QWidget | None = None) -> None:
        super().__init__(cure.title.replace("&", "&&"), parent)
        self._session, self.cure = session, cure
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        growth = f" It adds {cure.parameters:+,} parameters.".replace("-", "−") if cure.parameters else ""
        self.setToolTip(f"{cure.explains}{growth} Can be undone.")
        self.setAccessibleName(f"Cure: {cure.title}")
        self.clicked.connect(lambda: session.doctoring.apply(cure))

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        if self.cure.edit is not None and not self._session.scope.block:
            self._session.preview(self.cure.edit)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._session.preview(None)


class DiagnosisCard(FindingRow):
    """A finding of the doctor. ``asked``: its page of the help is wanted. ``revealed``: this node is to be shown.
    ``tried``: this cure is to be tried beside the run as it is.

    Its cures are shown by :meth:`show_cures`; what belongs beside one of them is put there by :meth:`put_beside`.
    """

    asked = Signal()
    tried = Signal(object)
    revealed = Signal(str)

    def __init__(self, session: Session, finding: Finding, name: str, parent: QWidget | None = None) -> None:
        super().__init__(session, finding, name, parent)
        diagnosis = finding.diagnosis
        assert diagnosis is not None
        self.diagnosis: Diagnosis = diagnosis
        self.cures: tuple[Cure, ...] | None = None
        self.cure_buttons: list[CureButton] = []
        self.try_buttons: list[QPushButton] = []
        self._beside: dict[str, QHBoxLayout] = {}
        self.setProperty("diagnosis", True)
        self.title = label(title(diagnosis.code), "strong")
        show_if(self.title, title(diagnosis.code))
        self.why = button("Why?", self.asked.emit, "link", tooltip="What this is, and what helps, in the help")
        show_if(self.why, title(diagnosis.code))
        self.links = [self._link(id) for id in diagnosis.evidence.get("nodes", ())[:NAMED]]
        self.explains = label(self._signs(), "muted", wrap=True)
        show_if(self.explains, self.explains.text())
        self.plot = EvidencePlot(diagnosis.evidence, self)
        self.plot.setHidden(not self.plot.drawn)
        self._cures = QVBoxLayout()
        self._cures.setSpacing(6)
        self.text.insertLayout(0, row(self.title, self.why, 1, spacing=14))
        if self.links and self.title.text():
            self.name.hide()
            self.text.addLayout(row(label("In", "muted"), *self.links, 1, spacing=10))
        self.text.addWidget(self.explains)
        self.text.addSpacing(4)
        self.text.addLayout(self._cures)
        self.text.addStretch(1)
        self._row.addWidget(self.plot, 0, Qt.AlignmentFlag.AlignTop)

    def _link(self, id: str) -> QPushButton:
        called = self._called(id)
        link = button(called, lambda: self.revealed.emit(id), "link", tooltip=f"Show {called} on the canvas")
        link.setAccessibleName(f"Show {called}")
        return link

    def _called(self, id: str) -> str:
        whole = self._session.whole
        node = whole.flat.nodes.get(id) if whole is not None and hasattr(whole, "flat") else None
        started = self._session.history.started
        return node.name if node is not None else (started.nodes.get(id, id) if started is not None else id)

    def _signs(self) -> str:
        """What follows from it, in a sentence."""
        named = [title(code) or code for code, _ in self.diagnosis.evidence.get("explains", ())]
        return f"This also explains: {', '.join(name[:1].lower() + name[1:] for name in named)}." if named else ""

    def show_cures(self, cures: tuple[Cure, ...] | None) -> None:
        """Offer these; None while they are being looked for."""
        if cures == self.cures and (cures is None or self.cure_buttons or not cures):
            return
        self.cures = cures
        for each in self.cure_buttons:
            each.hide()
            each.deleteLater()
        while self._cures.count():
            taken = self._cures.takeAt(0).layout()
            while taken is not None and taken.count():
                widget = taken.takeAt(0).widget()
                if widget is not None:
                    widget.hide()
                    widget.deleteLater()
        self.cure_buttons, self.try_buttons, self._beside = [], [], {}
        for cure in cures or ():
            made = CureButton(self._session, cure, self)
            line = row(made, ElidedLabel(cure.explains, "muted"), spacing=10)
            line.setStretch(1, 1)
            self.cure_buttons.append(made)
            self._beside[cure.title] = line
            self._cures.addLayout(line)
            if cure.can_be_tried:
                self.try_buttons.append(self._try(cure))
                self.put_beside(cure, self.try_buttons[-1])
        self.buttons = list(self.cure_buttons)
        self.hint.setHidden(bool(cures) or not self.hint.text())  # the cures say it, and do it

    def _try(self, cure: Cure) -> QPushButton:
        tip = "Train on for a little, with and without it, on the same batches, and compare the two curves"
        made = button("Try it", lambda: self.tried.emit(cure), "link", tooltip=tip)
        made.setAccessibleName(f"Try: {cure.title}")
        return made

    def mend(self, place: int) -> None:
        if place < len(self.cure_buttons):
            self._session.doctoring.apply(self.cure_buttons[place].cure)

    def put_beside(self, cure: Cure, widget: QWidget) -> None:
        """Put a widget right of a cure's button. KeyError where this cure is not offered."""
        self._beside[cure.title].insertWidget(1, widget)
