"""The field for several of a few names, such as columns of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QMenu, QPushButton

from nnstudio.layers import Param
from nnstudio.ui.fields import ChoiceField, Field
from nnstudio.ui.parts import row


class ManyField(Field):
    """Some of a few names, each on or off in a menu."""

    def __init__(self, param: Param, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__(param)
        self._chosen: tuple[str, ...] = ()
        self.button = QPushButton()
        self.button.setProperty("role", "pick")
        self.button.setAutoDefault(False)
        self.menu = QMenu(self)
        for value, title in choices:
            action = self.menu.addAction(title)
            action.setCheckable(True)
            action.setData(value)
            action.toggled.connect(lambda on, value=value: self._set(value, on))
        self.button.setMenu(self.menu)
        self.setFocusProxy(self.button)
        self.setLayout(row(self.button))

    def show_value(self, value: Any, *, several: bool = False, expression: str = "") -> None:
        self._chosen = tuple(value)
        for action in self.menu.actions():
            action.blockSignals(True)
            action.setChecked(action.data() in self._chosen)
            action.blockSignals(False)
        named = ", ".join(self._chosen) or "not set"
        self.button.setText(named if len(named) <= 28 else f"{self._chosen[0]} and {len(self._chosen) - 1} more")
        self.button.setToolTip(named)

    def _set(self, value: str, on: bool) -> None:
        order = [action.data() for action in self.menu.actions()]
        chosen = {*self._chosen, value} if on else {*self._chosen} - {value}
        strange = [name for name in self._chosen if name not in order and name in chosen]
        self.edited.emit((*(name for name in order if name in chosen), *strange))


def offering(param: Param, choices: Sequence[tuple[str, str]]) -> Field:
    """The field for a parameter whose values are offered."""
    return ManyField(param, choices) if param.kind == "columns" else ChoiceField(param, choices)
