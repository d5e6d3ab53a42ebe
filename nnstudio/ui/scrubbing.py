"""Numbers are pulled by their names: while a name is dragged the canvas shows what the value would do, and nothing is
done until it is let go. Esc leaves all as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from nnstudio.graph import Node, edits
from nnstudio.layers import Param, ParameterError
from nnstudio.ui import theme
from nnstudio.ui.forms import Form

if TYPE_CHECKING:
    from nnstudio.compile.previewing import Preview
    from nnstudio.ui.session import Session

#: So many pixels are one step of a whole number, or double a real one; with Shift a step is ten.
_STEP, _DOUBLE = 6.0, 60.0
_THRESHOLD = 4


class Foretold(QLabel):
    """A line that says what the edit that is previewed would do; hidden while there is none."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setObjectName("foretold")
        self.setAccessibleName("Preview")
        self.hide()
        session.previewed.connect(self._show)

    def _show(self, preview: Preview | None) -> None:
        self.setVisible(preview is not None)
        if preview is not None:
            worse = any(problem.severity == "error" for problem in preview.new) or bool(preview.refused)
            tokens = theme.current()
            self.setStyleSheet(f"color: {tokens.problem if worse else tokens.accent};")
            self.setText(f"Would be: {preview.sentence()}")


def pulled(param: Param, start: Any, pixels: float, *, coarse: bool = False) -> Any:
    """The value after a pull by so many pixels, within the parameter's limits; ``start`` where it is no number."""
    steps = int(pixels / _STEP) * (10 if coarse else 1)
    if isinstance(start, bool) or not isinstance(start, int | float):
        return start
    if isinstance(start, float):
        return _within(param, float(f"{start * 2 ** (pixels / _DOUBLE):.3g}"))
    return int(_within(param, start + steps))


def _within(param: Param, value: float) -> float:
    if param.min is not None:
        value = max(value, param.min)
    if param.max is not None:
        value = min(value, param.max)
    return value


class Scrubbing(QObject):
    """Pulls the numbers of one node's form. ``done(name, value)`` is called when a name is let go at another value."""

    def __init__(self, form: Form, session: Session, id: str, done: Callable[[str, Any], object]) -> None:
        super().__init__(form)
        self._form, self._session, self._id, self._done = form, session, id, done
        self._names: dict[QObject, str] = {}
        self._pull: tuple[str, float, Any] | None = None
        self._value: Any = None
        fields: dict[QWidget, str] = {field: name for name, field in form.fields.items()}
        for title in form.findChildren(QLabel):
            name = fields.get(title.buddy())  # type: ignore[call-overload]
            if name is not None and isinstance(self._now(name), int | float) and not isinstance(self._now(name), bool):
                self._names[title] = name
                title.setCursor(Qt.CursorShape.SizeHorCursor)
                title.installEventFilter(self)

    def follow(self, id: str) -> None:
        """Pull the numbers of another node of the type."""
        self._leave()
        self._id = id

    def _node(self) -> Node | None:
        return self._session.network.nodes.get(self._id)

    def _now(self, name: str) -> Any:
        node = self._node()
        return getattr(node.layer, name, None) if node is not None else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._pull is not None and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self._leave()
            return True
        if watched in self._names and isinstance(event, QMouseEvent):
            return self._mouse(self._names[watched], event)
        return super().eventFilter(watched, event)

    def _mouse(self, name: str, event: QMouseEvent) -> bool:
        x = event.globalPosition().x()
        node = self._node()
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            if node is None or any(said == name for said, _ in node.expressions):
                return False
            self._pull, self._value = (name, x, self._now(name)), self._now(name)
            QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]
            return True
        if self._pull is None:
            return False
        if kind == QEvent.Type.MouseMove:
            self._move(x, coarse=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif kind == QEvent.Type.MouseButtonRelease:
            value, start = self._value, self._pull[2]
            self._leave()
            if value != start:
                self._done(name, value)
        return True

    def _move(self, x: float, *, coarse: bool) -> None:
        assert self._pull is not None
        name, begun, start = self._pull
        if abs(x - begun) < _THRESHOLD and self._value == start:
            return
        field = self._form.fields[name]
        value = pulled(field.param, start, x - begun, coarse=coarse)
        try:
            value = field.param.checked("", name, value)
        except ParameterError:
            return
        if value != self._value:
            self._value = value
            field.show_value(value)
            self._session.preview(None if value == start else edits.set_params(self._id, **{name: value}))

    def _leave(self) -> None:
        """End the pull: the field shows the document's value again."""
        if self._pull is not None:
            name, _, start = self._pull
            self._pull = None
            QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]
            self._form.fields[name].show_value(start)
            self._session.preview(None)


__all__ = ["Foretold", "Scrubbing", "pulled"]
