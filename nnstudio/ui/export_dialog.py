"""Exporting the trained model: format, file, and the proof that what was written gives the same numbers."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFileDialog,
    QLineEdit,
    QProgressBar,
    QRadioButton,
    QWidget,
)

from nnstudio.data.errors import DataError
from nnstudio.export.errors import ExportError
from nnstudio.export.formats import FORMATS
from nnstudio.ui.background import Background, Job
from nnstudio.ui.parts import button, capital, column, label, row
from nnstudio.ui.session import Session

log = logging.getLogger(__name__)


class CancelledError(Exception):
    """The person cancelled the export."""


class ExportDialog(QDialog):
    """Asks for format and file, exports in the background, and says what was proved."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session = session
        self._background = Background(self)
        self._job: Job | None = None
        self._group = QButtonGroup(self)
        self._formats: dict[str, QRadioButton] = {}
        self.path = QLineEdit()
        self.path.setAccessibleName("File")
        self._browse = button("Choose …", self._ask)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self.outcome = label("", wrap=True)
        self.outcome.setObjectName("export_result")
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.cancel = button("Cancel", self.reject)
        self.go = button("Export", self._export, "primary")
        self.go.setObjectName("export_go")
        self.go.setDefault(True)
        self._lay_out()
        self._watch = QTimer(self)
        self._watch.setInterval(50)
        self._watch.timeout.connect(self._show_progress)
        self._propose()

    def _lay_out(self) -> None:
        choices = column(spacing=10)
        for id, format in FORMATS.items():
            made = QRadioButton(f"{format.title} ({format.suffix})")
            made.setObjectName(f"format_{id}")
            self._group.addButton(made)
            self._formats[id] = made
            choices.addLayout(
                column(made, row(label(capital(format.summary), "muted"), margins=(26, 0, 0, 0)), spacing=2)
            )
            made.toggled.connect(self._propose)
        next(iter(self._formats.values())).setChecked(True)
        kept = self._bar.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(kept)
        self._bar.hide()
        self.setLayout(
            column(
                label("Export model", "title"), choices, label("File", "heading"), row(self.path, self._browse),
                self._bar, self.outcome, 1, row(1, self.cancel, self.go), spacing=12, margins=(24, 20, 24, 18),
            )
        )  # fmt: skip
        self.setMinimumSize(540, 430)

    @property
    def format(self) -> str:
        """The id of the format that is chosen."""
        return next(id for id, made in self._formats.items() if made.isChecked())

    def _propose(self, *_: object) -> None:
        if not any(made.isChecked() for made in self._formats.values()):
            return
        known = Path(self.path.text()) if self.path.text() else None
        folder = self._session.path.parent if self._session.path is not None else Path.home()
        base = known.with_suffix("") if known is not None else folder / self._session.title
        self.path.setText(str(base.with_name(base.name + FORMATS[self.format].suffix)))
        self.outcome.clear()

    def _ask(self) -> None:
        format = FORMATS[self.format]
        kind = f"{format.title} (*{format.suffix})"
        chosen, _ = QFileDialog.getSaveFileName(self, "Export to", self.path.text(), kind)
        if chosen:
            self.path.setText(chosen)

    def _export(self) -> None:
        session = self._session
        if session.run_state not in ("idle", "paused"):
            self._say("The weights are changing while training goes on; stop or pause it, then export", "problem")
            return
        path, format, trained, dataset = (
            Path(self.path.text()),
            self.format,
            session.training.trained(),
            session.dataset,
        )

        def work(job: Job) -> tuple[Any, str]:
            from nnstudio.export import export

            def progress(share: float, text: str) -> None:
                if job.cancelled:
                    raise CancelledError
                job.report(share, text)

            progress(0.0, "Compiling")
            made = trained()
            samples, prepared = None, made.fitted.prepared if made.fitted is not None else None
            if dataset is not None:
                with contextlib.suppress(DataError):  # it is no longer what it was: there are no samples of it
                    data = made.data(dataset)
                    split = next((name for name in ("test", "validation", "train") if data.count(name)), "train")
                    samples, prepared = data.arrays(split), data.prepared
            return export(made.compiled, path, format, samples, progress, prepared), " ".join(made.notes)

        self._say("", "")
        self._job = self._background.run(work, self._done, self._failed, name="export")
        self._watch.start()
        self._set_busy(True)

    def _set_busy(self, busy: bool) -> None:
        self._bar.setVisible(busy)
        for part in (self.go, self.path, self._browse, *self._formats.values()):
            part.setEnabled(not busy)
        if not busy:
            self._watch.stop()
            self._job = None

    def _show_progress(self) -> None:
        if self._job is not None:
            share, text = self._job.progress
            self._bar.setValue(round(1000 * share))
            self._say(text, "muted")

    def _done(self, result: tuple[Any, str]) -> None:
        proof, note = result
        self._set_busy(False)
        extra = f" ({note})" if note else ""
        self._say(f"{capital(proof.sentence)}{extra}\n{proof.path}", "strong")
        self.cancel.setText("Close")
        self._session.notice.emit("info", f"{proof.path.name}: {proof.sentence}")

    def _failed(self, error: BaseException) -> None:
        from nnstudio.compile.lower import CompileError

        self._set_busy(False)
        if not isinstance(error, ExportError | CompileError):
            log.error("the export failed", exc_info=error)
        self._say(capital(str(error)) or type(error).__name__, "problem")

    def _say(self, text: str, role: str) -> None:
        self.outcome.setText(text)
        if self.outcome.property("role") != role:
            self.outcome.setProperty("role", role)
            self.outcome.style().polish(self.outcome)

    def reject(self) -> None:
        """Cancel what is under way and close."""
        if self._job is not None:
            self._job.cancel()
        super().reject()
