"""The scope: which network is on the canvas, the whole or what is inside a block, and the places that are open.

The document holds all of them; what is seen, selected and edited is the one that is open.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nnstudio.graph import Change, Network, View
from nnstudio.graph import blocks as block_edits
from nnstudio.graph import view as view_edits
from nnstudio.graph.edits import Edit
from nnstudio.graph.standins import shared_owner
from nnstudio.graph.view import ViewEdit
from nnstudio.layers.blocks import Block, Standin
from nnstudio.project.sheet import Sheet

if TYPE_CHECKING:
    from nnstudio.compile.resolve import Resolution


@dataclass(frozen=True, slots=True)
class Scope:
    """block: the definition that is open, "" for the whole network. path: where it was opened from, the beginning of
    the ids of what is in it (``"layer1/0"``); "" where it was opened by name alone.
    """

    block: str = ""
    path: str = ""

    @property
    def prefix(self) -> str:
        """What stands before the ids of its nodes in the expanded network."""
        return f"{self.path}/" if self.path else ""


WHOLE = Scope()


@dataclass
class Scopes:
    """The scope that is open, the tabs, and what was selected in each. Used by the session."""

    scope: Scope = WHOLE
    tabs: tuple[Scope, ...] = (WHOLE,)
    chosen: dict[Scope, frozenset[str]] = field(default_factory=dict)

    def network(self, sheet: Sheet) -> Network:
        """The network that is open."""
        return sheet.network.blocks[self.scope.block] if self.scope.block else sheet.network

    def view(self, sheet: Sheet) -> View:
        """The view of the network that is open."""
        return sheet.view.blocks.get(self.scope.block, View()) if self.scope.block else sheet.view

    def edits(self, edit: Edit | None, view: ViewEdit | None) -> tuple[Edit | None, ViewEdit | None]:
        """Edits of the open network as edits of the whole."""
        name = self.scope.block
        if not name:
            return edit, view
        inner = block_edits.in_block(name, edit) if edit is not None else None
        return inner, view_edits.in_block(name, view) if view is not None else None

    def merge_key(self, key: Hashable) -> Hashable:
        """A merge key that is not one of another scope's."""
        return None if key is None else (self.scope.block, key) if self.scope.block else key

    def seen(self, change: Change[Sheet]) -> Change[Sheet]:
        """A change as it is for the open network: sheets whose network and view are the open ones."""
        name = self.scope.block
        if not name:
            return change
        return replace(change, before=self._within(change.before), after=self._within(change.after))

    def _within(self, sheet: Sheet) -> Sheet:
        name = self.scope.block
        network = sheet.network.blocks.get(name, _NOTHING)
        return replace(sheet, network=network, view=sheet.view.blocks.get(name, _NO_VIEW))

    def placed(self, change: Change[Sheet]) -> Scope | None:
        """Where a change happened, if not in the open network (it is then shown there); None where it did, or where
        that cannot be said."""
        if _changed_here(self.seen(change)):
            return None
        before, after = change.before, change.after
        names = [
            name
            for name in after.network.blocks
            if before.network.blocks.get(name) is not after.network.blocks[name]
            or before.view.blocks.get(name) is not after.view.blocks.get(name)
        ]
        if len(names) == 1 and self.scope.block != names[0]:
            return next((tab for tab in self.tabs if tab.block == names[0]), Scope(names[0]))
        return WHOLE if not names and self.scope.block else None

    def follow_names(self, change: Change[Sheet]) -> bool:
        """Keep open what a change has only called otherwise. Returns whether the open scope is called otherwise now."""
        before, after = change.before.network.blocks, change.after.network.blocks
        if before is after:
            return False
        new = {id(part): name for name, part in after.items() if name not in before}
        called = {name: new[id(part)] for name, part in before.items() if name not in after and id(part) in new}

        def now(scope: Scope) -> Scope:
            return replace(scope, block=called.get(scope.block, scope.block))

        was, self.scope = self.scope, now(self.scope)
        self.tabs = tuple(map(now, self.tabs))
        self.chosen = {now(scope): ids for scope, ids in self.chosen.items()}
        return self.scope != was or bool(called)

    def still(self, sheet: Sheet) -> bool:
        """Leave what is no longer there; whether the open scope still is."""
        there = sheet.network.blocks
        self.tabs = tuple(tab for tab in self.tabs if not tab.block or tab.block in there)
        self.chosen = {scope: ids for scope, ids in self.chosen.items() if not scope.block or scope.block in there}
        return not self.scope.block or self.scope.block in there

    def open(self, scope: Scope, *, tab: bool = False) -> bool:
        """Open a scope in the place of the block that is open, or in a tab of its own; a block that has a tab is opened
        there. Whether another is open now."""
        known = next((other for other in self.tabs if other.block == scope.block), None)
        tabs = tuple(scope if other == known else other for other in self.tabs)
        if known is None:
            stays = tab or not self.scope.block
            tabs = (*tabs, scope) if stays else tuple(scope if other == self.scope else other for other in tabs)
        changed, self.scope, self.tabs = scope != self.scope, scope, tabs
        return changed

    def close(self, scope: Scope) -> bool:
        """Close a block's tab. Whether another scope is open now."""
        self.tabs = tuple(other for other in self.tabs if other != scope)
        if scope != self.scope:
            return False
        self.scope = self.tabs[-1]
        return True

    def flat_ids(self, sheet: Sheet, id: str, whole: Resolution | None) -> tuple[str, ...]:
        """The ids under which events tell of a node of the open network: of a block, those of all that is inside."""
        flat = self.scope.prefix + id
        node = self.network(sheet).nodes.get(id)
        if node is not None and not isinstance(node.layer, Standin):
            return (flat,)
        every = whole.flat.nodes if whole is not None else {}
        if flat in every or not every:
            return (flat,)
        return tuple(known for known in every if known.startswith(f"{flat}/"))

    def into(self, sheet: Sheet, id: str) -> Scope | None:
        """The scope inside a block's node of the open network (of the block whose weights a shared node uses)."""
        network = self.network(sheet)
        owner = shared_owner(network, id)
        layer: Any = owner.layer if owner is not None else None
        if not isinstance(layer, Block) or layer.definition not in sheet.network.blocks:
            return None
        copy = "/0" if layer.repeat > 1 else ""
        inside = self.scope.prefix + id + copy if self.scope.path or not self.scope.block else ""
        return Scope(layer.definition, inside)

    def around(self, sheet: Sheet) -> tuple[tuple[str, Scope], ...]:
        """The way to the open scope, outermost first: (name of the block's node, scope)."""
        if not self.scope.block:
            return ()
        if not self.scope.path:
            return ((self.scope.block, self.scope),)
        way: list[tuple[str, Scope]] = []
        network, path = sheet.network, ""
        for part in self.scope.path.split("/"):
            path = f"{path}/{part}" if path else part
            node = network.nodes.get(part)
            owner = shared_owner(network, part) if node is not None else None
            if node is None:  # the number of a copy
                if way:
                    way[-1] = (way[-1][0], replace(way[-1][1], path=path))
                continue
            layer: Any = owner.layer if owner is not None else None
            if not isinstance(layer, Block) or layer.definition not in sheet.network.blocks:
                break
            way.append((node.name, Scope(layer.definition, path)))
            network = sheet.network.blocks[layer.definition]
        return tuple(way)

    def resolution(self, whole: Resolution | None) -> Resolution | None:
        """What is known of the open network, as it is at the place from which it was opened."""
        if whole is None or not self.scope.block:
            return whole
        if self.scope.block not in whole.network.blocks:
            return None
        inside = whole.inside(self.scope.path) if self.scope.path else None
        if inside is None:
            inside = whole.definition(self.scope.block)
        return inside


def _changed_here(change: Change[Sheet]) -> bool:
    """Whether the network or the view of these sheets changed, other than inside their blocks."""
    before, after = change.before, change.after
    return any(
        getattr(a, name) is not getattr(b, name)
        for a, b, names in (
            (before.network, after.network, ("nodes", "wires", "parameters")),
            (before.view, after.view, ("positions", "frames", "notes", "bookmarks", "routes")),
        )
        for name in names
    )


_NOTHING = Network()
_NO_VIEW = View()
