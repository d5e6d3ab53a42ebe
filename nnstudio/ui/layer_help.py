"""A layer type's help page in a text document: formula drawn, ports and parameters as tables. Follows the theme."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import shiboken6
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrameFormat,
    QTextLength,
    QTextTableCellFormat,
    QTextTableFormat,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QWidget

from nnstudio.layers import Layer
from nnstudio.layers.formula_text import plain
from nnstudio.layers.help_page import HelpPage, help_page
from nnstudio.ui import theme
from nnstudio.ui.background import Background
from nnstudio.ui.formulas import drawn, formulas_of, is_drawn

log = logging.getLogger(__name__)


class _Writer:
    """Writes one page at the end of a document."""

    def __init__(self, document: QTextDocument, size: int = 13) -> None:
        self.document, self.size = document, size
        self.cursor = QTextCursor(document)
        self.tokens = theme.current()
        self.started = False

    def block(self, above: float = 0, below: float = 8, indent: float = 0) -> None:
        """Begin a paragraph with so much room above and below."""
        shape = QTextBlockFormat()
        shape.setTopMargin(theme.scaled(above))
        shape.setBottomMargin(theme.scaled(below))
        shape.setLeftMargin(theme.scaled(indent))
        shape.setLineHeight(118, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if self.started:
            self.cursor.insertBlock(shape, QTextCharFormat())
        else:
            self.cursor.setBlockFormat(shape)
        self.started = True

    def style(self, font: QFont, color: str) -> QTextCharFormat:
        shape = QTextCharFormat()
        shape.setFont(font)
        shape.setForeground(QColor(color))
        return shape

    def text(self, text: str, size: int = 0, weight: int = 400, color: str = "") -> None:
        """Text with ``code`` in backticks and *emphasis* in stars."""
        size = size or self.size
        plain = self.style(theme.ui_font(size, weight), color or self.tokens.text)
        code = self.style(theme.mono_font(size - 1), color or self.tokens.text)
        for place, part in enumerate(text.split("`")):
            if part:
                self.cursor.insertText(part, code if place % 2 else plain)

    def heading(self, text: str) -> None:
        self.block(14, 6)
        self.text(text, 13, 600)

    def markdown(self, text: str) -> None:
        """A paragraph, or a list of lines that begin with a dash."""
        lines = text.splitlines()
        if len(lines) > 1 or text.startswith(("- ", "* ")):
            for line in lines:
                self.block(0, 3, 14)
                self.text(f"•  {line.lstrip('-* ')}" if line.startswith(("- ", "* ")) else line)
        else:
            self.block(0, 8)
            self.text(text)

    def formula(self, latex: str, *, wait: bool) -> None:
        """A formula; in letters and signs where it is not drawn yet and ``wait`` is off."""
        self.block(4, 10)
        if wait or is_drawn(latex):
            formulas_of(self.document).insert(self.cursor, latex)
        else:
            self.text(plain(latex))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[int]) -> None:
        """Rows with a thin line below each, the first two columns in the monospaced face; ``shares`` of the width."""
        mono = (0, 1)
        shape = QTextTableFormat()
        shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
        shape.setBorder(0)
        shape.setCellSpacing(0)
        shape.setCellPadding(theme.scaled(4))
        shape.setBorderCollapse(True)
        shape.setWidth(QTextLength(QTextLength.Type.PercentageLength, 99))
        shape.setColumnWidthConstraints([QTextLength(QTextLength.Type.PercentageLength, share) for share in shares])
        shape.setBottomMargin(theme.scaled(6))
        table = self.cursor.insertTable(len(rows) + 1, len(headings), shape)
        for at, title in enumerate(headings):
            self._cell(table.cellAt(0, at), title, 11, self.tokens.muted, mono=False)
            for place, row in enumerate(rows, 1):
                color = self.tokens.text if at in mono else self.tokens.muted
                self._cell(table.cellAt(place, at), row[at], 12, color, mono=at in mono)
        self.cursor.movePosition(QTextCursor.MoveOperation.End)

    def _cell(self, cell, text: str, size: int, color: str, *, mono: bool) -> None:  # type: ignore[no-untyped-def]
        shape = QTextTableCellFormat()
        shape.setBottomBorder(1)
        shape.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        shape.setBottomBorderBrush(QBrush(QColor(self.tokens.line)))
        shape.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignTop)
        cell.setFormat(shape)
        font = theme.mono_font(size) if mono else theme.ui_font(size)
        cell.firstCursorPosition().insertText(text, self.style(font, color))


def write_page(document: QTextDocument, page: HelpPage) -> None:
    """Write the whole page of a layer type in place of what the document holds."""
    document.clear()
    writer = _Writer(document)
    writer.block(0, 2)
    writer.text(page.title, 22, 600)
    writer.block(0, 12)
    writer.text(page.family, 12, 500, _family_color(page.family))
    writer.block(0, 10)
    writer.text(page.summary, 14, 500)
    _body(writer, page)
    for title, ports in (("Inputs", page.inputs), ("Outputs", page.outputs)):
        if ports:
            writer.heading(title)
            rows = [(port.name, port.shape, port.axes, port.takes, port.help) for port in ports]
            headings = ("Port", "Shape", "Axes", "Takes" if title == "Inputs" else "Holds", "Meaning")
            if any(port.help for port in (*page.inputs, *page.outputs)):
                writer.table(headings, rows, (15, 17, 27, 17, 24))
            else:
                writer.table(headings[:-1], [row[:-1] for row in rows], (18, 22, 36, 24))
    if page.shapes:
        writer.markdown(page.shapes)
    if page.parameters:
        writer.heading("Parameters")
        settings = [(each.name, each.default, each.expected, each.help) for each in page.parameters]
        writer.table(("Name", "Default", "May be", "Meaning"), settings, (18, 13, 28, 41))
    for title, text in (("Source", page.source), ("Also found as", ", ".join(page.synonyms))):
        if text:
            writer.heading(title)
            writer.block(0, 8)
            writer.text(text, 13, 400, writer.tokens.muted)


def write_about(document: QTextDocument, page: HelpPage, *, wait: bool = True) -> None:
    """Write what stands beside a layer's own form: when to use it, its formula, its source. ``wait``: until formulas
    are drawn; else those that are not yet are written in letters and signs."""
    document.clear()
    writer = _Writer(document, 12)
    writer.block(0, 8)
    writer.text(page.summary, 12, 500)
    _body(writer, page, wait=wait)
    if page.shapes:
        writer.markdown(page.shapes)
    if page.source:
        writer.block(4, 0)
        writer.text(page.source, 11, 400, writer.tokens.muted)


def _body(writer: _Writer, page: HelpPage, *, wait: bool = True) -> None:
    for kind, text in page.body:
        if kind == "math":
            writer.formula(text, wait=wait)
        else:
            writer.markdown(text)


def _family_color(title: str) -> str:
    from nnstudio.layers.families import BY_TITLE

    return theme.family_color(BY_TITLE[title]).name()


def _draw(formulas: Sequence[str]) -> None:
    for latex in formulas:
        drawn(latex)


class AboutLayer(QTextBrowser):
    """What a layer type is, as tall as its text, without a scroll bar of its own. Formulas are drawn in the background
    the first time."""

    def __init__(self, cls: type[Layer], background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._page = help_page(cls)
        self.setObjectName("help")
        self.setAccessibleName(f"About {cls.type_name()}")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setStyleSheet("QTextBrowser { background: transparent; border: none; padding: 0; }")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setOpenExternalLinks(True)
        self.document().setDocumentMargin(0)
        theme.changed.connect(self._write)
        self._write()
        missing = [latex for latex in self._page.formulas if not is_drawn(latex)]
        if missing:
            background.run(lambda _: _draw(missing), self._drawn, self._drawn, name="formulas")

    def _write(self) -> None:
        write_about(self.document(), self._page, wait=False)
        self._fit()

    def _drawn(self, result: object) -> None:
        if isinstance(result, BaseException):
            log.warning("%s", result)
        elif shiboken6.isValid(self):
            self._write()

    def _fit(self) -> None:
        self.document().setTextWidth(self.viewport().width())
        self.setFixedHeight(int(self.document().size().height()) + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def sizeHint(self) -> QSize:
        return QSize(200, self.height())
