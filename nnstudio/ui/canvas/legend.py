"""The legend: what the colours of nodes and wires mean, and the choice of what they show."""

from __future__ import annotations

import functools

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from nnstudio.ui import theme
from nnstudio.ui.canvas.corners import paint_plate
from nnstudio.ui.canvas.face import flow_color
from nnstudio.ui.canvas.magnitudes import Magnitudes
from nnstudio.ui.quantities import QUANTITIES, Scale, figure

#: Width and height of a strip of colours, in pixels at 100 %.
_STRIP = (92, 8)
#: Units that are written on the legend itself are shorter than this; others are in its tip.
_SHORT = 14


class Strip(QWidget):
    """The colours from small to large; of wires, as wide as they are drawn."""

    def __init__(self, *, wires: bool = False) -> None:
        super().__init__()
        self._wires = wires
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.fit()

    def fit(self) -> None:
        """Be as large as the size of text asks for."""
        self.setFixedSize(*(theme.scaled(px) for px in _STRIP))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setPen(Qt.PenStyle.NoPen)
            width, height = self.width(), self.height()
            for at in range(width):
                share = at / max(1, width - 1)
                tall = height * (0.25 + 0.75 * share) if self._wires else height
                painter.setBrush(flow_color(share) if self._wires else theme.magnitude_color(share))
                painter.drawRect(QRectF(at, (height - tall) / 2, 1, tall))
        finally:
            painter.end()


class _Row:
    """In a grid: a title, the colours between the two ends of the range, and the unit."""

    def __init__(self, grid: QGridLayout, at: int, title: QWidget, *, wires: bool = False) -> None:
        self.title, self.strip = title, Strip(wires=wires)
        self.low, self.high, self.unit = QLabel(), QLabel(), QLabel()
        for column, part in enumerate((title, self.low, self.strip, self.high, self.unit)):
            if isinstance(part, QLabel):
                part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
                part.setProperty("role", "muted")
            side = Qt.AlignmentFlag.AlignRight if part is self.low else Qt.AlignmentFlag.AlignLeft
            grid.addWidget(part, at, column, side | Qt.AlignmentFlag.AlignVCenter)

    def show_scale(self, scale: Scale | None, ends: tuple[str, str], unit: str = "") -> str:
        """Write the ends of the range, none where there is no scale; returns it in words."""
        known = scale is not None and scale.known
        for part in (self.low, self.strip, self.high):
            part.setVisible(known)
        kind = "" if scale is None else "log" if scale.log else "linear"
        self.unit.setText(" · ".join(filter(None, (unit, kind))) if known else "no values yet" if scale else "")
        self.unit.setVisible(scale is not None)
        self.low.setText(ends[0])
        self.high.setText(ends[1])
        return f"{ends[0]} to {ends[1]}, {kind} scale" if known else "no values yet"

    def show(self, shown: bool) -> None:
        """Show or hide the whole row."""
        for part in (self.title, self.low, self.strip, self.high, self.unit):
            part.setVisible(shown)

    def restyle(self) -> None:
        """Take the present size of text."""
        self.strip.fit()
        for part in (self.low, self.high):
            part.setFont(theme.mono_font(10))
        self.unit.setFont(theme.ui_font(11))


class Legend(QWidget):
    """Floats over the canvas while there is a run. A click on its title, or *Space*, offers what can be shown."""

    def __init__(self, magnitudes: Magnitudes, parent: QWidget) -> None:
        super().__init__(parent)
        self._magnitudes = magnitudes
        self.title, self._wires_title = QToolButton(), QLabel("Wires, RMS")
        self.title.setProperty("role", "choice")
        self.title.setCursor(Qt.CursorShape.PointingHandCursor)
        self.title.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.title.clicked.connect(self.offer)
        grid = QGridLayout(self)
        grid.setContentsMargins(2, 3, 10, 5)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(0)
        self.nodes, self.wires = _Row(grid, 0, self.title), _Row(grid, 1, self._wires_title, wires=True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        magnitudes.changed.connect(self.refresh)
        theme.changed.connect(self._restyle)
        self._restyle()

    def offer(self) -> None:
        """Offer what nodes can be coloured by, and the rest of what can be chosen."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill_colours(menu, self._magnitudes)
        menu.adjustSize()
        menu.popup(self.title.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 4)))

    def _restyle(self) -> None:
        for each in (self.nodes, self.wires):
            each.restyle()
        self.wires.title.setFont(theme.ui_font(12))
        self._wires_title.setIndent(theme.scaled(12))  # as far as the words on the button
        self.refresh()

    def refresh(self) -> None:
        """Show the present ranges, or nothing where there is no run."""
        magnitudes = self._magnitudes
        quantity = magnitudes.quantity
        title = quantity.title if quantity is not None else "Nodes not coloured"
        self.title.setText(f"{title} ▾")
        if quantity is not None:
            ends = magnitudes.scale.ends(quantity.told)
            short = quantity.unit if len(quantity.unit) < _SHORT else ""
            told = f"{title} ({quantity.unit}): {self.nodes.show_scale(magnitudes.scale, ends, short)}"
        else:
            told = title
            self.nodes.show_scale(None, ("", ""))
        self.wires.show(magnitudes.flowing)
        if magnitudes.flowing:
            scale = magnitudes.flow_scale
            told += f"; wires, RMS of what flows: {self.wires.show_scale(scale, scale.ends(figure))}"
        self.title.setToolTip(f"{quantity.title}: {quantity.unit}" if quantity is not None else "")
        self.title.setAccessibleName(f"Colour nodes by: {title}")
        self.setAccessibleName("Legend")
        self.setAccessibleDescription(told)
        self.setVisible(magnitudes.shown)
        self.adjustSize()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            paint_plate(painter, self)
        finally:
            painter.end()


def fill_colours(menu: QMenu, magnitudes: Magnitudes) -> None:
    """Put into a menu what nodes can be coloured by, and whether cards and wires are coloured."""
    for id, title in (*((each.id, each.title) for each in QUANTITIES.values()), ("", "Nothing")):
        entry = menu.addAction(title)
        entry.setCheckable(True)
        entry.setChecked(id == (magnitudes.quantity.id if magnitudes.quantity is not None else ""))
        entry.triggered.connect(functools.partial(_choose, magnitudes, id))
    menu.addSeparator()
    for title, on, choose in (
        ("Colour whole nodes", magnitudes.tinted, magnitudes.set_tinted),
        ("Wires by what flows", magnitudes.flowing, magnitudes.set_flowing),
    ):
        entry = menu.addAction(title)
        entry.setCheckable(True)
        entry.setChecked(on)
        entry.toggled.connect(choose)


def _choose(magnitudes: Magnitudes, id: str, _checked: bool = False) -> None:
    magnitudes.choose(id)


__all__ = ["Legend", "fill_colours"]
