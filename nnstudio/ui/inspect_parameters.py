"""The named parameters of the open network, which expressions in number fields may use: listed, changed, made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLineEdit, QSlider, QToolButton, QVBoxLayout, QWidget

from nnstudio.graph import EditError, edits
from nnstudio.graph.document import AS_LONG_AS_IT_TAKES
from nnstudio.graph.expressions import ExpressionError, Number, evaluate, items_of, names_in
from nnstudio.graph.parameters import (
    remove_network_parameter,
    rename_network_parameter,
    set_expression,
    set_network_parameter,
    users,
)
from nnstudio.layers import Param, Placeholder
from nnstudio.ui import theme
from nnstudio.ui.field_texts import said
from nnstudio.ui.fields import TextField
from nnstudio.ui.icons import icon
from nnstudio.ui.parts import button, capital, column, label, row
from nnstudio.ui.scrubbing import Foretold
from nnstudio.ui.session import Session

#: Steps of a slider over a number that is not whole.
FINE = 200
#: The largest whole number that a slider can stand at.
LARGEST = 2**31 - 1


def first_value(text: str, unknown: str, known: dict[str, Number], present: Any) -> Number:
    """What a new parameter is worth so that an expression that names it keeps the value that is there, where that can
    be; else the present value, or 1."""
    if isinstance(present, tuple):  # the first place that names it tells
        items = items_of(text)
        at = next((place for place, item in enumerate(items) if unknown in names_in(item)), 0)
        text, present = items[at], present[at] if at < len(present) else None
    if isinstance(present, bool) or not isinstance(present, int | float):
        return 1
    candidates: list[Number] = [present]
    try:
        once = evaluate(text, {**known, unknown: 1})
        candidates += [present / once, present - once + 1] if once else [present - once + 1]
    except ExpressionError:
        pass
    for candidate in candidates:
        value = int(candidate) if float(candidate).is_integer() else candidate
        try:
            if evaluate(text, {**known, unknown: value}) == present:
                return value
        except ExpressionError:
            continue
    return present


def create_parameter(session: Session, name: str, targets: Sequence[tuple[str, str]], text: str) -> None:
    """Add the named parameter that an expression wants, and work these (node id, parameter) out of it: one step."""
    network = session.network
    id, of = targets[0]
    layer = network.nodes[id].layer
    if isinstance(layer, Placeholder):
        return
    present, declared = getattr(layer, of), layer.params[of]
    text = said(declared, text)
    if declared.axes and isinstance(present, int):
        present = (present,) * len(items_of(text))
    value = first_value(text, name, dict(network.parameters), present)
    edit = edits.chain(set_network_parameter(name, value), *(set_expression(id, of, text) for id, of in targets))
    session.do(f"Create parameter {name}", edit)


class NameLine(QLineEdit):
    """The name of a parameter, changed in place."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.setProperty("role", "mono")
        self.setAccessibleName(f"Name of parameter {name}")
        self.setToolTip("The name that expressions use. Click to change it")


class ParameterSlider(QSlider):
    """A slider that is given up by Esc while it is held; it then stays until it is taken again."""

    given_up = Signal()

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._over = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isSliderDown():
            self._over = True
            self.given_up.emit()
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self._over:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._over = False
        super().mouseReleaseEvent(event)


