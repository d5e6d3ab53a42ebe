"""Numbers are pulled by their names: while a name is dragged the canvas shows what the value would do, and nothing is
done until it is let go. Esc leaves all as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from nnstudio.graph import edits
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
    """The value after a pull by so many pixels, within the parameter's limits: of ``3 × 5`` both places are pulled;
    ``start`` where it is no number."""
    if isinstance(start, tuple):
        made = tuple(pulled(param, each, pixels, coarse=coarse) for each in start)
        return made[0] if len(set(made)) == 1 else made
    steps = int(pixels / _STEP) * (10 if coarse else 1)
    if isinstance(start, bool) or not isinstance(start, int | float):
        return start
    if isinstance(start, float):
        return _within(param, float(f"{start * 2 ** (pixels / _DOUBLE):.3g}"))
    return int(_within(param, start + steps))


def _pulls(value: Any) -> bool:
    """Whether a value is a number, or one for each axis."""
    places = value if isinstance(value, tuple) and value else (value,)
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in places)


def _within(param: Param, value: float) -> float:
    if param.min is not None:
        value = max(value, param.min)
    if param.max is not None:
        value = min(value, param.max)
    return value


class Scrubbing(QObject):
    """Pulls the numbers of a form that shows some nodes: all of them at once, each from the value that it has.
    ``done(name, edit)`` is called when a name is let go where the values are others."""

    def __init__(
        self, form: Form, session: Session, ids: Sequence[str], done: Callable[[str, edits.Edit], object]
    ) -> None:
        super().__init__(form)
        self._form, self._session, self._ids, self._done = form, session, tuple(ids), done
        self._names: dict[QObject, str] = {}
        self._name, self._begun = "", 0.0
        self._starts: Mapping[str, Any] = {}
        self._values: Mapping[str, Any] = {}
        fields: dict[QWidget, str] = {field: name for name, field in form.fields.items()}
        for title in form.findChildren(QLabel):
            name = fields.get(title.buddy())  # type: ignore[call-overload]
            if name is not None and _can_be_pulled(form.fields[name].param):
                self._names[title] = name
                title.setCursor(Qt.CursorShape.SizeHorCursor)
                title.installEventFilter(self)

    def follow(self, ids: Sequence[str]) -> None:
        """Pull the numbers of other nodes of the types."""
        self._leave()
        self._ids = tuple(ids)

    def _now(self, name: str) -> Mapping[str, Any]:
        """The values of the nodes; nothing where one has none that can be pulled, or follows an expression."""
        there = self._session.network.nodes
        nodes = [there[id] for id in self._ids if id in there]
        values = {node.id: getattr(node.layer, name, None) for node in nodes}
        if all(map(_pulls, values.values())) and not any(node.expression(name) for node in nodes):
            return values
        return {}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._name and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self._leave()
            return True
        if watched in self._names and isinstance(event, QMouseEvent):
            return self._mouse(self._names[watched], event)
        return super().eventFilter(watched, event)

    def _mouse(self, name: str, event: QMouseEvent) -> bool:
        x = event.globalPosition().x()
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._starts = self._values = self._now(name)
            if not self._starts:
                return False
            self._name, self._begun, self._form.held = name, x, name
            QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]
            return True
        if not self._name:
            return False
        if kind == QEvent.Type.MouseMove:
            self._move(x, coarse=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif kind == QEvent.Type.MouseButtonRelease:
            edit = self._edit()
            self._leave()
            if edit is not None:
                self._done(name, edit)
                field = self._form.fields[name]
                field.stint = None if field.stint is None else field.stint + 1  # the next pull is another step
        return True

    def _edit(self) -> edits.Edit | None:
        """What is done when the name is let go now; None where nothing would change."""
        name = self._name
        changed = {id: value for id, value in self._values.items() if value != self._starts[id]}
        if not changed:
            return None
        return edits.chain(*(edits.set_params(id, **{name: value}) for id, value in changed.items()))

    def _move(self, x: float, *, coarse: bool) -> None:
        name, away = self._name, x - self._begun
        if abs(away) < _THRESHOLD and self._values == self._starts:
            return
        param = self._form.fields[name].param
        try:
            values = {
                id: param.checked("", name, pulled(param, start, away, coarse=coarse))
                for id, start in self._starts.items()
            }
        except ParameterError:
            return
        if values != self._values:
            self._values = values
            self._show(values)
            self._session.preview(self._edit())

    def _show(self, values: Mapping[str, Any]) -> None:
        first = next(iter(values.values()))
        several = any(value != first for value in values.values())
        self._form.fields[self._name].show_value(first, several=several)

    def _leave(self) -> None:
        """End the pull: the field shows the document's value again."""
        if self._name:
            self._show(self._starts)
            self._name = self._form.held = ""
            QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]
            self._session.preview(None)


def _can_be_pulled(param: Param) -> bool:
    return param.kind in ("int", "float", "size") or (param.kind == "choice" and param.axes > 0)


__all__ = ["Foretold", "Scrubbing", "pulled"]
