"""The rows of the outline: the nodes in the order in which values flow, and what blocks hold as children of theirs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from nnstudio.graph import Network, Node
from nnstudio.graph.changes import differing
from nnstudio.ui import theme
from nnstudio.ui.announce import in_words, output_of, problems_of

if TYPE_CHECKING:
    from nnstudio.compile.resolve import Resolution

Index = QModelIndex | QPersistentModelIndex
_NOTHING = QModelIndex()
TypeRole, OutputRole, ProblemRole, QuietRole = (Qt.ItemDataRole.UserRole + at for at in range(1, 5))
#: With more rows that come or go at once than this the rows are made anew.
AT_ONCE = 200
#: In a network of more nodes than this only rows whose nodes have changed are told of: the view repaints what is seen.
MANY = 500
_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable
_LEAF = _FLAGS | Qt.ItemFlag.ItemNeverHasChildren


def flow_order(network: Network) -> list[str]:
    """Ids of the nodes so that each comes after what feeds it, chains kept together; nodes of a loop at the end."""
    nodes, outgoing = network.nodes, network.outgoing
    left = dict.fromkeys(nodes, 0)
    for wire in network.wires:
        if wire.target in left and wire.source in left:
            left[wire.target] += 1
    ready = [id for id in reversed(list(nodes)) if not left[id]]
    order = []
    while ready:
        id = ready.pop()
        order.append(id)
        for wire in reversed(outgoing.get(id, ())):
            if wire.target in left:
                left[wire.target] -= 1
                if not left[wire.target]:
                    ready.append(wire.target)
    if len(order) < len(nodes):
        placed = set(order)
        order += [id for id in nodes if id not in placed]
    return order


class Item:
    """One row. ``owner``: the name of the definition that the node stands in ("" for the outermost network)."""

    __slots__ = ("filled", "id", "key", "leaf", "owner", "parent", "place", "rows", "shown")

    def __init__(self, key: int, id: str, owner: str, parent: Item | None) -> None:
        self.key, self.id, self.owner, self.parent = key, id, owner, parent
        self.place = 0
        self.rows: list[Item] = []
        self.filled = False
        self.leaf = False  # whether it is a plain layer, with nothing inside
        self.shown = Network()  # whose nodes the rows are

    @property
    def path(self) -> tuple[str, ...]:
        """Ids from the outermost network down to this node."""
        return () if self.parent is None else (*self.parent.path, self.id)


class OutlineModel(QAbstractItemModel):
    """A tree over a network and its blocks. ``renamed(Item, str)``: a person gave a row another name."""

    renamed = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.network = Network()
        self.resolution: Resolution | None = None
        self._keys = itertools.count(1)
        self._items: dict[int, Item] = {}
        self.root = Item(0, "", "", None)
        self.root.filled = True

    # -- following ------------------------------------------------------------------------------------------------

    def show_network(self, network: Network, resolution: Resolution | None) -> None:
        """Show this network; rows that stay keep their places in the view."""
        self.network, self.resolution = network, resolution
        self._sync(self.root, QModelIndex())

    def _sync(self, item: Item, index: QModelIndex) -> None:
        inside = self.inside(item) or Network()
        before, item.shown = item.shown, inside
        others = frozenset(differing(before.nodes, inside.nodes))
        stayed = [row for row in item.rows if row.id in others] if others else []
        for row in stayed:
            row.leaf = not hasattr(inside.nodes[row.id].layer, "definition")
        if before.wires is not inside.wires or before.nodes.keys() != inside.nodes.keys():
            wanted = flow_order(inside)
            if [row.id for row in item.rows] != wanted:
                self._change_rows(item, index, wanted)
        if len(item.rows) > MANY:
            for row in stayed[:AT_ONCE]:
                self.dataChanged.emit(self.index_of(row), self.index_of(row))
        elif item.rows:
            self.dataChanged.emit(self.index(0, 0, index), self.index(len(item.rows) - 1, 0, index))
        for row in item.rows:
            if row.filled:
                self._sync(row, self.index_of(row))

    def _change_rows(self, item: Item, index: QModelIndex, wanted: Sequence[str]) -> None:
        owner = self._definition(item)
        have, goal = {row.id for row in item.rows}, set(wanted)
        if len(have ^ goal) > AT_ONCE:
            self.beginResetModel()
            known = {row.id: row for row in item.rows}
            for id in known.keys() - goal:
                self._forget(known[id])
            self._put(item, [known[id] if id in known else self._made(id, owner, item) for id in wanted])
            self.endResetModel()
            return
        for place in reversed(range(len(item.rows))):
            if item.rows[place].id not in goal:
                self.beginRemoveRows(index, place, place)
                self._forget(item.rows[place])
                self._put(item, item.rows[:place] + item.rows[place + 1 :])
                self.endRemoveRows()
        staying = [id for id in wanted if id in have]
        if staying != [row.id for row in item.rows]:
            self._reorder(item, staying)
        for place, id in enumerate(wanted):
            if id not in have:
                self.beginInsertRows(index, place, place)
                self._put(item, [*item.rows[:place], self._made(id, owner, item), *item.rows[place:]])
                self.endInsertRows()

    def _reorder(self, item: Item, ids: Sequence[str]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        rows = {row.id: row for row in item.rows}
        moved = [self._items.get(index.internalId()) for index in before]
        self._put(item, [rows[id] for id in ids])
        self.changePersistentIndexList(before, [self.index_of(row) if row else QModelIndex() for row in moved])
        self.layoutChanged.emit()

    def _put(self, item: Item, rows: list[Item]) -> None:
        item.rows = rows
        for place, row in enumerate(rows):
            row.place = place

    def _made(self, id: str, owner: str, parent: Item) -> Item:
        made = Item(next(self._keys), id, owner, parent)
        node = self.node(made)
        made.leaf = node is not None and not hasattr(node.layer, "definition")
        self._items[made.key] = made
        return made

    def _forget(self, item: Item) -> None:
        self._items.pop(item.key, None)
        for row in item.rows:
            self._forget(row)

    # -- what the rows stand for ----------------------------------------------------------------------------------

    def _definition(self, item: Item) -> str:
        """The name of the definition whose nodes are the children of a row."""
        node = self.node(item)
        return str(getattr(node.layer, "definition", "")) if node is not None else ""

    def inside(self, item: Item) -> Network | None:
        """The network whose nodes are the children of a row; None where there are none."""
        if item is self.root:
            return self.network
        name = self._definition(item)
        return self.network.blocks.get(name) if name else None

    def node(self, item: Item) -> Node | None:
        """The node of a row."""
        if item is self.root:
            return None
        home = self.network.blocks.get(item.owner) if item.owner else self.network
        return home.nodes.get(item.id) if home is not None else None

    def item(self, index: Index) -> Item:
        """The row at an index; the root where it is none."""
        return self._items.get(index.internalId(), self.root) if index.isValid() else self.root

    def at(self, path: Sequence[str]) -> Item | None:
        """The row of a path of ids, its parents filled; None where there is none."""
        item = self.root
        for id in path:
            if not item.filled:
                self.fetchMore(self.index_of(item))
            found = next((row for row in item.rows if row.id == id), None)
            if found is None:
                return None
            item = found
        if not item.filled:
            self.fetchMore(self.index_of(item))
        return item

    def index_of(self, item: Item) -> QModelIndex:
        """The index of a row."""
        return QModelIndex() if item is self.root else self.createIndex(item.place, 0, item.key)

    def walk(self) -> Iterator[Item]:
        """Every row that there is now, parents before children."""
        todo = list(reversed(self.root.rows))
        while todo:
            item = todo.pop()
            yield item
            todo.extend(reversed(item.rows))

    # -- what Qt asks ---------------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = _NOTHING) -> QModelIndex:
        rows = (self.item(parent) if parent.isValid() else self.root).rows
        return self.createIndex(row, column, rows[row].key) if 0 <= row < len(rows) and not column else QModelIndex()

    def parent(self, index: Index = _NOTHING) -> QModelIndex:  # type: ignore[override]
        above = self.item(index).parent if index.isValid() else None
        return self.index_of(above) if above is not None else QModelIndex()

    def rowCount(self, parent: Index = _NOTHING) -> int:
        return len(self.item(parent).rows)

    def columnCount(self, parent: Index = _NOTHING) -> int:
        return 1

    def hasChildren(self, parent: Index = _NOTHING) -> bool:
        item = self.item(parent)
        if item.leaf:
            return False
        if item.filled:
            return bool(item.rows)
        inside = self.inside(item)
        return inside is not None and bool(inside.nodes)

    def canFetchMore(self, parent: Index) -> bool:
        item = self.item(parent)
        return not item.filled and self.inside(item) is not None

    def fetchMore(self, parent: Index) -> None:
        item = self.item(parent)
        if not item.filled:
            item.filled = True
            self._sync(item, self.index_of(item))

    def flags(self, index: Index) -> Qt.ItemFlag:
        item = self._items.get(index.internalId())
        if item is None:
            return Qt.ItemFlag.NoItemFlags
        return _LEAF if item.leaf else _FLAGS  # Qt asks no more of a leaf, of which there may be thousands

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole:
            return False
        self.renamed.emit(self.item(index), str(value).strip())
        return True

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.item(index)
        node = self.node(item)
        if node is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return node.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._told(item)
            case Qt.ItemDataRole.ToolTipRole:
                return "\n".join([self._told(item), *self._problems(item)])
            case Qt.ItemDataRole.DecorationRole:
                return theme.family_color(node.layer)
        if role == TypeRole:
            return node.layer.subtitle()
        if role == OutputRole:
            return self._output(item)
        if role == QuietRole:
            return node.bypassed
        return bool(self._problems(item)) if role == ProblemRole else None

    def _told(self, item: Item) -> str:
        """All of a row in words, as a screen reader says it."""
        home = self.network.blocks[item.owner] if item.owner else self.network
        return in_words(home, self._resolution_at(item), item.id)

    def _resolution_at(self, item: Item) -> Resolution | None:
        """What is known of the network that a row stands in, in the first copy of its block."""
        whole, above = self.resolution, item.parent
        if whole is None or above is None or above is self.root:
            return whole
        return whole.inside("/".join(self._flat(above)))

    def _flat(self, item: Item) -> tuple[str, ...]:
        """The way to a block's first copy in the expanded network."""
        if item.parent is None:
            return ()
        node = self.node(item)
        copy = ("0",) if node is not None and getattr(node.layer, "repeat", 1) > 1 else ()
        return (*self._flat(item.parent), item.id, *copy)

    def _output(self, item: Item) -> str:
        return output_of(self._resolution_at(item), item.id)

    def _problems(self, item: Item) -> list[str]:
        return problems_of(self._resolution_at(item), item.id)
