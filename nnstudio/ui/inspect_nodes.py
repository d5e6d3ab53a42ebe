"""The inspector's page for one layer, and what its pages are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLineEdit, QVBoxLayout, QWidget

from nnstudio.graph import Network, Node, Problem, edits
from nnstudio.graph.document import AS_LONG_AS_IT_TAKES
from nnstudio.graph.parameters import set_expression
from nnstudio.graph.standins import can_be_shared
from nnstudio.layers import Placeholder, TensorType
from nnstudio.ui import theme
from nnstudio.ui.facts import Facts
from nnstudio.ui.fix_buttons import fix_widgets, fixes_now
from nnstudio.ui.forms import Form
from nnstudio.ui.inspect_costs import NodeCosts
from nnstudio.ui.inspect_flags import Flags
from nnstudio.ui.inspect_parameters import create_parameter
from nnstudio.ui.inspect_training import TrainedIn
from nnstudio.ui.layer_help import AboutLayer
from nnstudio.ui.parts import ElidedLabel, Swatch, capital, column, empty, label, line, row
from nnstudio.ui.scrubbing import Foretold, Scrubbing
from nnstudio.ui.session import Session

if TYPE_CHECKING:
    from nnstudio.ui.docks.node import NodeView

MARGINS = (18, 16, 18, 20)


class Page(QWidget):
    """Base of the inspector's pages: a column of parts that ``refresh`` brings up to date."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setProperty("role", "scrolled")
        self.session = session
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(*MARGINS)
        self.body.setSpacing(12)

    def refresh(self) -> None:
        """Show what is so now."""
        raise NotImplementedError


class NodeName(QLineEdit):
    """The name of a node, edited in place. A name that cannot be is refused in a sentence and the old one stays."""

    def __init__(self, session: Session, id: str, refused: Callable[[str], object]) -> None:
        super().__init__()
        self._session, self._id, self._refused = session, id, refused
        self.setProperty("role", "name")
        self.setObjectName("node_name")
        self.setAccessibleName("Name")
        self.setToolTip("The name of this layer, as files and exported code know it. Click to change it")
        self.editingFinished.connect(self._take)

    def follow(self, id: str) -> None:
        """Be the name of another node."""
        self._id = id
        self.setModified(False)

    def show_name(self, name: str) -> None:
        """Show this name, unless another is being typed."""
        if not self.hasFocus() or not self.isModified():
            self.setText(name)
            self.setCursorPosition(0)  # a long name shows its beginning

    def _take(self) -> None:
        node = self._session.network.nodes.get(self._id)
        text = self.text().strip()
        if node is None or not self.isModified():
            return
        self.setModified(False)
        self._refused("")
        if text and text != node.name:
            edit = edits.rename(self._id, text)
            try:
                edit(self._session.network)
            except edits.EditError as error:
                self._refused(f"{capital(str(error), {text})}; {node.name} stays")
            else:
                self._session.do(f"Rename {node.name}", edit)
        self.setText(self._session.network.nodes[self._id].name)


