"""A plot with its title, note, controls and caption: the frame that all plots stand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPaintDevice, QPainter, QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nnstudio.ui import theme
from nnstudio.ui.background import Background
from nnstudio.ui.docks.controls import tool
from nnstudio.ui.docks.plots import Plot
from nnstudio.ui.parts import show_if

#: Named columns of numbers or texts: what a plot shows, as a table.
Table = Mapping[str, "np.ndarray"]
#: Tables of up to so many rows are written at once, longer ones in the background.
AT_ONCE = 50_000


class Elided(QLabel):
    """A quiet text that gives way: it is cut with an ellipsis where there is no room."""

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setPen(QColor(theme.current().muted))
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), int(self.alignment()), text)
        painter.end()


class PlotFrame(QWidget):
    """Title at the left; note, controls and menu at the right; the plot; a caption below it.

    table: what the plot shows as named columns, for saving. ``failed`` tells, in a sentence, that saving went wrong;
    ``saved`` which file was written.
    """

    saved = Signal(str)
    failed = Signal(str)
    reset = Signal()

    def __init__(
        self, title: str, *, note: str = "", caption: str = "", zooms: bool = False,
        table: Callable[[], Table] | None = None, parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.title = QLabel(title)
        self.note = Elided(note, alignment=Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.note.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.caption = QLabel(caption, alignment=Qt.AlignmentFlag.AlignHCenter)
        show_if(self.caption, caption)
        for label, role in ((self.title, "heading"), (self.note, "faint"), (self.caption, "faint")):
            label.setProperty("role", role)
        self.plot = Plot(zooms=zooms)
        self.table = table
        self.plot.setAccessibleName(title)
        self._background = Background(self)
        self.menu = QMenu(self)
        self.more = tool("⋯", "More for this plot")
        self.more.setMenu(self.menu)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.unzoom = tool("Reset zoom", "Show everything again (double-click in the plot)")
        self.unzoom.clicked.connect(self.reset)
        self.unzoom.hide()
        self.head = QHBoxLayout()
        self.head.setSpacing(4)
        for widget in (self.title, self.note, self.unzoom, self.more):
            self.head.addWidget(widget, 1 if widget is self.note else 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 4, 12, 8)
        column.setSpacing(0)
        column.addLayout(self.head)
        column.addWidget(self.plot, 1)
        column.addWidget(self.caption)
        if zooms:
            self.menu.addAction("Reset zoom", self.reset.emit)
        self.extra = self.menu.addSeparator()
        self.menu.addAction("Save picture…", self._ask_picture)
        if table is not None:
            self.menu.addAction("Save numbers (CSV)…", self._ask_numbers)

    def rename(self, title: str) -> None:
        """Give the plot another title."""
        self.title.setText(title)
        self.plot.setAccessibleName(title)

    def add_control(self, widget: QWidget) -> None:
        """Put a control at the right, before the menu."""
        self.head.insertWidget(self.head.indexOf(self.unzoom), widget)

    def restyle(self) -> None:
        """Take the fonts and colours of the present theme."""
        self.plot.restyle()

    # --- saving -------------------------------------------------------------------------------------------------

    def _ask_picture(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save picture", f"{self._stem()}.png", "PNG (*.png);;SVG (*.svg)")
        if name:
            self._save(self.save_picture, name)

    def _ask_numbers(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save numbers", f"{self._stem()}.csv", "CSV (*.csv)")
        if not name:
            return
        table = self._table()
        if max(map(len, table.values()), default=0) <= AT_ONCE:
            self._save(lambda path: write_numbers(table, path), name)
            return
        self._background.run(
            lambda _: write_numbers(table, Path(name)),
            lambda _: self.saved.emit(name),
            lambda error: self._failed(name, error),
            name="numbers",
        )

    def _table(self) -> Table:
        return dict(self.table()) if self.table is not None else {}

    def _stem(self) -> str:
        return self.title.text().lower().replace(" ", "-")

    def _save(self, save: Callable[[Path], None], name: str) -> None:
        try:
            save(Path(name))
        except OSError as error:
            self._failed(name, error)
        else:
            self.saved.emit(name)

    def _failed(self, name: str, error: BaseException) -> None:
        why = getattr(error, "strerror", None) or error
        self.failed.emit(f"{Path(name).name} was not written: {why}. Choose another place.")

    def save_picture(self, path: Path) -> None:
        """Write the frame as a picture: SVG where the name ends so, else PNG at twice the pixels. OSError if not."""
        with path.open("wb"):
            pass  # says why, where the file cannot be written
        if path.suffix.lower() == ".svg":
            self._save_svg(path)
            return
        picture = QPixmap(self.size() * 2)
        picture.setDevicePixelRatio(2)
        self._paint_on(picture)
        if not picture.save(str(path), "PNG"):
            raise OSError("the picture could not be encoded")

    def _save_svg(self, path: Path) -> None:
        from PySide6.QtSvg import QSvgGenerator

        device = QSvgGenerator()
        device.setFileName(str(path))
        device.setSize(self.size())
        device.setResolution(self.logicalDpiX())  # the axes are recorded pictures, which are scaled by it
        device.setViewBox(self.rect())
        device.setTitle(self.title.text())
        self._paint_on(device)

    def _paint_on(self, device: QPaintDevice) -> None:
        """Title, caption and plot without the controls."""
        tokens = theme.current()
        painter = QPainter(device)
        try:
            painter.fillRect(self.rect(), QColor(tokens.panel))
            head = QRect(16, 4, self.width() - 32, max(20, self.plot.y() - 4))
            for font, color, where, flags, text in (
                (theme.ui_font(12, 600), tokens.text, head, Qt.AlignmentFlag.AlignLeft, self.title.text()),
                (theme.ui_font(11), tokens.muted, head, Qt.AlignmentFlag.AlignRight, self.note.text()),
                (theme.ui_font(11), tokens.muted, self.caption.geometry(), Qt.AlignmentFlag.AlignHCenter,
                 self.caption.text()),
            ):  # fmt: skip
                painter.setFont(font)
                painter.setPen(QColor(color))
                painter.drawText(where, int(flags | Qt.AlignmentFlag.AlignVCenter), text)
            self.plot.render(painter, QRectF(self.plot.geometry()))
        finally:
            painter.end()

    def save_numbers(self, path: Path) -> None:
        """Write what the plot shows as CSV, one column a name. OSError where it cannot be written."""
        write_numbers(self._table(), path)


def write_numbers(table: Table, path: Path) -> None:
    """Write columns as CSV; shorter ones are left empty at their end. OSError where it cannot be written."""
    import polars

    longest = max((len(column) for column in table.values()), default=0)
    frame = polars.DataFrame(
        {
            name: polars.Series(name, column).extend_constant(None, longest - len(column))
            for name, column in table.items()
        }
    )
    with path.open("wb") as file:
        frame.write_csv(file)
