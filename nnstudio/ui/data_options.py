"""How a file or folder is read, for the person to correct: as what, its delimiter and encoding, a query, a sheet; to
what size and colours pictures are brought, to what rate and length sounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRegularExpression, Qt
from PySide6.QtGui import QKeyEvent, QRegularExpressionValidator
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from nnstudio.data.formats import FORMATS
from nnstudio.data.reference import DataReference
from nnstudio.ui.parts import capital, column, label, row

DELIMITERS = (
    (",", "comma"), (";", "semicolon"), ("\t", "tab"), (" ", "blanks"), ("  ", "many blanks"), ("|", "bar"),
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-16", "latin-1", "cp1252", "shift_jis", "gb18030")
#: What a file of text can be read as, and which options each kind of file has.
TEXTS = ("csv", "text", "lines", "conll")
SHOWN = {
    "csv": ("format", "delimiter", "encoding", "decimal", "header"), "text": ("format", "encoding"),
    "lines": ("format", "encoding"), "conll": ("format", "encoding"), "jsonl": ("encoding",),
    "sqlite": ("query",), "excel": ("sheet",), "pictures": ("size", "color"), "labelled": ("size", "color"),
    **dict.fromkeys(("coco", "voc", "yolo", "masks"), ("size",)), "sounds": ("rate", "milliseconds"),
}  # fmt: skip
_TEXT = tuple(suffix for id in TEXTS for suffix in FORMATS[id].suffixes)
#: Whole numbers, and what they are called.
NUMBERS = {"size": "Edge in pixels", "rate": "Samples a second", "milliseconds": "Length in ms"}
#: What stands where the person chose nothing.
AS_FOUND = "as found"


class Entry(QLineEdit):
    """A line whose Enter ends what is typed, and does not press the dialog's button as well."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()


class Options(QWidget):
    """How the file is read. ``changed`` is called with the name of an option and its value, None for no choice."""

    def __init__(self, changed: Callable[[str, Any], object]) -> None:
        super().__init__()
        self._changed = changed
        self.format, self.delimiter, self.encoding, self.decimal, self.color = (QComboBox() for _ in range(5))
        self.header = QCheckBox("First row names the columns")
        self.query, self.sheet = Entry(), Entry()
        self.query.setPlaceholderText("SELECT …")
        for id in TEXTS:
            self.format.addItem(capital(FORMATS[id].title), id)
        for value, title in DELIMITERS:
            self.delimiter.addItem(title, value)
        for name in ENCODINGS:
            self.encoding.addItem(name, name)
        for value, title in ((".", "point"), (",", "comma")):
            self.decimal.addItem(title, value)
        for value, title in (("auto", AS_FOUND), ("grey", "grey"), ("rgb", "coloured")):
            self.color.addItem(title, value)
        self._boxes = {
            "format": self.format, "delimiter": self.delimiter, "encoding": self.encoding, "decimal": self.decimal,
            "color": self.color,
        }  # fmt: skip
        self.numbers = {name: _number() for name in NUMBERS}
        self._lines = {"query": self.query, "sheet": self.sheet, **self.numbers}
        titles = {
            "format": "Read as", "delimiter": "Columns end at", "encoding": "Encoding", "decimal": "Decimals after",
            "query": "Query", "sheet": "Sheet", "color": "Colours",
            **NUMBERS,
        }  # fmt: skip
        layout = row(spacing=14)
        self._parts: dict[str, QWidget] = {"header": self.header}
        for name, field in {**self._boxes, **self._lines}.items():
            field.setAccessibleName(titles[name])
            self._parts[name] = QWidget()
            self._parts[name].setLayout(column(label(titles[name], "muted"), field, spacing=4))
            layout.addWidget(self._parts[name], 1 if name == "query" else 0)
        for name, box in self._boxes.items():
            box.activated.connect(lambda _, name=name, box=box: changed(name, box.currentData()))
        for name, line in self._lines.items():
            line.editingFinished.connect(lambda name=name, line=line: self._written(name, line))
        self.header.clicked.connect(lambda on: changed("header", on))
        layout.addLayout(column(1, self.header))
        layout.addStretch(0)
        self.setLayout(layout)
        self.show_options({})  # all of them side by side would make the dialog wider than a small screen

    def _written(self, name: str, line: QLineEdit) -> None:
        if line.isModified():
            line.setModified(False)
            text = line.text().strip()
            self._changed(name, (int(text) if text else None) if name in self.numbers else text)

    def show_options(self, options: dict[str, Any]) -> None:
        """Show these; hidden where the file has none."""
        shown = SHOWN.get(options.get("format", ""), ())
        self.setVisible(bool(shown))
        for name, part in self._parts.items():
            part.setVisible(name in shown)
        for name, box in self._boxes.items():
            value = options.get(name, "auto" if name == "color" else "")
            if value and box.findData(value) < 0:
                box.addItem(repr(value) if name == "delimiter" else value, value)
            box.setCurrentIndex(box.findData(value))
        for name, line in self._lines.items():
            text = str(options.get(name, ""))
            if line.text() != text and not line.isModified():  # what is being typed stays
                line.setText(text)
        self.header.setChecked(bool(options.get("header", True)))


def unread(reference: DataReference | None) -> dict[str, Any]:
    """What can be chosen for a file that could not be read: a file of text may be one of another kind."""
    path = Path(reference.name) if reference is not None and reference.is_file else Path()
    return {"format": "csv", **reference.options} if reference is not None and path.suffix.lower() in _TEXT else {}


def _number() -> QLineEdit:
    """A line for a whole number, or nothing; what is out of bounds the data says."""
    made = Entry()
    made.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d{0,6}"), made))
    made.setPlaceholderText(AS_FOUND)
    made.setMaximumWidth(made.fontMetrics().horizontalAdvance("0" * 12) + 16)
    return made
