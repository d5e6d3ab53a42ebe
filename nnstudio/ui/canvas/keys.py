"""The keyboard on the canvas: everything that the mouse does there can be done without it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from nnstudio.graph import Wire
from nnstudio.graph.places import GRID
from nnstudio.ui.announce import describe
from nnstudio.ui.canvas.editing import Editor
from nnstudio.ui.canvas.offering import Offering
from nnstudio.ui.canvas.points import WirePoints
from nnstudio.ui.canvas.scene import CanvasScene
from nnstudio.ui.session import Session

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView

Key = Qt.Key
_ARROWS = {Key.Key_Left: (-1, 0), Key.Key_Right: (1, 0), Key.Key_Up: (0, -1), Key.Key_Down: (0, 1)}
_SHIFT, _CONTROL, _ALT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
#: How far one key moves the sheet, in pixels.
_PAN = 40


class Keyed(Offering):
    """A canvas that is worked with keys. Arrow keys follow the wires; with Shift they move what is selected."""

    def __init__(self, canvas: CanvasScene, session: Session, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(canvas, session, editor, parent)
        self.points = WirePoints(self)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab adds a layer; Shift+Tab leaves the canvas."""
        return False if next else super().focusNextPrevChild(next)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        modifiers, key = event.modifiers(), Key(event.key())
        if key in _ARROWS:
            self._arrow(*_ARROWS[key], modifiers)
            return
        callback = self._callback(event, key)
        if callback is not None:
            callback()
        elif key == Key.Key_Space and not event.isAutoRepeat():
            self._space = True
            self._show_cursor()
        elif key != Key.Key_Space:
            event.ignore()

    def _callback(self, event: QKeyEvent, key: Qt.Key) -> Callable[[], object] | None:
        view: CanvasView = self  # type: ignore[assignment]
        standard = QKeySequence.StandardKey
        for keys, callback in (
            (standard.Copy, view.copy), (standard.Cut, view.cut), (standard.Paste, view.paste),
            (standard.SelectAll, view.select_all), (standard.ZoomIn, view.zoom_in), (standard.ZoomOut, view.zoom_out),
        ):  # fmt: skip
            if event.matches(keys):
                return callback
        control, shift = bool(event.modifiers() & _CONTROL), bool(event.modifiers() & _SHIFT)
        if key in (Key.Key_Delete, Key.Key_Backspace):
            return view.delete_and_reconnect if shift or control else view.delete_selection
        if control:
            known = {Key.Key_D: view.duplicate, Key.Key_0: view.fit, Key.Key_Equal: view.zoom_in}
            return known.get(key)
        if shift:
            return {
                Key.Key_B: view.act("freeze"),
                Key.Key_W: view.act("connect_from"),
                Key.Key_C: self._previous_wire,
                Key.Key_N: self._grow_back,
                Key.Key_P: self.points.bend,
            }.get(key)
        return {
            Key.Key_Plus: view.zoom_in, Key.Key_Equal: view.zoom_in, Key.Key_Minus: view.zoom_out,
            Key.Key_1: view.zoom_reset, Key.Key_F: view.fit, Key.Key_Home: view.fit, Key.Key_Tab: view.quick_add,
            Key.Key_F2: view.rename, Key.Key_Return: view.open_selected, Key.Key_Enter: view.open_selected,
            Key.Key_Escape: self._escape, Key.Key_W: view.act("connect_to"), Key.Key_C: self._next_wire,
            Key.Key_N: self._grow, Key.Key_P: self.points.next,
            Key.Key_B: view.act("bypass"), Key.Key_R: view.replace_selected,
        }.get(key)  # fmt: skip

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._show_cursor()
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space = False
        super().focusOutEvent(event)

    def _escape(self) -> None:
        """Give up the gesture, else the selection, else leave the open block."""
        view: CanvasView = self  # type: ignore[assignment]
        if self.tool is not None:
            self.cancel_tool()
        elif self.points.leave():
            pass
        elif not self.session.selection and not self.canvas.marked_wires:
            view.act("leave_block")()
        else:
            self.canvas.mark_wires(())
            self.session.select(())

    # -- arrow keys -----------------------------------------------------------------------------------------------

    def _arrow(self, dx: int, dy: int, modifiers: Qt.KeyboardModifier) -> None:
        shift, control = bool(modifiers & _SHIFT), bool(modifiers & _CONTROL)
        marked = self.canvas.marked_wires
        if self.points.held is not None:
            step = 1.0 if control else GRID
            self.points.move(dx * step, dy * step)
        elif not self.session.selection and len(marked) == 1 and not control:
            self._arrow_on_wire(next(iter(marked)), dx, dy, shift)
        elif shift and self.session.selection:
            step = 1.0 if control else GRID
            self.editor.nudge(dx * step, dy * step)
            self._keep_in_sight()
        elif control or (not self.session.selection and not self._any_seen()):
            self.pan(-dx * _PAN, -dy * _PAN)
        elif modifiers & _ALT or not self.session.selection:
            self.go(dx, dy)
        else:
            self.follow(dx, dy)

    def _arrow_on_wire(self, wire: Wire, dx: int, dy: int, shift: bool) -> None:
        """Left and right go to the wire's ends; with Shift, up and down change its order at its port."""
        if shift and dy:
            self.editor.order(wire, dy)
        elif dy:
            self._mark_beside(wire, dy)
        else:
            self.canvas.mark_wires(())
            self._go_to(wire.target if dx > 0 else wire.source)

    def _any_seen(self) -> bool:
        return bool(self.canvas.inside(self.seen()))

    def _keep_in_sight(self) -> None:
        self.reveal(self.canvas.content_rect(self.session.selection).adjusted(-8, -8, 8, 8))

    def _go_to(self, id: str) -> None:
        if id in self.canvas.places:
            self.session.select([id])
            self.reveal(self.canvas.box_with_margin(id))

    def follow(self, dx: int, dy: int) -> None:
        """Select the next node along a wire: what the selected one feeds (right) or what feeds it (left), the nearest
        in height of several. Up and down go to what is above and below; so does each way where no wire leads on."""
        network, places = self.session.network, self.canvas.places
        here = self._edge(dx, dy)
        wires = network.outgoing.get(here, ()) if dx > 0 else network.incoming.get(here, ()) if dx < 0 else ()
        beyond = {wire.target if dx > 0 else wire.source for wire in wires} & places.keys()
        if not beyond:
            self.go(dx, dy)
            return
        x, y = places[here]
        self._go_to(min(beyond, key=lambda node: (abs(places[node][1] - y), abs(places[node][0] - x), node)))

    def _edge(self, dx: int, dy: int) -> str:
        """Of the selected nodes the one farthest in a direction."""
        places = self.canvas.places
        chosen = [id for id in self.session.selection if id in places]
        return max(chosen, key=lambda node: (places[node][0] * dx + places[node][1] * dy, node), default="")

    def go(self, dx: int, dy: int) -> None:
        """Select the nearest node in a direction; the one nearest to the middle where none is selected."""
        places = self.canvas.places
        chosen = [id for id in self.session.selection if id in places]
        middle = self.seen().center()
        x, y = places[self._edge(dx, dy)] if chosen else (middle.x(), middle.y())
        best, found = math.inf, ""
        for id, (px, py) in places.items():
            along = (px - x) * dx + (py - y) * dy
            aside = abs((px - x) * dy) + abs((py - y) * dx)
            if id in chosen or (chosen and along <= 1.0):
                continue
            cost = along + 2.5 * aside if chosen else math.hypot(px - x, py - y)
            if cost < best:
                best, found = cost, id
        if found:
            self._go_to(found)

    def _grow(self) -> None:
        """Select what the selected layers feed in addition."""
        network, chosen = self.session.network, self.session.selection
        self.session.select(chosen | {wire.target for id in chosen for wire in network.outgoing.get(id, ())})
        self._keep_in_sight()

    def _grow_back(self) -> None:
        """Select what feeds the selected layers in addition."""
        network, chosen = self.session.network, self.session.selection
        self.session.select(chosen | {wire.source for id in chosen for wire in network.incoming.get(id, ())})
        self._keep_in_sight()

    # -- wires by keys --------------------------------------------------------------------------------------------

    def _next_wire(self) -> None:
        self._cycle_wires(1)

    def _previous_wire(self) -> None:
        self._cycle_wires(-1)

    def _cycle_wires(self, by: int) -> None:
        """Select a wire of the selected node, or the next one of the same node: Delete then deletes it alone."""
        chosen, marked = self.session.selection, self.canvas.marked_wires
        if len(chosen) == 1:
            self._wires_of = next(iter(chosen))
            wires = self._at_node(self._wires_of)
            if wires:
                self.session.select(())
                self._mark(wires[0 if by > 0 else -1])
        elif len(marked) == 1:
            self._mark_beside(next(iter(marked)), by)

    def _mark_beside(self, wire: Wire, by: int) -> None:
        owner = getattr(self, "_wires_of", "")
        wires = self._at_node(owner if owner in (wire.source, wire.target) else wire.target)
        if wire in wires:
            self._mark(wires[(wires.index(wire) + by) % len(wires)])

    def _at_node(self, id: str) -> list[Wire]:
        network = self.session.network
        both: Iterable[Wire] = (*network.incoming.get(id, ()), *network.outgoing.get(id, ()))
        return list(dict.fromkeys(both))

    def _mark(self, wire: Wire) -> None:
        self.canvas.mark_wires([wire])
        self.tell_wire(wire)
        self.reveal(self.canvas.content_rect([wire.source, wire.target]))

    def tell_wire(self, wire: Wire) -> None:
        """Say that a wire is selected, and what it joins."""
        nodes = self.session.network.nodes
        ends = f"from {nodes[wire.source].name}, {wire.output}, to {nodes[wire.target].name}, {wire.input}"
        describe(self, f"wire {ends}, selected")
