"""Names and values in two columns."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from nnstudio.ui import theme
from nnstudio.ui.parts import ElidedLabel, empty, label


class Facts(QWidget):
    """Names and values in two columns, values at the right."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        self._values: dict[str, QLabel] = {}
        theme.changed.connect(self._size)

    def _size(self, *_: object) -> None:
        for value in self._values.values():
            value.setFont(theme.ui_font(12, 500))

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show these, in their order."""
        if list(self._values) != [name for name, _ in facts]:
            empty(self._grid)  # type: ignore[arg-type]
            self._values = {}
            for at, (name, _) in enumerate(facts):
                value = ElidedLabel("")
                value.setFont(theme.ui_font(12, 500))
                value.setAlignment(Qt.AlignmentFlag.AlignRight)
                self._grid.addWidget(label(name, "muted"), at, 0)
                self._grid.addWidget(value, at, 1)
                self._values[name] = value
        for name, text in facts:
            self._values[name].setText(text)

    def texts(self) -> dict[str, str]:
        """What is shown, by name."""
        return {name: value.text() for name, value in self._values.items()}
