"""Weights that are used twice: which node's they are is the selected one's, else it is asked by name (DESIGN 5)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nnstudio.layers import Layer
from nnstudio.layers.blocks import Shared
from nnstudio.ui.command_palette import Command, CommandPalette

if TYPE_CHECKING:
    from nnstudio.ui.canvas.offering import Offering

#: What is asked where several nodes could be meant.
QUESTION = "Whose weights are used again?"


class Sharing:
    """Finds out for a canvas whose weights are meant, and then goes on."""

    def __init__(self, view: Offering) -> None:
        self._view = view
        self.list: CommandPalette | None = None

    @property
    def selected(self) -> str:
        """The node whose weights the one selected node is run with; "" where there is none."""
        chosen = self._view.session.selection
        return self._view.editor.owner(next(iter(chosen))) if len(chosen) == 1 else ""

    def begin(self) -> None:
        """Use the selected node again, with the same weights; where none is selected, ask which."""
        self.choose(self._share, self.selected)

    def settle(
        self, layers: Sequence[Layer], then: Callable[[list[Layer]], object], *, barred: Sequence[str] = ()
    ) -> None:
        """Call ``then`` with these layers once it is known of each whose weights it uses. Not those of ``barred``."""
        if not any(isinstance(layer, Shared) and not layer.of for layer in layers):
            then(list(layers))
            return

        def take(id: str) -> None:
            shared = self._view.editor.sharing(id)
            then([shared if isinstance(layer, Shared) and not layer.of else layer for layer in layers])

        self.choose(take, barred=barred)

    def choose(self, take: Callable[[str], object], id: str = "", barred: Sequence[str] = ()) -> None:
        """Call ``take`` with this node, else with the one that a person names; a notice says where there is none."""
        view = self._view
        found = [id] if id else [each for each in view.editor.shareable() if each not in barred]
        if not found:
            view.session.notice.emit("info", "There is no layer here whose weights could be used again; add one first")
        elif len(found) == 1:
            take(found[0])
        else:
            nodes = view.session.network.nodes
            self.list = self.list or CommandPalette(view.window())
            rows = (Command(nodes[id].name, functools.partial(take, id), nodes[id].layer.subtitle()) for id in found)
            self.list.popup(rows, QUESTION)

    def _share(self, id: str) -> None:
        view = self._view
        new = view.editor.share(id)
        if new:
            view.reveal(view.canvas.content_rect([new]).adjusted(-20, -20, 20, 20))
        view.back_to_canvas()
