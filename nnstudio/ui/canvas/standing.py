"""Where the document has each node: its place in the view, or one that was found for it and is then kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from nnstudio.graph import Network
from nnstudio.graph.arrange import COLUMN, complete
from nnstudio.graph.changes import differing, missing, remember
from nnstudio.graph.view import Position, View

#: Positions beyond this (from a file, say) are drawn at the edge.
REACH = 100_000.0
#: Networks with more nodes, none of which has a place, stand in rows at first: arranging them would hold the window up.
AT_ONCE = 1000


class Standing:
    """``places``: of every node of the network that was given last. They are the view's own where it has all of them
    and no other: copying thousands takes as long as a small edit."""

    def __init__(self) -> None:
        self.places: Mapping[str, Position] = {}
        self.provisional = False  # whether they only stand in rows until they were arranged
        #: of nodes that had no place in the view when they came
        self.derived: dict[str, Position] = {}
        self._view = View()

    def follow(self, network: Network, view: View, gone: list[str], changed: list[str]) -> Mapping[str, Position]:
        """The places in this network and view; ``gone`` and ``changed`` nodes are those since the last one. The same
        object where nothing moved."""
        nodes, given, before = network.nodes, view.positions, self._view.positions
        moved = list(filter(nodes.__contains__, differing(before, given)))
        lost = [id for id in missing(before, given) if id in nodes]
        self._view = view
        if not (moved or lost or gone) and all(id in self.places for id in changed):
            return self.places
        if self._are_own(before, network, given, moved, gone, changed):
            self.places = given
            return given
        places = dict(self.places)
        for id in gone:
            places.pop(id, None)
        places.update((id, given[id] if _is_sane(given[id]) else _sane(given[id])) for id in moved)
        places.update((id, _sane(given[id])) for id in changed if id in given and id not in places)
        places.update((id, self.derived[id]) for id in (*lost, *changed) if id in self.derived and id not in given)
        if len(places) < len(nodes):
            self.provisional = not places and len(nodes) > AT_ONCE
            found = _in_rows(network) if self.provisional else complete(network, places)
            new = {id: at for id, at in found.items() if id not in places}
            self.derived.update(new)
            places = found
            lost = [*lost, *new]
        if not self.places and places == given:
            self.places = given
            return given
        remember(self.places, places, (*gone, *moved, *lost, *changed))
        self.places = places
        return places

    def _are_own(
        self, before: Mapping[str, Position], network: Network, given: Mapping[str, Position],
        moved: list[str], gone: list[str], changed: list[str],
    ) -> bool:  # fmt: skip
        """Whether the view still has the places of all nodes, and of no others, as it had before these moved, went or
        came."""
        return (
            self.places is before
            and len(given) == len(network.nodes)
            and not any(id in given for id in gone)
            and all(map(given.__contains__, changed))
            and _all_sane(map(given.__getitem__, changed if not before else {*moved, *changed}))
        )

    def found(self, places: Mapping[str, Position]) -> None:
        """Keep these places of nodes that have none in the view, in the stead of provisional ones."""
        self.provisional = False
        self.derived = dict(places)
        self.places = {id: self._view.positions.get(id, places.get(id, at)) for id, at in self.places.items()}


def _in_rows(network: Network) -> dict[str, Position]:
    """All nodes in rows, in the order in which they were drawn."""
    across = max(round(math.sqrt(len(network.nodes) * 144.0 / COLUMN * 1.7)), 1)
    return {id: (COLUMN * (at % across), 144.0 * (at // across)) for at, id in enumerate(network.nodes)}


def _all_sane(places: Iterable[Position]) -> bool:
    return all(-REACH <= x <= REACH and -REACH <= y <= REACH for x, y in places)


def _is_sane(at: Position) -> bool:
    return -REACH <= at[0] <= REACH and -REACH <= at[1] <= REACH


def _sane(at: Position) -> Position:
    x, y = (value if math.isfinite(value) else 0.0 for value in at)
    return max(-REACH, min(REACH, x)), max(-REACH, min(REACH, y))
