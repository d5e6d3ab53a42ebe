"""Pages of the inspector for layers: one, or several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from nnstudio.graph import Node, Problem, edits
from nnstudio.layers import Placeholder, TensorType
from nnstudio.ui import theme
from nnstudio.ui.forms import Form
from nnstudio.ui.parts import ElidedLabel, Swatch, button, capital, column, empty, label, line, row
from nnstudio.ui.session import Session

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
            try:
                self._session.document.do(f"Rename {node.name}", edits.rename(self._id, text))
            except edits.EditError as error:
                self._refused(f"{capital(str(error), {text})}; {node.name} stays")
        self.setText(self._session.network.nodes[self._id].name)


class Facts(QWidget):
    """Names and values in two columns, values at the right."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        self._values: dict[str, QLabel] = {}

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show these, in their order."""
        if list(self._values) != [name for name, _ in facts]:
            empty(self._grid)  # type: ignore[arg-type]
            self._values = {}
            for at, (name, _) in enumerate(facts):
                value = ElidedLabel("", "figure")
                value.setAlignment(Qt.AlignmentFlag.AlignRight)
                self._grid.addWidget(label(name, "muted"), at, 0)
                self._grid.addWidget(value, at, 1)
                self._values[name] = value
        for name, text in facts:
            self._values[name].setText(text)


class Problems(QWidget):
    """The problems on a node, each with its hint and its one-click fixes."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[Problem, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """Show these."""
        self.setVisible(bool(problems))
        if problems == self._shown:
            return
        self._shown = problems
        empty(self._column)
        for problem in problems:
            self._column.addWidget(self._card(problem))

    def _card(self, problem: Problem) -> QWidget:
        card = QFrame()
        card.setProperty("role", "card")
        card.setObjectName("problem")
        role = "problem" if problem.severity == "error" else "strong"
        inside = column(
            label(capital(problem.message, self._session.network.by_name), role, wrap=True),
            spacing=4,
            margins=(10, 8, 10, 8),
        )
        if problem.hint:
            inside.addWidget(label(capital(problem.hint), "muted", wrap=True))
        for fix in problem.fixes:
            pressed = lambda fix=fix: self._session.do(fix.title, fix.edit)  # noqa: E731
            made = button(fix.title, pressed, "link")
            made.setFocusPolicy(
                Qt.FocusPolicy.TabFocus
            )  # it goes with the problem: a click leaves the focus where it is
            inside.addWidget(made, 0, Qt.AlignmentFlag.AlignLeft)
        card.setLayout(inside)
        return card


class NodePage(Page):
    """One layer."""

    def __init__(self, session: Session, id: str, live: Sequence[QWidget]) -> None:
        super().__init__(session)
        self.id = id
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
            self.form = Form(layer.type_name(), layer.params, choices=self._choices(node))
            self.form.edited.connect(self._edited)
            self.body.addWidget(self.form)
        self.body.addWidget(line())
        self.facts = Facts()
        self.body.addWidget(self.facts)
        for widget in live:
            self.body.addWidget(widget)
            widget.show()
        self._add_help(node)
        self.body.addStretch(1)
        self._refuse_name("")

    def _choices(self, node: Node) -> dict[str, list[tuple[str, str]]]:
        fields = self.session.fields
        if node.layer.role != "input" or "field" not in node.layer.params or not fields:
            return {}
        offered = [(name, f"{name} · {type_.per_sample()}") for name, type_ in fields.items()]
        return {"field": [("", "not set"), *offered]}

    def _add_help(self, node: Node) -> None:
        layer = node.layer
        text = layer.reason if isinstance(layer, Placeholder) else layer.help()
        about = label(text, "muted", wrap=True)
        about.setTextFormat(Qt.TextFormat.MarkdownText)
        about.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.LinksAccessibleByMouse
        )
        about.setOpenExternalLinks(True)
        about.setObjectName("help")
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
        label_ = f"Change {name.replace('_', ' ')} of {node.name}"
        key = ("parameter", self.id, name)
        self.session.do(label_, edits.set_params(self.id, **{name: value}), key)

    def refresh(self) -> None:
        node = self.session.network.nodes.get(self.id)
        if node is None:
            return
        self.name.show_name(node.name)
        if self.form is not None and not isinstance(node.layer, Placeholder):
            self.form.show_values(node.layer.values())
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


class SeveralPage(Page):
    """Several layers: the parameters that all of them have."""

    def __init__(self, session: Session, ids: Sequence[str]) -> None:
        super().__init__(session)
        self.ids = tuple(ids)
        layers = [session.network.nodes[id].layer for id in ids]
        kinds = sorted({layer.type_name() for layer in layers})
        self.body.addWidget(label(f"{len(ids)} layers", "title"))
        self.body.addWidget(label(", ".join(kinds), "muted", wrap=True))
        first, *rest = [{} if isinstance(layer, Placeholder) else layer.params for layer in layers]
        shared = {
            name: param
            for name, param in first.items()
            if all(other.get(name) is not None and _alike(other[name], param) for other in rest)
        }
        self.form = Form(kinds[0] if len(kinds) == 1 else "layers", shared)
        self.form.edited.connect(self._edited)
        self.body.addWidget(self.form)
        if not shared:
            self.body.addWidget(label("These layers have no parameter in common.", "muted", wrap=True))
        self.body.addWidget(line())
        self.facts = Facts()
        self.body.addWidget(self.facts)
        self.body.addStretch(1)

    def _edited(self, name: str, value: object) -> None:
        present = [id for id in self.ids if id in self.session.network.nodes]
        change = edits.chain(*(edits.set_params(id, **{name: value}) for id in present))
        label_ = f"Change {name.replace('_', ' ')} of {len(present)} layers"
        self.session.do(label_, change, ("parameter", self.ids, name))

    def refresh(self) -> None:
        nodes = [self.session.network.nodes[id] for id in self.ids if id in self.session.network.nodes]
        if not nodes:
            return
        values = [{name: getattr(node.layer, name) for name in self.form.fields} for node in nodes]
        several = frozenset(name for name in self.form.fields if any(v[name] != values[0][name] for v in values))
        self.form.show_values(values[0], several)
        resolution = self.session.resolution
        if resolution is not None:
            known = [resolution.nodes[node.id].parameters for node in nodes if node.id in resolution.nodes]
            self.facts.show_facts([("Parameters", f"{sum(known):,}")])


def _alike(first: object, second: object) -> bool:
    return all(getattr(first, name) == getattr(second, name) for name in ("kind", "choices", "axes", "min", "max"))


def _short(type_: object) -> str:
    if isinstance(type_, tuple):
        return f"{len(type_)} × {_short(type_[0])}" if type_ else "nothing"
    assert isinstance(type_, TensorType)
    return type_.per_sample()


def _long(type_: object) -> str:
    return type_.described() if isinstance(type_, TensorType) else _short(type_)
