"""The code beside the drawing: readable PyTorch source that follows every edit, with one selection for both."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStackedLayout, QWidget

from nnstudio.graph.blocks import used_by
from nnstudio.layers.blocks import Block
from nnstudio.ui.background import Job
from nnstudio.ui.docks.code_editor import CodePage
from nnstudio.ui.docks.controls import tool
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.live import Live
from nnstudio.ui.parts import ElidedLabel, column, label, row

if TYPE_CHECKING:
    from nnstudio.compile.resolve import Resolution
    from nnstudio.export.python_source import Source
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)
EMPTY = (
    "No code yet",
    "What you draw stands here as PyTorch source. Draw an input and a layer that it feeds: press Ctrl+L on the canvas.",
)
WAITING = ("Working it out", "The code is written as soon as the network is worked out.")


class CodePanel(Live):
    """The network's source. It is written in a background thread whenever the network has been worked out."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.source: Source | None = None
        self._written: tuple[Resolution | None, str] = (None, "")
        self._job: Job | None = None
        self._choosing = False
        self.page = CodePage()
        self.state = ElidedLabel("", "muted")
        self.copy_button = tool("Copy", "Copy the code")
        self.copy_button.clicked.connect(self.copy)
        title = label("Code", "heading")
        head = row(title, self.state, self.copy_button, margins=(16, 6, 8, 4))
        head.setStretch(1, 1)
        filled = QWidget()
        filled.setLayout(column(head, self.page, spacing=0))
        self.empty = EmptyState(*WAITING)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(filled)
        self.setFocusProxy(self.page)
        self.page.pointed.connect(self._point)
        session.resolved.connect(self.refresh_soon)
        session.project_changed.connect(self.refresh_soon)
        session.selection_changed.connect(self._show_selection)
        session.scope_changed.connect(self._show_selection)

    def restyle(self) -> None:
        self.page.restyle()

    def copy(self) -> None:
        """Put all of the text on the clipboard."""
        QGuiApplication.clipboard().setText(self.page.toPlainText())

    # following the drawing

    def refresh(self) -> None:
        resolution, title = wanted = (self.session.whole, self.session.title)
        if resolution is None or wanted == self._written:
            self._show_selection()
            return
        if self._job is not None:
            self._job.cancel()
        self._written = wanted

        def work(_: Job) -> Source | str:
            from nnstudio.export import ExportError
            from nnstudio.export.python_source import written

            try:
                return written(resolution, title or "Model", ends=True)
            except ExportError as error:
                return str(error)

        self._job = self.session.background.run(work, self._take, self._failed, name="code")

    def _take(self, made: Source | str) -> None:
        self._job = None
        resolution = self._written[0]
        assert resolution is not None
        if isinstance(made, str):
            self._cannot(bool(resolution.network.nodes))
            return
        self.source = made
        self.page.show_text(made.text)
        self.stack.setCurrentIndex(1)
        count = len(made.left_out)
        self._say(f"Without {count} layer{'s' * (count > 1)} that cannot be made; see Problems" if count else "")
        self._show_selection()

    def _failed(self, error: BaseException) -> None:
        self._job = None
        log.error("the code could not be written", exc_info=error)
        self._cannot(True)

    def _cannot(self, drawn: bool) -> None:
        """Nothing can be written: keep the last code where something is drawn, and say so."""
        if drawn and self.source is not None:
            self._say("The network cannot be written as it is; this is the last code; see Problems")
            return
        self.source = None
        self.empty.say(*EMPTY)
        self.stack.setCurrentIndex(0)

    def _say(self, text: str) -> None:
        self.state.setText(text)

    # one selection

    def _show_selection(self) -> None:
        """Mark the lines of what is selected, and bring the first of them into sight."""
        if self.source is None or not self.isVisible():
            self._stale = True
            return
        block, chosen = self.session.scope.block, self.session.selection
        lines = [span.line for span in self.source.spans if span.block == block and not chosen.isdisjoint(span.nodes)]
        self.page.mark(lines)
        if lines and not self._choosing and not self.page.hasFocus():
            self.page.bring(lines[0])

    def _point(self, line: int) -> None:
        """Select what a line is of, as far as the open scope holds it: in another class, the blocks that are of it."""
        if self.source is None:
            return
        session = self.session
        chosen: set[str] = set()
        for span in self.source.spans:
            if span.line == line:
                chosen |= set(span.nodes) if span.block == session.scope.block else self._blocks_with(span.block)
        if chosen:
            self._choosing = True
            try:
                session.select(chosen)
            finally:
                self._choosing = False

    def _blocks_with(self, definition: str) -> set[str]:
        """The nodes of the open scope that are blocks of a definition, or hold one."""
        blocks = self.session.sheet.network.blocks
        found = set()
        for id, node in self.session.network.nodes.items():
            if isinstance(node.layer, Block) and definition and node.layer.definition in blocks:
                inner = used_by(blocks[node.layer.definition], blocks)
                if definition == node.layer.definition or definition in inner:
                    found.add(id)
        return found
