"""Marks along a run: where its plan or its network was changed, and where it was saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from nnstudio.train.events import PlanChanged
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.plots import Overlay, View

if TYPE_CHECKING:
    from nnstudio.train.history import History

#: Pixels within which the mouse is at a mark.
NEAR = 6.0
_SAVED = {"best": "best so far, saved", "hand": "saved by hand", "last": "saved"}


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened after so many steps. kind: ``fork``, ``plan``, ``network``, or that of a
    checkpoint."""

    step: int
    kind: str
    text: str

    @property
    def changed(self) -> bool:
        """Whether the run became another there, rather than was saved."""
        return self.kind in ("fork", "plan", "network")


def marks_of(history: History, title: Callable[[str], str] = str) -> list[Mark]:
    """What happened in the middle of a run, in the order of its steps. title: what a person calls a run, by its id."""
    made, begun = [], history.started
    if begun is not None and begun.parent and begun.parent_step:
        made.append(Mark(begun.parent_step, "fork", f"forked here; before it, {title(begun.parent)}"))
    for change in history.changed:
        if isinstance(change, PlanChanged):
            made.append(Mark(change.step, "plan", plan_change(change.before, change.after)))
        else:
            parts = [f"{len(names)} {what}" for what, names in
                     (("kept", change.kept), ("cut", change.cut), ("fresh", change.fresh)) if names]  # fmt: skip
            made.append(Mark(change.step, "network", f"network edited: {', '.join(parts) or 'no weights'}"))
    made += [Mark(saved.step, saved.kind, _SAVED.get(saved.kind, "saved")) for saved in history.checkpoints]
    return sorted(made, key=lambda mark: mark.step)


def plan_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What of a plan was changed, in a few words: ``learning rate 0.00100 → 0.0100``."""
    parts = []
    for name, value in after.items():
        was, title = before.get(name), name.replace("_", " ")
        plain = all(isinstance(each, bool | int | float | str) for each in (was, value))
        parts.append(f"{title} {_value(was)} → {_value(value)}" if plain else f"{title} changed")
    return ", ".join(parts[:2]) + (f" and {len(parts) - 2} more" if len(parts) > 2 else "")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return numbers.figure(value) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


class MarksItem(Overlay):
    """Paints marks: a dashed line with its text for a change; a small sign at the foot for what was saved (a ring: by
    time; a disc: by hand; a diamond: the best)."""

    def __init__(self, view: View) -> None:
        super().__init__(view, above=8)
        self.marks: tuple[Mark, ...] = ()
        self.places: tuple[float, ...] = ()

    def show_marks(self, marks: Sequence[Mark], places: Sequence[float]) -> None:
        """Show these marks at these places along x (in data)."""
        if (tuple(marks), tuple(places)) != (self.marks, self.places):
            self.marks, self.places = tuple(marks), tuple(places)
            self.update()

    def near(self, x: float) -> list[Mark]:
        """The marks at a place along x."""
        at = float(self.x_of(x))
        pairs = zip(self.marks, self.places, strict=True)
        return [mark for mark, place in pairs if abs(float(self.x_of(place)) - at) <= NEAR]

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        tokens = theme.current()
        font = theme.ui_font(11)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        free = 0.0
        taken = -9.0
        for mark, place in zip(self.marks, self.places, strict=True):
            x = float(self.x_of(place))
            if not -1 <= x <= width + 1:
                continue
            if not mark.changed:
                if x - taken >= 3 or mark.kind != "last":
                    taken = x
                    self._saved(painter, mark.kind, x, height)
                continue
            pen = QPen(QColor(tokens.muted), 1)
            pen.setDashPattern([3, 3])
            painter.setPen(pen)
            painter.drawLine(QPointF(round(x) + 0.5, 0), QPointF(round(x) + 0.5, height))
            text = metrics.elidedText(mark.text, Qt.TextElideMode.ElideRight, max(0.0, min(240.0, width - x - 8)))
            if x >= free and len(text) > 6:
                wide = metrics.horizontalAdvance(text)
                painter.fillRect(QRectF(x + 3, 1, wide + 4, metrics.height()), theme.color(tokens.panel, 0.8))
                painter.setPen(QColor(tokens.muted))
                painter.drawText(QPointF(x + 5, 1 + metrics.ascent()), text)
                free = x + wide + 16

    def _saved(self, painter: QPainter, kind: str, x: float, height: float) -> None:
        tokens, y = theme.current(), height - 5
        painter.setPen(QPen(QColor(tokens.muted if kind == "last" else tokens.good), 1.2))
        painter.setBrush(QColor(tokens.panel if kind == "last" else tokens.good))
        if kind == "best":
            painter.drawPolygon(QPolygonF([QPointF(x + a, y + b) for a, b in ((0, -4), (4, 0), (0, 4), (-4, 0))]))
        else:
            painter.drawEllipse(QPointF(x, y), 2.6, 2.6)
