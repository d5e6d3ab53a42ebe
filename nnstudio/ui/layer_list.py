"""Layer types in a list: finding them by name, and the model and delegate that the palette and quick-add share."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from nnstudio.layers import Layer
from nnstudio.ui import fuzzy, theme
from nnstudio.ui.offered import CLASSICAL, OWN, PROJECT, key_of

#: A dragged layer type: its name as UTF-8.
LAYER_MIME = "application/x-nnstudio-layer"
#: The type's name (a heading has none), and what is written in muted text beside it.
NameRole = int(Qt.ItemDataRole.UserRole)
NoteRole = NameRole + 1

LayerType = type[Layer]
Index = QModelIndex | QPersistentModelIndex
_NOTHING = QModelIndex()


def find_layers(query: str, types: Iterable[LayerType]) -> list[LayerType]:
    """The layer types that a person may mean, best first: by name, synonyms and family, then by a few letters.

    All of them, as they come, for an empty query. Letters alone count only where nothing has the words. Among equals,
    layers of images come before those of signals and volumes, and short names before long ones.
    """
    wanted = _words(query)
    types = list(types)
    if not wanted:
        return types
    found = [(rank, place, cls) for place, cls in enumerate(types) if (rank := _rank(wanted, cls)) is not None]
    if found:
        return [cls for _, _, cls in sorted(found, key=lambda each: (each[0], *_usual(wanted, each[2]), each[1]))]
    return fuzzy.ranked(wanted, types, lambda cls: cls.type_name(), lambda cls: " ".join(cls.synonyms))


@functools.lru_cache(maxsize=4096)
def _words(text: str) -> str:
    """Lower case, without hyphens and underscores, as names say it: ``max pool`` for ``Max-pooling``, ``batch norm``
    for ``batch normalization``."""
    apart = re.sub(r"(?<=\w)[-_](?=\w)", " ", text.strip().casefold())
    return re.sub(r"\bnormali[sz]ation\b", "norm", re.sub(r"\bpooling\b", "pool", " ".join(apart.split())))


def _rank(wanted: str, cls: LayerType) -> int | None:
    name = cls.type_name().casefold()
    plain = wanted.replace(" ", "")
    synonyms = [_words(word) for word in cls.synonyms]
    spoken = " ".join([" ".join(_PARTS.findall(cls.type_name())), *synonyms])
    tests = (
        name == plain,
        name.startswith(plain) and name.removeprefix(plain) in _ENDINGS,
        wanted in synonyms or plain in synonyms,
        name.startswith(plain),
        any(word.startswith(wanted) for word in synonyms),
        fuzzy.by_words(wanted, spoken),
        plain in name,
        any(wanted in word for word in synonyms),
        cls.family.title.casefold().startswith(wanted),
    )
    return tests.index(True) if True in tests else None


#: Endings of names that nobody needs to say; and the words of which a name is made.
_ENDINGS = ("1d", "2d", "3d", "loss")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+[a-z]?")


def _usual(wanted: str, cls: LayerType) -> tuple[int, int, int]:
    """Before others come names with more of the words, then 2d before 1d before 3d, then short names."""
    name = cls.type_name().casefold()
    said = sum(word in name for word in wanted.split())
    return -said, 2 if name.endswith("3d") else 1 if name.endswith("1d") else 0, len(name)


class LayerListModel(QAbstractListModel):
    """Layer types in rows, with a heading before each family where ``headings`` are wanted."""

    def __init__(self, parent: QObject | None = None, *, headings: bool = False) -> None:
        super().__init__(parent)
        self._headings = headings
        self._rows: list[LayerType | str] = []

    def show(self, types: Sequence[LayerType]) -> None:
        """Show these types. With headings, they come in the order of the families."""
        self.beginResetModel()
        self._rows = []
        family = ""
        for cls in sorted(types, key=_family_rank) if self._headings else types:
            if self._headings and section_of(cls) != family:
                family = section_of(cls)
                self._rows.append(family)
            self._rows.append(cls)
        self.endResetModel()

    def first(self) -> int:
        """The first row that holds a type; -1 where there is none."""
        return next((row for row, what in enumerate(self._rows) if not isinstance(what, str)), -1)

    def type_at(self, index: Index) -> LayerType | None:
        """The type in a row; None for a heading."""
        what = self._rows[index.row()] if 0 <= index.row() < len(self._rows) else None
        return None if isinstance(what, str) else what

    def rowCount(self, parent: Index = _NOTHING) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        what = self._rows[index.row()]
        if isinstance(what, str):
            return what if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) else None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return what.type_name()
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleDescriptionRole:
                return what.summary()
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{what.type_name()}, {section_of(what)}"
            case Qt.ItemDataRole.DecorationRole:
                return theme.family_color(what)
        if role == NameRole:
            return what.type_name()
        return section_of(what) if role == NoteRole and not self._headings else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.type_at(index) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return [LAYER_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        cls = self.type_at(indexes[0]) if indexes else None
        if cls is not None:
            data.setData(LAYER_MIME, QByteArray(key_of(cls).encode()))
            data.setText(cls.type_name())
        return data

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction


def section_of(cls: LayerType) -> str:
    """Under what a type is listed: its family; of a block, whose it is."""
    return getattr(cls, "section", "") or cls.family.title


def _family_rank(cls: LayerType) -> tuple[float, int]:
    from nnstudio.layers.families import FAMILIES

    section = getattr(cls, "section", "")
    place = FAMILIES.index(cls.family)
    return (0.5 if section == PROJECT else place), (PROJECT, OWN, CLASSICAL).index(section) if section else -1


class LayerDelegate(QStyledItemDelegate):
    """Paints a row: a square in the family's colour, the name, and a muted note at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        heading = index.data(NameRole) is None
        return QSize(120, theme.scaled((32 if index.row() else 24) if heading else 25))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens = theme.current()
        rect = QRectF(option.rect)
        painter.save()
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if index.data(NameRole) is None:
                painter.setFont(theme.ui_font(11, 600))
                painter.setPen(QColor(tokens.muted))
                painter.drawText(
                    rect.adjusted(10, 0, -6, -5), Qt.AlignmentFlag.AlignBottom, index.data(Qt.ItemDataRole.DisplayRole)
                )
            else:
                self._paint_type(painter, rect, option, index)
        finally:
            painter.restore()

    def _paint_type(self, painter: QPainter, rect: QRectF, option: QStyleOptionViewItem, index: Index) -> None:
        tokens = theme.current()
        state = option.state
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(theme.mixed(tokens.panel, tokens.accent, 0.22))
            painter.drawRoundedRect(rect.adjusted(4, 0.5, -4, -0.5), 5, 5)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(rect.adjusted(4, 0.5, -4, -0.5), 5, 5)
        painter.setBrush(index.data(Qt.ItemDataRole.DecorationRole))
        painter.drawRoundedRect(QRectF(rect.left() + 10, rect.center().y() - 6.5, 13, 13), 3, 3)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(tokens.text))
        painter.setFont(theme.ui_font(13))
        painter.drawText(rect.adjusted(34, 0, -6, 0), middle, index.data(NameRole))
        note = index.data(NoteRole)
        if note:
            painter.setPen(QColor(tokens.muted))
            painter.setFont(theme.ui_font(11))
            painter.drawText(rect.adjusted(6, 0, -12, 0), middle | Qt.AlignmentFlag.AlignRight, note)
