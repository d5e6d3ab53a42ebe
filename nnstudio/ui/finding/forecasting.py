"""What the next run will take, on the plan's page: worked out when it is asked for, and compared with what it was."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from nnstudio.compile.figures import duration_text, memory_text
from nnstudio.train.environment import TrainingError
from nnstudio.train.events import Forecasted, RunFinished
from nnstudio.train.history import History
from nnstudio.train.privacy import told
from nnstudio.ui.background import Job
from nnstudio.ui.parts import button, capital, column, label, row

if TYPE_CHECKING:
    from nnstudio.project.sheet import Sheet
    from nnstudio.train.forecast import Forecast
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)


class Forecasting(QObject):
    """The session's forecast: of one sheet, so that it is known when it no longer holds. ``changed``: there is another,
    or it is being worked out. wrong: why there is none after all, as a sentence."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._sheet: Sheet | None = None
        self._found: Forecast | None = None
        self._job: Job | None = None
        self.wrong = ""

    @property
    def busy(self) -> bool:
        """Whether steps are being measured."""
        return self._job is not None

    def put(self, sheet: Sheet, found: Forecast) -> None:
        """What a run of this sheet will take."""
        self._sheet, self._found = sheet, found

    def of(self, sheet: Sheet) -> Forecast | None:
        """The forecast for this sheet; None where none was made since network, plan or data changed."""
        then = self._sheet
        if then is None or (then.network, then.plan, then.data) != (sheet.network, sheet.plan, sheet.data):
            return None
        return self._found

    def event(self, sheet: Sheet, step: int, time: float) -> Forecasted | None:
        """The forecast as an event of a run that begins now; None where there is none."""
        found = self.of(sheet)
        return Forecasted(step=step, time=time, seconds=found.seconds, memory=found.memory) if found else None

    def begin(self) -> None:
        """Measure some steps of the sheet as it is now, in the background."""
        session, dataset = self._session, self._session.dataset
        if self.busy:
            return
        self.wrong = session.training.hindrance()
        if self.wrong or dataset is None:
            self.changed.emit()
            return
        sheet, trained = session.sheet, session.training.trained()

        def work(job: Job) -> Forecast:
            from nnstudio.train.forecast import forecast

            return forecast(trained().compiled, dataset, sheet.plan, lambda: job.cancelled)

        def done(found: Forecast) -> None:
            self._job = None
            self.put(sheet, found)
            self.changed.emit()

        self._job = session.background.run(work, done, self._failed, name="forecast")
        self.changed.emit()

    def _failed(self, error: BaseException) -> None:
        self._job = None
        if not isinstance(error, TrainingError):
            log.error("the forecast failed", exc_info=error)
        self.wrong = capital(str(error)) or type(error).__name__
        self.changed.emit()


def compared(history: History) -> str:
    """How the forecast of a run that has ended compares with what it took, in a line; "" where there was none."""
    forecast, ended = history.forecast, history.ended
    if forecast is None or not isinstance(ended, RunFinished) or ended.reason != "completed":
        return ""
    text = f"took {duration_text(ended.seconds)}, forecast was {duration_text(forecast.seconds)}"
    if ended.memory and forecast.memory:
        text += f"; {memory_text(ended.memory)} of memory, forecast was {memory_text(forecast.memory)}"
    return text


class ForecastRow(QWidget):
    """A button, and what it found: time, speed and memory of the next run. After a run, what it was."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.ask = button("Forecast time and memory", session.forecasting.begin)
        self.ask.setObjectName("forecast")
        self.text = label("", "muted", wrap=True)
        self.text.setObjectName("forecast_text")
        self.setLayout(column(row(self.ask, 1), self.text, spacing=6))
        for signal in (session.changed, session.run_changed, session.data_changed, session.resolved):
            signal.connect(self.refresh)
        session.forecasting.changed.connect(self._heard)
        self._heard()

    def _heard(self) -> None:
        wrong = self.session.forecasting.wrong
        self.refresh()
        if wrong:
            self._say(wrong, "problem")

    def refresh(self, *_: object) -> None:
        """Say what is known of the sheet as it is now."""
        session, forecasting = self.session, self.session.forecasting
        self.ask.setEnabled(not forecasting.busy and session.run_state == "idle")
        found = forecasting.of(session.sheet)
        lines = []
        if forecasting.busy:
            lines.append("Measuring some steps …")
        elif found is not None:
            memory = f", {memory_text(found.memory)} of memory" if found.memory else ""
            speed = f"{found.samples_per_second:,.0f} samples a second"
            given = f"; {told(found.epsilon, session.plan.delta)}" if found.epsilon else ""
            lines.append(
                f"About {duration_text(found.seconds)} for {session.plan.epochs} epochs{memory}, {speed}{given}."
            )
        was = compared(session.history)
        if was:
            lines.append(f"The last run {was}.")
        self._say("\n".join(lines), "muted")

    def _say(self, text: str, role: str) -> None:
        self.text.setText(text)
        self.text.setVisible(bool(text))
        if self.text.property("role") != role:
            self.text.setProperty("role", role)
            self.text.style().polish(self.text)
