"""The widgets of a form: one kind of field for each kind of parameter. A field shows a value and tells of edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from nnstudio.graph.computed import as_typed
from nnstudio.graph.expressions import ExpressionError, Number
from nnstudio.layers import Param, ParameterError
from nnstudio.ui import theme
from nnstudio.ui.field_texts import computes, read, said, shown
from nnstudio.ui.parts import row

#: A refused value is spoken of when typing has paused for so long.
_PATIENCE_MS = 600
SEVERAL = "several values"


class Field(QWidget):
    """Base: ``edited(value)`` with a checked value, ``refused(sentence)`` with "" when all is well again.

    ``expressed(text)``: the value is to be worked out of this expression, which has been tried; ``unknown(name)``: what
    is typed names a parameter that is not there ("" when that is over).
    """

    edited = Signal(object)
    refused = Signal(str)
    expressed = Signal(str)
    unknown = Signal(str)

    def __init__(self, param: Param) -> None:
        super().__init__()
        self.param = param
        #: What edits that belong together share, so that they become one step of undo; None where each is its own.
        self.stint: int | None = None

    def show_value(self, value: Any, *, several: bool = False, expression: str = "") -> None:
        """Show this value, and what it is worked out of; ``several``: the selected layers have different ones."""
        raise NotImplementedError


class _Line(QLineEdit):
    """A line that writes its unit at the right, counts with the arrow keys and says when it is left."""

    left = Signal()
    counted = Signal(int)

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._own_unit = self._unit = unit
        self.setProperty("role", "mono")
        self._make_room()

    def show_result(self, result: str) -> None:
        """Write what the expression gives before the unit, as ``= 128 px``; "" writes the unit alone."""
        unit = " ".join(filter(None, (f"= {result}" if result else "", self._own_unit)))
        if unit != self._unit:
            self._unit = unit
            self._make_room()
            self.update()

    def _make_room(self) -> None:
        room = QFontMetrics(theme.ui_font(11)).horizontalAdvance(self._unit) + 4 if self._unit else 0
        self.setTextMargins(0, 0, room, 0)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:  # the size of text
            self._make_room()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._unit:
            painter = QPainter(self)
            try:
                painter.setFont(theme.ui_font(11))
                painter.setPen(theme.color(theme.current().muted))
                inside = QRect(8, 0, self.width() - 16, self.height())
                painter.drawText(inside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._unit)
            finally:
                painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if steps is None:
            super().keyPressEvent(event)
        else:
            self.counted.emit(steps)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()


class TextField(Field):
    """A value that is typed. Each text that is allowed counts at once; one that is refused leaves the old value."""

    def __init__(self, owner: str, name: str, param: Param) -> None:
        super().__init__(param)
        self._owner, self._name = owner, name
        self._value: Any = param.default
        self._expression = ""
        self._problem = self._unknown = ""
        self._began: tuple[Any, str] | None = None
        self._several = False
        self.stint = 0
        #: The named parameters that expressions may use; None: an expression is worked out at once and forgotten.
        self.parameters: Callable[[], Mapping[str, Number]] | None = None
        self.line = _Line(param.unit)
        self.setFocusProxy(self.line)
        self.setLayout(row(self.line))
        if param.optional:
            self.line.setPlaceholderText("not set")
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._complain)
        self.line.textEdited.connect(self._typed)
        self.line.returnPressed.connect(self._finish)
        self.line.left.connect(self._finish)
        self.line.counted.connect(self._count)

    def show_value(self, value: Any, *, several: bool = False, expression: str = "") -> None:
        wrong = self.line.hasFocus() and bool(self._problem)
        self._several = several
        self._value, self._expression = value, expression
        if several and not wrong:
            self.line.setPlaceholderText(SEVERAL)
            self.line.setText("")
        elif not wrong and not (self.line.hasFocus() and self._means(value)):
            self.line.setText(self._text())
        self.line.show_result(shown(self.param, value) if expression and not several else "")

    def _text(self) -> str:
        return as_typed(self.param, self._expression) or shown(self.param, self._value)

    def _means(self, value: Any) -> bool:
        """Whether what is written stands for this value already."""
        text = self.line.text()
        if self._expression:
            return said(self.param, text) == self._expression
        try:
            return bool(self._read(text)[0] == value)
        except (ParameterError, ExpressionError):
            return False

    def _typed(self, text: str) -> None:
        if self._began is None and not self._several:
            self._began = self._value, self._expression
        try:
            value, expression = self._read(text)
        except ParameterError as error:
            self._be_wrong(error.message)
            return
        except ExpressionError as error:
            self._be_wrong(str(error), error.unknown)
            return
        self._well()
        if expression and self.parameters is not None:
            if expression != self._expression:
                self._value, self._expression = value, expression
                self.line.show_result(shown(self.param, value))
                self.expressed.emit(expression)
        elif value != self._value or self._expression:
            self._value, self._expression = value, ""
            self.line.show_result("")
            self.edited.emit(value)

    def _read(self, text: str) -> tuple[Any, str]:
        """The value of what is typed, and the expression that it is; "" where it is a plain value."""
        known = self.parameters() if self.parameters is not None else {}
        return read(self.param, text, known, self._owner, self._name)

    def _be_wrong(self, problem: str, unknown: str = "") -> None:
        self._problem, self._unknown = problem, unknown
        if computes(self.line.text()):
            self._put_back()
        self.line.show_result("")
        self._patience.start()

    def _put_back(self) -> None:
        """Have the value that was there before an expression was begun: ``4*wid`` is not meant to be 4 meanwhile."""
        if self._began is not None and self._began != (self._value, self._expression):
            self._value, self._expression = self._began
            if self._expression:
                self.expressed.emit(self._expression)
            else:
                self.edited.emit(self._value)

    def _count(self, steps: int) -> None:
        value = self._value
        if self._expression:
            return
        if self.param.kind == "int" and isinstance(value, int):
            value += steps
        elif self.param.kind == "float" and isinstance(value, float) and value:
            value *= 2.0**steps
        elif self.param.kind == "size" and isinstance(value, int):
            value += steps
        else:
            return
        self.line.setText(shown(self.param, value))
        self._typed(self.line.text())

    def _well(self) -> None:
        self._patience.stop()
        self._problem = self._unknown = ""
        if self.line.property("refused"):
            self._mark(False)
        self.refused.emit("")
        self.unknown.emit("")

    def _mark(self, refused: bool) -> None:
        self.line.setProperty("refused", refused)
        self.line.style().polish(self.line)

    def _complain(self) -> None:
        if self._problem:
            self._mark(True)
            self.refused.emit(f"{self._problem[:1].upper()}{self._problem[1:]}")
            self.unknown.emit(self._unknown)

    def _finish(self) -> None:
        assert self.stint is not None
        self.stint += 1  # what is typed from now on is another step
        self._began = None
        if self._problem:
            self._patience.stop()
            if self._unknown:  # what is typed stays while it can be made to mean something
                self._complain()
                return
            kept = self._text() or "nothing"
            self.refused.emit(f"{self._problem[:1].upper()}{self._problem[1:]}; {kept} stays")
            self._problem = ""
            self._mark(False)
        if self.line.text() or self.line.placeholderText() != SEVERAL:
            self.line.setText(self._text())

    def give_up(self) -> None:
        """Forget what was typed and cannot be; show the value again."""
        self._well()
        self.line.setText(self._text())
        self.line.show_result(shown(self.param, self._value) if self._expression else "")


class SwitchField(Field):
    """On or off."""

    def __init__(self, param: Param) -> None:
        super().__init__(param)
        self.box = QCheckBox()
        self.setFocusProxy(self.box)
        self.setLayout(row(self.box, 1, margins=(2, 5, 0, 5)))
        self.box.clicked.connect(self._clicked)

    def show_value(self, value: Any, *, several: bool = False, expression: str = "") -> None:
        self.box.setTristate(several)
        self.box.setCheckState(
            Qt.CheckState.PartiallyChecked if several else Qt.CheckState.Checked if value else Qt.CheckState.Unchecked
        )

    def _clicked(self) -> None:
        self.box.setTristate(False)
        self.edited.emit(self.box.isChecked())


class _Combo(QComboBox):
    """A combo box that does not change when the page is scrolled over it."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ChoiceField(Field):
    """One of a few words."""

    def __init__(self, param: Param, choices: Sequence[tuple[str, str]] = ()) -> None:
        """``choices``: values and what they are called, in place of the declared ones."""
        super().__init__(param)
        self.box = _Combo()
        self.box.setProperty("role", "small")
        self.setFocusProxy(self.box)
        self.setLayout(row(self.box))
        self.offer(choices or [(choice, choice) for choice in param.choices])
        self.box.activated.connect(lambda place: self.edited.emit(self.box.itemData(place)))

    def offer(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer these values, each under its title."""
        self.box.blockSignals(True)
        self.box.clear()
        for value, title in choices:
            self.box.addItem(title, value)
        self.box.blockSignals(False)

    def show_value(self, value: Any, *, several: bool = False, expression: str = "") -> None:
        place = -1 if several else self.box.findData(value)
        if place < 0 and not several:
            self.box.addItem(f"{value} (not in the data)" if value else "not set", value)
            place = self.box.count() - 1
        self.box.setPlaceholderText(SEVERAL if several else "")
        self.box.setCurrentIndex(place)


def field_for(owner: str, name: str, param: Param) -> Field:
    """The field for a parameter."""
    if param.kind == "bool":
        return SwitchField(param)
    if param.kind == "choice" and not param.axes:
        return ChoiceField(param)
    return TextField(owner, name, param)
