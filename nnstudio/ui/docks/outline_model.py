"""The rows of the outline: the nodes in the order in which values flow, and what blocks hold as children of theirs."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel

from nnstudio.graph import Network, Node
from nnstudio.graph.changes import differing, missing
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


def _rearranged(before: Network, after: Network) -> bool:
    """Whether nodes may stand in another order than before."""
    if before.wires is not after.wires or len(before.nodes) != len(after.nodes):
        return True
    return bool(missing(before.nodes, after.nodes))


class Steps(NamedTuple):
    """How a list becomes another: places that are taken out, from the last to the first; then what is put in, with its
    place, from the first to the last."""

    out: list[int]
    into: list[tuple[int, str]]


def steps(before: Sequence[str], wanted: Sequence[str]) -> Steps | None:
    """The fewest steps from one order to another; None where they are more than AT_ONCE."""
    goal = {id: place for place, id in enumerate(wanted)}
    places = [goal.get(id, -1) for id in before]
    kept = _rising(places)
    stays = {places[at] for at in kept}
    if len(before) + len(wanted) - 2 * len(kept) > AT_ONCE:
        return None
    standing = set(kept)
    out = [at for at in reversed(range(len(before))) if at not in standing]
    return Steps(out, [(place, id) for place, id in enumerate(wanted) if place not in stays])


def _rising(numbers: Sequence[int]) -> list[int]:
    """Where the longest rising row of numbers is among these; negative ones count for nothing (Fredman, "On computing
    the length of longest increasing subsequences", 1975)."""
    ends: list[int] = []  # the least number at which a row of each length ends
    last: list[int] = []  # and where that is
    before = [-1] * len(numbers)
    for at, number in enumerate(numbers):
        if number < 0:
            continue
        place = bisect.bisect_left(ends, number) if ends and number < ends[-1] else len(ends)
        before[at] = last[place - 1] if place else -1
        ends[place : place + 1] = [number]
        last[place : place + 1] = [at]
    found, at = [], last[-1] if last else -1
    while at >= 0:
        found.append(at)
        at = before[at]
    return found[::-1]


class Item(QStandardItem):
    """One row. ``owner``: the name of the definition that the node stands in ("" for the outermost network);
    ``above``: the row of the block that it is in."""

    def __init__(self, id: str, owner: str, above: Item | None, *, leaf: bool) -> None:
        super().__init__()
        self.id, self.owner, self.above, self.leaf = id, owner, above, leaf
        self.rows: list[Item] = []
        self.by_id: dict[str, Item] = {}
        self.blocks: dict[str, Item] = {}  # the rows that may have others inside
        self.filled = False
        self.shown = self.told = Network()  # whose nodes the rows are; and as they were told of last
        self.setFlags(_LEAF if leaf else _FLAGS)  # Qt asks no more of a leaf, of which there may be thousands

    @property
    def path(self) -> tuple[str, ...]:
        """Ids from the outermost network down to this node."""
        return () if self.above is None else (*self.above.path, self.id)


class OutlineModel(QStandardItemModel):
    """A tree over a network and its blocks. ``renamed(Item, str)``: a person gave a row another name.

    Rows are Qt's own, so that the view lays thousands of them out without asking; what they say is asked for when they
    are seen.
    """

    renamed = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setColumnCount(1)
        self.network = Network()
        self.resolution: Resolution | None = None
        self.root = Item("", "", None, leaf=False)  # not among Qt's rows
        self.root.filled = True

    # -- following ------------------------------------------------------------------------------------------------

    def show_network(self, network: Network, resolution: Resolution | None) -> None:
        """Show this network; rows that stay keep their places in the view."""
        self.look_at(network, resolution)
        if self.disordered:
            wanted = flow_order(network)
            self.order(wanted, steps(self.ids, wanted))

    def look_at(self, network: Network, resolution: Resolution | None) -> None:
        """Say of the rows what is so in this network, wherever they stand."""
        self.network, self.resolution = network, resolution
        self._tell(self.root, network)
        for row in self._filled():
            self._sync(row)

    @property
    def ids(self) -> list[str]:
        """The outermost rows, by node."""
        return [row.id for row in self.root.rows]

    @property
    def disordered(self) -> bool:
        """Whether the outermost rows may be others, or in another order, in the network that is shown."""
        return _rearranged(self.root.shown, self.network)

    def order(self, wanted: Sequence[str], by: Steps | None) -> None:
        """Let the outermost rows be these, in this order: ``by`` these steps, or all anew."""
        self.root.shown = self.network
        self._change_rows(self.root, wanted, by)

    def _filled(self) -> list[Item]:
        """Rows whose children were asked for, parents first."""
        found, todo = [], [self.root]
        while todo:
            inner = [row for row in todo.pop().blocks.values() if row.filled]
            found += inner
            todo += inner
        return found

    def _sync(self, item: Item) -> None:
        """Bring the rows inside a block up to date."""
        inside = self.inside(item) or Network()
        self._tell(item, inside)
        if _rearranged(item.shown, inside):
            wanted = flow_order(inside)
            self._change_rows(item, wanted, steps([row.id for row in item.rows], wanted))
        item.shown = inside

    def _tell(self, item: Item, inside: Network) -> None:
        """Say that rows whose nodes are others than before have changed."""
        told = item.told
        item.told = inside
        others = [item.by_id[id] for id in differing(told.nodes, inside.nodes) if id in item.by_id]
        for row in others:
            self._look(row, leaf=not hasattr(inside.nodes[row.id].layer, "definition"))
        if len(item.rows) > MANY:
            for row in others[:AT_ONCE]:
                self.dataChanged.emit(row.index(), row.index())
        elif item.rows:
            self.dataChanged.emit(item.rows[0].index(), item.rows[-1].index())

    def _look(self, row: Item, *, leaf: bool) -> None:
        if row.leaf is not leaf:
            row.leaf = leaf
            row.setFlags(_LEAF if leaf else _FLAGS)
        if row.above is not None:
            if leaf:
                row.above.blocks.pop(row.id, None)
            else:
                row.above.blocks[row.id] = row

    def _change_rows(self, item: Item, wanted: Sequence[str], by: Steps | None) -> None:
        owner, home = self._definition(item), self._home(item)
        if by is None:
            home.removeRows(0, len(item.rows))
            item.by_id.clear()
            item.blocks.clear()
            item.rows = [self._made(id, owner, item) for id in wanted]
            home.appendRows(item.rows)
            return
        taken: dict[str, Item] = {}
        again = {id for _, id in by.into}
        for place in by.out:
            row = item.rows.pop(place)
            if row.id in again:
                home.takeRow(place)
                taken[row.id] = row
            else:
                item.by_id.pop(row.id, None)
                item.blocks.pop(row.id, None)
                home.removeRow(place)
        for place, id in by.into:
            row = taken[id] if id in taken else self._made(id, owner, item)
            item.rows.insert(place, row)
            home.insertRow(place, row)

    def _home(self, item: Item) -> QStandardItem:
        return self.invisibleRootItem() if item is self.root else item

    def _made(self, id: str, owner: str, above: Item) -> Item:
        home = self.network.blocks.get(owner) if owner else self.network
        node = home.nodes.get(id) if home is not None else None
        made = Item(id, owner, above, leaf=node is not None and not hasattr(node.layer, "definition"))
        above.by_id[id] = made
        if not made.leaf:
            above.blocks[id] = made
        return made

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

    def row_at(self, index: Index) -> Item:
        """The row at an index; the root where it is none."""
        found = self.itemFromIndex(index) if index.isValid() else None  # type: ignore[arg-type]
        return found if isinstance(found, Item) else self.root

    def at(self, path: Sequence[str]) -> Item | None:
        """The row of a path of ids, its parents filled; None where there is none."""
        item = self.root
        for id in path:
            self._fill(item)
            found = item.by_id.get(id)
            if found is None:
                return None
            item = found
        self._fill(item)
        return item

    def index_of(self, item: Item) -> QModelIndex:
        """The index of a row."""
        return QModelIndex() if item is self.root else item.index()

    def walk(self) -> Iterator[Item]:
        """Every row that there is now, parents before children."""
        todo = list(reversed(self.root.rows))
        while todo:
            item = todo.pop()
            yield item
            todo.extend(reversed(item.rows))

    # -- what Qt asks ---------------------------------------------------------------------------------------------

    def hasChildren(self, parent: Index = _NOTHING) -> bool:
        item = self.row_at(parent)
        if item.leaf:
            return False
        if item.filled:
            return bool(item.rows)
        inside = self.inside(item)
        return inside is not None and bool(inside.nodes)

    def canFetchMore(self, parent: Index) -> bool:
        item = self.row_at(parent)
        return not item.filled and self.inside(item) is not None

    def fetchMore(self, parent: Index) -> None:
        self._fill(self.row_at(parent))

    def _fill(self, item: Item) -> None:
        if not item.filled:
            item.filled = True
            self._sync(item)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole:
            return False
        self.renamed.emit(self.row_at(index), str(value).strip())
        return True

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.row_at(index)
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
        whole, above = self.resolution, item.above
        if whole is None or above is None or above is self.root:
            return whole
        return whole.inside("/".join(self._flat(above)))

    def _flat(self, item: Item) -> tuple[str, ...]:
        """The way to a block's first copy in the expanded network."""
        if item.above is None:
            return ()
        node = self.node(item)
        copy = ("0",) if node is not None and getattr(node.layer, "repeat", 1) > 1 else ()
        return (*self._flat(item.above), item.id, *copy)

    def _output(self, item: Item) -> str:
        return output_of(self._resolution_at(item), item.id)

    def _problems(self, item: Item) -> list[str]:
        return problems_of(self._resolution_at(item), item.id)
