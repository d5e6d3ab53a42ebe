"""What the canvas shows of a run: for each node a number as a colour, for each wire the size of what flows.

Arrays beside the tables of nodes and wires, worked out when they are asked for and something has changed since.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal

from nnstudio.graph import Wire
from nnstudio.train.events import Activations, Event, Gradients, RunStarted, Timings
from nnstudio.train.snapshots import Snapshot
from nnstudio.ui import theme
from nnstudio.ui.canvas.node_table import Floats, Rows
from nnstudio.ui.canvas.producers import carried, rows_of
from nnstudio.ui.quantities import GRADIENT, QUANTITIES, Quantity, Scale, figure

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene

#: Least time between two updates, in milliseconds.
PACE = 100
#: So many colours and widths of wires are told apart; one more stands for "no value".
LEVELS = 32
#: From so many snapshots of an old run its range is taken.
_SAMPLED = 12

Levels = npt.NDArray[np.uint8]
_Key = tuple[tuple[object, ...], tuple[object, ...]]


class Magnitudes(QObject):
    """``changed``: nodes or wires look otherwise. ``chose``: a person wants something else shown, to be remembered."""

    changed = Signal()
    chose = Signal()

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene)
        self._scene = scene
        self._session = scene.session
        #: what nodes are coloured by; None: by nothing
        self.quantity: Quantity | None = GRADIENT
        #: whether whole cards, not only their bars, are coloured
        self.tinted = False
        #: whether wires show the size of what flows
        self.flowing = True
        self._run: object = None
        self._scales: dict[str, Scale] = {}
        self._told: Snapshot | None = None  # what the arrays below are of
        self._of: _Key = (), ()
        self._related = False
        self._maps: dict[str, tuple[_Key, list[str], Rows]] = {}
        self.values = self.flows = np.zeros(0)
        self._levels = self._flow_levels = np.zeros(0, np.uint8)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.refresh)
        session = scene.session
        session.events_arrived.connect(self._events)
        session.run_changed.connect(self.refresh)
        session.moment_changed.connect(self.refresh)
        session.resolved.connect(self._resolved)

    # -- what a person chooses ------------------------------------------------------------------------------------

    def choose(self, quantity: str) -> None:
        """Colour nodes by the quantity of this id; "" or an unknown one: by none."""
        self.quantity = QUANTITIES.get(quantity)
        self._choose()

    def set_tinted(self, tinted: bool) -> None:
        """Whether whole cards are coloured."""
        self.tinted = tinted
        self._choose()

    def set_flowing(self, flowing: bool) -> None:
        """Whether wires show the size of what flows."""
        self.flowing = flowing
        self._choose()

    def _choose(self) -> None:
        self._told = None
        self._bring_up()
        self.changed.emit()
        self.chose.emit()

    # -- asking ---------------------------------------------------------------------------------------------------

    @property
    def shown(self) -> bool:
        """Whether the run that is there tells of what is drawn."""
        self._bring_up()
        return self._related

    @property
    def scale(self) -> Scale:
        """The range of the quantity that is shown."""
        return self._scale(self.quantity.id if self.quantity is not None else "")

    @property
    def flow_scale(self) -> Scale:
        """The range of what flows along wires."""
        return self._scale("flow")

    def _scale(self, name: str) -> Scale:
        if name not in self._scales:
            quantity = QUANTITIES.get(name)
            self._scales[name] = Scale(log=quantity is None or quantity.log, whole=name == "dead")
        return self._scales[name]

    @property
    def shares(self) -> dict[str, float]:
        """For each node with a value its place from 0 to 1 between the ends of the range."""
        self._bring_up()
        places = self.scale.places(self.values)
        rows = self._scene.table.rows
        return {id: float(places[row]) for id, row in rows.items() if row < len(places) and places[row] == places[row]}

    def levels(self) -> Levels:
        """By row of the node table: 0 to LEVELS − 1 as the value is small to large; LEVELS where there is none."""
        self._bring_up()
        return self._levels

    def flow_levels(self) -> Levels:
        """The same by row of the wire table."""
        self._bring_up()
        return self._flow_levels

    def share(self, row: int) -> float | None:
        """A node's place from 0 to 1; None where it has no value."""
        levels = self.levels()
        level = int(levels[row]) if row < len(levels) else LEVELS
        return level / (LEVELS - 1) if level < LEVELS else None

    def told_of(self, id: str) -> str:
        """What a tip says of a node; "" where it has no value."""
        self._bring_up()
        row, quantity = self._scene.table.rows.get(id, -1), self.quantity
        if quantity is None or not 0 <= row < len(self.values) or self.values[row] != self.values[row]:
            return ""
        node = self._scene.network.nodes[id]
        several = f", {quantity.inside()}" if node.layer.role == "block" else ""
        told = quantity.told(float(self.values[row]))
        return f"{quantity.title} {self._session.moment.when}: {told}{several}"

    def told_of_wire(self, wire: Wire) -> str:
        """What a tip says of a wire; "" where it is not known what flows."""
        self._bring_up()
        row = self._scene.wires.table.rows.get(wire, -1)
        if not 0 <= row < len(self.flows) or self.flows[row] != self.flows[row]:
            return ""
        return f"What flows {self._session.moment.when}: RMS {figure(float(self.flows[row]))}"

    # -- following the run ----------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Show nothing until something new comes: another document is there."""
        self._timer.stop()
        self._run = None
        self._scales.clear()
        self._maps.clear()
        self.refresh()

    def _events(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, RunStarted):
                self.refresh()
            elif isinstance(event, Gradients | Activations | Timings):
                self.refresh_soon()

    def _resolved(self, _: object) -> None:
        if self.shown:  # which nodes of a block are which may be known only now
            self.refresh_soon()

    def refresh_soon(self) -> None:
        """Bring the canvas up to date, at the display's pace."""
        if not self._timer.isActive():
            self._timer.start(PACE)

    def refresh(self) -> None:
        """Take the moment that is shown from the session's history."""
        levels, flows, about = self._levels, self._flow_levels, self._about()
        self._told = None
        self._bring_up()
        same = np.array_equal(levels, self._levels) and np.array_equal(flows, self._flow_levels)
        if not same or about != self._about():
            self.changed.emit()

    def _about(self) -> tuple[object, ...]:
        scale, flow = self.scale, self.flow_scale
        return self._related, scale.low, scale.high, flow.low, flow.high

    def _key(self) -> _Key:
        """What rows depend on."""
        scene = self._scene
        sizes = len(scene.table.ids), len(scene.wires.table.source)
        return (scene.network, scene.resolution, self._session.whole), (self._session.scope, *sizes)

    def _bring_up(self) -> None:
        """Work the arrays out anew where the moment or the drawing is another."""
        key = self._key()
        if self._told is not None and _same(key, self._of):
            return
        history = self._session.history
        run = history, history.started.run if history.started is not None else ""
        if run != self._run:
            self._run = run
            self._scales.clear()
            self._told = None
        if (self.quantity.id if self.quantity is not None else "") not in self._scales:
            self._look_over()
        if self._told is not None and not self._related and key[1][0] == self._of[1][0] and not self._is_related():
            if key[1] != self._of[1]:
                self._show_none()
            self._of = key  # nothing was told of what is drawn, nor is it now
            return
        self._told = snapshot = self._told or self._session.moment.snapshot
        self._of = key
        self._related = self._is_related()
        self.values = self._node_values(self.quantity, snapshot)
        self.scale.take(self.values)
        self._levels = levelled(self.scale.places(self.values))
        self.flows = self._wire_values(snapshot)
        self.flow_scale.take(self.flows)
        self._flow_levels = levelled(self.flow_scale.places(self.flows))

    def _show_none(self) -> None:
        """Have a row for each node and wire, all without a value."""
        nodes, wires = len(self._scene.table.ids), len(self._scene.wires.table.source)
        self.values, self._levels = np.full(nodes, np.nan), np.full(nodes, LEVELS, np.uint8)
        self.flows, self._flow_levels = np.full(wires, np.nan), np.full(wires, LEVELS, np.uint8)

    def _is_related(self) -> bool:
        """Whether the run has told of any node that is drawn."""
        history = self._session.history
        every = itertools.chain(
            history.gradients, history.activations, history.timings.forward if history.timings else ()
        )
        return any(rows_of(self._scene, (id,))[0] >= 0 for id in every)

    def _look_over(self) -> None:
        """Take the ranges of a run that is there already, so that a replay does not stretch them."""
        history = self._session.history
        steps = history.moments
        for place in sorted({round(at) for at in np.linspace(0, len(steps) - 1, _SAMPLED)}) if steps else ():
            snapshot = history.at(steps[place])
            self.scale.take(self._node_values(self.quantity, snapshot))
            self.flow_scale.take(self._wire_values(snapshot))

    def _node_values(self, quantity: Quantity | None, snapshot: Snapshot) -> Floats:
        size = len(self._scene.table.ids)
        if quantity is None:
            return np.full(size, np.nan)
        found = [self._by_row(quantity, part, size) for part in quantity.parts(snapshot)]
        if len(found) == 1:
            return found[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(found[1] > 0, found[0] / found[1], np.nan))

    def _by_row(self, quantity: Quantity, part: Mapping[str, float], size: int) -> Floats:
        ids = list(part)
        rows = self._mapped("layers" if quantity.layers else "nodes", ids)
        values = np.fromiter(part.values(), np.float64, len(ids))
        kept = (rows >= 0) & (values == values)
        return quantity.together(values[kept], rows[kept], size)

    def _wire_values(self, snapshot: Snapshot) -> Floats:
        table = self._scene.wires.table
        if not self.flowing or not snapshot.activations:
            return np.full(len(table.source), np.nan)
        seen = snapshot.activations
        places = self._mapped("wires", list(seen))
        mean, std = np.array([h.mean for h in seen.values()]), np.array([h.std for h in seen.values()])
        return np.append(np.hypot(mean, std), np.nan)[places]

    def _mapped(self, kind: str, ids: list[str]) -> Rows:
        """From ids to rows (or, of wires, from rows to places among the ids), kept as long as it holds."""
        key, known = self._key(), self._maps.get(kind)
        if known is not None and _same(known[0], key) and known[1] == ids:
            return known[2]
        scene = self._scene
        made = carried(scene, ids) if kind == "wires" else rows_of(scene, ids, layers=kind == "layers")
        self._maps[kind] = key, ids, made
        return made


def _same(first: _Key, second: _Key) -> bool:
    """Large values are the same where they are one object."""
    alike = len(first[0]) == len(second[0]) and all(a is b for a, b in zip(first[0], second[0], strict=True))
    return alike and first[1] == second[1]


def levelled(places: Floats) -> Levels:
    """Places from 0 to 1 in steps; LEVELS for NaN."""
    return np.where(places == places, places * (LEVELS - 1) + 0.5, LEVELS).astype(np.uint8)


def level_colors() -> npt.NDArray[np.uint32]:
    """The colour of each level (0xAARRGGBB); the last, for none, is 0."""
    return _level_colors(theme.look()).copy()


@functools.lru_cache(maxsize=4)
def _level_colors(_look: object) -> npt.NDArray[np.uint32]:
    colors = [theme.magnitude_color(level / (LEVELS - 1)).rgba() for level in range(LEVELS)]
    return np.array([*colors, 0], np.uint32)
