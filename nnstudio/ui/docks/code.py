"""The code beside the drawing: readable PyTorch source that follows every edit, with one selection for both.

What is typed in it is read, never run, and becomes an edit of the drawing as soon as it can be one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStackedLayout, QWidget

from nnstudio.graph import EditError
from nnstudio.graph.blocks import used_by
from nnstudio.layers import ParameterError
from nnstudio.layers.blocks import Block
from nnstudio.ui.background import Job
from nnstudio.ui.docks.code_editor import ABOUT, CodePage
from nnstudio.ui.docks.code_places import view_of
from nnstudio.ui.docks.controls import tool
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.live import Live
from nnstudio.ui.parts import ElidedLabel, button, capital, column, label, panel, row

if TYPE_CHECKING:
    from nnstudio.compile.resolve import Resolution
    from nnstudio.export.code_editing import CodeEdit, CodeError
    from nnstudio.export.python_source import Source
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)
EMPTY = (
    "No code yet",
    "What you draw stands here as PyTorch source. Draw an input and a layer that it feeds: press Ctrl+L on the canvas.",
)
#: So long after the last key, in milliseconds, what was typed is read.
PAUSE = 700
CHANGED = "The drawing has changed since this code was written, so that what was typed cannot be added to it."
WAITING = ("Working it out", "The code is written as soon as the network is worked out.")


class CodePanel(Live):
    """The network's source. It is written in a background thread whenever the network has been worked out."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.source: Source | None = None
        self._written: tuple[Resolution | None, str] = (None, "")
        self._job: Job | None = None
        self._choosing = False
        self._typed = False
        self._newer: Source | None = None
        self._ours: object = None
        self._remarks: tuple[str, ...] = ()
        self._reading: Job | None = None
        self._pause = QTimer(self, singleShot=True, interval=PAUSE)
        self._pause.timeout.connect(self.apply)
        self.page = CodePage()
        self.state = ElidedLabel("", "muted")
        self.copy_button = tool("Copy", "Copy the code")
        self.copy_button.clicked.connect(self.copy)
        title = label("Code", "heading")
        head = row(title, self.state, self.copy_button, margins=(16, 6, 8, 4))
        head.setStretch(1, 1)
        self.wrong = label("", "problem", wrap=True)
        self.back = button("Back to the drawing's code", self.revert, "link")
        self.strip = panel(column(self.wrong, self.back, spacing=2, margins=(16, 6, 12, 8)))
        self.strip.hide()
        self.remark = label("", "muted", wrap=True)
        self.remark.setContentsMargins(16, 6, 12, 8)
        self.remark.hide()
        filled = QWidget()
        filled.setLayout(column(head, self.page, self.remark, self.strip, spacing=0))
        self.empty = EmptyState(*WAITING)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(filled)
        self.setFocusProxy(self.page)
        self.page.pointed.connect(self._point)
        self.page.typed.connect(self._type)
        self.page.apply_wanted.connect(self.apply)
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
        if resolution is None or (resolution is self._written[0] and title == self._written[1]):
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
        if self._typed:
            self._take_while_typing(made)
            return
        self.source, self._newer = made, None
        self.page.show_text(made.text)
        self._refuse(None)
        self.stack.setCurrentIndex(1)
        self._tell(self._remarks if made.of is not None and made.of.network is self._ours else ())
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

    def _tell(self, remarks: tuple[str, ...]) -> None:
        """Say below the code where what was drawn of it is not in everything what was typed."""
        self.remark.setText(" ".join(remarks))
        self.remark.setVisible(bool(remarks))

    # what is typed

    def _type(self) -> None:
        self._typed = True
        self._pause.start()

    def apply(self) -> None:
        """Read what was typed, and make the drawing say it."""
        self._pause.stop()
        source, text = self.source, self.page.toPlainText()
        if not self._typed or source is None:
            return
        if self._newer is not None:
            self._refuse((0, 0, CHANGED))
            return
        if self._reading is not None:
            self._reading.cancel()

        def work(_: Job) -> CodeEdit | CodeError:
            from nnstudio.export.code_editing import CodeError, edited

            try:
                return edited(source, text)
            except CodeError as error:
                return error

        self._reading = self.session.background.run(
            work, lambda made: self._read(text, made), self._not_read, name="code reading"
        )

    def _read(self, text: str, made: CodeEdit | CodeError) -> None:
        self._reading = None
        if self.page.toPlainText() != text:
            return  # more was typed meanwhile; it is read at the next pause
        if isinstance(made, ValueError):
            self._refuse((made.line, made.column, made.sentence))
            return
        self._refuse(None)
        self._typed = False
        if made:
            self._do(made)

    def _do(self, made: CodeEdit) -> None:
        document, sheet = self.session.document, self.session.sheet
        try:
            self._ours, self._remarks = made.network, made.remarks
            document.do("Edit code", made.edit, view=view_of(sheet.network, sheet.view, made))
        except (EditError, ParameterError) as error:
            self._typed = True
            self._refuse((0, 0, capital(str(error))))

    def _not_read(self, error: BaseException) -> None:
        self._reading = None
        log.error("the code could not be read", exc_info=error)
        self._refuse((0, 0, "This code could not be read; the log has the details."))

    def _take_while_typing(self, made: Source) -> None:
        """New code has come while other is typed: what was typed stays, for the drawing that it was typed for."""
        assert made.of is not None
        if made.of.network is self._ours and self._newer is None:
            self.source = made
        else:
            self._newer = made
            self._refuse((0, 0, CHANGED))

    def revert(self) -> None:
        """Show the drawing's code again, without what was typed."""
        self._pause.stop()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        self._typed = False
        newest = self._newer or self.source
        if newest is not None:
            self._take(newest)
        self.page.setFocus()

    def _refuse(self, at: tuple[int, int, str] | None) -> None:
        """Say why what was typed is not drawn, and where; None: all of it is."""
        self.strip.setVisible(at is not None)
        if at is None:
            self.page.say_wrong(None)
            self.page.setAccessibleDescription(ABOUT)
            return
        line, column, sentence = at
        self.page.say_wrong((line, column) if sentence != CHANGED else None)
        said = sentence if sentence == CHANGED else f"Line {line + 1}: {sentence}"
        self.wrong.setText(said)
        self.page.setAccessibleDescription(said)

    # one selection

    def _show_selection(self) -> None:
        """Mark the lines of what is selected, and bring the first of them into sight."""
        if self.source is None or self._typed or not self.isVisible():
            self._stale = True
            return
        block, chosen = self.session.scope.block, self.session.selection
        lines = [span.line for span in self.source.spans if span.block == block and not chosen.isdisjoint(span.nodes)]
        self.page.mark(lines)
        if lines and not self._choosing and not self.page.hasFocus():
            self.page.bring(lines[0])

    def _point(self, line: int) -> None:
        """Select what a line is of, as far as the open scope holds it: in another class, the blocks that are of it."""
        if self.source is None or self._typed:
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
