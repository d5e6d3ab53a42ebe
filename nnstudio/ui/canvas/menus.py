"""The context menus of the canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from nnstudio.graph import Wire
from nnstudio.graph.rewiring import at_port
from nnstudio.ui.canvas.legend import fill_colours
from nnstudio.ui.fix_buttons import fill_menu, fixes_now

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import Hit
    from nnstudio.ui.canvas.view import CanvasView


def menu_for(view: CanvasView, hit: Hit, at: QPoint) -> QMenu:
    """The menu for what is at a point of the view. It deletes itself when it is closed."""
    menu = QMenu(view)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    if hit.node:
        _node_menu(menu, view, hit.node)
    elif hit.wire is not None:
        _wire_menu(menu, view, hit.wire, at)
    else:
        _sheet_menu(menu, view, at)
    return menu


def _entry(menu: QMenu, title: str, callback: Callable[[], object], keys: str = "", enabled: bool = True) -> None:
    action = menu.addAction(f"{title}\t{keys}" if keys else title)
    action.triggered.connect(lambda _=False: callback())
    action.setEnabled(enabled)


def _actions(menu: QMenu, view: CanvasView, *ids: str) -> None:
    """Actions of the window's one table, as they are there; "" is a line."""
    for id in ids:
        if not id:
            menu.addSeparator()
        elif (action := view.window_action(id)) is not None:
            menu.addAction(action)


def _wire_menu(menu: QMenu, view: CanvasView, wire: Wire, at: QPoint) -> None:
    network, editor = view.session.network, view.editor
    _entry(menu, "Insert a layer …", lambda: view.offer(at, wire=wire), "Tab")
    _entry(menu, "Bend here", lambda: view.points.bend(wire, view.mapToScene(at)), "Shift+P")
    led = wire in view.session.view.routes
    _entry(menu, "Straighten", lambda: editor.lead(wire, (), "Straighten wire"), "", led)
    _entry(menu, "Delete", view.delete_selection, "Del")
    there = at_port(network, wire)
    if len(there) > 1:
        place = there.index(wire)
        menu.addSeparator()
        _entry(menu, f"Move up at {wire.input}", lambda: editor.order(wire, -1), "Shift+Up", place > 0)
        _entry(menu, f"Move down at {wire.input}", lambda: editor.order(wire, 1), "Shift+Down", place < len(there) - 1)
    menu.addSeparator()
    _entry(menu, f"Go to {network.nodes[wire.source].name}", lambda: view.session.reveal(wire.source), "Left")
    _entry(menu, f"Go to {network.nodes[wire.target].name}", lambda: view.session.reveal(wire.target), "Right")


def _order_menu(menu: QMenu, view: CanvasView, id: str) -> None:
    """What is wired to a port for many, in its order, each to be moved up."""
    network = view.session.network
    node = network.nodes[id]
    for name, port in node.layer.inputs.items():
        wires = [wire for wire in network.incoming.get(id, ()) if wire.input == name]
        if not port.many or len(wires) < 2:
            continue
        submenu = menu.addMenu(f"Order of {name}")
        for place, wire in enumerate(wires):
            title = f"{place + 1}  {network.nodes[wire.source].name}"
            _entry(submenu, f"{title}: move up", lambda wire=wire: view.editor.order(wire, -1), "", place > 0)  # type: ignore[misc]


def _block_menu(menu: QMenu, view: CanvasView, id: str) -> None:
    _actions(
        menu,
        view,
        *(("open_block", "open_block_tab", "unpack_block", "save_block") if view.blocks.definition(id) else ()),
    )
    _actions(menu, view, "make_block")
    if len(view.session.selection) == 1:
        _expose_menu(menu, view, id)


def _expose_menu(menu: QMenu, view: CanvasView, id: str) -> None:
    """What of a node its block's nodes (or the whole network's expressions) can set."""
    values = view.blocks.exposable(id)
    if not values:
        return
    inside = view.session.scope.block
    submenu = menu.addMenu(f"Expose on {inside}" if inside else "Make a named parameter")
    for parameter, value in values.items():
        known = view.session.network.parameters
        if not known:
            _entry(submenu, f"{parameter} ({value:g}) …", lambda p=parameter: view.expose(p))  # type: ignore[misc]
            continue
        deeper = submenu.addMenu(f"{parameter} ({value:g})")
        for name in known:
            _entry(deeper, f"as {name}", lambda p=parameter, n=name: view.blocks.expose(id, p, n))  # type: ignore[misc]
        _entry(deeper, "under a new name …", lambda p=parameter: view.expose(p))  # type: ignore[misc]


def _node_menu(menu: QMenu, view: CanvasView, id: str) -> None:
    resolution, session = view.canvas.resolution, view.session
    problems = resolution.problems_of(id) if resolution is not None else ()
    fixes = [fix for problem in problems for fix in fixes_now(session, problem)]
    fill_menu(menu, session, fixes)
    if fixes:
        menu.addSeparator()
    one = len(session.selection) == 1
    _entry(menu, "Rename", view.rename, "F2", one)
    _entry(menu, "Replace by …", view.replace_selected, "R")
    if len(session.selection) == 2:
        _entry(menu, "Swap the two", view.swap_selected)
    _entry(menu, "Add a layer after it …", view.quick_add, "Tab", one)
    _actions(menu, view, "connect_to", "connect_from", "disconnect")
    if one and view.editor.owner(id):
        _actions(menu, view, "use_again")
    _order_menu(menu, view, id)
    menu.addSeparator()
    _block_menu(menu, view, id)
    menu.addSeparator()
    _actions(
        menu, view, "bypass", "freeze", "", "arrange_selection", "frame_selection", "put_into_frame", "take_out", ""
    )
    _entry(menu, "Cut", view.cut, "Ctrl+X")
    _entry(menu, "Copy", view.copy, "Ctrl+C")
    _entry(menu, "Duplicate", view.duplicate, "Ctrl+D")
    menu.addSeparator()
    _entry(menu, "Select what feeds it", lambda: session.select(session.network.ancestors(session.selection)))
    _entry(menu, "Select what it feeds", lambda: session.select(session.network.descendants(session.selection)))
    menu.addSeparator()
    _entry(menu, "Delete", view.delete_selection, "Del")
    _entry(menu, "Delete and reconnect", view.delete_and_reconnect, "Ctrl+Del")


def _sheet_menu(menu: QMenu, view: CanvasView, at: QPoint) -> None:
    some = bool(view.session.network.nodes)
    goal = view.mapToScene(at)
    _entry(menu, "Add a layer …", lambda: view.offer(at), "Tab")
    _entry(menu, "Paste", lambda: view.paste(goal), "Ctrl+V", bool(QGuiApplication.clipboard().text()))
    _entry(menu, "Select all", view.select_all, "Ctrl+A", some)
    menu.addSeparator()
    _actions(menu, view, "arrange", "add_note", "mark_next", "grid", "guides", "")
    _entry(menu, "Fit", view.fit, "F", some)
    _entry(menu, "Actual size", view.zoom_reset)
    menu.addSeparator()
    fill_colours(menu.addMenu("Colour by"), view.canvas.magnitudes)
