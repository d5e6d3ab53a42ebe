"""The main window: the bar on top, and under it the welcome page or the workspace."""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QByteArray, QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QStackedWidget, QWidget

from nnstudio.ui import theme
from nnstudio.ui.actions import ActionTable
from nnstudio.ui.arrange_commands import Layout
from nnstudio.ui.block_actions import BlockActions
from nnstudio.ui.command_palette import Command, CommandPalette
from nnstudio.ui.commands import MENUS, commands
from nnstudio.ui.drawing_actions import DrawingActions
from nnstudio.ui.file_actions import FileActions
from nnstudio.ui.garbage import Garbage
from nnstudio.ui.learning.actions import LearningActions
from nnstudio.ui.living_actions import LivingActions
from nnstudio.ui.lone_alt import LoneAlt
from nnstudio.ui.network_actions import NetworkActions
from nnstudio.ui.notices import Notices, Onwards
from nnstudio.ui.opening import Opening
from nnstudio.ui.parts import column, line
from nnstudio.ui.qt_types import MODULES, make_types
from nnstudio.ui.run_bar import RunBar
from nnstudio.ui.run_words import ends_well, ends_with
from nnstudio.ui.session import Session
from nnstudio.ui.settings import Settings
from nnstudio.ui.suggesting import ONWARDS
from nnstudio.ui.view_actions import ViewActions
from nnstudio.ui.welcome import Welcome

if TYPE_CHECKING:
    from nnstudio.ui.workspace import Workspace, WorkspaceParts

log = logging.getLogger(__name__)
#: What is imported in the background once the window is painted, so that nothing waits for it later.
WARM_UP = ("nnstudio.ui.workspace", "pyqtgraph", "networkx", "nnstudio.ui.docks.training", "nnstudio.ui.docks.node")
#: The window's size at the first start, and what the window manager's frame and title may add to it.
WISHED = QSize(1600, 1000)
FRAME = QSize(16, 48)


