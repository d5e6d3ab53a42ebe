"""The workspace: palette, canvas, inspector and panels, with splitters between them that are remembered."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QSplitter, QWidget

from nnstudio.ui import theme
from nnstudio.ui.announce import Voice
from nnstudio.ui.canvas import CanvasView
from nnstudio.ui.inspector import Inspector
from nnstudio.ui.marking import keep_in_step
from nnstudio.ui.palette import PalettePanel
from nnstudio.ui.panels import Panels, place_of
from nnstudio.ui.parts import column, line, panel
from nnstudio.ui.scope_tabs import CanvasHead, TabMemory
from nnstudio.ui.session import Session
from nnstudio.ui.settings import Settings
from nnstudio.ui.side import Side

if TYPE_CHECKING:
    from nnstudio.ui.docks.code import CodePanel

#: Widths of palette and inspector in pixels, and the panels' share of the height, until a person drags them.
PALETTE, INSPECTOR, PANELS = 216, 320, 0.31
#: What a plot with its captions takes, tabs included, and what the canvas keeps before that, in pixels.
PLOTS, CANVAS = 220, 200
#: The share of the width that palette and inspector have together at most, as they come.
MOST = 0.56
#: The code's share of the room for the drawing, and its least width in pixels.
CODE, CODE_LEAST = 0.42, 120
#: What can be hidden, by the name under which it is remembered; the code beside the drawing is shown when asked for.
PARTS = ("palette", "inspector", "panels")


class WorkspaceParts:
    """The parts of a workspace that take time to build, so that they can be built one at a time beforehand."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def palette(self) -> PalettePanel:
        """The layers at the left."""
        return PalettePanel(self._session)

    @cached_property
    def canvas(self) -> CanvasView:
        """The canvas."""
        return CanvasView(self._session)

    @cached_property
    def inspector(self) -> Inspector:
        """The inspector at the right."""
        return Inspector(self._session)


