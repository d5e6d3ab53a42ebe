"""What the inspector says of how the selected layers are trained: in which phases, and at which rate of their own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QVBoxLayout, QWidget

from nnstudio.train import planning
from nnstudio.train.phases import Group, stands_for
from nnstudio.ui.fields import TextField
from nnstudio.ui.forms import Form, title_of
from nnstudio.ui.inspect_phases import plans
from nnstudio.ui.parts import button, column, empty, label
from nnstudio.ui.planned import do_plan, selected_ids, told, training_of

if TYPE_CHECKING:
    from nnstudio.ui.session import Session


class TrainedIn(QWidget):
    """A box for each phase of the plan, checked where it trains the selected layers; and their group, if they have one.

    It is not there where none of the layers has weights.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.boxes: list[QCheckBox] = []
        self._known: tuple[str, ...] | None = ()
        self._place: int | None = None
        self.form = Form("Group", Group.params, ["learning_rate", "weight_decay"])
        self.form.edited.connect(self._edited)
        self._phases = QVBoxLayout()
        self._phases.setSpacing(2)
        self._title = label("Trained in", "muted")
        self._note = label("", "muted", wrap=True)
        self.rate = button("Own learning rate …", self._add_group, "link")
        self.rate.setObjectName("own_rate")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setLayout(column(self._title, self._phases, self._note, self.form, self.rate, spacing=4))

    def refresh(self) -> None:
        """Show what is so of the selected layers."""
        session, plan = self.session, self.session.plan
        self._known = None
        some = next(training_of(session, selected_ids(session)), "")
        self.setVisible(bool(some))
        if not some:
            return
        self._show_phases()
        groups = {planning.group_of(plan, id) for id in self._ids} if plan.groups else {None}
        place = groups.pop() if len(groups) == 1 else None
        self._show_group(place)

    @property
    def _ids(self) -> tuple[str, ...]:
        """The selected nodes that have weights: looked for when first asked for, since they may be very many."""
        if self._known is None:
            self._known = tuple(training_of(self.session, selected_ids(self.session)))
        return self._known

    def _show_phases(self) -> None:
        plan = self.session.plan
        names = tuple(phase.name for phase in plan.phases)
        if names != tuple(box.text() for box in self.boxes):
            empty(self._phases)
            self.boxes = [QCheckBox(name) for name in names]
            for place, box in enumerate(self.boxes):
                box.setObjectName(f"trained_in_{place}")
                box.clicked.connect(functools.partial(self._clicked, place))
                self._phases.addWidget(box)
        every = []
        for box, phase in zip(self.boxes, plan.phases, strict=True):
            trained = {any(stands_for(name, id) for name in phase.trains) for id in self._ids}
            if not phase.trains:
                every.append(phase.name)
            state = Qt.CheckState.Checked if trained == {True} else Qt.CheckState.Unchecked
            state = Qt.CheckState.PartiallyChecked if not phase.trains or len(trained) > 1 else state
            box.setTristate(state == Qt.CheckState.PartiallyChecked)
            box.setCheckState(state)
            box.setAccessibleName(f"Trained in {phase.name}")
        self._title.setVisible(bool(names))
        self._note.setText(f"{', '.join(every)}: all that the losses reach" if every else "")
        self._note.setVisible(bool(every))

    def _show_group(self, place: int | None) -> None:
        self._place = place
        self.rate.setVisible(place is None)
        self.form.setVisible(place is not None)
        if place is not None:
            group = self.session.plan.groups[place]
            self.form.show_values(group.values())
            others = [id for id in group.nodes if id not in self._ids]
            self.form.setToolTip(f"Also for {told(self.session, others)}" if others else "")
            field = self.form.fields["weight_decay"]
            assert isinstance(field, TextField)
            field.line.setPlaceholderText(plans(field, self.session.plan.weight_decay))

    def _clicked(self, place: int, _checked: bool = False) -> None:
        phase = self.session.plan.phases[place]
        on = all(any(stands_for(name, id) for name in phase.trains) for id in self._ids)
        what = f"Train {told(self.session, self._ids)} in {phase.name}"
        if on and not set(self._ids) <= set(phase.trains):  # a block around them is named: its phase has it as a whole
            self.refresh()
            self.session.notice.emit(
                "info", f"{phase.name} trains the whole block; choose its layers in the plan, with nothing selected"
            )
            return
        if on and set(phase.trains) <= set(self._ids):
            self.refresh()
            self.session.notice.emit(
                "info", f"{phase.name} trains nothing else; remove the phase in the plan, with nothing selected"
            )
            return
        do_plan(
            self.session,
            what if not on else f"Do not {what[:1].lower()}{what[1:]}",
            planning.train_in(place, self._ids, wanted=not on),
        )

    def _add_group(self) -> None:
        do_plan(self.session, f"Add group of {told(self.session, self._ids)}", planning.add_group(self._ids))

    def _edited(self, name: str, value: Any) -> None:
        if self._place is not None:
            what = f"Change {title_of(name, Group.params[name]).lower()} of {told(self.session, self._ids)}"
            key = self.form.merge_key(name, "group", self._place, self._ids)
            do_plan(self.session, what, planning.change_group(self._place, **{name: value}), key)
