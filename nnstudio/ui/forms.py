"""Forms, generated from the declarations of parameters: of a layer, of several layers, of the plan."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from nnstudio.graph.computed import can_be_computed, has_places
from nnstudio.graph.expressions import Number
from nnstudio.layers import Param
from nnstudio.ui import theme
from nnstudio.ui.field_texts import RULE
from nnstudio.ui.fields import Field, TextField, field_for
from nnstudio.ui.fields_many import offering
from nnstudio.ui.parts import ElidedLabel, button, label

LABEL_WIDTH = 108


def title_of(name: str, param: Param) -> str:
    """What a parameter is called: its title, else its name in words."""
    return param.title or name.replace("_", " ").capitalize()


def fillable(params: Mapping[str, Param]) -> list[str]:
    """The names of the parameters that a person sets in a form. A block's ``values`` are set by their own names, and
    lists of records (a plan's phases) are no fields."""
    return [name for name, param in params.items() if param.kind not in ("values", "records")]


def explained(param: Param) -> str:
    """Help and what is allowed, for a tooltip."""
    lines = [f"{param.help[:1].upper()}{param.help[1:]}." if param.help else ""]
    if param.kind != "bool":
        expected = param.expected()
        lines.append(f"{expected[:1].upper()}{expected[1:]}{f', in {param.unit}' if param.unit else ''}.")
    if can_be_computed(param):
        lines.append(f"Takes arithmetic and named parameters: {_example(param)}.")
    return "\n".join(filter(None, lines))


def _example(param: Param) -> str:
    if not has_places(param):
        return "2*64, 4*width"
    return f"{'2*k × 3' if param.axes > 1 else '2*k' if param.axes else '3, 2*width'}; {RULE}"


class Form(QWidget):
    """A row for each parameter. ``edited(name, value)`` comes with values that the declaration allows.

    ``expressed(name, text)``: a value is to be worked out of an expression; ``wanted(name, unknown, text)``: the person
    asks for the parameter ``unknown`` that an expression names.

    A row whose ``when`` does not hold is hidden. A value that is refused is explained under its row, and the old one
    stays.
    """

    edited = Signal(str, object)
    expressed = Signal(str, str)
    wanted = Signal(str, str, str)

    def __init__(
        self,
        owner: str,
        params: Mapping[str, Param],
        names: Iterable[str] | None = None,
        choices: Mapping[str, Sequence[tuple[str, str]]] | None = None,
        parameters: Callable[[], Mapping[str, Number]] | None = None,
    ) -> None:
        """``names``: the parameters to show (all :func:`fillable` where left out). ``choices``: by name, values and
        titles to offer. ``parameters``: those that expressions may name; None where expressions are not kept."""
        super().__init__()
        self._params = params
        #: The parameter that is being pulled, whose field shows what is tried; "" for none.
        self.held = ""
        self.fields: dict[str, Field] = {}
        self._labels: dict[str, QLabel] = {}
        self._errors: dict[str, QLabel] = {}
        self._offers: dict[str, QPushButton] = {}
        self._parameters = parameters
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        for name in fillable(params) if names is None else names:
            offered = (choices or {}).get(name)
            param = params[name]
            field = field_for(owner, name, param) if offered is None else offering(param, offered)
            self._add(name, param, field)
        self._align()
        theme.changed.connect(self._align)

    def _align(self) -> None:
        """Titles in one column, as wide as the size of text asks for."""
        width = theme.scaled(LABEL_WIDTH)
        self._grid.setColumnMinimumWidth(0, width)
        for title in self._labels.values():
            title.setFixedWidth(width)

    def _add(self, name: str, param: Param, field: Field) -> None:
        at = 3 * len(self.fields)
        title = ElidedLabel(title_of(name, param), "muted")
        title.setBuddy(field)
        error = label("", "problem", wrap=True)
        error.hide()
        field.setObjectName(f"field_{name}")
        for part in (title, field):
            part.setToolTip(explained(param))
        proxy = field.focusProxy()
        if proxy is not None:
            proxy.setAccessibleName(title_of(name, param))
            proxy.setToolTip(explained(param))
        self._grid.addWidget(title, at, 0, Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(field, at, 1)
        self._grid.addWidget(error, at + 1, 0, 1, 2)
        self.fields[name], self._labels[name], self._errors[name] = field, title, error
        field.edited.connect(lambda value: self.edited.emit(name, value))
        field.refused.connect(lambda sentence: self.refuse(name, sentence))
        if isinstance(field, TextField) and self._parameters is not None:
            field.parameters = self._parameters
            field.expressed.connect(lambda text: self.expressed.emit(name, text))
            field.unknown.connect(lambda unknown: self._offer(name, field, at + 2, unknown))

    def _offer(self, name: str, field: TextField, at: int, unknown: str) -> None:
        """Offer to create the parameter that an expression names."""
        old = self._offers.pop(name, None)
        if old is not None:
            old.hide()
            old.deleteLater()
        if unknown:
            text = field.line.text().strip()
            made = button(f"Create parameter {unknown}", lambda: self.wanted.emit(name, unknown, text), "link")
            made.setObjectName(f"create_{unknown}")
            self._grid.addWidget(made, at, 0, 1, 2)
            self._offers[name] = made
            QWidget.setTabOrder(field.line, made)

    def show_values(
        self,
        values: Mapping[str, Any],
        several: frozenset[str] = frozenset(),
        expressions: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Show these values. ``several``: names of those that differ between the selected layers. ``expressions``:
        what values are worked out of, by name."""
        for name, field in self.fields.items():
            if name != self.held:
                field.show_value(values[name], several=name in several, expression=expressions.get(name, ""))
            when = self._params[name].when
            self.show_row(name, when is None or when[0] in several or values.get(when[0]) in when[1])

    @property
    def calm(self) -> bool:
        """Whether no value is refused and nothing is offered."""
        return not self._offers and all(error.isHidden() for error in self._errors.values())

    def show_row(self, name: str, applies: bool) -> None:
        """Show or hide the row of a parameter."""
        self.fields[name].setVisible(applies)
        self._labels[name].setVisible(applies)
        if not applies:
            self.refuse(name, "")

    def give_up(self, name: str) -> None:
        """Forget what was typed into a field and cannot be; show its value again."""
        field = self.fields[name]
        if isinstance(field, TextField):
            field.give_up()

    def merge_key(self, name: str, *of: Hashable) -> Hashable:
        """What steps of undo share that are typed in one go into this field; None where each edit is its own."""
        stint = self.fields[name].stint
        return None if stint is None else ("field", name, stint, *of)

    def refuse(self, name: str, sentence: str) -> None:
        """Say under a row why its value is refused; "" says nothing."""
        error = self._errors[name]
        error.setText(f"{title_of(name, self._params[name])}: {sentence[:1].lower()}{sentence[1:]}" if sentence else "")
        error.setVisible(bool(sentence))

    def error(self, name: str) -> str:
        """What is said under a row."""
        return self._errors[name].text()
