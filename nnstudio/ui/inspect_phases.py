"""The inspector's forms for a plan's phases and groups of layers: added, changed, put in order and removed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QToolButton, QVBoxLayout, QWidget

from nnstudio.layers.params import Param
from nnstudio.train import planning
from nnstudio.train.phases import Group, Phase
from nnstudio.ui import theme
from nnstudio.ui.field_texts import shown
from nnstudio.ui.fields import TextField
from nnstudio.ui.forms import LABEL_WIDTH, Form, title_of
from nnstudio.ui.icons import icon
from nnstudio.ui.parts import ElidedLabel, button, column, label, row
from nnstudio.ui.picking import Offer, PickButton
from nnstudio.ui.planned import do_plan, trainable, trains

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: What a phase may have of its own in place of the plan's, as it stands in its form.
OWN = ("optimizer", "learning_rate", "momentum", "beta1", "beta2", "weight_decay", "l1", "clip_norm")
PLANS = "the plan's"
#: What it means that nothing is picked.
ALL_LOSSES, ALL_REACHED, NONE_YET = "all losses", "all that its losses reach", "none yet"


def offered(session: Session, chosen: Sequence[str], last: Sequence[str], nothing: str) -> Offer:
    """The nodes that can be trained, and those inside blocks that are chosen or were selected last."""
    names = trainable(session)
    inner = [id for id in (*chosen, *last) if id not in names and trains(session, id)]
    names.update((id, planning.name_at(session.sheet.network, id)) for id in inner)
    return Offer(names, nothing, tuple(id for id in last if id in names))


def plans(field: TextField, value: Any) -> str:
    """What stands in a field while the plan's value holds."""
    return f"{shown(field.param, value)} ({PLANS})"


class Card(QFrame):
    """What phases and groups have in common: a frame with a head, named rows, and what is wrong."""

    def __init__(self, session: Session, place: int) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.session, self.place = session, place
        self.wrong = label("", "problem", wrap=True)
        self.wrong.hide()
        self._rows: list[QWidget] = []
        theme.changed.connect(self._align)

    def called(self, id: str) -> str:
        """The name of a node; "" where it is not there."""
        network = self.session.sheet.network
        return planning.name_at(network, id) if planning.node_at(network, id) is not None else ""

    def tool(self, icon_name: str, name: str, does: Callable[[], object]) -> QToolButton:
        """A small button of the head."""
        made = QToolButton()
        made.setIcon(icon(icon_name, "muted"))
        made.setProperty("role", "close")
        made.setToolTip(name)
        made.setAccessibleName(name)
        made.clicked.connect(lambda _=False: does())
        return made

    def named(self, title: str, field: QWidget) -> QWidget:
        """A row with a title, aligned with those of the forms."""
        words = ElidedLabel(title, "muted")
        words.setBuddy(field)
        self._rows.append(words)
        made = QWidget()
        made.setLayout(row(words, field, spacing=8))
        made.layout().setStretch(1, 1)  # type: ignore[call-overload]
        return made

    def _align(self) -> None:
        for words in self._rows:
            words.setFixedWidth(theme.scaled(LABEL_WIDTH))

    def tell(self, sentences: Iterable[str]) -> None:
        """Say what is wrong; nothing hides it."""
        text = "\n".join(sentences)
        self.wrong.setText(text)
        self.wrong.setVisible(bool(text))


