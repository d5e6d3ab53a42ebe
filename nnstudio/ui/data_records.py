"""A list of records that a person makes: adding, removing, moving, and a form for the one that is chosen."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QScrollArea, QVBoxLayout, QWidget

from nnstudio.layers.params import Declared
from nnstudio.ui.forms import Form
from nnstudio.ui.parts import ElidedLabel, button, column, empty, label, row

Offered = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Kind:
    """A kind of record that can be added. lacking: why it cannot be, "" where it can."""

    title: str
    help: str
    make: Callable[[], Declared]
    lacking: str = ""


class _Entry(QWidget):
    """A record in the list: what it is and what it works on, and what it learned."""

    def __init__(self, title: str, about: str, told: str) -> None:
        super().__init__()
        head = row(label(title, "strong"), ElidedLabel(about, "muted"), spacing=8)
        head.setStretch(1, 1)
        self.told = ElidedLabel(told, "faint")
        parts = (head, self.told) if told else (head,)
        self.setLayout(column(*parts, spacing=1, margins=(8, 5, 8, 5)))


class Records(QWidget):
    """``edited(label, records, merge_key)``: what was done, in words, and the records as they are then."""

    edited = Signal(str, object, object)
    #: A record was chosen, by its place; -1: none.
    selected = Signal(int)

    def __init__(self, what: str, nothing: str) -> None:
        """what: one of them, in a word; nothing: what is said where there are none."""
        super().__init__()
        self._what = what
        self._records: tuple[Any, ...] = ()
        self._kinds: Sequence[Kind] = ()
        self._offered: Offered = {}
        self._shown: tuple[Any, ...] | None = None
        self.form: Form | None = None
        self.list = QListWidget()
        self.list.setAccessibleName(f"{what.capitalize()}s in their order")
        self.list.setMinimumWidth(260)
        self.list.currentRowChanged.connect(self._choose)
        self.nothing = label(nothing, "muted", wrap=True)
        self.adding = QMenu(self)
        self.adding.setToolTipsVisible(True)
        self.add = button(f"Add {what}", icon_name="plus")
        self.add.setObjectName(f"add_{what}")
        self.add.setMenu(self.adding)
        self.remove = button("", self._remove, "quiet", "delete", f"Remove the {what}")
        self.up = button("", lambda: self._move(-1), "quiet", "up", f"Move the {what} up")
        self.down = button("", lambda: self._move(1), "quiet", "down", f"Move the {what} down")
        for made, name in ((self.remove, "remove"), (self.up, "up"), (self.down, "down")):
            made.setObjectName(f"{name}_{what}")
            made.setAccessibleName(made.toolTip())
        self._body = QVBoxLayout()
        self._body.setContentsMargins(0, 0, 12, 0)
        inside = QWidget()
        inside.setProperty("role", "scrolled")
        inside.setLayout(self._body)
        room = QScrollArea()
        room.setWidgetResizable(True)
        room.setWidget(inside)
        left = column(self.nothing, self.list, row(self.add, 1, self.up, self.down, self.remove, spacing=2), spacing=6)
        left.setStretch(1, 1)
        layout = row(left, room, spacing=16)
        layout.setStretch(0, 3)
        layout.setStretch(1, 4)
        self.setLayout(layout)

    @property
    def place(self) -> int:
        """Which record is chosen; -1: none."""
        return self.list.currentRow()

    def show_records(
        self, records: Sequence[Any], kinds: Sequence[Kind], offered: Offered, told: Sequence[str], about: Sequence[str]
    ) -> None:
        """Show these records, what may be added, and by parameter which values are offered. about: what each works on;
        told: what each learned."""
        place = min(self.place, len(records) - 1) if len(records) <= len(self._records) else len(records) - 1
        anew = (tuple(map(type, records)), place, offered) != self._shown
        self._records, self._kinds, self._offered = tuple(records), kinds, offered
        self.list.blockSignals(True)
        self.list.clear()
        for record, line, learned in zip(records, about, told, strict=True):
            entry, item = _Entry(record.title, line, learned), QListWidgetItem()
            item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(filter(None, (record.title, line, learned))))
            item.setSizeHint(QSize(0, max(32, entry.sizeHint().height() + 8)))
            self.list.addItem(item)
            self.list.setItemWidget(item, entry)
        self.list.setCurrentRow(place)
        self.list.blockSignals(False)
        self.list.setVisible(bool(records))
        self.nothing.setVisible(not records)
        self._fill_menu()
        if anew:
            self._choose(place)
        elif self.form is not None:
            self.form.show_values(self._records[place].values())
        self._able()

    def _fill_menu(self) -> None:
        self.adding.clear()
        for kind in self._kinds:
            action = self.adding.addAction(kind.title)
            action.setEnabled(not kind.lacking)
            action.setToolTip(kind.lacking or kind.help)
            action.triggered.connect(lambda _=False, kind=kind: self._add(kind))

    def _able(self) -> None:
        place, last = self.place, len(self._records) - 1
        self.remove.setEnabled(place >= 0)
        self.up.setEnabled(place > 0)
        self.down.setEnabled(0 <= place < last)

    def _choose(self, place: int) -> None:
        """Show the form of the record at this place."""
        empty(self._body)
        self.form = None
        self._shown = (tuple(map(type, self._records)), place, self._offered)
        if 0 <= place < len(self._records):
            record = self._records[place]
            choices = {name: self._offered[name] for name in record.params if name in self._offered}
            self.form = Form(record.title, record.params, choices=choices)
            self.form.show_values(record.values())
            self.form.edited.connect(self._set)
            self._body.addWidget(label(_first(record.__doc__), "muted", wrap=True))
            self._body.addWidget(self.form)
        self._body.addStretch(1)
        self._able()
        self.selected.emit(place)

    def _set(self, name: str, value: Any) -> None:
        place = self.place
        record = self._records[place].with_(**{name: value})
        assert self.form is not None
        key: Hashable = (self._what, place, name, self.form.fields[name].stint)
        changed = (*self._records[:place], record, *self._records[place + 1 :])
        self._emit(f"Change “{record.title}”", changed, key if self.form.fields[name].stint is not None else None)

    def _add(self, kind: Kind) -> None:
        made: Any = kind.make()
        place = len(self._records)
        if getattr(made, "reshapes", False):  # what makes other rows comes before what learns from them
            place = next((at for at, each in enumerate(self._records) if each.learns and not each.reshapes), place)
        self._emit(f"Add “{kind.title}”", (*self._records[:place], made, *self._records[place:]))

    def _remove(self) -> None:
        place = self.place
        if place >= 0:
            gone = self._records[place]
            self._emit(f"Remove “{gone.title}”", (*self._records[:place], *self._records[place + 1 :]))

    def _move(self, by: int) -> None:
        place, records = self.place, list(self._records)
        if place >= 0 and 0 <= place + by < len(records):
            records[place], records[place + by] = records[place + by], records[place]
            self.list.setCurrentRow(place + by)
            self._emit(f"Move “{records[place + by].title}”", tuple(records))

    def _emit(self, text: str, records: tuple[Any, ...], key: Hashable = None) -> None:
        self.edited.emit(text, records, key)


def _first(text: str | None) -> str:
    """The first paragraph of a docstring, in one line."""
    return " ".join((text or "").split("\n\n")[0].split())
