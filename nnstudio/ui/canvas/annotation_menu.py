"""The context menus of frames and notes: the window's actions that mean what is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from nnstudio.ui.arrange_commands import COLOURS

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView

_FRAME = ("edit_marked", "fold_frame", "select_members", "arrange_frame", "", "remove_frame")
_NOTE = ("edit_marked", "", "delete_marked")


def popup_for(view: CanvasView, kind: str, at: QPoint) -> QMenu:
    """Show the menu of what is marked at a point of the view. It deletes itself when it is closed."""
    menu = QMenu(view)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    for id in _FRAME if kind == "frame" else _NOTE:
        action = view.window_action(id) if id else None
        if action is not None:
            menu.addAction(action)
        elif not id:
            menu.addSeparator()
    colours = menu.addMenu("Colour")
    for name, title in COLOURS:
        entry = colours.addAction(title)
        entry.triggered.connect(lambda _=False, name=name: view.recolour(name))
    menu.popup(view.viewport().mapToGlobal(at))
    return menu
