"""What a private plan buys, below its form: the ε of all its epochs, what keeps it from being private, and the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog, QWidget

from nnstudio.train.planning import plan_problems
from nnstudio.train.privacy import figure, forecast, noise_for, sampling, told
from nnstudio.ui.background import Job
from nnstudio.ui.docks import numbers
from nnstudio.ui.fix_buttons import FixButton
from nnstudio.ui.parts import button, column, label, row

if TYPE_CHECKING:
    from nnstudio.layers import TensorType
    from nnstudio.train.plan import Plan
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
        self._buttons: list[FixButton] = []
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
        self.ask.setEnabled(rows > 0)
        if (plan, rows) != self._wanted:
            self._wanted = plan, rows
            self._work_out(plan, rows)

    def _work_out(self, plan: Plan, rows: int) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if not rows:
            self.text.setText("With data chosen, what the plan buys is told here.")
            return

        def show(epsilon: float) -> None:
            many = numbers.count(plan.epochs, "epoch")
            self.text.setText(
                f"{many} {'buys' if plan.epochs == 1 else 'buy'} {told(epsilon, plan.delta)}, for any one of "
                f"{numbers.count(rows, 'row')}. Each step draws about {sampling(plan, rows).expected:,.0f} of them at "
                "random."
            )

        def failed(error: BaseException) -> None:
            self.text.setText(f"What the plan buys cannot be worked out: {error}; choose other values.")

        self._job = self.session.background.run(lambda _: forecast(plan, rows), show, failed, name="privacy")

    def _show_problems(self) -> None:
        problems = private_problems(self.session)
        self.wrong.setText("\n".join(f"{problem.message}; {problem.hint}." for problem in problems))
        self.wrong.setVisible(bool(problems))
        fixes = [problem.fix for problem in problems if problem.fix is not None]
        self._fixes.setVisible(bool(fixes))
        if [fix.title for fix in fixes] == [each.fix.title for each in self._buttons]:
            for each, fix in zip(self._buttons, fixes, strict=True):
                each.fix = fix  # made for the network as it is now
            return
        for old in self._buttons:
            old.hide()
            old.deleteLater()
        self._buttons = [FixButton(self.session, fix) for fix in fixes]
        layout = self._fixes.layout()
        for place, new in enumerate(self._buttons):
            layout.insertWidget(place, new)  # type: ignore[union-attr]

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
