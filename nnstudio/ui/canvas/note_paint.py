"""What notes look like: Markdown on a plate. Nothing is fetched: no pictures, no HTML, links are only shown."""

from __future__ import annotations

from collections.abc import Container

from PySide6.QtCore import QPointF, QRectF, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QPainter,
    QPalette,
    QPen,
    QTextDocument,
)

from nnstudio.graph.view import Note
from nnstudio.ui import theme
from nnstudio.ui.canvas.face import RADIUS
from nnstudio.ui.canvas.frame_paint import colour

#: The corner by which a note is resized, and the room between its edge and its text.
CORNER, PADDING = 14.0, 12.0
#: Below this scale the text is not painted.
_READABLE = 0.3
#: Longer texts are cut for showing.
_LONGEST = 20_000


class Inert(QTextDocument):
    """A text that loads nothing, whatever it names."""

    def loadResource(self, type: int, name: QUrl | str) -> object:
        return None


def rendered(text: str, width: float) -> QTextDocument:
    """A note's Markdown laid out for a width in scene units. HTML in it is shown as the text that it is."""
    made = Inert()
    made.setUndoRedoEnabled(False)
    made.setDefaultFont(theme.sheet_font(13))
    made.setDocumentMargin(0.0)
    features = QTextDocument.MarkdownFeature
    made.setMarkdown(text[:_LONGEST], features.MarkdownDialectGitHub | features.MarkdownNoHTML)
    made.setTextWidth(width)
    return made


class NotePaint:
    """Paints notes; each one's text is laid out once."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[object, QTextDocument]] = {}

    def forget(self, but: Container[str]) -> None:
        """Forget the layouts of notes that are no longer there."""
        self._made = {id: made for id, made in self._made.items() if id in but}

    def _document(self, note: Note) -> QTextDocument:
        key = note.text, note.width, theme.look()
        known = self._made.get(note.id)
        if known is None or known[0] != key:
            known = self._made[note.id] = key, rendered(note.text, note.width - 2 * PADDING)
        return known[1]

    def paint(self, painter: QPainter, note: Note, rect: QRectF, scale: float, *, marked: bool) -> None:
        """A note on its plate; what does not fit is cut at its lower edge."""
        tokens, color = theme.current(), colour(note.color)
        painter.setBrush(theme.mixed(tokens.panel, color.name(), 0.10))
        edge = theme.mixed(tokens.line, color.name(), 0.3)
        painter.setPen(QPen(QColor(tokens.accent), 2.0) if marked else QPen(edge, 1.0))
        painter.drawRoundedRect(rect, RADIUS - 2, RADIUS - 2)
        if marked:
            _paint_corner(painter, rect.bottomRight())
        if scale < _READABLE:
            return
        painter.save()
        painter.translate(rect.left() + PADDING, rect.top() + PADDING)
        room = QRectF(0, 0, rect.width() - 2 * PADDING, rect.height() - 2 * PADDING)
        painter.setClipRect(room, Qt.ClipOperation.IntersectClip)
        context = QAbstractTextDocumentLayout.PaintContext()
        context.clip = room
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Text, QColor(tokens.text))
        palette.setColor(QPalette.ColorRole.Link, QColor(tokens.accent))
        context.palette = palette
        self._document(note).documentLayout().draw(painter, context)
        painter.restore()


def _paint_corner(painter: QPainter, at: QPointF) -> None:
    """Two strokes in the corner by which a note is resized."""
    for away in (4.0, 8.0):
        painter.drawLine(at + QPointF(-away - 2, -2), at + QPointF(-2, -away - 2))
