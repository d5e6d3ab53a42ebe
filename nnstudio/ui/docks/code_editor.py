"""The page that code is read and written on: lines with numbers, marked lines, and where something is wrong."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks.code_colors import PythonColors, marked

INDENT = "    "
#: What a screen reader says of the page.
ABOUT = "The network as PyTorch source, in step with the drawing"


class _Numbers(QWidget):
    """The numbers of the lines at the left; those that are marked are brighter."""

    def __init__(self, page: CodePage) -> None:
        super().__init__(page)
        self._page = page

    def sizeHint(self) -> QSize:
        return QSize(self._page.numbers_width, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        page, tokens = self._page, theme.current()
        painter = QPainter(self)
        try:
            painter.fillRect(event.rect(), QColor(tokens.panel))
            painter.setFont(theme.mono_font(11))
            block = page.firstVisibleBlock()
            top = page.blockBoundingGeometry(block).translated(page.contentOffset()).top()
            while block.isValid() and top <= event.rect().bottom():
                height = page.blockBoundingRect(block).height()
                wrong = block.blockNumber() == page.wrong_line
                strong = block.blockNumber() in page.marked_lines
                painter.setPen(QColor(tokens.problem if wrong else tokens.text if strong else tokens.muted))
                area = QRect(0, round(top), self.width() - 10, round(height))
                painter.drawText(area, Qt.AlignmentFlag.AlignRight, str(block.blockNumber() + 1))
                block, top = block.next(), top + height
        finally:
            painter.end()


class CodePage(QPlainTextEdit):
    """Python source. ``typed`` when a person has changed the text; ``pointed`` with the line that the cursor was put on
    by a person; ``apply_wanted`` at Ctrl+Enter."""

    typed = Signal()
    pointed = Signal(int)
    apply_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Code")
        self.setAccessibleDescription(ABOUT)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setProperty("role", "code")
        self.setTabChangesFocus(False)
        self.marked_lines: frozenset[int] = frozenset()
        self.wrong_line = -1
        self._wrong: tuple[int, int] | None = None
        self._ours = False
        self._line = 0
        self._numbers = _Numbers(self)
        self._colors = PythonColors(self.document())
        self.updateRequest.connect(self._scroll_numbers)
        self.textChanged.connect(self._changed)
        self.cursorPositionChanged.connect(self._moved)
        self.restyle()

    def restyle(self) -> None:
        """Take the fonts and colours of the present theme."""
        self.setFont(theme.mono_font(12))
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self._make_room()
        ours, self._ours = self._ours, True
        self._colors.restyle()
        self._ours = ours
        self._paint_marks()

    @property
    def numbers_width(self) -> int:
        """How wide the numbers at the left are."""
        digits = max(3, len(str(self.blockCount())))
        return digits * self.fontMetrics().horizontalAdvance("9") + 20

    # the text

    def show_text(self, text: str) -> None:
        """Show another text; what is the same stays as it is, and with it the cursor and what is seen.

        There is nothing to undo in it afterwards: undoing is then the drawing's."""
        old = self.toPlainText()
        if text != old:
            first, last_old, last_new = _difference(old, text)
            across, down = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
            self._ours = True
            try:
                cursor = QTextCursor(self.document())
                cursor.beginEditBlock()
                cursor.setPosition(first)
                cursor.setPosition(last_old, QTextCursor.MoveMode.KeepAnchor)
                cursor.insertText(text[first:last_new])
                cursor.endEditBlock()
            finally:
                self._ours = False
            self.verticalScrollBar().setValue(down)
            self.horizontalScrollBar().setValue(across)
            self._line = self.textCursor().blockNumber()
        self.document().clearUndoRedoStacks()
        self.say_wrong(None)

    def _changed(self) -> None:
        self._make_room()
        if not self._ours:
            self.typed.emit()

    def _moved(self) -> None:
        line = self.textCursor().blockNumber()
        if line != self._line and not self._ours:
            self._line = line
            self.pointed.emit(line)

    # marks

    def mark(self, lines: Iterable[int]) -> None:
        """Mark these lines, counted from 0."""
        self.marked_lines = frozenset(lines)
        self._paint_marks()

    def say_wrong(self, at: tuple[int, int] | None) -> None:
        """Underline from this line and column on, counted from 0; None for nothing."""
        self._wrong = at
        self.wrong_line = at[0] if at is not None else -1
        self._paint_marks()

    def bring(self, line: int) -> None:
        """Scroll so that a line is seen, and the lines around it; nothing where it is seen already."""
        bar, shown = self.verticalScrollBar(), max(1, self.viewport().height() // self.fontMetrics().lineSpacing())
        if not bar.value() <= line <= bar.value() + shown - 2:
            bar.setValue(max(0, line - shown // 3))

    def _paint_marks(self) -> None:
        tokens, selections = theme.current(), []
        for line in sorted(self.marked_lines):
            made = QTextEdit.ExtraSelection()
            made.cursor = QTextCursor(self.document().findBlockByNumber(line))  # type: ignore[attr-defined]
            made.format = QTextCharFormat()  # type: ignore[attr-defined]
            made.format.setBackground(marked(tokens))  # type: ignore[attr-defined]
            made.format.setProperty(QTextFormat.Property.FullWidthSelection, True)  # type: ignore[attr-defined]
            selections.append(made)
        if self._wrong is not None:
            selections.append(self._underlined(*self._wrong))
        self.setExtraSelections(selections)
        self._numbers.update()

    def _underlined(self, line: int, column: int) -> QTextEdit.ExtraSelection:
        block = self.document().findBlockByNumber(line)
        text = block.text()
        start = column if column < len(text.rstrip()) else len(text) - len(text.lstrip())
        made = QTextEdit.ExtraSelection()
        cursor = QTextCursor(block)
        cursor.setPosition(block.position() + min(start, len(text)))
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        made.cursor, made.format = cursor, QTextCharFormat()  # type: ignore[attr-defined]
        made.format.setUnderlineColor(QColor(theme.current().problem))  # type: ignore[attr-defined]
        made.format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)  # type: ignore[attr-defined]
        return made

    # numbers

    def _make_room(self) -> None:
        self.setViewportMargins(self.numbers_width, 0, 0, 0)
        self._place_numbers()

    def _place_numbers(self) -> None:
        inside = self.contentsRect()
        self._numbers.setGeometry(inside.left(), inside.top(), self.numbers_width, inside.height())

    def _scroll_numbers(self, rect: QRect, down: int) -> None:
        if down:
            self._numbers.scroll(0, down)
        else:
            self._numbers.update(0, rect.y(), self._numbers.width(), rect.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_numbers()

    # keys

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            document = self.document()
            undo = event.matches(QKeySequence.StandardKey.Undo) and not document.isUndoAvailable()
            redo = event.matches(QKeySequence.StandardKey.Redo) and not document.isRedoAvailable()
            if undo or redo:  # nothing was typed: it is the drawing's step that is meant
                event.ignore()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.apply_wanted.emit()
        elif enter and not event.modifiers() and not self.isReadOnly():
            text = self.textCursor().block().text()[: self.textCursor().positionInBlock()]
            indent = text[: len(text) - len(text.lstrip())] + (INDENT if text.rstrip().endswith(":") else "")
            self.textCursor().insertText("\n" + indent)
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)


def _difference(old: str, new: str) -> tuple[int, int, int]:
    """What two texts have in common at both ends: (where they begin to differ, its end in the old, in the new)."""
    first = 0
    most = min(len(old), len(new))
    while first < most and old[first] == new[first]:
        first += 1
    back = 0
    while back < most - first and old[-1 - back] == new[-1 - back]:
        back += 1
    return first, len(old) - back, len(new) - back