class PhaseCard(Card):
    """One phase."""

    def __init__(self, session: Session, place: int, last: Callable[[], Sequence[str]]) -> None:
        super().__init__(session, place)
        self.name = QLineEdit()
        self.name.setProperty("role", "name")
        self.name.setAccessibleName(f"Name of phase {place + 1}")
        self.name.setObjectName(f"phase_name_{place}")
        self.name.editingFinished.connect(self._rename)
        self.up = self.tool("up", "Earlier in the turn", lambda: self._move(-1))
        self.down = self.tool("down", "Later in the turn", lambda: self._move(1))
        self.remove = self.tool("close", "Remove this phase", self._remove)
        self.losses = PickButton("Losses", ALL_LOSSES, self.called, self._losses)
        self.trains = PickButton("Trains", ALL_REACHED, self.called, lambda: self._trainable(last()))
        for field, picked, named in (
            (self.losses, "losses", f"phase_losses_{place}"),
            (self.trains, "trains", f"phase_trains_{place}"),
        ):
            field.setObjectName(named)
            field.picked.connect(functools.partial(self._picked, picked))
        self.steps = Form("Phase", Phase.params, ["steps"])
        self.more = button("Own optimizer and rates …", self._show_own, "link")
        self.more.setObjectName(f"phase_own_{place}")
        self._opened = False
        self.own = Form("Phase", Phase.params, OWN, {"optimizer": _optimizers(Phase.params["optimizer"])})
        for form in (self.steps, self.own):
            form.edited.connect(functools.partial(self._edited, form))
        self.setLayout(
            column(
                row(self.name, self.up, self.down, self.remove, spacing=2), self.named("Lowers", self.losses),
                self.named("Trains", self.trains), self.steps, row(self.more, 1), self.own, self.wrong,
                spacing=6, margins=(10, 8, 8, 10),
            )
        )  # fmt: skip
        self._align()

    @property
    def phase(self) -> Phase:
        return self.session.plan.phases[self.place]

    def _losses(self) -> Offer:
        losses = self.session.sheet.network.of_role("loss")
        return Offer({node.id: node.name for node in losses}, ALL_LOSSES)

    def _trainable(self, last: Sequence[str]) -> Offer:
        return offered(self.session, self.phase.trains, last, ALL_REACHED)

    def refresh(self) -> None:
        """Show the phase as it is."""
        session, phase, plan = self.session, self.phase, self.session.plan
        if not (self.name.hasFocus() and self.name.isModified()):
            self.name.setText(phase.name)
        self.losses.show_chosen(phase.losses)
        self.trains.show_chosen(phase.trains)
        values = {**phase.values(), "optimizer": phase.optimizer or ""}
        self.steps.show_values(values)
        self.own.show_values(values)
        used = plan.of_phase(phase)
        self._opened = self._opened or bool(phase.overrides)
        self.own.setVisible(self._opened)
        self.more.setVisible(not self._opened)
        for name, field in self.own.fields.items():
            when = type(plan).params[name].when
            self.own.show_row(name, when is None or getattr(used, when[0]) in when[1])
            if isinstance(field, TextField):
                field.line.setPlaceholderText(plans(field, getattr(plan, name)))
        self.up.setEnabled(self.place > 0)
        self.down.setEnabled(self.place < len(plan.phases) - 1)
        problems = planning.plan_problems(plan, session.sheet.network)
        self.tell(f"{found.message}; {found.hint}" for found in problems if found.phase == self.place)

    def _show_own(self) -> None:
        self._opened = True
        self.refresh()
        self.own.fields["optimizer"].setFocus()

    def _rename(self) -> None:
        name, was = self.name.text().strip(), self.phase.name
        self.name.setModified(False)
        if name == was:
            return
        wrong = do_plan(self.session, f"Rename phase {was}", planning.change_phase(self.place, name=name))
        if wrong:
            self.name.setText(was)
            self.tell([f"{wrong}; {was} stays"])

    def _move(self, by: int) -> None:
        way = "up" if by < 0 else "down"
        do_plan(self.session, f"Move phase {self.phase.name} {way}", planning.move_phase(self.place, by))

    def _remove(self) -> None:
        do_plan(self.session, f"Remove phase {self.phase.name}", planning.remove_phase(self.place))

    def _picked(self, what: str, ids: tuple[str, ...], stint: int) -> None:
        told = "Choose losses of" if what == "losses" else "Choose what is trained in"
        key = ("phase", what, self.place, id(self), stint)
        do_plan(self.session, f"{told} {self.phase.name}", planning.change_phase(self.place, **{what: ids}), key)

    def _edited(self, form: Form, name: str, value: Any) -> None:
        value = None if name == "optimizer" and not value else value
        what = f"Change {title_of(name, Phase.params[name]).lower()} of {self.phase.name}"
        key = form.merge_key(name, "phase", self.place, id(self))
        do_plan(self.session, what, planning.change_phase(self.place, **{name: value}), key)


def _optimizers(param: Param) -> list[tuple[str, str]]:
    return [("", PLANS), *((choice, choice) for choice in param.choices)]


