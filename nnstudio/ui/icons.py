"""Line icons, drawn from SVG paths in the theme's colours at any scale.

Own drawings on a 24-pixel grid with strokes of 1.75: an icon font would cost a tenth of a second at the start.
"""

from __future__ import annotations

import functools

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from nnstudio.ui import theme

#: Strokes of each icon; a path that begins with ``F`` is filled.
_PATHS = {
    "play": ("FM7 4.8v14.4a.8.8 0 0 0 1.2.7l11.4-7.2a.8.8 0 0 0 0-1.4L8.2 4.1a.8.8 0 0 0-1.2.7Z",),
    "pause": ("FM6.5 4h3.2v16H6.5ZM14.3 4h3.2v16h-3.2Z",),
    "step": ("FM5 5.2v13.6a.7.7 0 0 0 1.1.6L15 12.6a.7.7 0 0 0 0-1.2L6.1 4.6a.7.7 0 0 0-1.1.6Z", "FM17 4.5h2.4v15H17Z"),
    "stop": ("FM6 5h12a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z",),
    "menu": ("M4 7h16M4 12h16M4 17h16",),
    "search": ("M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14ZM16 16l4.5 4.5",),
    "close": ("M6 6l12 12M18 6 6 18",),
    "new": ("M6 3h8l4 4v14H6ZM14 3v5h4M12 11v6M9 14h6",),
    "open": ("M3 6h6l2 2h10v11H3ZM3 11h18",),
    "save": ("M4 4h13l3 3v13H4ZM8 4v5h8V4M8 20v-6h8v6",),
    "undo": ("M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",),
    "redo": ("m15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",),
    "copy": ("M9 9h11v11H9ZM15 9V4H4v11h5",),
    "cut": ("M6 15a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM18 15a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 16 17 3M16 16 7 3",),
    "paste": ("M8 5H5v16h14V5h-3M8 3h8v4H8Z",),
    "delete": ("M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",),
    "fit": ("M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",),
    "plus": ("M12 5v14M5 12h14",),
    "data": ("M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3Z", "M4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6",
             "M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"),
    "export": ("M12 15V4M8 8l4-4 4 4M4 14v6h16v-6",),
    "help": ("M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18ZM9.5 9.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M12 17v.01",),
    "theme": ("M12 3a9 9 0 1 0 0 18ZM12 3a9 9 0 0 1 0 18",),
    "warning": ("M12 4 2.5 20h19ZM12 10v5M12 17.6v.01",),
    "info": ("M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18ZM12 11v6M12 7.6v.01",),
    "check": ("m5 12.5 4.5 4.5L19 7",),
    "chevron": ("m9 6 6 6-6 6",),
    "down": ("m6 9 6 6 6-6",),
    "up": ("m6 15 6-6 6 6",),
    "learn": ("M2 9.5 12 5l10 4.5-10 4.5ZM6 11.5V16c2 2.4 10 2.4 12 0v-4.5M22 9.5V15",),
    "network": ("M4 4h6v5H4ZM14 15h6v5h-6ZM14 4h6v5h-6ZM10 6.5h4M17 9v6",),
}  # fmt: skip


@functools.lru_cache(maxsize=256)
def _renderer(name: str, color: str) -> QSvgRenderer:
    parts = []
    for path in _PATHS[name]:
        filled = path.startswith("F")
        paint = f'fill="{color}"' if filled else f'fill="none" stroke="{color}"'
        parts.append(f'<path d="{path.removeprefix("F")}" {paint}/>')
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" stroke-width="1.75" stroke-linecap="round" '
        f'stroke-linejoin="round">{"".join(parts)}</svg>'
    )
    return QSvgRenderer(QByteArray(text.encode()))


class _Engine(QIconEngine):
    """Paints an icon in the colour that its token has when it is painted, so that it follows the theme."""

    def __init__(self, name: str, token: str) -> None:
        super().__init__()
        self._name, self._token = name, token

    def _color(self, mode: QIcon.Mode) -> str:
        tokens = theme.current()
        if mode == QIcon.Mode.Disabled:
            return tokens.faint
        return theme.on_accent(tokens).name() if self._token == "on_accent" else str(getattr(tokens, self._token))

    def paint(self, painter: QPainter, rect, mode: QIcon.Mode, state: QIcon.State) -> None:  # type: ignore[no-untyped-def]
        _renderer(self._name, self._color(mode)).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        if size.isEmpty():  # asked for by a button that has no room
            return QPixmap()
        image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        try:
            self.paint(painter, image.rect(), mode, state)
        finally:
            painter.end()
        return QPixmap.fromImage(image)

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._token)


_engines: list[_Engine] = []


@functools.cache
def icon(name: str, token: str = "text") -> QIcon:
    """An icon in the colour of a theme token (``on_accent`` on a button of the accent colour). KeyError for none."""
    if name not in _PATHS:
        raise KeyError(f"there is no icon {name!r}; there are {', '.join(_PATHS)}")
    engine = _Engine(name, token)
    _engines.append(engine)
    return QIcon(engine)