class Workspace(QWidget):
    """All that a person works in. ``layout_changed`` when parts were hidden, shown or dragged."""

    layout_changed = Signal()

    def __init__(self, session: Session, settings: Settings, parts: WorkspaceParts | None = None) -> None:
        """``parts``: those that have been built already; the others are built now."""
        super().__init__()
        self._settings = settings
        self._proportioned = False
        made = parts or WorkspaceParts(session)
        self.palette_panel, self.canvas, self.inspector = made.palette, made.canvas, made.inspector
        self.palette_panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.canvas.setObjectName("canvas")
        self.panels = Panels(session, settings)
        middle = QFrame()
        middle.setProperty("role", "canvas")
        middle.setLayout(column(CanvasHead(session), line(), self.canvas, spacing=0))
        middle.setMinimumWidth(200)
        middle.setMinimumHeight(160)
        self.side = Side(session, self.palette_panel)
        keep_in_step(self.side.outline, self.canvas)
        self._session = session
        self.code: CodePanel | None = None
        self._code_place = panel(column(spacing=0))
        self._code_place.setMinimumWidth(CODE_LEAST)
        self._beside = self._splitter(Qt.Orientation.Horizontal, middle, self._code_place, grows=0)
        self._beside.setMinimumWidth(320)
        self._across = self._splitter(Qt.Orientation.Horizontal, self.side, self._beside, self.inspector, grows=1)
        self._down = self._splitter(Qt.Orientation.Vertical, self._across, self.panels, grows=0)
        self._parts = {"palette": self.side, "inspector": self.inspector, "panels": self.panels,
                       "code": self._code_place}  # fmt: skip
        self.setLayout(column(self._down))
        self._text_scale = theme.text_scale()
        self._fit_text()
        theme.changed.connect(self._fit_text)
        self._restore()
        comparison = self.canvas.canvas.comparison
        self._voice = Voice(session, self.canvas, comparison.of_selected)
        comparison.changed.connect(self._voice.tell)
        self._memory = TabMemory(session, settings)
        self.canvas.recent.keep_in(settings)
        self.palette_panel.chosen.connect(self.canvas.add_layer)
        self.canvas.parameters_requested.connect(lambda _: self.go_to("inspector"))
        session.revealed.connect(self._reveal)
        for splitter in (self._across, self._down, self._beside):
            splitter.splitterMoved.connect(lambda *_: self.layout_changed.emit())

    def _splitter(self, orientation: Qt.Orientation, *widgets: QWidget, grows: int) -> QSplitter:
        made = QSplitter(orientation)
        made.setHandleWidth(1)
        made.setChildrenCollapsible(False)
        for place, widget in enumerate(widgets):
            made.addWidget(widget)
            made.setStretchFactor(place, int(place == grows))
        return made

    def _restore(self) -> None:
        for name, splitter in (("layout.across", self._across), ("layout.down", self._down),
                               ("layout.beside", self._beside)):  # fmt: skip
            saved = self._settings.get(name, "")
            if saved:
                splitter.restoreState(QByteArray.fromBase64(saved.encode()))
            splitter.setHandleWidth(1)
        hidden = self._settings.get("layout.hidden", [])
        for name in PARTS:
            self._parts[name].setVisible(name not in hidden)
        self._code_place.hide()
        if self._settings.get("layout.code", False):
            self._show_code()
        self.panels.show_panel(place_of(self._settings.get("layout.panel", "")))
        self.side.show_tab(self._settings.get("layout.side", "layers"))

    def _fit_text(self) -> None:
        """Palette and inspector as wide as the size of text asks for; the canvas has the rest."""
        self.inspector.setMinimumWidth(theme.scaled(240))
        before, self._text_scale = self._text_scale, theme.text_scale()
        if before != self._text_scale:
            ratio = self._text_scale / before
            left, _, right = self._across.sizes()
            self._share_out(round(left * ratio), round(right * ratio))

    def _share_out(self, left: int, right: int) -> None:
        """Give palette and inspector these widths, less where the canvas would be narrower than both."""
        width = self.width()
        share = min(1.0, MOST * width / max(1, left + right))
        left, right = round(left * share), round(right * share)
        self._across.setSizes([left, width - left - right, right])

    def _reveal(self, id: str) -> None:
        self.canvas.reveal(self.canvas.canvas.box_with_margin(id))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._proportioned:
            self._proportioned = True
            if not self._settings.get("layout.down", ""):
                self._proportion()

    def _proportion(self) -> None:
        """The sizes of the first start: palette and inspector as wide as they read well, the canvas the rest."""
        height = self.height()
        self._share_out(theme.scaled(PALETTE), theme.scaled(INSPECTOR))
        below = max(round(height * PANELS), min(PLOTS, height - CANVAS))
        self._down.setSizes([height - below, below])

    def remember(self) -> None:
        """Write the layout to the settings."""
        states = {
            "layout.across": bytes(self._across.saveState().toBase64().data()).decode(),
            "layout.down": bytes(self._down.saveState().toBase64().data()).decode(),
            "layout.hidden": [name for name in PARTS if not self.shows(name)],
            "layout.beside": bytes(self._beside.saveState().toBase64().data()).decode() if self.code else "",
            "layout.code": self.shows("code"),
            "layout.panel": self.panels.title,
            "layout.side": self.side.place,
        }
        self._settings.set(**states)

    def shows(self, name: str) -> bool:
        """Whether a part (of :data:`PARTS`) is shown."""
        return not self._parts[name].isHidden()

    def show_part(self, name: str, shown: bool) -> None:
        """Show or hide a part."""
        if name == "code" and shown:
            self._show_code()
        else:
            self._parts[name].setVisible(shown)
        self.layout_changed.emit()

    def _show_code(self) -> None:
        """Show the code beside the drawing; it is built when it is first asked for."""
        fresh = False
        if self.code is None:
            from nnstudio.ui.docks.code import CodePanel

            self.code = CodePanel(self._session)
            self._code_place.layout().addWidget(self.code)
            fresh = not self._settings.get("layout.beside", "")
        self._code_place.show()
        if fresh:
            width = self._beside.width()
            self._beside.setSizes([round(width * (1 - CODE)), round(width * CODE)])

    def toggle(self, name: str) -> None:
        """Show a part that is hidden, hide one that is shown."""
        self.show_part(name, not self.shows(name))

    @property
    def canvas_only(self) -> bool:
        """Whether nothing but the canvas is shown."""
        return not any(self.shows(name) for name in self._parts)

    def toggle_canvas_only(self) -> None:
        """Hide all but the canvas; where it is so, show all again."""
        shown = self.canvas_only
        for name in PARTS:
            self.show_part(name, shown)
        self._code_place.hide()
        self.layout_changed.emit()

    def reset_layout(self) -> None:
        """As it was at the first start."""
        self._settings.set(
            **{
                "layout.across": "",
                "layout.down": "",
                "layout.beside": "",
                "layout.code": False,
                "layout.hidden": [],
                "layout.panel": "",
                "layout.side": "layers",
            }
        )
        self._restore()
        self._proportion()
        self.layout_changed.emit()

    def go_to(self, place: str) -> None:
        """Show a part and put the focus into it: ``canvas``, ``inspector``, ``panels``, or a tab of the side."""
        if place == "canvas":
            self.canvas.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif place == "inspector":
            self.show_part("inspector", True)
            self.inspector.focus_first()
        elif place == "panels":
            self.show_part("panels", True)
            self.panels.tabs.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif place == "code":
            self.show_part("code", True)
            assert self.code is not None
            self.code.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self.show_part("palette", True)
            self.side.go_to(place)

    def show_panel(self, place: int) -> None:
        """Show the panels with this tab chosen."""
        self.show_part("panels", True)
        self.panels.show_panel(place)
