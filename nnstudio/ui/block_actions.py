"""What a person can do with blocks: make one of a selection, open it, go out of it, unpack it; and with their tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnstudio.graph import Node
from nnstudio.layers.blocks import Block, Shared
from nnstudio.ui.scope import WHOLE

if TYPE_CHECKING:
    from nnstudio.ui.window import MainWindow


class BlockActions:
    """Actions on the blocks of a window's session, and on the tabs in which they are open."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session

    @property
    def chosen(self) -> Node | None:
        """The one selected node, where it is a block or shares one's weights."""
        ids = self._session.selection
        node = self._session.network.nodes.get(next(iter(ids))) if len(ids) == 1 else None
        return node if node is not None and isinstance(node.layer, Block | Shared) else None

    def may_open(self) -> bool:
        """Whether the selected node has an inside."""
        session, node = self._session, self.chosen
        return (
            self._window.in_workspace and node is not None and session.scopes.into(session.sheet, node.id) is not None
        )

    def may_unpack(self) -> bool:
        """Whether a block is selected."""
        return self.may_open() and self.chosen is not None and isinstance(self.chosen.layer, Block)

    def may_make(self) -> bool:
        """Whether anything is selected."""
        return self._window.in_workspace and bool(self._session.selection)

    def make(self) -> None:
        """Make a block of the selected layers; the name of its definition is ready to be typed."""
        from nnstudio.ui.blocks import make_of_selection

        workspace = self._window.workspace
        if make_of_selection(self._session, workspace.canvas.canvas.places):
            workspace.show_part("inspector", True)
            workspace.inspector.edit_definition()

    def open(self) -> None:
        """Open the inside of the selected block."""
        if self.chosen is not None:
            self._session.open_block(self.chosen.id)

    def open_in_tab(self) -> None:
        """Open the inside of the selected block in a tab of its own."""
        if self.chosen is not None:
            self._session.open_block(self.chosen.id, tab=True)

    def unpack(self) -> None:
        """Put what is in the selected block in its place."""
        from nnstudio.ui.blocks import unpack

        if self.chosen is not None:
            unpack(self._session, self.chosen.id, self._window.workspace.canvas.canvas.places)

    def save(self) -> None:
        """Keep the definition of the selected block in the person's library."""
        session, node = self._session, self.chosen
        scope = session.scopes.into(session.sheet, node.id) if node is not None else None
        if scope is not None:
            self._window.workspace.palette_panel.shelf.save(scope.block)

    def may_take_back(self, sentence: str = "") -> bool:
        """Whether the last change of the person's library (of which this was said) can be taken back."""
        return self._window.in_workspace and self._window.workspace.palette_panel.shelf.way_back(sentence)

    def take_back(self) -> None:
        """Take the last change of the person's library back."""
        self._window.workspace.palette_panel.shelf.take_back()

    def leave(self) -> None:
        """Go out to what the block stands in, and select the block there."""
        session = self._session
        way = [scope for _, scope in session.scopes.around(session.sheet)]
        ids = [part for part in session.scope.path.split("/") if part and not part.isdigit()]
        session.open_scope(way[-2] if len(way) > 1 else WHOLE)
        session.select(ids[-1:])

    # -- tabs -----------------------------------------------------------------------------------------------------

    def inside(self) -> bool:
        """Whether the inside of a block is open."""
        return self._window.in_workspace and bool(self._session.scope.block)

    def several(self) -> bool:
        """Whether there is more than one tab."""
        return self._window.in_workspace and len(self._session.scopes.tabs) > 1

    def close_tab(self) -> None:
        """Close the tab that is open."""
        self._session.close_scope(self._session.scope)

    def next_tab(self) -> None:
        """Go to the tab at the right, and from the last to the first."""
        self._turn(1)

    def previous_tab(self) -> None:
        """Go to the tab at the left, and from the first to the last."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        tabs, scope = self._session.scopes.tabs, self._session.scope
        at = tabs.index(scope) if scope in tabs else 0
        self._session.open_scope(tabs[(at + by) % len(tabs)])
