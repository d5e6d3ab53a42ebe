"""The inspector's page for several layers: what they share, changed together as one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from nnstudio.graph import Node, edits
from nnstudio.graph.document import AS_LONG_AS_IT_TAKES
from nnstudio.graph.parameters import set_expression
from nnstudio.layers import AnyLayer, Placeholder
from nnstudio.layers.blocks import Standin
from nnstudio.ui.facts import Facts
from nnstudio.ui.forms import Form
from nnstudio.ui.inspect_costs import NodeCosts
from nnstudio.ui.inspect_flags import Flags
from nnstudio.ui.inspect_nodes import Page
from nnstudio.ui.inspect_parameters import create_parameter
from nnstudio.ui.inspect_training import TrainedIn
from nnstudio.ui.parts import label, line
from nnstudio.ui.scrubbing import Foretold, Scrubbing
from nnstudio.ui.session import Session

#: Of more layers than this, each part of the page is shown in a turn of its own.
_AT_ONCE = 50


def types_of(nodes: Iterable[Node]) -> dict[object, AnyLayer]:
    """What of several layers a page is made for: their types, with a layer of each."""
    own = Placeholder, Standin
    layers = [node.layer for node in nodes]
    found: dict[object, AnyLayer] = dict(zip(map(type, layers), layers, strict=True))
    if any(isinstance(layer, own) for layer in found.values()):
        return {id(layer) if isinstance(layer, own) else type(layer): layer for layer in layers}
    return found


class SeveralPage(Page):
    """Several layers: the parameters that all of them have, and their flags."""

    def __init__(self, session: Session, ids: Sequence[str]) -> None:
        super().__init__(session)
        self.ids = tuple(ids)
        nodes = session.network.nodes
        found = types_of(map(nodes.__getitem__, ids))
        self.types, layers = found.keys(), list(found.values())
        kinds = sorted({layer.type_name() for layer in layers})
        self._title = label(f"{len(ids)} layers", "title")
        self.body.addWidget(self._title)
        self.body.addWidget(label(", ".join(kinds), "muted", wrap=True))
        declared = ({} if isinstance(layer, Placeholder) else layer.params for layer in layers)
        first, *rest = {id(params): params for params in declared}.values()  # layers of a type have the same
        shared = {
            name: param
            for name, param in first.items()
            if param.kind not in ("node", "values")
            and all(other.get(name) is not None and _alike(other[name], param) for other in rest)
        }
        owner = kinds[0] if len(kinds) == 1 else "layers"
        self.form = Form(owner, shared, parameters=lambda: session.network.parameters)
        self.form.edited.connect(self._edited)
        self.form.expressed.connect(self._expressed)
        self.form.wanted.connect(self._create)
        self.body.addWidget(self.form)
        self._scrubbing = Scrubbing(self.form, session, self.ids, self._do)
        self.body.addWidget(Foretold(session))
        if not shared:
            self.body.addWidget(label("These layers have no parameter in common.", "muted", wrap=True))
        self.flags = Flags(session)
        self.body.addWidget(self.flags)
        self.trained = TrainedIn(session)
        self.body.addWidget(self.trained)
        self.body.addWidget(line())
        self.facts = Facts()
        self.body.addWidget(self.facts)
        self._costs = NodeCosts(session, self.ids)
        self.body.addWidget(self._costs)
        self._costs.setVisible(len(ids) <= _AT_ONCE)  # of very many, told last
        self.body.addStretch(1)
        self._parts: list[Callable[[], None]] = []
        self._on = QTimer(self, singleShot=True, interval=0)
        self._on.timeout.connect(self._show_on)

    def show_nodes(self, ids: Sequence[str]) -> None:
        """Show these layers, which are of the same types, in place of those before; :meth:`refresh` follows."""
        self.ids = tuple(ids)
        self._title.setText(f"{len(ids)} layers")
        self._costs.follow(self.ids)
        self._scrubbing.follow(self.ids)

    @property
    def calm(self) -> bool:
        """Whether nothing is being typed, refused or offered here."""
        focus = QApplication.focusWidget()
        return self.form.calm and not (focus is not None and self.isAncestorOf(focus))

    def _nodes(self) -> list[Node]:
        nodes = self.session.network.nodes
        return [nodes[id] for id in self.ids if id in nodes]

    def _edited(self, name: str, value: object) -> None:
        self._do(name, edits.chain(*(edits.set_params(node.id, **{name: value}) for node in self._nodes())))

    def _expressed(self, name: str, text: str) -> None:
        self._do(name, edits.chain(*(set_expression(node.id, name, text) for node in self._nodes())))

    def _create(self, name: str, unknown: str, text: str) -> None:
        create_parameter(self.session, unknown, [(node.id, name) for node in self._nodes()], text)
        self.form.give_up(name)

    def _do(self, name: str, edit: edits.Edit) -> None:
        label_ = f"Change {name.replace('_', ' ')} of {len(self._nodes())} layers"
        key = self.form.merge_key(name, self.ids)
        self.session.do(label_, edit, key, merge_seconds=AS_LONG_AS_IT_TAKES)

    def refresh(self) -> None:
        nodes = self._nodes()
        if not nodes:
            return
        self._parts = [
            lambda: self._show_values(nodes),
            lambda: self.flags.show_nodes(nodes),
            self.trained.refresh,
            lambda: self._show_facts(nodes),
            self._costs.show,
        ]
        if len(nodes) > _AT_ONCE:
            self._on.start()
        while self._parts and not self._on.isActive():
            self._parts.pop(0)()

    def _show_on(self) -> None:
        """Show the next part of what there is to say of very many layers, in a turn of its own."""
        if self._parts:
            self._parts.pop(0)()
            self._on.start()

    def _show_values(self, nodes: Sequence[Node]) -> None:
        names = list(self.form.fields)

        def said(node: Node, name: str) -> tuple[object, str]:
            return getattr(node.layer, name), node.expression(name)

        first = {name: said(nodes[0], name) for name in names}
        several = frozenset(
            name for name in names
            if any(getattr(node.layer, name) != first[name][0] for node in nodes)
            or any(node.expressions and node.expression(name) != first[name][1] for node in nodes)
            or (first[name][1] and not all(node.expressions for node in nodes))
        )  # fmt: skip
        self.form.show_values(
            {name: first[name][0] for name in names}, several, {name: first[name][1] for name in names}
        )

    def _show_facts(self, nodes: Sequence[Node]) -> None:
        resolution = self.session.resolution
        if resolution is not None:
            known = [resolution.nodes[node.id].parameters for node in nodes if node.id in resolution.nodes]
            self.facts.show_facts([("Parameters", f"{sum(known):,}")])


def _alike(first: object, second: object) -> bool:
    return all(getattr(first, name) == getattr(second, name) for name in ("kind", "choices", "axes", "min", "max"))