class ParameterRow(QWidget):
    """One parameter: its name, a slider and a field for its value, and a button that deletes it."""

    refused = Signal(str)

    def __init__(self, session: Session, name: str) -> None:
        super().__init__()
        self._session, self.name = session, name
        value = session.network.parameters[name]
        self._whole = isinstance(value, int)
        self.title = NameLine(name)
        self.title.setObjectName(f"parameter_name_{name}")
        self.field = TextField("parameter", name, Param("int" if self._whole else "float", value))
        self.field.line.setAccessibleName(f"Value of {name}")
        self.field.line.setObjectName(f"parameter_value_{name}")
        self.field.line.setToolTip(f"The value of {name}. All that names it follows. Takes arithmetic: 2*64")
        self.slider = ParameterSlider()
        self.slider.setToolTip(
            f"Pull to try values of {name}: the canvas shows the shapes that would be. Let go to set it, Esc leaves it"
        )
        self.slider.setAccessibleName(f"{name}, by hand")
        self.slider.setObjectName(f"parameter_slider_{name}")
        self._top = 1.0
        self._stint = 0
        self._held: Number | None = None
        self._span(value)
        self.remove = QToolButton()
        self.remove.setIcon(icon("close", "muted"))
        self.remove.setAccessibleName(f"Delete parameter {name}")
        self.remove.setObjectName(f"parameter_delete_{name}")
        self.setLayout(row(self.title, self.slider, self.field, self.remove, spacing=6))
        self.layout().setStretch(0, 3)  # type: ignore[call-overload]
        self.layout().setStretch(1, 3)  # type: ignore[call-overload]
        self.layout().setStretch(2, 2)  # type: ignore[call-overload]
        self.title.editingFinished.connect(self._rename)
        self.field.edited.connect(self._typed)
        self.field.refused.connect(self.refused)
        self.slider.valueChanged.connect(self._slid)
        self.slider.sliderReleased.connect(self._let_go)
        self.slider.given_up.connect(self._give_up)
        self.remove.clicked.connect(self._delete)
        self._fit_text()
        theme.changed.connect(self._fit_text)

    def _fit_text(self) -> None:
        self.field.setMinimumWidth(theme.scaled(58))
        wanted = self.title.fontMetrics().horizontalAdvance(self.name) + theme.scaled(26)
        self.title.setMinimumWidth(min(max(wanted, theme.scaled(60)), theme.scaled(124)))
        self.title.setCursorPosition(0)

    def _span(self, value: Number) -> None:
        """Have the slider reach from nothing to well above the value."""
        self._top = max(1.0, 2.0 * abs(value)) if not self._whole else min(max(16, 4 * abs(int(value))), LARGEST)
        self.slider.blockSignals(True)
        self.slider.setRange(
            max(min(1, int(value)), -LARGEST) if self._whole else 0, int(self._top) if self._whole else FINE
        )
        self.slider.blockSignals(False)

    def show_value(self, value: Number) -> None:
        """Show this value, and where it is used."""
        if self._held is None:
            self.field.show_value(value)
        if not self.slider.isSliderDown():
            at = int(value) if self._whole else round(FINE * value / self._top)
            if not self.slider.minimum() <= at <= self.slider.maximum():
                self._span(value)
                at = int(value) if self._whole else round(FINE * value / self._top)
            self.slider.blockSignals(True)
            self.slider.setValue(max(-LARGEST, min(at, LARGEST)))
            self.slider.blockSignals(False)
        count = len(users(self._session.network, self.name))
        used = f"used {count} time{'' if count == 1 else 's'}" if count else "not used"
        self.remove.setToolTip(f"Delete {self.name} ({used}{'; the values stay as they are' if count else ''})")

    def _typed(self, value: Number) -> None:
        self._set(value, ("typed", self.field.stint))

    def _slid(self, at: int) -> None:
        value = at if self._whole else round(self._top * at / FINE, 6)
        if not self.slider.isSliderDown():
            self._set(value, ("slid", self._stint))
            return
        self._held = value
        self.field.show_value(value)
        same = value == self._session.network.parameters.get(self.name)
        self._session.preview(None if same else set_network_parameter(self.name, value))

    def _let_go(self) -> None:
        self._stint += 1
        held, self._held = self._held, None
        self._session.preview(None)
        if self.name not in self._session.network.parameters:  # it was deleted, or undone, meanwhile
            return
        if held is not None and held != self._session.network.parameters[self.name]:
            self._set(held, ("slid", self._stint))
            self._stint += 1
        self.show_value(self._session.network.parameters[self.name])

    def _give_up(self) -> None:
        self._held = None
        self.slider.setSliderDown(False)

    def _set(self, value: Number, stint: tuple[str, int | None]) -> None:
        edit = set_network_parameter(self.name, value)
        try:
            edit(self._session.network)
        except EditError as error:
            self.refused.emit(capital(str(error)))
            return
        self.refused.emit("")
        key = ("network parameter", self.name, stint)
        self._session.do(f"Set {self.name}", edit, key, merge_seconds=AS_LONG_AS_IT_TAKES)

    def _rename(self) -> None:
        wanted = self.title.text().strip()
        if not self.title.isModified() or wanted == self.name:
            return
        self.title.setModified(False)
        edit = rename_network_parameter(self.name, wanted)
        try:
            edit(self._session.network)
        except EditError as error:
            self.refused.emit(f"{capital(str(error))}; {self.name} stays")
            self.title.setText(self.name)
            return
        self.refused.emit("")
        self._session.do(f"Rename parameter {self.name}", edit)

    def _delete(self) -> None:
        self.refused.emit("")
        self._session.do(f"Delete parameter {self.name}", remove_network_parameter(self.name))


class ParameterList(QWidget):
    """All named parameters of the open network, and a way to add one."""

    def __init__(self, session: Session, empty: str) -> None:
        """``empty``: what is said while there are none."""
        super().__init__()
        self._session = session
        self.rows: dict[str, ParameterRow] = {}
        self._list = QVBoxLayout()
        self._list.setSpacing(4)
        self._note = label(empty, "muted", wrap=True)
        self.error = label("", "problem", wrap=True)
        self.error.hide()
        self.add = button("Add parameter", self._add, "link")
        self.add.setObjectName("add_parameter")
        self.setLayout(column(self._note, self._list, Foretold(session), self.error, row(self.add, 1), spacing=6))

    def refresh(self) -> None:
        """Show the parameters that there are now."""
        parameters = self._session.network.parameters
        kinds = {name: isinstance(value, int) for name, value in parameters.items()}
        if kinds != {name: made._whole for name, made in self.rows.items()}:
            for made in self.rows.values():
                self._list.removeWidget(made)
                made.hide()
                made.deleteLater()
            self.rows = {name: self._row(name) for name in parameters}
        for name, value in parameters.items():
            self.rows[name].show_value(value)
        self._note.setVisible(not parameters)

    def _row(self, name: str) -> ParameterRow:
        made = ParameterRow(self._session, name)
        made.refused.connect(self._refuse)
        self._list.addWidget(made)
        return made

    def _refuse(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))

    def _add(self) -> None:
        taken = self._session.network.parameters
        name = next(name for name in _names() if name not in taken)
        if self._session.do(f"Create parameter {name}", set_network_parameter(name, 64)) and name in self.rows:
            self.rows[name].title.setFocus()
            self.rows[name].title.selectAll()


def _names() -> Any:
    yield from ("width", "depth")
    number = 1
    while True:
        yield f"size{number}"
        number += 1
