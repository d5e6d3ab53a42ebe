"""Quick-add: layers by a few letters of their names and what they are to be like, where the pointer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from nnstudio.graph.expressions import Number
from nnstudio.layers import Layer
from nnstudio.ui.layer_list import LayerDelegate, LayerListModel, LayerType, find_layers
from nnstudio.ui.typed_layers import Read, Said, Typed, layers_of, parse, preview_of, said_of, trouble_of

_WIDTH, _ROWS, _ROW = 340, 8, 25
#: Where what is chosen goes: wired to what it was offered for, on its own, or between that and what it feeds.
WIRED, ALONE, BETWEEN = "wired", "alone", "between"


@dataclass(frozen=True)
class Offer:
    """What can be chosen: ``types`` for the first layer, ``everything`` for those that follow it in a chain.

    ``lone``: only one layer is wanted (to take another's place). ``ordered`` puts found types in another order.
    ``parameters``: those of the network, which arithmetic may name.
    """

    types: Sequence[LayerType]
    everything: Sequence[LayerType]
    title: str = "Add a layer"
    hint: str = ""
    lone: bool = False
    ordered: Callable[[Sequence[LayerType]], Sequence[LayerType]] = list
    parameters: Mapping[str, Number] = field(default_factory=dict)


class Field(QLineEdit):
    """Gives word when the focus goes elsewhere."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.left.emit()


class QuickAdd(QFrame):
    """A field, what was understood, and the layer types below it.

    ``chosen(layers, where)`` by Enter or click: the layers, and :data:`WIRED`, with Shift :data:`ALONE`, with Ctrl
    :data:`BETWEEN`. Escape, a click elsewhere or a choice close it. It is a child of the canvas, not a window.
    """

    chosen = Signal(list, str)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self._offer = Offer((), ())
        self._typed = Typed((), ())
        #: The expressions of each of the layers that were chosen last.
        self.said: Said = ()
        self._tallest = 0
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.field = Field()
        self.field.setAccessibleName("Add a layer by name")
        self.preview = self._line("muted")
        self.preview.setObjectName("quick_add_preview")
        self.model = LayerListModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(LayerDelegate(self.list))
        self.list.setAccessibleName("Layers that can be added")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.hint = self._line("faint")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        for part in (self.field, self.preview, self.list, self.hint):
            layout.addWidget(part)
        self.field.textChanged.connect(self._filter)
        self.field.left.connect(self.close_quietly)
        self.field.installEventFilter(self)
        self.list.clicked.connect(self._choose)
        self.list.selectionModel().currentChanged.connect(self._tell)
        self.hide()

    @staticmethod
    def _line(role: str) -> QLabel:
        made = QLabel()
        made.setProperty("role", role)
        made.setTextFormat(Qt.TextFormat.PlainText)
        made.setWordWrap(True)
        made.setContentsMargins(6, 0, 6, 0)
        return made

    def offer(self, at: QPoint, offer: Offer) -> None:
        """Open at a point of the parent, with these types to choose from."""
        self._offer = offer
        self.field.clear()
        self.field.setPlaceholderText(offer.title)
        self.field.setAccessibleName(offer.title)
        self._filter("")
        room = self._parent.size()
        width = min(_WIDTH, room.width() - 16)
        self._tallest = room.height() - 16
        self.setFixedWidth(width)
        self._fit_height()
        left = max(8, min(at.x(), room.width() - width - 8))
        top = max(8, min(at.y(), room.height() - self.height() - 8))
        self.move(left, top)
        self._tallest = room.height() - top - 8
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fit_height(self) -> None:
        """As tall as what was found and said; the field stays where it is."""
        rows = max(3, min(_ROWS, self.model.rowCount()))
        inside = self.width() - 16
        said = sum(
            label.heightForWidth(inside) + 6 for label in (self.preview, self.hint) if not label.isHidden()
        )  # fmt: skip
        tall = rows * _ROW + self.field.sizeHint().height() + said + 30
        self.resize(self.width(), min(tall, self._tallest))

    # -- what is typed --------------------------------------------------------------------------------------------

    def _filter(self, text: str) -> None:
        offer = self._offer
        self._typed = parse(
            text, offer.types, offer.everything, lambda name, types: self._found(name, list(types)), offer.parameters
        )
        self.model.show(self._typed.found)
        if self._typed.found:
            self.list.setCurrentIndex(self.model.index(0))
        self._tell()

    def _found(self, name: str, types: Sequence[LayerType]) -> Sequence[LayerType]:
        return find_layers(name, types) if name else self._offer.ordered(types)

    def _reads(self) -> tuple[Read, ...]:
        """What is typed, with the chosen type; behind a last ``>`` nothing is chosen until it is named."""
        if not self._typed.name and self._typed.before:
            return self._typed.before
        cls = self.model.type_at(self.list.currentIndex())
        return self._typed.chosen(cls) if cls is not None else self._typed.before

    def _tell(self, *_: object) -> None:
        reads = self._reads()
        typed = bool(self.field.text().strip()) and (len(reads) > 1 or any(each.told for each in reads))
        self.preview.setText(preview_of(reads) if typed else "")
        self.preview.setVisible(typed)
        self.hint.setText(self._sentence(reads))
        self.hint.setVisible(bool(self.hint.text()))
        self._fit_height()

    def _sentence(self, reads: Sequence[Read]) -> str:
        typed = self._typed
        if typed.trouble:
            return typed.trouble
        if not typed.found:
            name = self.field.text().split(">")[-1].strip()
            return f"No layer that fits here is called “{name}”." if name else "No layer fits here."
        if self._offer.lone and (len(reads) > 1 or any(each.repeat > 1 for each in reads)):
            return "One layer takes the other's place: name one."
        return self._misfit() or trouble_of(reads) or self._offer.hint

    def _misfit(self) -> str:
        """Say so where the type that the person names is there but does not fit here."""
        offer, name = self._offer, self._typed.first
        if not name or len(offer.types) == len(offer.everything):
            return ""
        named = find_layers(name, offer.everything)
        meant = named[0].type_name() if named else ""
        if not named or any(cls.type_name() == meant for cls in offer.types):
            return ""
        nearest = find_layers(name, offer.types)[0].type_name()
        return f"{meant} does not fit here; of what fits, {nearest} is the nearest by name."

    # -- keys and choices -----------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        own = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
        overrides = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if overrides and event.key() in own:  # type: ignore[attr-defined]
            event.accept()
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        rows = self.model.rowCount()
        here = self.list.currentIndex().row()
        match event.key():
            case Qt.Key.Key_Escape:
                self.close_quietly()
            case Qt.Key.Key_Tab:
                self._complete()
            case Qt.Key.Key_Down if rows:
                self.list.setCurrentIndex(self.model.index((here + 1) % rows))
            case Qt.Key.Key_Up if rows:
                self.list.setCurrentIndex(self.model.index((here - 1) % rows))
            case Qt.Key.Key_PageDown if rows:
                self.list.setCurrentIndex(self.model.index(min(here + _ROWS, rows - 1)))
            case Qt.Key.Key_PageUp if rows:
                self.list.setCurrentIndex(self.model.index(max(here - _ROWS, 0)))
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                modifiers = event.modifiers()
                if modifiers & Qt.KeyboardModifier.ShiftModifier:
                    self._take(ALONE)
                else:
                    self._take(BETWEEN if modifiers & Qt.KeyboardModifier.ControlModifier else WIRED)
            case _:
                return False
        return True

    def _complete(self) -> None:
        """Tab writes the chosen name out, so that parameters can follow; it closes where nothing is typed."""
        cls = self.model.type_at(self.list.currentIndex())
        if not self.field.text().strip() or cls is None:
            self.close_quietly()
            return
        head, sign, _ = self.field.text().rpartition(">")
        start = f"{head.rstrip()} {sign} " if sign else ""
        self.field.setText(" ".join([f"{start}{cls.type_name()}", *self._typed.words, ""]))

    def _choose(self, index: QModelIndex) -> None:
        if self.model.type_at(index) is None:
            return
        self.list.setCurrentIndex(index)
        self._take(WIRED, self._typed.chosen(self.model.type_at(index)))  # type: ignore[arg-type]

    def _take(self, where: str, reads: tuple[Read, ...] | None = None) -> None:
        """Give away what was understood, unless there is nothing to give or a value is not allowed."""
        reads = reads if reads is not None else self._reads()
        layers: list[Layer] = layers_of(reads)
        several = self._offer.lone and len(layers) > 1
        if not layers or several or self._typed.trouble or (not self._typed.found and self._typed.name):
            return
        self.close_quietly()
        self.said = said_of(reads)
        self.chosen.emit(layers, where)

    def close_quietly(self) -> None:
        """Close without a choice."""
        if self.isVisible():
            self.hide()
            self.closed.emit()
