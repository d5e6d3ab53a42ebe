"""What the network answers: classes with how sure it is, numbers, pictures, sounds, texts; one part for each output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from nnstudio.project.judging.subjects import names_of
from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.data_pictures import image_of
from nnstudio.ui.docks.scene_marks import AreasLegend, MarkedPicture, marks_of_answer
from nnstudio.ui.docks.try_sound import SoundAnswer
from nnstudio.ui.docks.try_views import NeighboursView, RankingPart, SamplesView, SeriesView, WordsView, picture_of
from nnstudio.ui.parts import column, empty, label, row

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

#: Classes that are shown, the likeliest first; numbers that are written out.
CLASSES, NUMBERS = 10, 24
#: Pixels at 100 % that an output takes at least where several stand beside one another.
SIDE = 220
#: And what it would like to take: with what lies near or a ranking, as a picture, and else.
LISTED, PAINTED, TOLD = 530, 260, 430


class ClassBars(QWidget):
    """Shares of the likeliest classes as bars, the first in the accent's colour."""

    LINE, FEW, WIDE = 20, 5, 380

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[tuple[str, float]] = []
        self.told: list[str] = []
        self.setAccessibleName("Certainty by class")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(220), theme.scaled(self.LINE) * max(1, self._lines()))

    def _lines(self) -> int:
        """How many stand under one another: half of them where there are many and there is room for two beside one
        another."""
        two = len(self.rows) > self.FEW and self.width() >= theme.scaled(self.WIDE)
        return -(-len(self.rows) // 2) if two else len(self.rows)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def show_shares(self, shares: Mapping[str, float]) -> None:
        """Show these, by class."""
        rows = sorted(shares.items(), key=lambda each: -each[1])
        self.rows, self.told = rows[:CLASSES], numbers.shares([share for _, share in rows])[:CLASSES]
        describe(self, ", ".join(f"{name} {told}" for (name, _), told in zip(self.rows, self.told, strict=True)))
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            font = theme.ui_font(12)
            painter.setFont(font)
            metrics, high = QFontMetricsF(font), theme.scaled(self.LINE)
            names = max((metrics.horizontalAdvance(name) for name, _ in self.rows), default=0.0)
            lines = max(1, self._lines())
            across = -(-len(self.rows) // lines)
            wide = (self.width() - 18 * (across - 1)) / max(1, across)
            left = min(0.45 * wide, names + 12)
            right = metrics.horizontalAdvance("100.0 %") + 8
            for place in range(len(self.rows)):
                box = QRectF(place // lines * (wide + 18), place % lines * high, wide, high)
                self._line(painter, box, place, left, right)
        finally:
            painter.end()

    def _line(self, painter: QPainter, box: QRectF, place: int, left: float, right: float) -> None:
        (name, share), first = self.rows[place], place == 0
        tokens, metrics = theme.current(), QFontMetricsF(painter.font())
        flags = int(Qt.AlignmentFlag.AlignVCenter)
        painter.setPen(QColor(tokens.text if first else tokens.muted))
        elided = metrics.elidedText(name, Qt.TextElideMode.ElideRight, left - 8)
        painter.drawText(QRectF(box.left(), box.top(), left, box.height()), flags, elided)
        track = QRectF(box.left() + left, box.center().y() - 4, max(4.0, box.width() - left - right), 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(track, 4, 4)
        if share > 0.001:
            painter.setBrush(QColor(tokens.accent if first else tokens.faint))
            painter.drawRoundedRect(QRectF(track.left(), track.top(), max(4.0, track.width() * share), 8), 4, 4)
        painter.setPen(QColor(tokens.text if first else tokens.muted))
        end = QRectF(box.right() - right, box.top(), right, box.height())
        painter.drawText(end, flags | int(Qt.AlignmentFlag.AlignRight), self.told[place])


class Picture(QWidget):
    """A picture that the network painted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = image_of(np.zeros((1, 1), np.uint8))
        self.setAccessibleName("The picture that the network paints")
        self.setMinimumSize(72, 72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_pixels(self, values: np.ndarray) -> None:
        """Show C×H×W; from 0 to 1, or stretched where it goes beyond."""
        self._image = picture_of(values)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            area = QRectF(0, 0, size.width(), size.height())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._image.width() >= area.width())
            painter.drawImage(area, self._image, QRectF(self._image.rect()))
        finally:
            painter.end()


class AnswersView(QWidget):
    """All outputs, beside one another where there is room, else under one another: name, the answer, how sure it is,
    and what stands beside it. wants: how wide that would like to be, in pixels at 100 %. picture: in which
    boxes and areas lie; classes: of boxes, in the order of their colours; dataset: whose rows neighbours are; units: by
    output, what its answer is of. ``row_chosen`` tells a neighbour's row, ``rank_chosen`` the column to rank."""

    row_chosen = Signal(int)
    rank_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = QImage()
        self.classes: tuple[str, ...] = ()
        self.dataset: Dataset | None = None
        self.units: Mapping[str, str] = {}
        self.ranks: tuple[str, ...] = ()
        self._forms: tuple[tuple[object, ...], ...] = ()
        self._parts: dict[str, dict[str, QWidget]] = {}
        self.headlines: dict[str, str] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._sides: QBoxLayout | None = None
        self.wants = 0

    def show_answers(
        self, answers: Mapping[str, Mapping[str, Any]], samples: Mapping[str, np.ndarray] | None = None
    ) -> None:  # fmt: skip
        """Show these; the widgets stay as long as the outputs are of the same kinds. samples: further pictures."""
        samples = samples or {}
        forms = tuple(
            (
                name,
                self.units.get(name, ""),
                _form(answer),
                *(each for each in BESIDE if each in answer),
                name in samples,
            )
            for name, answer in answers.items()
        )
        if forms != self._forms:
            self._build(forms)
        self.headlines = {}
        for name, answer in answers.items():
            self._fill(name, _form(answer), answer)
            if name in samples:
                self._parts[name]["samples"].show_pictures(samples[name])  # type: ignore[attr-defined]

    def _build(self, forms: tuple[tuple[Any, ...], ...]) -> None:
        empty(self._column)
        self._forms, self._parts = forms, {}
        self._sides = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._sides.setSpacing(6)
        self.wants = 0
        pictures = sum((form[2] == "picture") + bool(form[-1]) for form in forms)
        painted = row(spacing=10)  # pictures that were painted
        if pictures > 1:
            self._column.addLayout(painted, 1)
        for name, unit, form, *beside, sampled in forms:
            head = label("", "title", wrap=True)
            head.setObjectName(f"answer_{name}")
            more = label("", "muted", wrap=True)
            more.hide()
            told = f"{name} · {unit}" if unit and unit != name else name
            parts: dict[str, QWidget] = {"name": label(told, "muted"), "head": head, "more": more}
            if form in MADE:
                parts["answer"] = MADE[form]()
            if form == "marks":
                parts["areas"] = AreasLegend()
            for each in beside:
                if each in VIEWS:
                    parts[each] = self._view(each)
            if sampled:
                parts["caption"] = label("from other noise", "faint")
                parts["samples"] = SamplesView()
            self._parts[name] = parts
            if form == "picture" and pictures > 1:
                samples = [parts[each] for each in ("caption", "samples") if each in parts]
                painted.addLayout(_stacked([part for part in parts.values() if part not in samples]), 1)
                if samples:
                    painted.addLayout(_stacked(samples), 2)
                continue
            apart = [parts["ranking"]] if "ranking" in parts and form not in MADE else []  # beside a number, it fits
            for side in ([part for part in parts.values() if part not in apart], apart):
                if side:
                    self.wants += wanted(side)
                    self._sides.addLayout(_stacked(side))
        stretches = any(form[2] in ("picture", "marks", "series", "sound") for form in forms)
        self._column.addLayout(self._sides, 1 if stretches and self._sides.count() else 0)
        self._column.addStretch(0 if stretches else 1)
        self._turn()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()

    def _turn(self) -> None:
        """Outputs stand beside one another where each has room."""
        if self._sides is None:
            return
        count = self._sides.count()
        wide = count > 1 and self.width() >= count * theme.scaled(SIDE)
        ways = QBoxLayout.Direction
        self._sides.setDirection(ways.LeftToRight if wide else ways.TopToBottom)
        self._sides.setSpacing(18 if wide else 6)
        for place in range(count):
            side = self._sides.itemAt(place).layout()
            held = [side.itemAt(at).widget() for at in range(side.count())]
            stretches = any(isinstance(each, STRETCHING) for each in held)
            self._sides.setStretch(place, wanted(held) if wide else int(stretches))

    def restyle(self) -> None:
        """Take fonts and colours of the present theme."""
        for frame in self.findChildren(SeriesView):
            frame.restyle()

    def _view(self, kind: str) -> QWidget:
        made: QWidget = VIEWS[kind]()
        if isinstance(made, SeriesView):
            made.restyle()
        if isinstance(made, NeighboursView):
            made.chosen.connect(self.row_chosen)
        if isinstance(made, RankingPart):
            made.chosen.connect(self.rank_chosen)
        return made

    def _fill(self, name: str, form: str, answer: Mapping[str, Any]) -> None:
        parts = self._parts[name]
        text = headline(form, answer)
        self.headlines[name] = text
        for key, said in (("head", text), ("more", more_of(answer))):
            part = parts[key]
            part.setText(said)  # type: ignore[attr-defined]
            part.setVisible(bool(said))
        shown = parts.get("answer")
        if isinstance(shown, ClassBars):
            shown.show_shares(answer["probabilities"])
        elif isinstance(shown, Picture):
            shown.show_pixels(np.asarray(answer["value"], np.float64))
        elif isinstance(shown, SoundAnswer):
            shown.show_sound(answer["sound"], int(answer.get("rate", 0)))
        elif isinstance(shown, MarkedPicture):
            shown.show_marks(self.picture, marks_of_answer(answer, self.classes))
            areas = parts["areas"]
            assert isinstance(areas, AreasLegend)
            names = names_of(self.dataset, self.units.get(name, "")) if self.dataset is not None else ()
            areas.setVisible("mask" in answer and bool(names))
            if areas.isVisibleTo(self):
                areas.show_areas(np.asarray(answer["mask"]), names)
        for kind, part in parts.items():
            if isinstance(part, NeighboursView):
                part.show_near(self.dataset, answer[kind], answer.get("threshold"))
            elif isinstance(part, RankingPart):
                part.show_ranking(answer[kind], self.ranks)
            elif isinstance(part, WordsView):
                part.show_words(answer[kind])
            elif isinstance(part, SeriesView):
                part.show_series(answer[kind])


def _stacked(parts: Sequence[QWidget]) -> QVBoxLayout:
    """Parts under one another, as high as there is room where one of them can use it."""
    made = column(*parts, spacing=6)
    for part in parts:
        made.setStretchFactor(part, 1 if isinstance(part, STRETCHING) else 0)
    if not any(isinstance(part, STRETCHING) for part in parts):
        made.addStretch(1)
    return made


def wanted(parts: Sequence[QWidget | None]) -> int:
    """How wide one output would like to be, in pixels at 100 %: a picture is as wide as it is high."""
    if any(isinstance(part, NeighboursView | RankingPart) for part in parts):
        return LISTED
    return PAINTED if any(isinstance(part, Picture | MarkedPicture) for part in parts) else TOLD


#: What takes what height there is.
STRETCHING = (Picture, MarkedPicture, SeriesView, SoundAnswer)
#: What shows an answer, by its form, and what stands beside one, by its name in the answer.
MADE: Mapping[str, Callable[[], QWidget]] = {
    "classes": ClassBars, "picture": Picture, "marks": MarkedPicture, "sound": SoundAnswer,
}  # fmt: skip
VIEWS: Mapping[str, Callable[[], QWidget]] = {
    "neighbours": NeighboursView, "ranking": RankingPart, "words": WordsView, "series": SeriesView,
}  # fmt: skip
BESIDE = ("neighbours", "ranking", "words", "series")


def more_of(answer: Mapping[str, Any]) -> str:
    """What is told below the answer: what is right, how sure a verification is, what a place in a text says."""
    told = []
    if "distance" in answer:
        limit = answer["limit"]
        told.append(
            f"{numbers.figure(answer['distance'])} apart; up to {numbers.figure(limit.distance)} is taken for the "
            f"same, which is wrong for {numbers.share(limit.error)} of the pairs held back"
        )
    if "above" in answer:
        told.append(f"more than {numbers.share(answer['above'])} of the rows held back")
    if answer.get("span") and "place" in answer:
        told.append(
            f"from word {answer.get('begin', int(answer['class'])) + 1} on, {numbers.share(answer['probability'])} sure"
        )
    threshold = answer.get("threshold")
    if threshold is not None and answer.get("neighbours"):
        if threshold.distance == threshold.distance:
            told.append(
                f"The nearest training rows. Up to {numbers.figure(threshold.distance)} apart two are taken for the "
                f"same, which is wrong for {numbers.share(threshold.error)} of pairs"
            )
        else:
            told.append("The nearest training rows")
    if answer.get("right"):
        told.append(f"in the data: {answer['right']} {answer.get('unit', '')}".rstrip())
    return "\n".join(told)


def _form(answer: Mapping[str, Any]) -> str:
    if "distance" in answer:
        return "pair"
    if "place" in answer:
        return "place"
    if "words" in answer:
        return "words"
    if "series" in answer:
        return "series"
    if "embedding" in answer:
        return "embedding"
    if "sound" in answer:
        return "sound"
    if "probabilities" in answer:
        return "classes"
    if "boxes" in answer or "mask" in answer:
        return "marks"
    value = answer.get("value")
    if isinstance(value, list) and np.ndim(value) == 3 and np.shape(value)[0] in (1, 3):
        return "picture"
    return "text"


def headline(form: str, answer: Mapping[str, Any]) -> str:
    """The answer in a few words."""
    if form == "classes":
        return str(answer["class"]) if "class" in answer else ", ".join(answer["labels"]) or "None of them"
    if form in ("picture", "embedding", "series", "sound"):
        return ""
    if form == "pair":
        return "The same" if answer["same"] else "Not the same"
    if form == "place":
        told = f"word {int(answer['class']) + 1}: “{answer['place']}”, {numbers.share(answer['probability'])} sure"
        return answer["span"] if answer.get("span") else told
    if form == "words":
        found = sum(1 for label in answer["words"].labels if label.startswith("B-") or (label and "-" not in label))
        return numbers.count(found, "thing") + " found" if found else "Nothing was found"
    if form == "marks":
        if "boxes" in answer:
            return numbers.count(len(answer["boxes"]), "object") if answer["boxes"] else "Nothing was found"
        return "" if np.any(answer["mask"]) else "Nothing was found"
    value = answer.get("text", answer.get("value"))
    if isinstance(value, float):
        return f"{numbers.figure(value)} {answer.get('unit', '')}".rstrip()
    if isinstance(value, list):
        flat = np.asarray(value, dtype=object).reshape(-1).tolist()
        told = ", ".join(numbers.figure(each) if isinstance(each, float) else str(each) for each in flat[:NUMBERS])
        return told + (f", … ({len(flat):,} in all)" if len(flat) > NUMBERS else "")
    return str(value)
