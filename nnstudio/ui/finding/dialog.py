"""What the finders share: a plot that grows while something is tried, what came of it, and a button that takes it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QProgressBar, QWidget

from nnstudio.train.environment import TrainingError
from nnstudio.ui import theme
from nnstudio.ui.background import Job
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.parts import button, capital, column, label, row

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset
    from nnstudio.train.plan import Plan
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)
#: Milliseconds between two looks at what the thread has found.
LOOKS = 50


class Finder(QDialog):
    """Tries something in a thread as soon as it is opened, and shows it. Subclasses say what and draw it.

    ``latest`` is what the thread has found last (a frozen value), None before the first.
    """

    title = ""
    explanation = ""
    opens_at = (620, 470)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.latest: Any = None
        self._job: Job | None = None
        self._shown: Any = None
        self.setWindowTitle(self.title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.frame = self.framed()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        kept = self.bar.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(kept)
        self.outcome = label("", wrap=True)
        self.outcome.setObjectName("finding")
        self.outcome.setMinimumHeight(theme.scaled(34))
        self.close_button = button("Cancel", self.reject)
        self.again = button("Try again", self.begin)
        self.use = button("", self.take, "primary")
        self.use.setObjectName("use_finding")
        self.use.setEnabled(False)
        self.setLayout(
            column(
                label(self.title, "title"), label(self.explanation, "muted", wrap=True), self.frame, self.bar,
                self.outcome, row(1, self.again, self.close_button, self.use), spacing=12, margins=(24, 20, 24, 18),
            )
        )  # fmt: skip
        self.layout().setStretch(2, 1)  # type: ignore[call-overload]
        self.resize(*map(theme.scaled, self.opens_at))
        self.close_button.setFocus()
        self._watch = QTimer(self)
        self._watch.setInterval(LOOKS)
        self._watch.timeout.connect(self._look)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.begin()

    # --- for subclasses -----------------------------------------------------------------------------------------

    def framed(self) -> PlotFrame:
        """The plot in its frame."""
        raise NotImplementedError

    def search(self, compiled: Compiled, data: Dataset, plan: Plan, job: Job, told: Callable[[Any], None]) -> None:
        """In the thread: try, and tell what is found so far, as often as there is something new."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw ``latest``."""
        raise NotImplementedError

    def judged(self) -> tuple[str, str, str]:
        """What came of it in a sentence, its role, and the text of the button that takes it ("": nothing to take)."""
        raise NotImplementedError

    def taken(self) -> dict[str, Any]:
        """The values of the plan that the button sets, by name."""
        raise NotImplementedError

    def table(self) -> Table:
        """What the plot shows, as named columns."""
        return {"": np.empty(0)}

    # --- trying -------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Try, from the beginning."""
        session, dataset = self.session, self.session.dataset
        reason = session.training.hindrance()
        if reason or dataset is None or session.run_state != "idle":
            self._say(reason or "A run is under way; stop it before trying anything", "problem")
            return
        trained, plan, search = session.training.trained(), session.plan, self.search

        def work(job: Job) -> None:
            def told(found: Any) -> None:
                job.report(share_of(found), "")
                self.latest = found

            search(trained().compiled, dataset, plan, job, told)

        self.latest = self._shown = None
        self._job = self.session.background.run(work, self._done, self._failed, name="finding")
        self._watch.start()
        self._say("Trying …", "muted")
        self._busy(True)

    def _busy(self, busy: bool) -> None:
        self.bar.setVisible(busy)
        self.again.setEnabled(not busy)
        self.close_button.setText("Cancel" if busy else "Close")
        if busy:
            self.use.setEnabled(False)
            self.use.setText("Use")

    def _look(self) -> None:
        if self._job is not None:
            self.bar.setValue(round(1000 * self._job.progress[0]))
        if self.latest is not self._shown:
            self._shown = self.latest
            self.draw()

    def _done(self, _: object) -> None:
        self._watch.stop()
        self._job = None
        self._busy(False)
        self._look()
        if self.latest is None:
            return
        sentence, role, use = self.judged()
        self._say(sentence, role)
        self.use.setText(use or "Use")
        self.use.setEnabled(bool(use))
        self.use.setDefault(bool(use))

    def _failed(self, error: BaseException) -> None:
        self._watch.stop()
        self._job = None
        self._busy(False)
        if not isinstance(error, TrainingError):
            log.error("%s failed", self.title, exc_info=error)
        hint = getattr(error, "hint", "")
        self._say(capital("; ".join(filter(None, (str(error) or type(error).__name__, hint)))), "problem")

    def _say(self, text: str, role: str) -> None:
        self.outcome.setText(text)
        self.outcome.setProperty("role", role)
        self.outcome.style().polish(self.outcome)

    def take(self) -> None:
        """Take over what was found, as one edit of the plan, and close."""
        values = self.taken()
        plan = self.session.plan.with_(**values)
        names = " and ".join((plan.params[name].title or name.replace("_", " ")).lower() for name in values)
        self.session.do(f"Change {names}", None, None, plan=plan)
        self.accept()

    def _restyle(self, *_: object) -> None:
        self.frame.restyle()
        if self.latest is not None:
            self.draw()

    def done(self, result: int) -> None:
        """Give up what is under way and close."""
        self._watch.stop()
        if self._job is not None:
            self._job.cancel()
        super().done(result)


def share_of(found: Any) -> float:
    """How far a trial is, 0 to 1."""
    total = getattr(found, "total", 0)
    return 1.0 if found.done else len(getattr(found, "rates", ())) / total if total else 0.5