class GroupCard(Card):
    """One group of layers."""

    def __init__(self, session: Session, place: int, last: Callable[[], Sequence[str]]) -> None:
        super().__init__(session, place)
        self.nodes = PickButton("Layers of this group", NONE_YET, self.called, lambda: self._offer(last()))
        self.nodes.setObjectName(f"group_nodes_{place}")
        self.nodes.picked.connect(self._picked)
        self.remove = self.tool("close", "Remove this group", self._remove)
        self.form = Form("Group", Group.params, ["learning_rate", "weight_decay"])
        self.form.edited.connect(self._edited)
        self.setLayout(column(
            row(self.named("Layers", self.nodes), self.remove, spacing=2), self.form, self.wrong, spacing=6,
            margins=(10, 8, 8, 10),
        ))  # fmt: skip
        self._align()

    @property
    def group(self) -> Group:
        return self.session.plan.groups[self.place]

    def _offer(self, last: Sequence[str]) -> Offer:
        return offered(self.session, self.group.nodes, last, NONE_YET)

    @property
    def told(self) -> str:
        """The group by its layers' names."""
        names = [planning.name_at(self.session.sheet.network, id) for id in self.group.nodes]
        return ", ".join(names[:3]) + (" …" if len(names) > 3 else "") if names else f"group {self.place + 1}"

    def refresh(self) -> None:
        """Show the group as it is."""
        self.nodes.show_chosen(self.group.nodes)
        self.form.show_values(self.group.values())
        field = self.form.fields["weight_decay"]
        assert isinstance(field, TextField)
        field.line.setPlaceholderText(plans(field, self.session.plan.weight_decay))
        problems = planning.plan_problems(self.session.plan, self.session.sheet.network)
        self.tell(f"{found.message}; {found.hint}" for found in problems if found.group == self.place)

    def _picked(self, ids: tuple[str, ...], stint: int) -> None:
        key = ("group", self.place, id(self), stint)
        do_plan(
            self.session, f"Choose layers of group {self.place + 1}", planning.change_group(self.place, nodes=ids), key
        )

    def _remove(self) -> None:
        do_plan(self.session, f"Remove group of {self.told}", planning.remove_group(self.place))

    def _edited(self, name: str, value: Any) -> None:
        what = f"Change {title_of(name, Group.params[name]).lower()} of {self.told}"
        key = self.form.merge_key(name, "group", self.place, id(self))
        do_plan(self.session, what, planning.change_group(self.place, **{name: value}), key)


class Records(QWidget):
    """A list of cards and a button that adds one. ``about`` says what they are for while there is none."""

    grown = Signal()

    def __init__(
        self, about: str, title: str, count: Callable[[], int], make: Callable[[int], Card], add: Callable[[], object]
    ) -> None:
        super().__init__()
        self._count, self._make = count, make
        self.cards: list[Any] = []
        self._about = label(about, "muted", wrap=True)
        self.add = button(title, add, "link")
        self._column = QVBoxLayout()
        self._column.setSpacing(8)
        self.setLayout(column(self._about, self._column, row(self.add, 1), spacing=8))

    def refresh(self) -> None:
        """Show what there is."""
        count = self._count()
        while len(self.cards) > count:
            card = self.cards.pop()
            card.hide()
            self._column.removeWidget(card)
            card.deleteLater()
        while len(self.cards) < count:
            self.cards.append(self._make(len(self.cards)))
            self._column.addWidget(self.cards[-1])
        for card in self.cards:
            card.refresh()
        self._about.setVisible(count == 0)


def phase_records(session: Session, last: Callable[[], Sequence[str]]) -> Records:
    """The form of a plan's phases."""
    made = Records(
        "Without phases every step lowers all losses and trains all weights. With phases that take turns, each has its "
        "own losses, layers and optimizer: a GAN has two.",
        "Add phase",
        lambda: len(session.plan.phases),
        lambda place: PhaseCard(session, place, last),
        lambda: do_plan(session, "Add phase", planning.add_phase()),
    )
    made.add.setObjectName("add_phase")
    return made


def group_records(session: Session, last: Callable[[], Sequence[str]]) -> Records:
    """The form of a plan's groups."""
    made = Records(
        "Layers in a group learn faster or slower than the rest, or with a weight decay of their own.",
        "Add group",
        lambda: len(session.plan.groups),
        lambda place: GroupCard(session, place, last),
        lambda: do_plan(session, "Add group", planning.add_group(_free(session, last()))),
    )
    made.add.setObjectName("add_group")
    return made


def _free(session: Session, ids: Sequence[str]) -> tuple[str, ...]:
    """Those of the nodes that are in no group yet."""
    return tuple(id for id in ids if trains(session, id) and planning.group_of(session.plan, id) is None)
