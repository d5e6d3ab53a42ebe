"""What stands beside an answer, painted: nearest samples, a ranking, words with labels, a forecast, many pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnstudio.project.neighbours import Neighbour, Threshold
from nnstudio.project.ranking import Ranked
from nnstudio.ui import parts, theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.docks.data_pictures import image_of, picture_field
from nnstudio.ui.docks.flowing import Flowing
from nnstudio.ui.docks.judging.plotting import Lines
from nnstudio.ui.docks.overlays import Label
from nnstudio.ui.docks.try_beside import Series, Words

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

#: Pixels of a tile at 100 %, and what is between two.
TILE, GAP = 58, 6
#: Pixels at 100 % of a line of a list; lists up to so long stand in one column.
LINE, SHORT = 20, 4


def in_columns(count: int, wide: float, least: float) -> list[QRectF]:
    """Where the lines of a list stand: in two columns where it is long and each can be ``least`` wide."""
    high, between = theme.scaled(LINE), theme.scaled(18)
    across = 2 if count > SHORT and wide >= 2 * least + between else 1
    lines, each = -(-count // across), (wide - (across - 1) * between) / across
    return [QRectF(at // lines * (each + between), at % lines * high, each, high) for at in range(count)]


class NeighboursView(QWidget):
    """The nearest samples, the nearest first: a picture (or a line) each, with what it is and how far it lies away.
    ``chosen`` tells the row of the one that was clicked."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.near: tuple[Neighbour, ...] = ()
        self.limit = math.nan
        self._images: list[QImage] = []
        self._boxes: list[QRectF] = []
        self.setAccessibleName("The nearest samples")
        self.setToolTip("Click one to begin with it")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_near(self, dataset: Dataset | None, near: Sequence[Neighbour], threshold: Threshold | None) -> None:
        """Show these rows of the data; those beyond the threshold's distance are others."""
        self.near, self.limit = tuple(near), threshold.distance if threshold is not None else math.nan
        field = picture_field(dataset) if dataset is not None else ""
        rows = [each.row for each in self.near]
        self._images = []
        if dataset is not None and field and rows:
            self._images = [image_of(picture) for picture in dataset.pictures(rows, field)]
        told = [f"{each.label or f'row {each.row:,}'}, {numbers.figure(each.distance)} away" for each in self.near]
        describe(self, "; ".join(told))
        self._place()
        self.updateGeometry()
        self.update()

    def _place(self) -> None:
        if not self._images:
            self._boxes = in_columns(len(self.near), self.width(), theme.scaled(190))
            return
        side, gap, texts = theme.scaled(TILE), theme.scaled(GAP), 2 * theme.scaled(15)
        across = max(1, (self.width() + gap) // (side + gap))
        self._boxes = [
            QRectF((at % across) * (side + gap), (at // across) * (side + texts + gap), side, side + texts)
            for at in range(len(self.near))
        ]

    def sizeHint(self) -> QSize:
        self._place()
        bottom = max((box.bottom() for box in self._boxes), default=0.0)
        return QSize(theme.scaled(200), math.ceil(bottom) + 2)

    def resizeEvent(self, event: object) -> None:
        self._place()
        self.setFixedHeight(self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setFont(theme.ui_font(11))
            for at, (each, box) in enumerate(zip(self.near, self._boxes, strict=True)):
                within = not each.distance > self.limit  # no limit: all are near
                tokens = theme.current()
                first, second = QColor(tokens.text if within else tokens.muted), QColor(tokens.muted)
                if self._images:
                    self._tile(painter, self._images[at], each, box, first, second)
                else:
                    self._line(painter, each, box, first, second)
        finally:
            painter.end()

    def _tile(
        self, painter: QPainter, image: QImage, each: Neighbour, box: QRectF, first: QColor, second: QColor
    ) -> None:  # fmt: skip
        side, line = box.width(), theme.scaled(15)
        size = image.size().scaled(int(side), int(side), Qt.AspectRatioMode.KeepAspectRatio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() >= side)
        painter.drawImage(QRectF(box.left(), box.top(), size.width(), size.height()), image)
        metrics, elided = QFontMetricsF(painter.font()), Qt.TextElideMode.ElideRight
        painter.setPen(first)
        text = metrics.elidedText(each.label or f"{each.row:,}", elided, side)
        painter.drawText(QRectF(box.left(), box.top() + side, side, line), 0, text)
        painter.setPen(second)
        painter.drawText(QRectF(box.left(), box.top() + side + line, side, line), 0, numbers.figure(each.distance))

    def _line(self, painter: QPainter, each: Neighbour, box: QRectF, first: QColor, second: QColor) -> None:
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.setPen(first)
        painter.drawText(box, middle, each.label or f"row {each.row:,}")
        painter.setPen(second)
        painter.drawText(box, middle | int(Qt.AlignmentFlag.AlignRight), numbers.figure(each.distance))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = next((at for at, box in enumerate(self._boxes) if box.contains(event.position())), -1)
        if at >= 0:
            self.chosen.emit(self.near[at].row)


class RankingView(QWidget):
    """Names with a number each, the greatest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[tuple[str, float], ...] = ()
        self.setAccessibleName("The best, the first first")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: Sequence[tuple[str, float]]) -> None:
        """Show these."""
        self.rows = tuple(rows)
        describe(self, ", ".join(f"{name} {numbers.figure(value)}" for name, value in self.rows))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        boxes = in_columns(len(self.rows), self.width(), theme.scaled(220))
        return QSize(theme.scaled(220), math.ceil(max((box.bottom() for box in boxes), default=theme.scaled(LINE))))

    def resizeEvent(self, event: object) -> None:
        self.setFixedHeight(self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            tokens, boxes = theme.current(), in_columns(len(self.rows), self.width(), theme.scaled(220))
            painter.setFont(theme.ui_font(12))
            metrics = QFontMetricsF(painter.font())
            right, left = metrics.horizontalAdvance("00.000") + 6, metrics.horizontalAdvance("000")
            middle = int(Qt.AlignmentFlag.AlignVCenter)
            for at, ((name, value), box) in enumerate(zip(self.rows, boxes, strict=True)):
                painter.setPen(QColor(tokens.muted))
                painter.drawText(QRectF(box.left(), box.top(), left, box.height()), middle, f"{at + 1}")
                painter.setPen(QColor(tokens.text))
                text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, box.width() - right - left - 6)
                painter.drawText(box.adjusted(left, 0, -right, 0), middle, text)
                painter.setPen(QColor(tokens.muted))
                painter.drawText(box, middle | int(Qt.AlignmentFlag.AlignRight), numbers.figure(value))
        finally:
            painter.end()


class RankingPart(QWidget):
    """The best of a column's values. ``chosen`` tells another column to rank."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.which, self.view, self.note = (
            Choice("What is ranked", px=12),
            RankingView(),
            parts.label("", "faint", wrap=True),
        )
        self.which.chosen.connect(lambda index: self.chosen.emit(self.columns[index]))
        self.columns: tuple[str, ...] = ()
        self.setLayout(parts.column(parts.row(self.which, 1), self.view, self.note, spacing=4))

    def show_ranking(self, found: Ranked, columns: tuple[str, ...]) -> None:
        """Show it; ``columns`` can be ranked."""
        self.columns = columns or (found.column,)
        self.which.offer([f"Best {name}" for name in self.columns])
        self.which.show_index(self.columns.index(found.column) if found.column in self.columns else 0)
        self.view.show_rows(found.best)
        met = numbers.count(found.met, "value")
        self.note.setText(f"{met} left out: the data has a row with that already" if found.met else "")
        self.note.setVisible(bool(found.met))


class WordsView(Flowing):
    """A text whose labelled words stand on a ground of colour with the label below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = Words((), ())
        self.setAccessibleName("The text, with what was found in it")

    def show_words(self, words: Words) -> None:
        """Show this text."""
        self.words = words
        found = [f"{word}: {label}" for word, label in zip(words.words, words.labels, strict=True) if label]
        self.setToolTip("Words over dots did not occur in training" if words.unknown else "")
        strange = [words.words[at] for at in sorted(words.unknown) if at < len(words.words)]
        unknown = f"; not met in training: {', '.join(strange)}" if strange else ""
        describe(self, (", ".join(found) or "nothing was found") + unknown)
        self.reflow()

    def flow(self, painter: QPainter | None) -> int:
        font, small = theme.ui_font(13), theme.ui_font(10)
        metrics, below = QFontMetricsF(font), QFontMetricsF(small)
        distinct = len({label for label in self.words.labels if label}) > 1
        gap = metrics.horizontalAdvance(" ") if self.words.joiner else 0.0
        high = metrics.height() + 4 + (below.height() if distinct else 0.0) + 3
        x, y = 0.0, 0.0
        for at, (word, label) in enumerate(zip(self.words.words, self.words.labels, strict=True)):
            wide = metrics.horizontalAdvance(word) + (8 if label else 0)
            wide = max(wide, below.horizontalAdvance(label) + 4 if label and distinct else 0.0)
            if x and x + wide > self.width():
                x, y = 0.0, y + high
            if painter is not None:
                box = QRectF(x, y, wide, metrics.height() + 4)
                self._word(painter, box, word, label, distinct)
                if at in self.words.unknown:
                    pen = QPen(QColor(theme.current().muted), 1.5, Qt.PenStyle.DotLine)
                    painter.setPen(pen)
                    painter.drawLine(box.bottomLeft() + QPointF(2, -2), box.bottomRight() + QPointF(-2, -2))
            x += wide + gap
        return math.ceil(y + high)

    def _word(self, painter: QPainter, box: QRectF, word: str, label: str, named: bool) -> None:
        tokens = theme.current()
        painter.setFont(theme.ui_font(13))
        if label:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.mixed(tokens.panel, self._color(label), 0.4))
            painter.drawRoundedRect(box, 3, 3)
        painter.setPen(QColor(tokens.text))
        painter.drawText(box.adjusted(4 if label else 0, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), word)
        if label and named:
            painter.setFont(theme.ui_font(10))
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QPointF(box.left() + 2, box.bottom() + QFontMetricsF(painter.font()).ascent()), label)

    def _color(self, label: str) -> str:
        colors = theme.current().families
        kinds = sorted({each.partition("-")[2] or each for each in self.words.labels if each})
        order = ("attention", "normalisation", "convolution", "recurrent", "losses", "linear")
        known = [colors[name] for name in order if name in colors] or list(colors.values())
        return known[kinds.index(label.partition("-")[2] or label) % len(known)]


class SeriesView(Lines):
    """The past, what is forecast and, where it is known, what came."""

    def __init__(self) -> None:
        super().__init__("Forecast", "steps from now on")
        self.plot.bottom.show_scale(whole=True)
        self.setMinimumHeight(theme.scaled(140))  # it grows where there is room

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(300), theme.scaled(140))

    def show_series(self, series: Series) -> None:
        """Draw these."""
        tokens = theme.current()
        past, ahead = series.past, len(series.forecast)
        before, after = np.arange(1 - len(past), 1, dtype=np.float64), np.arange(1, ahead + 1, dtype=np.float64)
        lines = {"past": (before, past, tokens.muted)}
        labels = [Label(float(after[-1]), float(series.forecast[-1]), "forecast", tokens.accent)]
        values = [past, series.forecast]
        if series.came is not None and len(series.came) == ahead:
            lines["what came"] = (after, series.came, tokens.good)
            labels.append(Label(float(after[-1]), float(series.came[-1]), "what came", tokens.good))
            values.append(series.came)
        lines["forecast"] = (after, series.forecast, tokens.accent)
        known = np.concatenate(values)
        low, high = float(np.nanmin(known)), float(np.nanmax(known))
        room = 0.08 * (high - low or 1.0)
        self.rename(f"{series.name} ahead")
        self.show_lines(
            lines, (float(before[0]), ahead + 0.32 * (len(past) + ahead)), (low - room, high + room), labels
        )
        told = ", ".join(numbers.figure(value) for value in series.forecast[:6].tolist())
        describe(self, f"{series.name}: {told}")


class SamplesView(QWidget):
    """Pictures that the network painted, side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.images: list[QImage] = []
        self.setAccessibleName("Pictures that the network painted, each from other noise")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_pictures(self, values: NDArray[np.floating]) -> None:
        """Show N×C×H×W."""
        self.images = [picture_of(each) for each in values]
        self.setFixedHeight(self._height())
        self.update()

    def resizeEvent(self, event: object) -> None:
        self.setFixedHeight(self._height())

    def _height(self) -> int:
        across, side = self._fit()
        return -(-len(self.images) // across) * (side + GAP)

    def _fit(self) -> tuple[int, int]:
        across = max(1, min(6, (self.width() + GAP) // (theme.scaled(32) + GAP)))
        return across, max(8, (self.width() - (across - 1) * GAP) // across)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            across, side = self._fit()
            for at, image in enumerate(self.images):
                line, place = divmod(at, across)
                size = image.size().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() >= side)
                painter.drawImage(QRectF(place * (side + GAP), line * (side + GAP), size.width(), size.height()), image)
        finally:
            painter.end()


def picture_of(values: NDArray[np.floating]) -> QImage:
    """C×H×W as a picture: from 0 to 1, or stretched where it goes beyond."""
    low, high = float(values.min()), float(values.max())
    if low < -0.25 or high > 1.25:
        values = (values - low) / max(high - low, 1e-9)
    pixels = np.clip(values * 255, 0, 255).astype(np.uint8)
    return image_of(np.moveaxis(pixels[:3], 0, 2) if len(pixels) >= 3 else pixels[0])
