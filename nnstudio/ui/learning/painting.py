"""How units, lines and numbers look: colour by sign, thickness by size, what is not known yet only as an outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from nnstudio.train.learning import Link, Part, Place
from nnstudio.train.learning_course import Course
from nnstudio.train.learning_words import brief
from nnstudio.ui import theme
from nnstudio.ui.learning.geometry import Geometry
from nnstudio.ui.learning.learner import Selected

#: Widths of lines in pixels, of the smallest and the largest weight.
THIN, THICK = 1.0, 5.0
_CENTRE = Qt.AlignmentFlag.AlignCenter


def signed_color(value: float, most: float, tokens: theme.Tokens | None = None) -> QColor:
    """A colour by sign and size: towards the training colour where positive, the validation colour where negative, the
    colour of lines at zero."""
    tokens = tokens or theme.current()
    end = tokens.training if value >= 0 else tokens.validation
    share = min(1.0, abs(value) / most) if most > 0 and value == value else 0.0
    return theme.mixed(theme.mixed(tokens.line, tokens.text, 0.18).name(), end, 0.25 + 0.75 * share if share else 0.0)


@dataclass
class Look:
    """What is to be painted: a course, where its parts stand, what is selected, what is under the mouse."""

    course: Course
    geometry: Geometry
    numbers: dict[int, QRectF]
    selected: Selected
    hovered: Selected
    focused: bool


class Painting:
    """Paints a look with a painter."""

    def __init__(self, look: Look, painter: QPainter) -> None:
        self.look, self.painter = look, painter
        self.course, self.geometry = look.course, look.geometry
        self.tokens, self.scale = theme.current(), look.geometry.scale
        self.weights = self.course.state.weights
        self.most = float(np.max(np.abs(self.weights), initial=0.0)) or 1.0
        self.passage, self.at = self.course.passage, self.course.at
        self.bold, self.plain = theme.ui_font(12, 600), theme.ui_font(11)
        self.figures, self.small = theme.mono_font(11, 500), theme.mono_font(10)
        self.metrics = {id(font): QFontMetricsF(font) for font in (self.bold, self.plain, self.figures, self.small)}
        self.updating = self.course.state.old is not None

    def paint(self) -> None:
        """Everything."""
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._bands()
        chosen, others = self._links()
        for link in (*others, *chosen):
            self._line(link, strong=link in chosen)
        for weight, box in self.look.numbers.items():
            self._number(weight, box)
        for part in self.course.anatomy.parts:
            for place in part.places:
                self._unit(part, place)
        for head in self.geometry.heads:
            self._head(head.part, head.box)

    # --- columns ------------------------------------------------------------------------------------------------

    def _bands(self) -> None:
        """The part that the stage is about stands on a ground of its own."""
        step = self.course.step
        roles = {"sample": ("input", "target"), "loss": ("loss",)}.get(step.phase, ())
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(QColor(self.tokens.raised))
        for head in self.geometry.heads:
            if head.part.id == step.node or head.part.role in roles:
                self.painter.drawRoundedRect(head.box.adjusted(4, 0, -4, 0), 8, 8)

    def _head(self, part: Part, box: QRectF) -> None:
        line = 17 * self.scale
        for at, (font, color, text) in enumerate((
            (self.bold, self.tokens.text, part.name),
            (self.plain, self.tokens.muted, "target" if part.role == "target" else part.kind),
        )):  # fmt: skip
            self.painter.setFont(font)
            self.painter.setPen(QColor(color))
            room = QRectF(box.left() + 4, box.top() + 5 * self.scale + at * line, box.width() - 8, line)
            shown = self.metrics[id(font)].elidedText(text, Qt.TextElideMode.ElideRight, room.width())
            self.painter.drawText(room, _CENTRE, shown)

    # --- lines --------------------------------------------------------------------------------------------------

    def _links(self) -> tuple[list[Link], list[Link]]:
        """Lines of what is selected or under the mouse, and all others."""
        chosen: list[Link] = []
        others: list[Link] = []
        for link in self.course.anatomy.links:
            near = any(
                one is not None and (link.weight == one if isinstance(one, int) else one in (link.source, link.target))
                for one in (self.look.selected, self.look.hovered)
            )
            (chosen if near else others).append(link)
        return chosen, others

    def _line(self, link: Link, *, strong: bool) -> None:
        begin, end = self.geometry.ends(link)
        if link.weight is None:
            color = theme.mixed(self.tokens.line, self.tokens.text, 0.45 if strong else 0.12)
            self.painter.setPen(QPen(color, 1.5 if strong else 1.0))
        else:
            value = float(self.weights[link.weight])
            if link.weight == self.look.selected:
                halo = QColor(self.tokens.accent)
                halo.setAlpha(90)
                self.painter.setPen(QPen(halo, THICK + 6))
                self.painter.drawLine(begin, end)
            share = min(1.0, abs(value) / self.most)
            self.painter.setPen(QPen(signed_color(value, self.most), THIN + (THICK - THIN) * share))
        self.painter.drawLine(begin, end)

    def _number(self, place: int, box: QRectF) -> None:
        """A weight's value on its line, under it its gradient; at the update what it was, over what it is."""
        value, more = self._weight_texts(place)
        lines = [(self.figures, self.tokens.text, value)]
        if more:
            lines.insert(0 if self.updating else 1, (self.small, self.tokens.muted, more))
        tall = [self.metrics[id(font)].height() for font, _, _ in lines]
        wide = max(self.metrics[id(font)].horizontalAdvance(text) for font, _, text in lines) + 6
        ground = QRectF(box.center().x() - wide / 2, box.center().y() - sum(tall) / 2, wide, sum(tall))
        self._ground(ground, place)
        y = ground.top()
        for (font, color, text), height in zip(lines, tall, strict=True):
            self.painter.setFont(font)
            self.painter.setPen(QColor(color))
            self.painter.drawText(QRectF(ground.left(), y, wide, height), _CENTRE, text)
            y += height

    def _weight_texts(self, place: int) -> tuple[str, str]:
        """A weight's value, and its gradient or what it was, as far as the person has come."""
        value, old = brief(float(self.weights[place])), self.course.state.old
        if old is not None:
            return value, f"{brief(float(old[place]))} →"
        if self.course.knows_slope(place):
            return value, f"∂ {brief(float(self.passage.weight_gradients[place]))}"
        return value, ""

    def _ground(self, box: QRectF, place: int) -> None:
        self.painter.setBrush(QColor(self.tokens.canvas))
        chosen = place in (self.look.selected, self.look.hovered)
        self.painter.setPen(QPen(QColor(self.tokens.accent if chosen else self.tokens.line), 1))
        self.painter.drawRoundedRect(box, 4, 4)

    # --- units --------------------------------------------------------------------------------------------------

    def _unit(self, part: Part, place: Place) -> None:
        at, radius = self.geometry.units[place], self.geometry.radius
        course = self.course
        known = course.knows_value(part.id)
        value = float(self.passage.values[part.id][self.at, place[1]]) if known else float("nan")
        if part.role == "loss" and known:
            value = self._loss(part)[0]
        self._halo(place, at, radius)
        most = float(np.max(np.abs(self.passage.values[part.id][self.at]), initial=0.0)) if known else 0.0
        family = QColor(self.tokens.families.get(part.color, self.tokens.muted))
        fill = theme.mixed(self.tokens.panel, signed_color(value, most).name(), 0.4) if known and part.role != "loss" \
            else QColor(self.tokens.panel)  # fmt: skip
        self.painter.setBrush(fill)
        pen = QPen(family if known else theme.mixed(self.tokens.line, self.tokens.text, 0.3), 1.75)
        pen.setStyle(Qt.PenStyle.SolidLine if known else Qt.PenStyle.DotLine)
        self.painter.setPen(pen)
        self.painter.drawEllipse(at, radius, radius)
        if known:
            self.painter.setFont(self.figures)
            self.painter.setPen(QColor(self.tokens.text))
            self.painter.drawText(_around(at, radius), _CENTRE, brief(value))
        self._biases(place)
        self._below(part, place, at, radius)

    def _halo(self, place: Place, at: QPointF, radius: float) -> None:
        if place in (self.look.selected, self.look.hovered):
            color = QColor(self.tokens.accent)
            color.setAlpha(255 if place == self.look.selected and self.look.focused else 130)
            self.painter.setPen(QPen(color, 2))
            self.painter.setBrush(Qt.BrushStyle.NoBrush)
            self.painter.drawEllipse(at, radius + 4, radius + 4)

    def _biases(self, place: Place) -> None:
        """A unit's own weights above it: what is added to its sum."""
        own = self.course.anatomy.own.get(place, ())
        if not own:
            return
        box = self.geometry.bias(place)
        value, under = self._weight_texts(own[0])
        more = "…" if len(own) > 1 else ""
        kind = "b" if self.course.anatomy.weights[own[0]].parameter == "bias" else "w"
        text = f"{kind} {under} {value}{more}" if self.updating else f"{kind} {value}{more}  {under}".rstrip()
        font = self.small
        wide = max(box.width(), self.metrics[id(font)].horizontalAdvance(text) + 10)
        box = QRectF(box.center().x() - wide / 2, box.top(), wide, box.height())
        self._ground(box, own[0])
        self.painter.setFont(font)
        self.painter.setPen(QColor(self.tokens.text))
        self.painter.drawText(box, _CENTRE, text)

    def _below(self, part: Part, place: Place, at: QPointF, radius: float) -> None:
        """A unit's name under it, and its gradient."""
        name = part.units[place[1]] if part.role != "target" else self._class_name(part, place)
        font = self.plain
        line = self.metrics[id(font)].height()
        wide = self.geometry.heads[0].box.width() - 6
        texts = [(font, self.tokens.muted, name)] if name not in ("", part.name) else []
        if self.course.knows_gradient(part.id) and part.role != "loss":
            gradient = float(self.passage.gradients[part.id][self.at, place[1]])
            texts.append((self.small, self.tokens.text, f"∂ {brief(gradient)}"))
        if part.role == "loss" and self.course.knows_value(part.id):
            texts += [(self.plain, self.tokens.muted, text) for text in self._loss(part)[1]]
        y = at.y() + radius + 1
        for font, color, text in texts:
            self.painter.setFont(font)
            self.painter.setPen(QColor(color))
            shown = self.metrics[id(font)].elidedText(text, Qt.TextElideMode.ElideMiddle, wide)
            self.painter.drawText(QRectF(at.x() - wide / 2, y, wide, line), _CENTRE, shown)
            y += line - 1

    def _loss(self, part: Part) -> tuple[float, list[str]]:
        """A loss as it counts now, and what is said under it."""
        passage = self.passage
        if len(passage.losses) > 1:
            return passage.losses[part.id], [f"total {brief(passage.loss)}"]
        if len(passage.rows) == 1:
            return passage.loss, []
        other = ("sum", passage.sum) if passage.reduction == "mean" else ("mean", passage.mean)
        return passage.loss, [passage.reduction, f"{other[0]} {brief(other[1])}"]

    def _class_name(self, part: Part, place: Place) -> str:
        if not part.classes:
            return part.units[place[1]] if len(part.units) > 1 else ""
        number = int(self.passage.values[part.id][self.at, place[1]])
        return part.classes[number] if 0 <= number < len(part.classes) else ""


def _around(at: QPointF, radius: float) -> QRectF:
    return QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius)