class MainWindow(QMainWindow):
    """One window with one project. ``painted`` comes once, when it has been seen for the first time."""

    painted = Signal()
    closed = Signal()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__()
        self.settings = settings or Settings()
        theme.set_text_percent(self.settings.get("text_percent", 100))
        theme.set_theme(self.settings.get("theme", "system"))
        self.session = Session(self, asleep=True)
        self._workspace: Workspace | None = None
        self.file_actions = FileActions(self)
        self.view_actions = ViewActions(self)
        self.network_actions = NetworkActions(self)
        self.drawing_actions = DrawingActions(self)
        self.living_actions = LivingActions(self)
        self.layout_actions = Layout(self)
        self.block_actions = BlockActions(self)
        self.learning_actions = LearningActions(self)
        self._lone_alt = LoneAlt(self)
        self._lone_alt.pressed.connect(self.open_menu)
        self.actions_table = ActionTable(self, commands(self))
        self.run_bar = RunBar(self.session, self.actions_table)
        self.welcome = Welcome(self.actions_table, self.settings)
        self._parts: WorkspaceParts | None = None
        self._stages: list[Callable[[], object]] = []
        self._wanted = False
        self._painted = False
        self._palette: CommandPalette | None = None
        self.warm = False
        self._closing = False
        self._lay_out()
        self._listen()
        self._restore()

    def _lay_out(self) -> None:
        self.setWindowTitle("NN Studio")
        self.setAcceptDrops(True)
        self.setMinimumSize(800, 460)  # within 1920×1080 at 200 %
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        inside = QWidget()
        inside.setLayout(column(self.run_bar, line(), self._pages, spacing=0))
        inside.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setCentralWidget(inside)
        inside.setFocus()  # and not the first button: nothing has been chosen yet
        self._menu = QMenu(self)
        self.menus: dict[str, QMenu] = {}
        for name in MENUS:
            self.menus[name] = self._menu.addMenu(f"&{name}")
            self.actions_table.fill(self.menus[name], name)
        self._menu.aboutToShow.connect(self.actions_table.refresh)
        self.run_bar.menu_button.setMenu(self._menu)
        self.notices = Notices(self._pages, self._under_canvas, self._onwards)
        self.opening = Opening(self._pages, self.session.files)
        self.run_bar.show_run(False)

    def _under_canvas(self, left: int, right: int) -> int:
        """Height of what lies below the canvas or on its lower edge, which notices leave free."""
        if not self.in_workspace:
            return 0
        canvas = self.workspace.canvas
        at = canvas.mapTo(self._pages, QPoint(0, 0)).x()
        panels = self.workspace.panels.height() if self.workspace.shows("panels") else 0
        return panels + canvas.foot(left - at, right - at)

    def _onwards(self, level: str, sentence: str) -> Onwards | None:
        """Numbers that went bad have a card under Problems, with what mends them; what was trained can be judged; the
        library can be as it was."""
        if self.block_actions.may_take_back(sentence):
            return "Undo", self.block_actions.take_back
        if level == "info" and self.session.sheet.network.of_role("output"):
            well = ends_well(self.session.training.history, sentence)
            return ("See how good it is", lambda: self.actions_table.trigger("panel_evaluate")) if well else None
        if level != "error" or not ends_with(self.session.training.history, sentence):
            return None
        return "See what mends it", lambda: self.actions_table.trigger("panel_problems")

    def _leave_suggestion(self) -> None:
        """What was said of a network that was suggested has been read once it is trained."""
        for notice in self.notices.shown if self.session.run_state == "starting" else ():
            if notice.sentence.endswith(ONWARDS):
                notice.leave()

    def _listen(self) -> None:
        session = self.session
        for signal in (
            session.changed, session.selection_changed, session.run_changed, session.project_changed,
            session.data_changed, session.resolved, session.scope_changed, session.moment_changed, session.runs.changed,
        ):  # fmt: skip
            signal.connect(self.actions_table.refresh_soon)
        session.notice.connect(self.notices.say)
        session.run_changed.connect(self._leave_suggestion)
        session.project_changed.connect(self._name_window)
        self.welcome.template_chosen.connect(self.file_actions.open_template)
        self.welcome.path_chosen.connect(self.file_actions.open_path)
        self.painted.connect(self._warm_up)
        session.journaling.restored.connect(self.show_workspace)
        session.checkpoints.changed.connect(self.actions_table.refresh_soon)
        session.checkpoints.found_interrupted.connect(self.view_actions.offer_interrupted)
        self._garbage = Garbage(self, session.document.let_go)
        self._garbage.start()
        session.changed.connect(self._garbage.put_off)

    def _restore(self) -> None:
        saved = self.settings.get("window", "")
        if not (saved and self.restoreGeometry(QByteArray.fromBase64(saved.encode()))):
            room = self.screen().availableSize() - FRAME
            self.resize(WISHED.boundedTo(room))
            if room.width() < WISHED.width() or room.height() < WISHED.height():
                self.setWindowState(Qt.WindowState.WindowMaximized)

    def _name_window(self) -> None:
        named = self.page is not self.welcome
        self.setWindowTitle(f"{self.session.title}[*] — NN Studio" if named else "NN Studio")
        self.setWindowModified(named and self.session.modified)

    # after the first paint

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self.painted.emit)

    def _warm_up(self) -> None:
        """Make Qt's types, a module in each turn of the event loop; then import the rest in a thread."""
        self._stages = [*(functools.partial(make_types, name) for name in MODULES), self._import_in_background]
        self._build_on()

    def _import_in_background(self) -> None:
        """Import in a thread what the window needs next; torch follows when it is warm (`Session.wake`)."""

        def work(_: object) -> list[Any]:
            from nnstudio.project.gallery import classical, templates

            found = [*templates(), *classical()]
            for name in WARM_UP:
                importlib.import_module(name)
            return found

        self.session.background.run(work, self._warmed, self._not_warmed, name="warm-up")

    def _warmed(self, templates: list[Any]) -> None:
        from nnstudio.ui.workspace import WorkspaceParts

        self.welcome.show_gallery(templates)
        self._parts = parts = WorkspaceParts(self.session)
        self._stages = [
            lambda: parts.palette,
            lambda: parts.canvas,
            lambda: parts.inspector,
            self._build_workspace,
            self._build_panels,
            self._build_live,
            self._be_warm,
        ]
        self._build_on()

    def _build_on(self) -> None:
        """Build the next part of the workspace, and the others in turns of the event loop of their own."""
        if self._stages and not self._closing:
            self._stages.pop(0)()
            QTimer.singleShot(5, self, self._build_on)

    def _build_workspace(self) -> None:
        from nnstudio.ui.workspace import Workspace

        made = Workspace(self.session, self.settings, self._parts)
        made.layout_changed.connect(self.actions_table.refresh_soon)
        made.side.outline.menu_wanted.connect(self.view_actions.show_outline_menu)
        self._pages.addWidget(made)
        self._workspace = made
        self.layout_actions.restore(made.canvas)
        self.living_actions.restore(made.canvas)

    def _build_panels(self) -> None:
        self.workspace.panels.get_ready()

    def _build_live(self) -> None:
        from nnstudio.ui.docks import NodeGradient, NodeHistogram

        self.workspace.inspector.add_live(NodeHistogram(self.session), NodeGradient(self.session))

    def _be_warm(self) -> None:
        self.warm = True
        self.session.resolved.connect(self._import_panels, Qt.ConnectionType.SingleShotConnection)
        self.session.wake()
        if self._wanted:
            self.show_workspace()
        self.session.journaling.offer(self)

    def _import_panels(self, _: object) -> None:
        """Import the other panels in a thread, once types are known: the first click on one builds it at once."""

        def work(_: object) -> None:
            for name in docks.__all__:
                getattr(docks, name)

        from nnstudio.ui import docks

        self.session.background.run(work, lambda _: None, self._not_warmed, name="panels")

    def _not_warmed(self, error: BaseException) -> None:
        self.session.wake()
        raise error  # to the hook of `errors`, which logs and tells it

    # the two pages

    @property
    def in_workspace(self) -> bool:
        """Whether a project is open."""
        return self._workspace is not None and self._pages.currentWidget() is self._workspace

    @property
    def workspace(self) -> Workspace:
        """The workspace. AssertionError before the window is warm: actions that need it cannot be done before."""
        assert self._workspace is not None
        return self._workspace

    def show_workspace(self) -> None:
        """Show the project, as soon as the workspace is built."""
        self._wanted = not self.warm
        if self._wanted:
            self.opening.stay(self.session.title)
            return
        self.opening.leave()
        self._pages.setCurrentWidget(self.workspace)
        self.run_bar.show_run(True)
        self.notices.raise_()
        self.workspace.canvas.setFocus()
        self._name_window()
        self.actions_table.refresh()

    def show_welcome(self) -> None:
        """Show recent projects and the gallery; the project stays open behind it."""
        self._wanted = False
        self.opening.leave()
        self.welcome.refresh()
        self._pages.setCurrentWidget(self.welcome)
        self.run_bar.show_run(self._workspace is not None and self.session.run_state != "idle")
        self._name_window()
        self.actions_table.refresh()

    # a page in the place of the workspace

    @property
    def page(self) -> QWidget | None:
        """What the window shows under its bar."""
        return self._pages.currentWidget()

    def add_page(self, page: QWidget) -> None:
        """Take a page in."""
        self._pages.addWidget(page)

    def show_page(self, page: QWidget) -> None:
        """Show a page that was taken in, without the buttons of the run."""
        self._pages.setCurrentWidget(page)
        self.run_bar.show_run(False)
        self.run_bar.title.show()
        self.notices.raise_()
        self._name_window()
        self.actions_table.refresh()

    def remove_page(self, page: QWidget) -> None:
        """Take a page out and destroy it; where it was shown, the workspace is."""
        shown = self.page is page
        page.hide()
        self._pages.removeWidget(page)
        page.deleteLater()
        if shown and self._workspace is not None:
            self.show_workspace()

    # what actions do

    def canvas_call(self, name: str) -> Callable[[], object]:
        """A function that calls the canvas's method of this name."""
        return lambda: getattr(self.workspace.canvas, name)()

    def offer(self, commands: Iterable[Command], prompt: str, barred: Iterable[Command] = ()) -> None:
        """Let one of these commands be found by a few letters, and done. barred: those that cannot be done now."""
        if self._palette is None:
            self._palette = CommandPalette(self)
        self._palette.popup(commands, prompt, barred)

    def rename(self) -> None:
        """Ask for another name of the selected node: in the outline's row where the focus is there."""
        outline = self.workspace.side.outline
        if outline.tree.hasFocus():
            outline.rename()
        else:
            self.workspace.canvas.rename()

    # keys, drops, closing

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            self.actions_table.catch_up()  # a key may be an action's, which has to know whether it can be done
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Alt and not event.isAutoRepeat():
            self._lone_alt.begin()
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F10:
            self.open_menu()
        else:
            super().keyReleaseEvent(event)

    def open_menu(self) -> None:
        """Open the menu under its button."""
        button = self.run_bar.menu_button
        self._menu.popup(button.mapToGlobal(QPoint(0, button.height())))
        self._menu.setActiveAction(self._menu.actions()[0])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.file_actions.open_dropped(paths))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange and hasattr(self, "actions_table"):
            self.actions_table.refresh_soon()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._closing or not self.file_actions.may_leave(lambda: self.close()):
            event.ignore()
            return
        self._closing = True
        self.settings.set(window=bytes(self.saveGeometry().toBase64().data()).decode())
        if self._workspace is not None:
            self._workspace.remember()
        self.setEnabled(False)
        self.welcome.shut_down()
        self.session.shut_down()
        self._garbage.stop()
        event.accept()
        self.closed.emit()
