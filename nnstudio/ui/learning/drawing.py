"""The drawing: every unit, weight, value and gradient of the network, to be looked at and selected."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QToolTip, QWidget

from nnstudio.train.learning import Link
from nnstudio.train.learning_words import told
from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.learning.geometry import Geometry
from nnstudio.ui.learning.learner import Learner, Selected
from nnstudio.ui.learning.painting import Look, Painting

#: A line is hit within so many pixels.
NEAR = 6.0


class Drawing(QWidget):
    """Units in columns, lines between them. The arrow keys go from unit to unit, Page up and Page down from weight to
    weight, Enter asks for the selected weight's value (``value_wanted`` is what `selected` does then)."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.learner = learner
        self.setObjectName("learning_drawing")
        self.setAccessibleName("Network, unit by unit")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.hovered: Selected = None
        self.laid = self._laid_out()
        learner.changed.connect(self._changed)
        learner.selected_changed.connect(self._changed)
        theme.changed.connect(self.lay_out)
        self._describe()

    # --- where things are ---------------------------------------------------------------------------------------

    def _laid_out(self) -> Geometry:
        area = self.parentWidget()
        seen = area.size() if area is not None else QSize(700, 400)
        return Geometry(self.learner.anatomy, seen.width(), seen.height(), theme.text_scale())

    def lay_out(self) -> None:
        """Find the places anew: the size of the window or of text is another."""
        self.laid = self._laid_out()
        size = QSize(round(self.laid.width), round(self.laid.height))
        self.setMinimumSize(size)
        self.resize(size)
        self.update()

    def numbers(self) -> dict[int, QRectF]:
        """Where the weights' numbers stand; those of what is selected have the first choice."""
        chosen = self.learner.selected
        return self.laid.numbers(sorted(self.learner.anatomy.links, key=lambda link: not self._near(link, chosen)))

    @staticmethod
    def _near(link: Link, chosen: Selected) -> bool:
        return link.weight == chosen if isinstance(chosen, int) else chosen in (link.source, link.target)

    def hit(self, at: QPointF) -> Selected:
        """The unit or the weight at a point; None for nothing."""
        geometry, anatomy = self.laid, self.learner.anatomy
        for place, own in anatomy.own.items():
            if geometry.bias(place).contains(at):
                return own[0]
        for place, middle in geometry.units.items():
            if (middle - at).manhattanLength() < 1.5 * geometry.radius and _length(middle - at) <= geometry.radius:
                return place
        for weight, box in self.numbers().items():
            if box.contains(at):
                return weight
        near: tuple[float, int] | None = None
        for link in anatomy.links:
            if link.weight is not None:
                away = _distance(at, *geometry.ends(link))
                if away <= NEAR and (near is None or away < near[0]):
                    near = (away, link.weight)
        return near[1] if near is not None else None

    # --- painting -----------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.fillRect(event.rect(), QColor(theme.current().canvas))
            look = Look(
                self.learner.course, self.laid, self.numbers(), self.learner.selected, self.hovered,
                self.hasFocus(),
            )  # fmt: skip
            Painting(look, painter).paint()
        finally:
            painter.end()

    # --- hands --------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.learner.select(self.hit(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.hit(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def _hover(self, found: Selected) -> None:
        if found != self.hovered:
            self.hovered = found
            self.setCursor(Qt.CursorShape.ArrowCursor if found is None else Qt.CursorShape.PointingHandCursor)
            self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.hit(QPointF(event.pos()))
            if found is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self.said(found), self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        ways = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        if key in ways:
            self._go(*ways[key])
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown) and self.learner.anatomy.weights:
            self._go_to_weight(1 if key == Qt.Key.Key_PageDown else -1)
        elif key == Qt.Key.Key_Escape and self.learner.selected is not None:
            self.learner.select(None)
        else:
            super().keyPressEvent(event)

    def _go(self, across: int, down: int) -> None:
        """To the next unit in a direction: the nearest there, or the first of all."""
        places = self.laid.units
        now = self.learner.selected
        if isinstance(now, int):
            now = (self.learner.anatomy.weights[now].node, self.learner.anatomy.weights[now].unit)
        if now is None:
            self.learner.select(next(iter(places)))
            return
        here = places[now]
        ahead = {}
        for place, at in places.items():
            way = at - here
            along = way.x() * across + way.y() * down
            aside = abs(way.x() * down + way.y() * across)
            if along > 1 and (across or aside < 1):
                ahead[place] = (along if across else 0, aside, along)
        if ahead:
            self.learner.select(min(ahead, key=lambda place: ahead[place]))

    def _go_to_weight(self, step: int) -> None:
        count, now = len(self.learner.anatomy.weights), self.learner.selected
        first = 0 if step > 0 else count - 1
        self.learner.select((now + step) % count if isinstance(now, int) else first)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # --- words --------------------------------------------------------------------------------------------------

    def said(self, one: Selected) -> str:
        """A unit or a weight in words: its name, its value and its gradient, as far as the person has come."""
        course, anatomy = self.learner.course, self.learner.anatomy
        if one is None:
            counts = f"{sum(len(part.units) for part in anatomy.parts)} units, {len(anatomy.weights)} weights"
            return f"{counts}, nothing selected"
        if isinstance(one, int):
            parts = [f"weight {anatomy.weights[one].name}", told(float(course.state.weights[one]))]
            if course.knows_slope(one):
                parts.append(f"gradient {told(float(course.passage.weight_gradients[one]))}")
            return ", ".join(parts)
        parts = [anatomy.unit_name(one)]
        if course.knows_value(one[0]):
            parts.append(told(float(course.passage.values[one[0]][course.at, one[1]])))
        if course.knows_gradient(one[0]):
            parts.append(f"gradient {told(float(course.passage.gradients[one[0]][course.at, one[1]]))}")
        return ", ".join(parts)

    def _changed(self) -> None:
        self.update()
        self._describe()
        if self.learner.selected is not None:
            self._bring_into_sight(self.learner.selected)

    def _describe(self) -> None:
        describe(self, self.said(self.learner.selected))

    def _bring_into_sight(self, one: Selected) -> None:
        area = self.parentWidget().parentWidget() if self.parentWidget() is not None else None
        if isinstance(area, QScrollArea) and isinstance(one, tuple):
            at = self.laid.units[one]
            area.ensureVisible(round(at.x()), round(at.y()), 60, 60)


class DrawingArea(QScrollArea):
    """The drawing, with bars where it is larger than its place."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(280, 180)
        self.drawing = Drawing(learner)
        self.setWidget(self.drawing)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.drawing.lay_out()


def _length(way: QPointF) -> float:
    return float((way.x() ** 2 + way.y() ** 2) ** 0.5)


def _distance(at: QPointF, begin: QPointF, end: QPointF) -> float:
    """From a point to a line between two others."""
    way, to = end - begin, at - begin
    square = max(1e-9, way.x() ** 2 + way.y() ** 2)
    share = min(1.0, max(0.0, (to.x() * way.x() + to.y() * way.y()) / square))
    return _length(to - way * share)
