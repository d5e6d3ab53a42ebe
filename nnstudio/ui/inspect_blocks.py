"""What the inspector says of blocks: of one that is selected, and of the definition that is open."""

from __future__ import annotations

import functools
from dataclasses import replace

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from nnstudio.graph import EditError, View
from nnstudio.graph.blocks import blocks_of, remove_block, rename_block
from nnstudio.graph.standins import inner_ports
from nnstudio.graph.view import ViewEdit
from nnstudio.layers.blocks import Block
from nnstudio.ui.facts import Facts
from nnstudio.ui.inspect_nodes import Page
from nnstudio.ui.inspect_parameters import ParameterList
from nnstudio.ui.parts import button, capital, column, empty, label, line, row
from nnstudio.ui.scope import WHOLE, Scope
from nnstudio.ui.session import Session

#: So many places at which a definition is used are listed; more are counted.
LISTED = 12


def places_of(session: Session, definition: str) -> list[tuple[Scope, str, str]]:
    """Where blocks of a definition stand: scope, node id, and what it is called there."""
    whole = session.sheet.network
    found = [(WHOLE, id, whole.nodes[id].name) for id in blocks_of(whole, definition)]
    for name, part in whole.blocks.items():
        found += [(Scope(name), id, f"{part.nodes[id].name} in {name}") for id in blocks_of(part, definition)]
    return found


def without_block(name: str) -> ViewEdit:
    """Forget how a definition is laid out."""
    return lambda view: replace(view, blocks={known: each for known, each in view.blocks.items() if known != name})


def rename_definition(session: Session, name: str, new: str) -> None:
    """Call a definition otherwise, wherever it is used. EditError where it cannot be called so."""

    def viewed(view: View) -> View:
        return replace(view, blocks={(new if known == name else known): each for known, each in view.blocks.items()})

    session.document.do(f"Rename block {name}", rename_block(name, new), view=viewed)


class DefinitionName(QLineEdit):
    """The name of a definition, changed in place; one that cannot be is refused in a sentence by ``error``."""

    def __init__(self, session: Session, definition: str) -> None:
        super().__init__(definition)
        self._session, self.definition = session, definition
        self.error = label("", "problem", wrap=True)
        self.error.hide()
        self.setObjectName("definition_name")
        self.setAccessibleName("Name of the block's definition")
        self.setToolTip("What this kind of block is called, wherever it is used. Click to change it")
        self.editingFinished.connect(self._take)

    def show_name(self, name: str) -> None:
        """Show this name, unless another is being typed."""
        self.definition = name
        if name != self.text() and not (self.hasFocus() and self.isModified()):  # what is selected stays so
            self.setText(name)

    def _take(self) -> None:
        wanted = self.text().strip()
        if not self.isModified():
            return
        self.setModified(False)
        self.error.hide()
        if wanted and wanted != self.definition:
            try:
                rename_definition(self._session, self.definition, wanted)
            except EditError as error:
                self.error.setText(f"{capital(str(error))}; {self.definition} stays")
                self.error.show()
                self.setText(self.definition)


class BlockParts(QWidget):
    """For a selected block: which definition it uses and where else that is used, and ways into it and out of it."""

    def __init__(self, session: Session, id: str) -> None:
        super().__init__()
        self._session, self._id = session, id
        layer = session.network.nodes[id].layer
        assert isinstance(layer, Block)
        self.name = DefinitionName(session, layer.definition)
        self.note = label("", "muted", wrap=True)
        self.open = button("Open", lambda: session.open_block(id), tooltip="Show and edit what is inside (Ctrl+Return)")
        self.open.setObjectName("inspector_open_block")
        self.unpack = button("Unpack", self._unpack, tooltip="Put what is inside in its place (Ctrl+Shift+U)")
        self.unpack.setObjectName("inspector_unpack_block")
        self.setLayout(column(label("Block", "heading"), self.name, self.name.error, self.note,
                              row(self.open, self.unpack, 1), spacing=6))  # fmt: skip

    def _unpack(self) -> None:
        action = self.window().findChild(QAction, "unpack_block")
        if isinstance(action, QAction):
            action.trigger()

    def refresh(self) -> None:
        """Show what is so now."""
        node = self._session.network.nodes.get(self._id)
        if node is None or not isinstance(node.layer, Block):
            return
        name = node.layer.definition
        self.name.show_name(name)
        definition = self._session.sheet.network.blocks.get(name)
        count = len(places_of(self._session, name))
        layers = sum(inner.layer.role != "port" for inner in definition.nodes.values()) if definition else 0
        used = "used here alone" if count == 1 else f"used in {count} places, all of which follow a change inside it"
        self.note.setText(f"{layers} layer{'' if layers == 1 else 's'} inside; {used}.")
        self.open.setEnabled(definition is not None)
        self.unpack.setEnabled(definition is not None)


class DefinitionPage(Page):
    """The definition that is open: its name, its ports, its parameters, and where it is used."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.name = DefinitionName(session, session.scope.block)
        self.name.setProperty("role", "name")
        self.body.addWidget(self.name)
        self.body.addWidget(self.name.error)
        self.body.addWidget(label("What every block of this name is made of.", "muted", wrap=True))
        self.body.addWidget(line())
        self.body.addWidget(label("Exposed parameters", "heading"))
        self.parameters = ParameterList(
            session, "Name a number here, such as width, and use it inside: each block can then set it for itself."
        )
        self.body.addWidget(self.parameters)
        self.body.addWidget(line())
        self.body.addWidget(label("Ports", "heading"))
        self.ports = Facts()
        self.body.addWidget(self.ports)
        self.body.addWidget(label("A BlockInput or BlockOutput on the canvas makes a port.", "muted", wrap=True))
        self.body.addWidget(line())
        self.body.addWidget(label("Used by", "heading"))
        self._used = QVBoxLayout()
        self._used.setSpacing(2)
        self.body.addLayout(self._used)
        self._listed: list[tuple[Scope, str, str]] | None = None
        self.remove = button("Delete this block", self._remove, "link")
        self.remove.setObjectName("delete_definition")
        self.body.addLayout(row(self.remove, 1))
        self.body.addStretch(1)

    def refresh(self) -> None:
        session = self.session
        if not session.scope.block:
            return
        self.name.show_name(session.scope.block)
        self.parameters.refresh()
        ins, outs = inner_ports(session.network)
        self.ports.show_facts(
            [
                ("In", ", ".join(node.name for node in ins) or "none"),
                ("Out", ", ".join(node.name for node in outs) or "none"),
            ]
        )
        places = places_of(session, session.scope.block)
        if places != self._listed:
            self._listed = places
            self._list(places)
        self.remove.setVisible(not places)

    def _list(self, places: list[tuple[Scope, str, str]]) -> None:
        empty(self._used)
        for scope, id, told in places[:LISTED]:
            self._used.addWidget(button(told, functools.partial(self._go, scope, id), "link"))
        if len(places) > LISTED:
            self._used.addWidget(label(f"and {len(places) - LISTED} more", "muted"))
        if not places:
            self._used.addWidget(label("Nothing uses it yet.", "muted"))

    def _go(self, scope: Scope, id: str) -> None:
        self.session.open_scope(scope)
        self.session.reveal(id)

    def _remove(self) -> None:
        name = self.session.scope.block
        try:
            self.session.document.do(f"Delete block {name}", remove_block(name), view=without_block(name))
        except EditError as error:  # something uses it since it was looked at
            self.session.notice.emit("warning", capital(str(error)))
