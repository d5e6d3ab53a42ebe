"""What menus, shortcuts and actions have the canvas do to what is selected."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QWidget

from nnstudio.graph import edits
from nnstudio.ui.actions import ActionTable
from nnstudio.ui.canvas.blocks import Blocks
from nnstudio.ui.canvas.editing import Editor
from nnstudio.ui.canvas.keys import Keyed
from nnstudio.ui.canvas.naming import NameField
from nnstudio.ui.canvas.scene import CanvasScene
from nnstudio.ui.session import Session


class Acting(Keyed):
    """A canvas on which things are done. ``parameters_requested(id)``: that node's parameters are to be set."""

    parameters_requested = Signal(str)

    def __init__(self, canvas: CanvasScene, session: Session, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(canvas, session, editor, parent)
        self.name_field = NameField(self, self.back_to_canvas)
        self.blocks = Blocks(session)

    def copy(self) -> None:
        """Put the selected nodes on the clipboard, as text."""
        text = self.editor.text()
        if text:
            QGuiApplication.clipboard().setText(text)

    def cut(self) -> None:
        """Copy and delete."""
        self.copy()
        self.editor.cut()

    def paste(self, at: QPointF | None = None) -> None:
        """Insert what the clipboard's text holds, at the pointer where that is over the canvas; where it holds nothing
        of ours, a notice says so."""
        if at is None and self.underMouse():
            at = self.mapToScene(self.pointer())
        self.editor.paste(QGuiApplication.clipboard().text(), self.seen(), at)

    def duplicate(self) -> None:
        """Insert a copy of the selected nodes beside them."""
        self.editor.duplicate(self.seen())

    def delete_selection(self) -> None:
        """Delete the selected nodes and wires, and nothing else; of a wire's points, the one that keys mean."""
        if not self.points.remove():
            self.editor.delete()

    def delete_and_reconnect(self) -> None:
        """Delete the selected nodes and join what fed them to what they fed."""
        self.editor.bridge()

    def select_all(self) -> None:
        """Select every node."""
        self.session.select(self.session.network.nodes)

    def act(self, action: str) -> Callable[[], object]:
        """A function that does one of the window's actions, by its id."""

        def run() -> None:
            found = self.window_action(action)
            if found is not None and found.isEnabled():
                found.trigger()

        return run

    def window_action(self, action: str) -> QAction | None:
        """One of the window's actions, by its id; None where the canvas stands alone."""
        table = self.window().findChild(ActionTable)
        return table.find(action) if table is not None else None

    def swap_selected(self) -> None:
        """Let the two selected nodes change places."""
        chosen = [id for id in self.session.network.nodes if id in self.session.selection]
        if len(chosen) == 2:
            self.editor.swap(*chosen)
        else:
            self.session.notice.emit("info", "Select two layers to let them change places")

    def rename(self) -> None:
        """Edit the name of the selected node, where one is selected, where it stands."""
        id = self._one()
        if not id:
            return
        name = self.session.network.nodes[id].name
        self._ask(id, name, lambda text: self.session.do("Rename", edits.rename(id, text)))

    def enter(self) -> None:
        """What a double click on a node does: open a block, rename any other."""
        id = self._one()
        if id and self.blocks.definition(id):
            self.session.open_block(id)
        else:
            self.rename()

    def open_selected(self) -> None:
        """What Enter does: open a block, go to the parameters of any other node."""
        id = self._one()
        if id and self.blocks.definition(id):
            self.session.open_block(id)
        elif id:
            self.parameters_requested.emit(id)

    # -- blocks ---------------------------------------------------------------------------------------------------

    def expose(self, parameter: str) -> None:
        """Ask under which name a parameter of the selected node is exposed."""
        id = self._one()
        if id:
            self._ask(id, "", lambda text: self.blocks.expose(id, parameter, text), shown=parameter)

    def _ask(self, id: str, name: str, take: Callable[[str], bool], shown: str = "") -> None:
        self.reveal(self.canvas.box_with_margin(id))
        area = self.mapFromScene(self.canvas.content_rect([id])).boundingRect()
        self.name_field.edit(area, name, take, shown)

    def _one(self) -> str:
        """The one node that is selected; "" where there is none, or several."""
        return next(iter(self.session.selection)) if len(self.session.selection) == 1 else ""
