"""The context menus of the canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

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
        wire = hit.wire
        _entry(menu, "Insert a layer …", lambda: view.offer(at, wire=wire))
        _entry(menu, "Delete", view.delete_selection, "Del")
    else:
        _sheet_menu(menu, view, at)
    return menu


def _entry(menu: QMenu, title: str, callback: Callable[[], object], keys: str = "", enabled: bool = True) -> None:
    action = menu.addAction(f"{title}\t{keys}" if keys else title)
    action.triggered.connect(lambda _=False: callback())
    action.setEnabled(enabled)


def _node_menu(menu: QMenu, view: CanvasView, id: str) -> None:
    resolution, session = view.canvas.resolution, view.session
    fixes = [fix for problem in resolution.problems_of(id) for fix in problem.fixes] if resolution is not None else []
    for fix in fixes:
        _entry(menu, fix.title, lambda fix=fix: session.do(fix.title, fix.edit))  # type: ignore[misc]
    if fixes:
        menu.addSeparator()
    one = len(session.selection) == 1
    _entry(menu, "Rename", view.rename, "F2", one)
    _entry(menu, "Add a layer after it …", view.quick_add, "Tab", one)
    menu.addSeparator()
    _entry(menu, "Cut", view.cut, "Ctrl+X")
    _entry(menu, "Copy", view.copy, "Ctrl+C")
    _entry(menu, "Duplicate", view.duplicate, "Ctrl+D")
    menu.addSeparator()
    _entry(menu, "Select what feeds it", lambda: session.select(session.network.ancestors(session.selection)))
    _entry(menu, "Select what it feeds", lambda: session.select(session.network.descendants(session.selection)))
    menu.addSeparator()
    _entry(menu, "Delete", view.delete_selection, "Del")
    _entry(menu, "Delete and reconnect", view.editor.bridge, "Shift+Del")


def _sheet_menu(menu: QMenu, view: CanvasView, at: QPoint) -> None:
    some = bool(view.session.network.nodes)
    goal = view.mapToScene(at)
    _entry(menu, "Add a layer …", lambda: view.offer(at), "Tab")
    _entry(menu, "Paste", lambda: view.paste(goal), "Ctrl+V", bool(QGuiApplication.clipboard().text()))
    _entry(menu, "Select all", view.select_all, "Ctrl+A", some)
    menu.addSeparator()
    _entry(menu, "Arrange", view.arrange, "", some)
    _entry(menu, "Fit", view.fit, "F", some)
    _entry(menu, "Actual size", view.zoom_reset)
    menu.addSeparator()
    tint = menu.addAction("Colour whole nodes by gradient")
    tint.setCheckable(True)
    tint.setChecked(view.canvas.tinted)
    tint.toggled.connect(view.set_tinted)
