"""The inspector's page when nothing is selected: the data, and the plan of training."""

from __future__ import annotations

import functools
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from nnstudio.graph.document import AS_LONG_AS_IT_TAKES
from nnstudio.train.plan import Plan
from nnstudio.ui.facts import Facts
from nnstudio.ui.finding.forecasting import ForecastRow
from nnstudio.ui.forms import Form, fillable, title_of
from nnstudio.ui.inspect_nodes import Page
from nnstudio.ui.inspect_parameters import ParameterList
from nnstudio.ui.inspect_phases import group_records, phase_records
from nnstudio.ui.inspect_private import PrivateRow
from nnstudio.ui.parts import button, column, label, line, row
from nnstudio.ui.planned import selected_ids
from nnstudio.ui.session import Session

#: The plan's parameters in groups; the first is open, others open on a click. What is in none joins the last.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("epochs", "batch_size", "optimizer", "learning_rate", "momentum", "nesterov", "beta1", "beta2", "device")),
    ("Learning rate over time", ("schedule", "step_epochs", "factor", "warmup_epochs", "plateau_epochs", "final_rate")),
    ("Against overfitting", ("weight_decay", "l1", "clip_norm", "early_stopping", "patience", "keep_best")),
    ("Private training", ("private", "sample_norm", "noise_multiplier", "delta", "repeatable")),
    ("Machine", ("seed", "deterministic", "threads", "watching", "writing_epochs", "writing_rows")),
)


#: Of so many selected layers at most, it is kept which they were.
MANY = 500


class Section(QWidget):
    """A heading that shows and hides what is under it, which is built when it is first shown."""

    def __init__(self, title: str, build: Callable[[], QWidget], *, opened: bool = False) -> None:
        super().__init__()
        self._build = build
        self._content: QWidget | None = None
        self.head = QToolButton()
        self.head.setText(title)
        self.head.setCheckable(True)
        self.head.setProperty("role", "section")
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.head.toggled.connect(self._toggle)
        self._column = column(self.head, spacing=6)
        self.setLayout(self._column)
        self.head.setChecked(opened)
        self._toggle(opened)

    def _toggle(self, opened: bool) -> None:
        if opened and self._content is None:
            self._content = self._build()
            self._column.addWidget(self._content)
        if self._content is not None:
            self._content.setVisible(opened)
        self.head.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)


class ProjectPage(Page):
    """Data and plan."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.body.addWidget(label("Data", "heading"))
        self._data = label("", "strong", wrap=True)
        self._data_more = label("", "muted", wrap=True)
        self._choose = button("Choose data …", self._choose_data)
        self._choose.setObjectName("choose_data")
        self._facts = Facts()
        self.body.addWidget(self._data)
        self.body.addWidget(self._data_more)
        self.body.addWidget(self._facts)
        self.body.addLayout(row(self._choose, 1))
        self.body.addWidget(line())
        self.body.addWidget(label("Parameters", "heading"))
        self.parameters = ParameterList(
            session, "Name a number here, such as width, and use it in any number field: 4*width."
        )
        self.body.addWidget(self.parameters)
        self.body.addWidget(line())
        self.body.addWidget(label("Training", "heading"))
        self.forms: list[Form] = []
        named = [name for _, names in GROUPS for name in names]
        for title, names in GROUPS:
            extra = [name for name in fillable(Plan.params) if name not in named] if title == GROUPS[-1][0] else []
            build = functools.partial(self._private if "private" in names else self._form, [*names, *extra])
            changed = any(getattr(session.plan, name) != Plan.params[name].default for name in names)
            self.body.addWidget(Section(title, build, opened=changed) if title else build())
        self._last: tuple[str, ...] = ()  # what was selected last: with this page seen, nothing is
        self._selected()
        session.selection_changed.connect(self._selected)
        self.phases, self.groups = (made(session, lambda: self._last) for made in (phase_records, group_records))
        for records in (self.phases, self.groups):
            records.setParent(self)  # until its section is opened; without one it would outlive the window
            records.hide()
        self._sections = [
            (Section("Phases", lambda: self.phases), self.phases),
            (Section("Layers with their own rate", lambda: self.groups), self.groups),
        ]
        for section, _ in self._sections:
            self.body.addWidget(section)
        self.body.addWidget(line())
        self.body.addWidget(ForecastRow(session))
        self.body.addStretch(1)

    def _selected(self) -> None:
        if 0 < len(self.session.selection) <= MANY:
            self._last = selected_ids(self.session) or self._last

    def _form(self, names: list[str]) -> Form:
        form = Form("Plan", Plan.params, names)
        form.edited.connect(self._edited)
        form.show_values(self.session.plan.values())
        self.forms.append(form)
        return form

    def _private(self, names: list[str]) -> QWidget:
        made = QWidget()
        made.setLayout(column(self._form(names), PrivateRow(self.session), spacing=6))
        return made

    def _choose_data(self) -> None:
        from nnstudio.ui.data_dialog import choose_data

        choose_data(self.session, self.window())

    def _edited(self, name: str, value: object) -> None:
        title = title_of(name, Plan.params[name])
        form = next(form for form in self.forms if name in form.fields)
        plan = self.session.plan.with_(**{name: value})
        key = form.merge_key(name, "plan")
        self.session.do(f"Change {title.lower()}", None, key, plan=plan, merge_seconds=AS_LONG_AS_IT_TAKES)

    def refresh(self) -> None:
        values = self.session.plan.values()
        for form in self.forms:
            form.show_values(values)
        self.parameters.refresh()
        for section, records in self._sections:
            before = len(records.cards)
            records.refresh()
            if records.cards and not before:
                section.head.setChecked(True)
        self._show_data()

    def _show_data(self) -> None:
        session = self.session
        dataset, reference = session.dataset, session.reference
        facts: list[tuple[str, str]] = []
        if dataset is not None:
            title, more = dataset.title, "\n".join(dataset.warnings)
            facts = [
                (name, f"{dataset.count(split):,} rows")
                for name, split in (("Training", "train"), ("Validation", "validation"), ("Test", "test"))
            ]
        elif session.data_job is not None and reference is not None:
            title, more = reference.name, "Reading …"
        elif session.data_error:
            title, more = reference.name if reference else "", session.data_error
        else:
            title, more = (
                "No data yet",
                "Choose what the network learns from: a set that comes along, or your own file.",
            )
        self._data.setText(title)
        self._data_more.setText(more)
        self._data_more.setVisible(bool(more))
        self._data_more.setProperty("role", "problem" if session.data_error else "muted")
        self._data_more.style().polish(self._data_more)
        self._facts.show_facts(facts)
        self._facts.setVisible(bool(facts))
        self._choose.setText("Change data …" if reference is not None else "Choose data …")
