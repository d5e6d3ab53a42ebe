"""Pages of the inspector for layers, kept by type: another layer of the type is shown by the page that is there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from PySide6.QtWidgets import QApplication, QScrollArea, QStackedLayout

from nnstudio.graph import Node
from nnstudio.layers import Placeholder
from nnstudio.layers.blocks import Standin
from nnstudio.ui.inspect_nodes import NodePage

#: So many pages are kept.
_KEPT = 6


def kind_of(node: Node) -> Hashable | None:
    """What layers that one page can show have in common; None where each has a page of its own."""
    layer = node.layer
    if isinstance(layer, Placeholder | Standin) or layer.role in ("input", "shared", "block", "port"):
        return None
    return type(layer), tuple(type(getattr(layer, name)) for name in layer.params)


class KeptPages:
    """Pages in a stack, each in a scroll area of its own: taking one out and putting it in again costs as much as
    making it."""

    def __init__(self, stack: QStackedLayout, scrolled: Callable[[], QScrollArea]) -> None:
        self._stack = stack
        self._scrolled = scrolled
        self._kept: OrderedDict[Hashable, tuple[QScrollArea, NodePage]] = OrderedDict()

    def ready(self, node: Node) -> bool:
        """Whether there is a page that can show this node now: none in which something is being typed or refused."""
        found = self._kept.get(kind_of(node))
        focus = QApplication.focusWidget()
        return found is not None and found[1].calm and not (focus is not None and found[1].isAncestorOf(focus))

    def show(self, node: Node, make: Callable[[], NodePage]) -> NodePage | None:
        """The page of this node, which is then the one that is seen; None where it is of no kind that is kept."""
        kind = kind_of(node)
        if kind is None:
            return None
        if not self.ready(node):
            self._drop(kind)
            area, page = self._scrolled(), make()
            area.setWidget(page)
            self._stack.addWidget(area)
            self._kept[kind] = area, page
            while len(self._kept) > _KEPT:
                self._drop(next(iter(self._kept)))
        self._kept.move_to_end(kind)
        area, page = self._kept[kind]
        area.verticalScrollBar().setValue(0)
        self._stack.setCurrentWidget(area)
        return page

    def shows(self, page: object) -> bool:
        """Whether it is one of these."""
        return any(page is kept for _, kept in self._kept.values())

    def clear(self) -> None:
        """Make all anew when they are next wanted."""
        for kind in list(self._kept):
            self._drop(kind)

    def _drop(self, kind: Hashable) -> None:
        area, _ = self._kept.pop(kind, (None, None))
        if area is not None:
            self._stack.removeWidget(area)
            area.hide()
            area.deleteLater()
