"""What a person can do to the window itself: what is shown, how large and in which colours, and where the focus is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from nnstudio.ui import theme
from nnstudio.ui.command_palette import Command
from nnstudio.ui.offered import offered_types
from nnstudio.ui.settings import log_dir

if TYPE_CHECKING:
    from nnstudio.ui.window import MainWindow

#: What the outline's menu offers, by the actions' ids; "" draws a line.
OUTLINE_MENU = (
    "rename", "add_layer", "connect_to", "connect_from", "disconnect", "", "cut", "copy", "paste", "duplicate", "",
    "bypass", "freeze", "", "delete", "delete_bridge",
)  # fmt: skip


class ViewActions:
    """Actions of a window that change nothing of the project."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    # -- parts ----------------------------------------------------------------------------------------------------

    def toggle_part(self, name: str) -> Callable[[], object]:
        """A function that shows or hides a part of the workspace."""
        return lambda: self._window.workspace.toggle(name)

    def shows_part(self, name: str) -> Callable[[], bool]:
        """A function that says whether a part of the workspace is shown."""
        return lambda: self._window.in_workspace and self._window.workspace.shows(name)

    def toggle_canvas_only(self) -> None:
        """Hide all but the canvas, or show all again."""
        self._window.workspace.toggle_canvas_only()

    def reset_layout(self) -> None:
        """As at the first start."""
        self._window.workspace.reset_layout()

    def show_panel(self, place: int) -> Callable[[], object]:
        """A function that shows a panel below the canvas."""
        return lambda: self._window.workspace.show_panel(place)

    def go_to(self, place: str) -> Callable[[], object]:
        """A function that puts the focus into a part of the window (see `Workspace.go_to`)."""
        return lambda: self._window.workspace.go_to(place)

    def toggle_full_screen(self) -> None:
        """Fill the screen, or no longer."""
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)

    # -- looks ----------------------------------------------------------------------------------------------------

    def choose_theme(self, name: str) -> Callable[[], object]:
        """A function that shows a theme and remembers it."""

        def choose() -> None:
            self._window.settings.set(theme=name)
            theme.set_theme(name)

        return choose

    def scale_text(self, steps: int) -> Callable[[], object]:
        """A function that makes all text larger or smaller by so many steps (0: as the system has it)."""

        def scale() -> None:
            scales = theme.TEXT_SCALES
            now = min(range(len(scales)), key=lambda at: abs(scales[at] - theme.text_percent()))
            percent = scales[max(0, min(len(scales) - 1, now + steps))] if steps else 100
            self._window.settings.set(text_percent=percent)
            theme.set_text_percent(percent)

        return scale

    # -- finding --------------------------------------------------------------------------------------------------

    def show_command_palette(self) -> None:
        """Every action by a few letters."""
        self._window.offer(self.commands(), "What do you want to do?", self._rows(can=False))

    def _rows(self, *, can: bool) -> list[Command]:
        """The actions that can be done now, or those that cannot."""
        table = self._window.actions_table
        table.refresh()
        found = []
        for action in table:
            if action.dynamic is None and bool(action.enabled_when()) is can and action.id != "command_palette":
                made = table.qt(action.id)
                group = action.menu.replace("/", " › ")
                run = functools.partial(table.trigger, action.id)
                found.append(Command(made.text(), run, group, table.shortcut_text(action.id), action.words))
        return found

    def commands(self) -> list[Command]:
        """Every action that can be done now, and every layer that can be added."""
        found = self._rows(can=True)
        if self._window.in_workspace:
            for cls in offered_types():
                add = functools.partial(self._window.workspace.canvas.add_layer, cls.type_name())
                found.append(Command(f"Add {cls.type_name()}", add, cls.family.title, words=" ".join(cls.synonyms)))
        return found

    def show_outline_menu(self, at: QPoint) -> None:
        """What can be done with the rows that are selected in the outline."""
        table = self._window.actions_table
        table.refresh()
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for id in OUTLINE_MENU:
            if id:
                menu.addAction(table.qt(id))
            else:
                menu.addSeparator()
        menu.popup(at)

    # -- help -----------------------------------------------------------------------------------------------------

    def show_help(self) -> None:
        """The help: at the page of the selected layer's type, where one layer is selected."""
        from nnstudio.layers import load
        from nnstudio.ui.help import show_help

        session = self._window.session
        chosen = [session.network.nodes[id].layer for id in session.selection if id in session.network.nodes]
        name = chosen[0].type_name() if len(chosen) == 1 else ""
        show_help(self._window, name if name in load() else "")

    def show_project_page(self) -> None:
        """The page on the project of the gallery that is open."""
        from nnstudio.ui.help import show_help

        show_help(self._window, page=self._window.session.sheet.title)

    def has_project_page(self) -> bool:
        """Whether what is open is a project of the gallery."""
        from nnstudio.ui.help import project_pages

        title = self._window.session.sheet.title
        return bool(title) and self._window.in_workspace and title in dict(project_pages())

    def show_shortcuts(self) -> None:
        """All keys and gestures on one sheet."""
        from nnstudio.ui.shortcut_sheet import show_shortcuts

        show_shortcuts(self._window, self._window.actions_table)

    def show_checkpoints(self) -> None:
        """The list of what runs kept of themselves."""
        from nnstudio.ui.checkpoints_dialog import show_checkpoints

        show_checkpoints(self._window.session, self._window)

    def offer_interrupted(self) -> None:
        """Ask whether to go on with a run that was cut off."""
        from nnstudio.ui.checkpoints_dialog import offer_interrupted

        offer_interrupted(self._window.session, self._window)

    def show_about(self) -> None:
        """Version, licence and where things lie."""
        from nnstudio.ui.help import show_about

        show_about(self._window)

    def show_log(self) -> None:
        """The folder of the log, in the system's file browser."""
        from PySide6.QtCore import QUrl
        from PySide6.QtGui import QDesktopServices

        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_dir()))):
            self._window.session.notice.emit("info", f"The log is in {log_dir()}")
