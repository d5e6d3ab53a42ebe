"""Formulas in a text document, drawn as vector graphics in the text's own colour and shrunk where they are too wide."""

from __future__ import annotations

import functools
import logging
import threading
import warnings
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QObject, QRectF, QSizeF
from PySide6.QtGui import QPainter, QPyTextObject, QTextCharFormat, QTextCursor, QTextDocument, QTextFormat
from PySide6.QtSvg import QSvgRenderer

from nnstudio.layers.formula_text import plain
from nnstudio.ui import theme

log = logging.getLogger(__name__)
#: The kind of text object that a formula is, and where its LaTeX is kept.
FORMULA = int(QTextFormat.ObjectTypes.UserObject) + 1
_LATEX = int(QTextFormat.Property.UserProperty) + 1
#: The size of letters at 100 %, and the room above and below.
_SIZE, _MARGIN = 17.0, 4.0


class FormulaError(ValueError):
    """A formula cannot be drawn."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A formula as SVG, with its size in pixels at 100 %."""

    svg: str
    width: float
    height: float


_known: dict[str, Drawn] = {}
_drawing = threading.Lock()
#: Stands for the text's colour in what is kept.
_INK = "#010203"


def drawn(latex: str) -> Drawn:
    """A formula, drawn once. Importing what draws it takes a quarter of a second the first time, a long formula another
    tenth: a window asks for it in the background (:func:`is_drawn`). May be called from any thread.

    Raises:
        FormulaError: it is not LaTeX that is understood.
    """
    with _drawing:
        if latex not in _known:
            with warnings.catch_warnings():  # it finds its font in a way that Python 3.11 calls old
                warnings.simplefilter("ignore", DeprecationWarning)
                from ziamath import zmath
                from ziamath.config import config

            config.svg2 = False  # paths where they are used: Qt draws SVG Tiny
            try:
                made = zmath.Latex(latex, size=_SIZE, color=_INK)
                width, height = made.getsize()
                _known[latex] = Drawn(made.svg(), float(width), float(height))
            except Exception as error:
                raise FormulaError(f"the formula {latex!r} cannot be drawn: {error}") from error
        return _known[latex]


def is_drawn(latex: str) -> bool:
    """Whether a formula can be shown at once."""
    return latex in _known


@functools.lru_cache(maxsize=512)
def renderer(latex: str, color: str) -> QSvgRenderer:
    """What paints a formula in a colour (``#RRGGBB``). FormulaError as :func:`drawn`."""
    return QSvgRenderer(QByteArray(drawn(latex).svg.replace(_INK, color).encode()))


class Formulas(QPyTextObject):
    """Lays out and paints the formulas of one document, of which it is a child."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._document = document
        document.documentLayout().registerHandler(FORMULA, self)

    def insert(self, cursor: QTextCursor, latex: str) -> None:
        """Put a formula at the cursor: drawn, or in letters and signs where that cannot be."""
        try:
            drawn(latex)
        except FormulaError as error:
            log.warning("%s", error)
            cursor.insertText(plain(latex))
            return
        shape = QTextCharFormat()
        shape.setObjectType(FORMULA)
        shape.setProperty(_LATEX, latex)
        shape.setToolTip(plain(latex))
        cursor.insertText("￼", shape)

    def intrinsicSize(self, doc: QTextDocument, position: int, format: QTextFormat) -> QSizeF:
        made = drawn(str(format.property(_LATEX)))
        share = theme.text_scale()
        room = doc.textWidth() - 2 * doc.documentMargin() - 2
        if 0 < room < made.width * share:
            share = room / made.width
        return QSizeF(made.width * share, made.height * share + 2 * _MARGIN)

    def drawObject(
        self, painter: QPainter, rect: QRectF, doc: QTextDocument, position: int, format: QTextFormat
    ) -> None:
        found = renderer(str(format.property(_LATEX)), theme.current().text)
        painter.save()
        try:
            found.render(painter, rect.adjusted(0, _MARGIN, 0, -_MARGIN))
        finally:
            painter.restore()


def formulas_of(document: QTextDocument) -> Formulas:
    """What draws the formulas of a document, made when first asked for."""
    for child in QObject.children(document):
        if isinstance(child, Formulas):
            return child
    return Formulas(document)