class Problems(QWidget):
    """The problems on a node, each with its hint and its one-click fixes."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[Problem, ...] = ()
        self._offered: list[object] = []
        session.mending.found.connect(self._offer_again)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """Show these."""
        self.setVisible(bool(problems))
        if problems == self._shown:
            return
        self._shown = problems
        self._offered = [fixes_now(self._session, problem) for problem in problems]
        empty(self._column)
        for problem in problems:
            self._column.addWidget(self._card(problem))

    def _offer_again(self) -> None:
        """Show other fixes where others are known by now."""
        if self._shown and self._offered != [fixes_now(self._session, problem) for problem in self._shown]:
            problems, self._shown = self._shown, ()
            self.show_problems(problems)

    def _card(self, problem: Problem) -> QWidget:
        card = QFrame()
        card.setProperty("role", "card")
        card.setObjectName("problem")
        role = "failure" if problem.severity == "error" else "strong"
        inside = column(
            label(capital(problem.message, self._session.network.by_name), role, wrap=True),
            spacing=4,
            margins=(10, 8, 10, 8),
        )
        if problem.hint:
            inside.addWidget(label(capital(problem.hint), "muted", wrap=True))
        for made in fix_widgets(self._session, fixes_now(self._session, problem)):
            made.setProperty("role", "link")
            inside.addWidget(made, 0, Qt.AlignmentFlag.AlignLeft)
        card.setLayout(inside)
        return card


class NodePage(Page):
    """One layer."""

    def __init__(self, session: Session, id: str, live: Sequence[NodeView], more: QWidget | None = None) -> None:
        """``live``: what shows the node in training; ``more``: what there is to say of its type of layer."""
        super().__init__(session)
        self.id, self.more = id, more
        node = session.network.nodes[id]
        layer = node.layer
        self.name_error = label("", "problem", wrap=True)
        self.name = NodeName(session, id, self._refuse_name)
        self._kind = ElidedLabel("", "muted")
        head = column(row(Swatch(lambda: theme.family_color(layer), 16), self.name, spacing=3), spacing=1)
        head.addLayout(row(self._kind, margins=(28, 0, 0, 0)))
        head.addWidget(self.name_error)
        self.body.addLayout(head)
        self.problems = Problems(session)
        self.body.addWidget(self.problems)
        self.form: Form | None = None
        if layer.params and not isinstance(layer, Placeholder):
            parameters = lambda: session.network.parameters  # noqa: E731
            self.form = Form(layer.type_name(), layer.params, None, self._choices(node), parameters)
            self.form.edited.connect(self._edited)
            self.form.expressed.connect(self._expressed)
            self.form.wanted.connect(self._create)
            self.body.addWidget(self.form)
            self._scrubbing = Scrubbing(self.form, session, (id,), self._do)
        self.body.addWidget(Foretold(session))
        self.flags = Flags(session)
        self.body.addWidget(self.flags)
        self.trained = TrainedIn(session)
        self.body.addWidget(self.trained)
        if more is not None:
            self.body.addWidget(line())
            self.body.addWidget(more)
        self.body.addWidget(line())
        self.facts = Facts()
        self.body.addWidget(self.facts)
        self._costs = NodeCosts(session, (id,))
        self.body.addWidget(self._costs)
        self._live_at = self.body.count()
        self._show_live(live)
        self._add_help(node)
        self.body.addStretch(1)
        self._refuse_name("")

    def _show_live(self, live: Sequence[NodeView]) -> None:
        for at, widget in enumerate(live, self._live_at):
            self.body.insertWidget(at, widget)
            widget.appear()

    def show_node(self, id: str, live: Sequence[NodeView]) -> None:
        """Be the page of another node whose layer is of the same type; :meth:`refresh` follows."""
        self.id = id
        self.name.follow(id)
        self._refuse_name("")
        if self.form is not None:
            self._scrubbing.follow((id,))
        self._costs.follow((id,))
        self._show_live(live)

    @property
    def calm(self) -> bool:
        """Whether nothing is being typed, refused or offered."""
        return self.name_error.isHidden() and (self.form is None or self.form.calm)

    def _choices(self, node: Node) -> dict[str, list[tuple[str, str]]]:
        fields = self.session.fields
        if node.layer.role == "shared":
            return {"of": [("", "not set"), *shareable(self.session.network, node.id)]}
        if node.layer.role != "input" or "field" not in node.layer.params or not fields:
            return {}
        offered = [(name, f"{name} · {type_.per_sample()}") for name, type_ in fields.items()]
        return {"field": [("", "not set"), *offered]}

    def _add_help(self, node: Node) -> None:
        layer = node.layer
        about: QWidget
        if isinstance(layer, Placeholder):
            about = label(layer.reason, "muted", wrap=True)
            about.setObjectName("help")
        else:
            about = AboutLayer(type(layer), self.session.background)
        self.body.addWidget(line())
        self.body.addWidget(label(f"About {layer.type_name()}", "heading"))
        self.body.addWidget(about)

    def _refuse_name(self, sentence: str) -> None:
        self.name_error.setText(sentence)
        self.name_error.setVisible(bool(sentence))

    def _edited(self, name: str, value: object) -> None:
        node = self.session.network.nodes.get(self.id)
        if node is None:
            return
        self._do(name, edits.set_params(self.id, **{name: value}))

    def _expressed(self, name: str, text: str) -> None:
        self._do(name, set_expression(self.id, name, text))

    def _create(self, name: str, unknown: str, text: str) -> None:
        create_parameter(self.session, unknown, [(self.id, name)], text)
        if self.form is not None:
            self.form.give_up(name)

    def _do(self, name: str, edit: edits.Edit) -> None:
        node = self.session.network.nodes[self.id]
        key = self.form.merge_key(name, self.id) if self.form is not None else None
        self.session.do(f"Change {name.replace('_', ' ')} of {node.name}", edit, key, merge_seconds=AS_LONG_AS_IT_TAKES)

    def refresh(self) -> None:
        node = self.session.network.nodes.get(self.id)
        if node is None:
            return
        self.name.show_name(node.name)
        if self.form is not None and not isinstance(node.layer, Placeholder):
            values = {name: getattr(node.layer, name) for name in self.form.fields}
            self.form.show_values(values, expressions=dict(node.expressions))
        self.flags.show_nodes([node])
        self.trained.refresh()
        if self.more is not None:
            self.more.refresh()  # type: ignore[attr-defined]
        resolution = self.session.resolution
        resolved = resolution.nodes.get(self.id) if resolution is not None else None
        inputs = [t for t in resolved.inputs.values() if t is not None] if resolved is not None else []
        outputs = list(resolved.outputs.values()) if resolved is not None else []
        flow = ""
        if outputs:
            into = " + ".join(_short(type_) for type_ in inputs)
            flow = f" · {into} → {_short(outputs[0])}" if into else f" · {_short(outputs[0])}"
        self._kind.setText(f"{node.layer.type_name()}{flow}")
        self.problems.show_problems(resolution.problems_of(self.id) if resolution is not None else ())
        facts = [("Takes" if at == 0 else "", _long(type_)) for at, type_ in enumerate(inputs[:1])]
        facts += [("Gives", outputs[0].described())] if outputs else []
        if resolved is not None:
            facts.append(("Parameters", f"{resolved.parameters:,}"))
        self.facts.show_facts(facts)


def shareable(network: Network, id: str) -> list[tuple[str, str]]:
    """Ids and names of the nodes whose weights another node may use."""
    return [
        (other.id, f"{other.name} · {other.layer.type_name()}")
        for other in network.nodes.values()
        if other.id != id and can_be_shared(other)
    ]


def _short(type_: object) -> str:
    if isinstance(type_, tuple):
        return f"{len(type_)} × {_short(type_[0])}" if type_ else "nothing"
    assert isinstance(type_, TensorType)
    return type_.per_sample()


def _long(type_: object) -> str:
    return type_.described() if isinstance(type_, TensorType) else _short(type_)
