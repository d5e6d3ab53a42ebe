"""Forms, generated from the declarations of parameters: of a layer, of several layers, of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from nnstudio.layers import Param
from nnstudio.ui import theme
from nnstudio.ui.fields import ChoiceField, Field, field_for
from nnstudio.ui.parts import ElidedLabel, label

LABEL_WIDTH = 108


def title_of(name: str, param: Param) -> str:
    """What a parameter is called: its title, else its name in words."""
    return param.title or name.replace("_", " ").capitalize()


def explained(param: Param) -> str:
    """Help and what is allowed, for a tooltip."""
    lines = [f"{param.help[:1].upper()}{param.help[1:]}." if param.help else ""]
    if param.kind != "bool":
        expected = param.expected()
        lines.append(f"{expected[:1].upper()}{expected[1:]}{f', in {param.unit}' if param.unit else ''}.")
    return "\n".join(filter(None, lines))


class Form(QWidget):
    """A row for each parameter. ``edited(name, value)`` comes with values that the declaration allows.

    A row whose ``when`` does not hold is hidden. A value that is refused is explained under its row, and the old one
    stays.
    """

    edited = Signal(str, object)

    def __init__(
        self,
        owner: str,
        params: Mapping[str, Param],
        names: Iterable[str] | None = None,
        choices: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    ) -> None:
        """``names``: the parameters to show (all where left out). ``choices``: by name, values and titles to offer."""
        super().__init__()
        self._params = params
        self.fields: dict[str, Field] = {}
        self._labels: dict[str, QLabel] = {}
        self._errors: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        for name in params if names is None else names:
            offered = (choices or {}).get(name)
            param = params[name]
            field = ChoiceField(param, offered) if offered is not None else field_for(owner, name, param)
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
        at = self._grid.rowCount()
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

    def show_values(self, values: Mapping[str, Any], several: frozenset[str] = frozenset()) -> None:
        """Show these values. ``several``: names of those that differ between the selected layers."""
        for name, field in self.fields.items():
            field.show_value(values[name], several=name in several)
            when = self._params[name].when
            applies = when is None or when[0] in several or values.get(when[0]) in when[1]
            field.setVisible(applies)
            self._labels[name].setVisible(applies)
            if not applies:
                self.refuse(name, "")

    def refuse(self, name: str, sentence: str) -> None:
        """Say under a row why its value is refused; "" says nothing."""
        error = self._errors[name]
        error.setText(f"{title_of(name, self._params[name])}: {sentence[:1].lower()}{sentence[1:]}" if sentence else "")
        error.setVisible(bool(sentence))

    def error(self, name: str) -> str:
        """What is said under a row."""
        return self._errors[name].text()
