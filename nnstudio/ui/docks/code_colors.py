"""Colours for Python source, from the theme's tokens."""

from __future__ import annotations

import builtins
import keyword
import re

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from nnstudio.ui import theme

#: What a piece of a line is, tried from the left at every place.
_PIECES = re.compile(
    r"""(?P<triple>\"\"\"|''')|(?P<comment>\#.*)|(?P<text>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)"""
    r"""|(?P<number>\b(?:\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?)\b)|(?P<word>[^\W\d]\w*)"""
)
_KNOWN = frozenset(dir(builtins))
_DOUBLE, _SINGLE = 1, 2
#: The least contrast of text and its ground (WCAG 2.2, AA).
LEGIBLE = 4.5


def _luminance(color: QColor) -> float:
    """Relative luminance. Source: WCAG 2.2, definition of relative luminance."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in
             (color.redF(), color.greenF(), color.blueF())]  # fmt: skip
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(first: QColor, second: QColor) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def marked(tokens: theme.Tokens) -> QColor:
    """The ground of the lines of what is selected."""
    return theme.mixed(tokens.panel, tokens.accent, 0.16)


def legible(color: str, tokens: theme.Tokens) -> QColor:
    """The colour, moved to that of the text until it is read well (AA) on the page and on marked lines."""
    grounds = (QColor(tokens.panel), marked(tokens))
    for step in range(11):
        made = theme.mixed(color, tokens.text, step / 10)
        if all(contrast(made, ground) >= LEGIBLE for ground in grounds):
            return made
    return QColor(tokens.text)


class PythonColors(QSyntaxHighlighter):
    """Colours keywords, texts, numbers, comments, and names of classes and functions where they are made."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._formats: dict[str, QTextCharFormat] = {}
        self.restyle()

    def restyle(self) -> None:
        """Take the colours of the present theme."""
        tokens = theme.current()
        families = tokens.families
        for name, color, weight in (
            ("keyword", families["recurrent"], 500), ("text", tokens.good, 400), ("number", tokens.validation, 400),
            ("comment", tokens.muted, 400), ("made", tokens.accent, 600), ("self", families["linear"], 400),
        ):  # fmt: skip
            made = QTextCharFormat()
            made.setForeground(legible(color, tokens))
            made.setFontWeight(QFont.Weight(weight))
            self._formats[name] = made
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        at = 0
        inside = self.previousBlockState()
        if inside in (_DOUBLE, _SINGLE):
            at = self._long_text(text, 0, inside)
        else:
            self.setCurrentBlockState(0)
        before = ""
        while found := _PIECES.search(text, at):
            at = found.end()
            if found.lastgroup == "triple":
                at = self._long_text(text, found.start(), _DOUBLE if found[0] == '"""' else _SINGLE, opens=True)
                continue
            kind = self._kind(found, before)
            before = found[0]
            if kind:
                self.setFormat(found.start(), at - found.start(), self._formats[kind])

    def _kind(self, found: re.Match[str], before: str) -> str:
        if found.lastgroup != "word":
            return found.lastgroup or ""
        word = found[0]
        if keyword.iskeyword(word):
            return "keyword"
        if before in ("def", "class"):
            return "made"
        return "self" if word == "self" or (word in _KNOWN and not word.startswith("_")) else ""

    def _long_text(self, text: str, start: int, state: int, *, opens: bool = False) -> int:
        """Colour a text of several lines that is open at ``start``; returns where this line's part of it ends."""
        mark = '"""' if state == _DOUBLE else "'''"
        end = text.find(mark, start + 3 if opens else start)
        self.setCurrentBlockState(state if end < 0 else 0)
        stop = len(text) if end < 0 else end + 3
        self.setFormat(start, stop - start, self._formats["text"])
        return stop
