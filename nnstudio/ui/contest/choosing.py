"""Choosing a rival: another network or plan that runs beside the present one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QIntValidator, QKeyEvent
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QLineEdit, QScrollArea, QWidget

from nnstudio.project.errors import ProjectError
from nnstudio.project.files import SUFFIX
from nnstudio.project.places import RUNS, runs_folder
from nnstudio.project.schema import SchemaError
from nnstudio.project.sheet import Sheet
from nnstudio.runs.errors import RunsError
from nnstudio.train.plan import Plan
from nnstudio.ui import theme
from nnstudio.ui.contest.versions import Start, Version, differences
from nnstudio.ui.forms import Form, fillable
from nnstudio.ui.parts import button, column, label, row

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Steps of the history, and runs, that are offered at most.
STEPS, RUN_ROWS = 20, 50
#: What the plans of a contest may not differ in: it has one of each.
COMMON = ("device", "threads", "deterministic", "watching")
PRESENT = "as it is"


@dataclass(frozen=True)
class Offer:
    """A network that can be chosen, and its plan. sheet: called when it is chosen; it may raise what says why not."""

    title: str
    sheet: Callable[[], Sheet]


def offers(session: Session) -> Iterator[Offer]:
    """Networks to compete with: the present one, states of the history, networks of earlier runs."""
    sheet, document = session.sheet, session.document
    yield Offer("The network as it is drawn", lambda: sheet)
    labels, position, seen = document.steps, document.position, [sheet]
    for place in range(position - 1, max(-1, position - 1 - STEPS), -1):
        before = document.at(place)
        if all(before.network != known.network or before.plan != known.plan for known in seen):
            seen.append(before)
            yield Offer(f"Before “{labels[place]}”", lambda before=before: before)  # type: ignore[misc]
    yield from _runs(session)


def _runs(session: Session) -> Iterator[Offer]:
    from nnstudio.runs.database import RunDatabase

    path = runs_folder(session.path) / RUNS
    if not path.is_file():
        return
    try:
        with RunDatabase(path) as database:
            records = [record for record in database.runs() if record.network][:RUN_ROWS]
    except RunsError:
        return
    for record in records:
        yield Offer(f"{record.title} ({record.epochs} epochs)", _kept(path, record.network, dict(record.plan)))


def _kept(path: Path, hash: str, plan: dict[str, object]) -> Callable[[], Sheet]:
    def read() -> Sheet:
        from dataclasses import replace

        from nnstudio.project.drawings import drawn
        from nnstudio.runs.database import RunDatabase

        with RunDatabase(path) as database:
            content = database.network(hash)
        if content is None:
            raise ProjectError("This run's network was not kept; choose another run.")
        return replace(drawn(content), plan=Plan.from_json(plan))

    return read


class RivalDialog(QDialog):
    """Asks for the rival's network and plan, where both begin, and for how long."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle("Compare in lockstep")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.offers = list(offers(session))
        self.sheet, self.plan = session.sheet, session.plan
        self.network = QComboBox()
        self.network.setAccessibleName("The rival's network")
        self.network.addItems([offer.title for offer in self.offers])
        self.file = button("From file …", self._ask)
        self.form = Form("Plan", Plan.params, [name for name in fillable(Plan.params) if name not in COMMON])
        self.form.edited.connect(self._edited)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self.form)
        self.begin = QComboBox()
        self.begin.setAccessibleName("Where both begin")
        self.begin.addItem("with new weights")
        if session.training.weights is not None:
            self.begin.addItem("with the trained weights")
        self.epochs = QLineEdit(str(min(5, session.plan.epochs)))
        self.epochs.setAccessibleName("For how many epochs")
        self.epochs.setValidator(QIntValidator(1, 1_000_000, self.epochs))
        self.epochs.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.epochs.setMaximumWidth(theme.scaled(72))
        self.epochs.textChanged.connect(self._say)
        self.what = label("", "muted", wrap=True)
        self.what.setObjectName("rival_differences")
        self.go = button("Start", self.accept, "primary")
        self.go.setDefault(True)
        layout = column(
            label("Compare in lockstep", "title"),
            label("Both versions learn from the same batches, with the same seed, so that what differs between their "
                  "losses comes from what you change here.", "muted", wrap=True),
            label("Network of the rival", "heading"), row(self.network, self.file), label("Its plan", "heading"),
            scroll,
            row(label("Both begin"), self.begin, label("and train for"), self.epochs, label("epochs"), 1),
            self.what, row(1, button("Cancel", self.reject), self.go), spacing=10, margins=(24, 20, 24, 18),
        )  # fmt: skip
        layout.setStretch(5, 1)
        layout.itemAt(3).layout().setStretch(0, 1)  # type: ignore[union-attr, call-overload]
        self.setLayout(layout)
        self.resize(theme.scaled(520), theme.scaled(620))
        self.network.activated.connect(self._choose)
        self.show_plan(self.plan)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in a value of the plan ends what is typed there, and begins nothing yet."""
        at = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and at is not None and self.form.isAncestorOf(at):
            event.accept()
            return
        super().keyPressEvent(event)

    def _choose(self, place: int) -> None:
        try:
            self.sheet = self.offers[place].sheet()
        except (ProjectError, RunsError, SchemaError) as error:
            self.what.setText(str(error))
            return
        self.show_plan(self.sheet.plan)

    def _ask(self) -> None:
        folder = str(self.session.path.parent) if self.session.path is not None else ""
        chosen, _ = QFileDialog.getOpenFileName(self, "Rival", folder, f"NN Studio projects (*{SUFFIX})")
        if chosen:
            self.take_file(Path(chosen))

    def take_file(self, path: Path) -> None:
        """Offer the project of a file, and choose it."""

        def read() -> Sheet:
            from nnstudio.project.files import load_sheet

            return load_sheet(path)

        self.offers.append(Offer(path.name, read))
        self.network.addItem(path.name)
        self.network.setCurrentIndex(self.network.count() - 1)
        self._choose(self.network.count() - 1)

    def show_plan(self, plan: Plan) -> None:
        """Begin with this plan for the rival, but for what a contest has once."""
        self.plan = plan.with_(**{name: getattr(self.session.plan, name) for name in COMMON})
        self.form.show_values(self.plan.values())
        self._say()

    def _edited(self, name: str, value: object) -> None:
        self.plan = self.plan.with_(**{name: value})
        self.form.show_values(self.plan.values())
        self._say()

    def _say(self) -> None:
        found = differences(*self.versions)
        self.go.setEnabled(bool(found) and self.epochs.hasAcceptableInput())
        text = (
            "; ".join(found)
            if found
            else "Choose another network or change a value of the plan: both are the same yet."
        )
        self.what.setText(text)

    @property
    def versions(self) -> tuple[Version, Version]:
        """The present version and its rival."""
        mine, sheet = self.session.sheet, self.sheet
        return (
            Version(PRESENT, mine.network, mine.plan, mine.view),
            Version("rival", sheet.network, self.plan, sheet.view),
        )

    @property
    def start(self) -> Start:
        """Where both begin."""
        training = self.session.training
        if self.begin.currentIndex() == 0:
            return Start()
        return Start(training.weights, training.trained_in)

    @property
    def steps(self) -> int:
        """Steps of the present version."""
        dataset = self.session.dataset
        rows = dataset.count("train") if dataset is not None else 1
        return int(self.epochs.text()) * -(-rows // self.session.plan.batch_size)
