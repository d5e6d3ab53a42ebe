"""The inspector: what is selected, as a form, with its types, problems, help and what it is doing right now.

Several layers show the parameters that they share; nothing selected shows the data and the plan of training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedLayout, QWidget
from shiboken6 import isValid

from nnstudio.graph import Change, Node
from nnstudio.graph.changes import differing
from nnstudio.layers.blocks import Block
from nnstudio.ui.afterwards import Afterwards
from nnstudio.ui.inspect_blocks import BlockParts, DefinitionPage
from nnstudio.ui.inspect_kept import KeptPages
from nnstudio.ui.inspect_nodes import NodePage
from nnstudio.ui.inspect_project import ProjectPage
from nnstudio.ui.inspect_several import SeveralPage, types_of
from nnstudio.ui.session import Session

if TYPE_CHECKING:
    from nnstudio.ui.docks.node import NodeView

#: The canvas shows first what was done; so many milliseconds later another page is shown, or made.
SOON, LATER = 8, 30
#: With more layers selected than these, their ids are not sorted.
_MANY = 500


class Inspector(QFrame):
    """The panel at the right. It shows one page, made anew when other layers are selected."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._session = session
        self._chosen, self._home = _scrolled(), _scrolled()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._home)
        self._stack.addWidget(self._chosen)
        self._kept = KeptPages(self._stack, _scrolled)
        self._shown: tuple[object, ...] | None = None
        self._nodes: Mapping[str, Node] = {}  # as they were when the page was chosen last
        self._page: ProjectPage | NodePage | SeveralPage | DefinitionPage
        self._project: ProjectPage | None = None  # kept: it takes long to make, and is come back to often
        self._due = Afterwards(self, self._rebuild, LATER)
        self._stale = Afterwards(self, self._catch_up, SOON)
        self._live: tuple[NodeView, ...] = ()
        self._put_by = QWidget(self)  # holds them while no page does; it is never seen
        self._put_by.hide()
        session.selection_changed.connect(self._choose)
        session.changed.connect(self._changed)
        session.scope_changed.connect(self._choose)
        session.resolved.connect(lambda _: self._refresh())
        session.data_changed.connect(self._data_changed)
        session.run_changed.connect(self._refresh)
        self._choose()
        self._rebuild()

    @property
    def page(self) -> ProjectPage | NodePage | SeveralPage | DefinitionPage:
        """The page of what is selected."""
        if self._due.isActive():
            self._rebuild()
        elif self._stale.isActive():
            self._catch_up()
        return self._page

    def _refresh(self) -> None:
        """Show the page anew soon; what goes on happening does not put it off. The inspector may be gone by then."""
        if isValid(self) and not self._due.isActive() and not self._stale.isActive():
            self._stale.soon()

    def _catch_up(self) -> None:
        self._stale.stop()
        self._page.refresh()

    def add_live(self, *widgets: NodeView) -> None:
        """Show these widgets under the form of one selected layer (they follow the selection themselves)."""
        self._forget_pages()
        self._live = widgets
        if isinstance(self.page, NodePage):
            self._shown = None
            self._choose()

    def focus_first(self) -> None:
        """Put the focus into the first field of the page."""
        form = getattr(self.page, "form", None) or next(iter(getattr(self.page, "forms", ())), None)
        first = next((field for field in form.fields.values() if field.isVisible()), None) if form is not None else None
        target: QWidget = first or getattr(self.page, "name", None) or self.page
        target.setFocus(Qt.FocusReason.TabFocusReason)

    def edit_definition(self) -> None:
        """Put the cursor into the name of the selected block's definition, with all of it selected."""
        if isinstance(self.page, NodePage) and isinstance(self.page.more, BlockParts):
            self.page.more.name.setFocus()
            self.page.more.name.selectAll()

    def _data_changed(self) -> None:
        self._forget_pages()
        if not self._due.isActive() and isinstance(self._page, NodePage):  # an Input offers the fields of the data
            self._shown = None
        self._choose()

    def _changed(self, change: Change[Any]) -> None:
        lost = _lost(change) if change.why == "do" else ""
        if lost:
            self._session.notice.emit("info", lost)
        if change.why == "reset":
            self._forget_pages()
            self._shown = self._project = None  # the next one takes its place
        shows = self._shows(change)
        self._choose()
        if shows and not self._due.isActive():
            self._catch_up()  # at once: it may be here that something was typed

    def _shows(self, change: Change[Any]) -> bool:
        """Whether a change is one of what the page shows."""
        before, after, chosen = change.before, change.after, self._session.selection
        if chosen:
            return any(id in chosen for id in self._turned(self._session.network.nodes))
        parameters = before.network.parameters is not after.network.parameters
        return parameters or before.plan is not after.plan or before.data is not after.data

    def _choose(self, *_: object) -> None:
        session = self._session
        nodes, chosen = session.network.nodes, session.selection
        shown = (session.scope, chosen)
        turned = any(id in chosen and _kind(nodes[id]) != _kind(self._nodes.get(id)) for id in self._turned(nodes))
        self._nodes = nodes
        if turned or shown != self._shown:
            self._shown = shown
            self._stale.stop()  # what that page shows may be gone
            node = nodes.get(next(iter(chosen))) if len(chosen) == 1 else None
            self._due.soon(SOON if node is not None and self._kept.ready(node) else LATER)
        self._refresh()

    def _turned(self, nodes: Mapping[str, Node]) -> list[str]:
        """Nodes that are others than when the page was chosen last."""
        return differing(self._nodes, nodes) if self._shown is not None else []

    def _rebuild(self) -> None:
        """Make the page of what is selected now."""
        self._due.stop()
        self._stale.stop()
        chosen = self._session.selection
        many = len(chosen) > _MANY  # looking through all nodes is then faster than sorting
        ids = [*filter(chosen.__contains__, self._session.network.nodes)] if many else sorted(chosen)
        self._take_live()
        if len(ids) == 1:
            self._page = self._page_of(ids[0])
        elif ids:
            self._page = self._page_of_several(ids)
        elif self._session.scope.block:
            self._page = DefinitionPage(self._session)
        else:
            self._page = self._project = self._project or ProjectPage(self._session)
        self._show_page()
        self._page.refresh()

    def _take_live(self) -> None:
        """Take what shows the run out of the page, so that it outlives it."""
        for widget in self._live:
            widget.setParent(self._put_by)

    def _forget_pages(self) -> None:
        self._take_live()
        self._kept.clear()

    def _page_of(self, id: str) -> NodePage:
        session, node = self._session, self._session.network.nodes[id]
        made = self._kept.show(node, lambda: NodePage(session, id, self._live))
        if made is None:
            more = BlockParts(session, id) if isinstance(node.layer, Block) else None
            made = NodePage(session, id, self._live, more)
        elif made.id != id or any(widget.parent() is self._put_by for widget in self._live):
            made.show_node(id, self._live)
        return made

    def _page_of_several(self, ids: list[str]) -> SeveralPage:
        """The page of several layers: the one that is shown, where it is of the same types."""
        shown, nodes = getattr(self, "_page", None), self._session.network.nodes
        if isinstance(shown, SeveralPage) and shown.calm and shown.types == types_of(nodes[id] for id in ids).keys():
            shown.show_nodes(ids)
            return shown
        return SeveralPage(self._session, ids)

    def _show_page(self) -> None:
        if self._stack.currentWidget() not in (self._home, self._chosen) and self._kept.shows(self._page):
            self._empty_chosen()
        elif self._page is not self._project:
            if self._chosen.widget() is not self._page:
                self._chosen.setWidget(self._page)
            self._stack.setCurrentWidget(self._chosen)
        else:
            if self._home.widget() is not self._project:
                self._home.setWidget(self._project)
            self._stack.setCurrentWidget(self._home)
            self._empty_chosen()

    def _empty_chosen(self) -> None:
        if self._chosen.widget() is not None:
            self._chosen.widget().deleteLater()


def _kind(node: Node | None) -> object:
    """What of a node another page is made for."""
    return (type(node.layer), getattr(node.layer, "interface", None)) if node is not None else None


def _lost(change: Change[Any]) -> str:
    """Which phases and groups of the plan went with what they named; "" where none did."""
    before, after = change.before.plan, change.after.plan
    if before is after or not change.network_changed:
        return ""
    left = {phase.name for phase in after.phases}
    gone = [f"the phase {phase.name}" for phase in before.phases if phase.name not in left]
    gone += ["a group of the plan"] * (len(before.groups) > len(after.groups))
    told = " and ".join(gone)
    return f"{told[:1].upper()}{told[1:]} went with what it named; undo brings it back" if gone else ""


def _scrolled() -> QScrollArea:
    made = QScrollArea()
    made.setWidgetResizable(True)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setFrameShape(QFrame.Shape.NoFrame)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made
