"""How the values of each column are distributed: a small histogram for numbers, counts by split for classes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.data_rows import SPLIT_TITLES

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.statistics import Summary
    from nnstudio.ui.session import Session

#: Pixels: a card's least width, its height, and what is between two.
WIDE, HIGH, GAP = 220, 116, 16
#: Classes that a card shows at most.
MOST_CLASSES = 24


class Cards(QWidget):
    """A card for each column, targets first. Columns that have not been looked at yet say so."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: list[str] = []
        self.summaries: Mapping[str, Summary] = {}

    def show_columns(self, names: list[str], summaries: Mapping[str, Summary]) -> None:
        """Show cards of these columns, with what is known of them (which may grow; call ``update`` then)."""
        self.names, self.summaries = names, summaries
        self._fit()
        self.update()

    @property
    def across(self) -> int:
        """How many cards stand in a row."""
        return max(1, (self.width() - GAP) // (WIDE + GAP))

    def _fit(self) -> None:
        self.setMinimumHeight(-(-len(self.names) // self.across) * (HIGH + GAP))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def card(self, place: int) -> QRect:
        """Where the card at a place is."""
        line, at = divmod(place, self.across)
        wide = (self.width() - GAP) // self.across - GAP
        return QRect(GAP + at * (wide + GAP), line * (HIGH + GAP), wide, HIGH)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for place, name in enumerate(self.names):
                card = self.card(place)
                if card.intersects(event.rect()):
                    self._paint_card(painter, QRectF(card), name, self.summaries.get(name))
        finally:
            painter.end()

    def _paint_card(self, painter: QPainter, card: QRectF, name: str, summary: Summary | None) -> None:
        tokens = theme.current()
        head, body = QRectF(card.left(), card.top(), card.width(), 18), card.adjusted(0, 24, 0, -16)
        painter.setFont(theme.ui_font(12, 600))
        painter.setPen(QColor(tokens.text))
        told = described(summary)
        small = QFontMetricsF(theme.ui_font(11))
        room = card.width() - small.horizontalAdvance(told) - 12
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, int(max(60.0, room)))
        painter.drawText(head, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
        painter.setFont(theme.ui_font(11))
        painter.setPen(QColor(tokens.muted))
        painter.drawText(head, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), told)
        if summary is None:
            return
        if summary.classes:
            self._paint_classes(painter, body, summary)
        elif len(summary.counts):
            self._paint_histogram(painter, body, summary)
        else:
            painter.drawText(body, int(Qt.AlignmentFlag.AlignCenter), "no numbers to show")

    def _paint_histogram(self, painter: QPainter, body: QRectF, summary: Summary) -> None:
        tokens = theme.current()
        each, top = body.width() / len(summary.counts), max(1, int(summary.counts.max()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.families["io"]))
        for index, count in enumerate(summary.counts.tolist()):
            if count:
                tall = max(1.0, body.height() * count / top)
                painter.drawRect(QRectF(body.left() + index * each, body.bottom() - tall, each - 1, tall))
        foot = QRectF(body.left(), body.bottom() + 3, body.width(), 13)
        painter.setFont(theme.mono_font(10))
        painter.setPen(QColor(tokens.muted))
        low, high = (numbers.figure(float(summary.edges[place])) for place in (0, -1))
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignLeft), low)
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignRight), high)

    def _paint_classes(self, painter: QPainter, body: QRectF, summary: Summary) -> None:
        """A bar for each class, its splits one above the other in their colours."""
        tokens = theme.current()
        classes = list(summary.classes.items())[:MOST_CLASSES]
        top = max(1, max(sum(counts.values()) for _, counts in classes))
        each = body.width() / len(classes)
        wide = min(36.0, max(2.0, 0.7 * each))
        painter.setFont(theme.ui_font(11))
        letters = painter.fontMetrics()
        for index, (name, counts) in enumerate(classes):
            middle, bottom = body.left() + (index + 0.5) * each, body.bottom()
            for split, (_, token) in SPLIT_TITLES.items():
                tall = body.height() * counts.get(split, 0) / top
                bar = QRectF(middle - wide / 2, bottom - tall, wide, tall)
                painter.fillRect(bar, QColor(getattr(tokens, token)))
                bottom -= tall
            if letters.horizontalAdvance("0") < each:
                painter.setPen(QColor(tokens.muted))
                text = letters.elidedText(name, Qt.TextElideMode.ElideRight, int(each))
                at = QPointF(middle - letters.horizontalAdvance(text) / 2, body.bottom() + 13)
                painter.drawText(at, text)


def described(summary: Summary | None) -> str:
    """A column's figures in a few words."""
    if summary is None:
        return "being counted"
    parts = []
    if summary.classes:
        classes = len(summary.classes)
        more = f", first {MOST_CLASSES}" if classes > MOST_CLASSES else ""
        parts.append(numbers.count(classes, "class", "classes") + more)
    elif summary.mean is not None and summary.std is not None:
        parts.append(f"{numbers.figure(summary.mean)} ± {numbers.figure(summary.std)}")
    else:
        parts.append(summary.kind)
    if summary.missing:
        parts.append(f"{summary.missing:,} missing")
    if summary.role != "input":
        parts.append(summary.role)
    return " · ".join(parts)


class Key(QWidget):
    """What the colours of the splits mean."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(22)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(theme.ui_font(11))
            x, tokens = float(GAP), theme.current()
            for title, token in SPLIT_TITLES.values():
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(getattr(tokens, token)))
                painter.drawEllipse(QPointF(x + 4, 11), 3.5, 3.5)
                painter.setPen(QColor(tokens.muted))
                painter.drawText(QPointF(x + 13, 15), title)
                x += 13 + QFontMetricsF(painter.font()).horizontalAdvance(title) + 16
        finally:
            painter.end()


class ColumnsView(QWidget):
    """Cards of all columns. They are counted in the background, since that may take a while."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._dataset: Dataset | None = None
        self._job: Any = None
        self._summaries: dict[str, Summary] = {}
        self.cards, self.key = Cards(), Key()
        self.cards.setProperty("role", "scrolled")
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Distributions of the columns")
        scroll.setWidget(self.cards)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.key)
        column.addWidget(scroll, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(100)
        self._timer.timeout.connect(self._progress)

    @property
    def complete(self) -> bool:
        """Whether every column has been counted."""
        return len(self._summaries) == len(self.cards.names)

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Count another data set."""
        self._dataset = dataset
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._summaries = {}
        names = sorted(dataset.columns, key=lambda name: dataset.columns[name].role != "target") if dataset else []
        categories = dataset is not None and any(c.kind == "category" for c in dataset.columns.values())
        self.key.setVisible(categories)
        self.cards.show_columns(names, self._summaries)
        if dataset is None:
            return
        work = partial(count, dataset=dataset, names=names, into=self._summaries)
        self._job = self._session.background.run(work, self._progress, self._failed, name="columns")
        self._timer.start()

    def _progress(self, *_: object) -> None:
        self.cards.update()
        if self.complete:
            self._timer.stop()

    def _failed(self, error: BaseException) -> None:
        self._timer.stop()
        self._session.notice.emit("warning", f"The columns could not be counted: {error}")


def count(job: Any, dataset: Dataset, names: list[str], into: dict[str, Summary]) -> None:
    """Work out the summary of each column, until the job is cancelled."""
    for name in names:
        if job.cancelled:
            return
        into[name] = dataset.summary(name)


def missing_values(dataset: Dataset) -> int:
    """How many values are missing in all columns."""
    return int(np.sum([column.missing for column in dataset.columns.values()]))
