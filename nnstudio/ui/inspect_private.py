"""What a private plan buys, below its form: the ε of all its epochs, what keeps it from being private, and the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog, QWidget

from nnstudio.train.planning import plan_problems
from nnstudio.train.privacy import figure, forecast, noise_for, sampling, told
from nnstudio.ui.background import Job
from nnstudio.ui.fix_buttons import FixButton
from nnstudio.ui.parts import button, column, label, row

if TYPE_CHECKING:
    from nnstudio.layers import TensorType
    from nnstudio.train.planning import PlanProblem
    from nnstudio.ui.session import Session


def node_types(session: Session) -> dict[str, TensorType]:
    """What each node of the session's plain network puts out first, as far as it is known."""
    whole = session.whole
    if whole is None:
        return {}
    found = {id: next(iter(node.outputs.values()), None) for id, node in whole.nodes.items()}
    return {id: type for id, type in found.items() if type is not None}


def private_problems(session: Session) -> tuple[PlanProblem, ...]:
    """What keeps the session's plan from being private, where it is to be."""
    plan = session.plan
    if not plan.private:
        return ()
    found = plan_problems(plan, session.sheet.network, node_types(session))
    return tuple(problem for problem in found if problem.node or problem.fix)


class PrivateRow(QWidget):
    """Says what the plan buys, offers to choose the noise for an ε, and to mend what is in the way."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.text = label("", "muted", wrap=True)
        self.text.setObjectName("privacy_text")
        self.wrong = label("", "problem", wrap=True)
        self.wrong.setObjectName("privacy_problem")
        self.ask = button("Choose noise for an ε …", self._ask, "link")
        self.ask.setObjectName("noise_for_epsilon")
        self._fixes = QWidget()
        self._fixes.setLayout(row(1, spacing=6))
        self._offered: tuple[str, ...] = ()
        self._job: Job | None = None
        self._wanted: tuple[object, ...] = ()
        self.setLayout(column(self.text, row(self.ask, 1), self.wrong, self._fixes, spacing=6))
        for signal in (session.changed, session.data_changed, session.resolved):
            signal.connect(self.refresh)
        self.refresh()

    @property
    def _rows(self) -> int:
        dataset = self.session.dataset
        return dataset.count("train") if dataset is not None else 0

    def refresh(self, *_: object) -> None:
        """Say what is so of the plan as it is now."""
        plan, rows = self.session.plan, self._rows
        self.setVisible(plan.private)
        if not plan.private:
            return
        self._show_problems()
        wanted = (plan, rows)
        self.ask.setEnabled(rows > 0)
        if not rows:
            self.text.setText("With data chosen, what the plan buys is told here.")
        elif wanted != self._wanted:
            self._work_out(wanted)
        self._wanted = wanted

    def _work_out(self, wanted: tuple[object, ...]) -> None:
        plan, rows = self.session.plan, self._rows
        if self._job is not None:
            self._job.cancel()
        self._job = self.session.background.run(
            lambda _: forecast(plan, rows), self._show_forecast, lambda _: None, name="privacy"
        )

    def _show_forecast(self, epsilon: float) -> None:
        plan, rows = self.session.plan, self._rows
        self._job = None
        drawn = sampling(plan, rows)
        self.text.setText(
            f"{plan.epochs} epochs buy {told(epsilon, plan.delta)}, for any one of {rows:,} rows. "
            f"Each step draws about {drawn.expected:,.0f} of them at random."
        )

    def _show_problems(self) -> None:
        problems = private_problems(self.session)
        self.wrong.setText("\n".join(f"{problem.message}; {problem.hint}." for problem in problems))
        self.wrong.setVisible(bool(problems))
        fixes = [problem.fix for problem in problems if problem.fix is not None]
        titles = tuple(fix.title for fix in fixes)
        self._fixes.setVisible(bool(fixes))
        if titles == self._offered:
            return
        self._offered = titles
        for old in self._fixes.findChildren(FixButton):
            old.hide()
            old.deleteLater()
        layout = self._fixes.layout()
        for place, fix in enumerate(fixes):
            layout.insertWidget(place, FixButton(self.session, fix))  # type: ignore[union-attr]

    def _ask(self) -> None:
        wanted, fine = QInputDialog.getDouble(
            self, "Choose noise", "The largest ε that all epochs may spend", 3.0, 0.01, 1000.0, 2
        )
        if fine:
            self.choose_noise(wanted)

    def choose_noise(self, epsilon: float) -> None:
        """Give the plan the least noise that keeps all its epochs within an ε."""
        plan, rows, session = self.session.plan, self._rows, self.session

        def done(noise: float) -> None:
            session.do(f"Choose noise for ε = {figure(epsilon)}", None, plan=plan.with_(noise_multiplier=noise))

        def failed(error: BaseException) -> None:
            session.notice.emit("warning", f"ε = {epsilon:g} cannot be kept: {error}; ask for a larger one")

        session.background.run(lambda _: noise_for(plan, rows, epsilon), done, failed, name="noise")
