"""The doctor's background work for the window: what is known of the data, what can be said before the first step, and
the cures of what was found. All of it in a thread; the window asks and is told when more is known."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from nnstudio.diagnose import BEFORE_CODES, grouped
from nnstudio.graph.edits import EditError
from nnstudio.layers import ParameterError
from nnstudio.train.events import Diagnosis
from nnstudio.ui.background import Background, Job

if TYPE_CHECKING:
    from nnstudio.compile.resolve import Resolution
    from nnstudio.data.dataset import Dataset
    from nnstudio.diagnose import Facts
    from nnstudio.diagnose.cures import Cure
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)
#: Editing goes on for so long before the doctor begins.
_PATIENCE_MS = 400


class Doctoring(QObject):
    """What the doctor knows besides the run. ``found``: there is more of it, or it is another.

    facts: what is known of the data as the network uses it, None until it is. before: what can be said of the network,
    the plan and the data as they are now.
    """

    found = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.facts: Facts | None = None
        self.before: tuple[Diagnosis, ...] = ()
        #: whether ``before`` is of a network at all
        self.looked = False
        self._studied: tuple[Any, ...] = ()
        self._cures: dict[str, tuple[Cure, ...]] = {}
        self._waiting: dict[str, Diagnosis] = {}
        self._job: Job | None = None
        self._stale = self._ended = False
        self._background = Background(self)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._next)
        for signal in (session.resolved, session.changed, session.data_changed):
            signal.connect(self._changed)

    @property
    def diagnoses(self) -> list[Diagnosis]:
        """What the doctor says, the likeliest root first: of the network, the plan and the data as they are now, then
        of the run. What the network's problems say already, and what follows from something else, is left out."""
        session = self._session
        ran = session.history.diagnoses
        if not ran and not self.before:
            return []
        known = {problem.code for problem in session.resolution.problems} if session.resolution is not None else set()
        then = [each for each in ran if each.code not in BEFORE_CODES or not self.looked]
        return [each.root for each in grouped([*self.before, *then]) if each.root.code not in known]

    def cures(self, diagnosis: Diagnosis) -> tuple[Cure, ...] | None:
        """What may mend a finding in the network as it is now, the likeliest first; None while it is looked for."""
        known = self._cures.get(diagnosis.code)
        if known is None and self._session.whole is not None:
            self._waiting[diagnosis.code] = diagnosis
            if self._job is None and not self._patience.isActive() and not self._ended:
                self._patience.start()
        return known

    def apply(self, cure: Cure) -> bool:
        """Do a cure, as one step that can be undone. Whether anything changed; a notice says why not."""
        session = self._session
        session.preview(None)
        sheet = session.sheet
        try:
            plan, data = cure.plan_after(sheet.plan), cure.data_after(sheet.data)
            return session.document.do(cure.title, cure.edit, plan=plan, data=data)
        except (EditError, ParameterError, KeyError) as error:
            session.notice.emit("warning", str(error))
            return False

    @property
    def busy(self) -> bool:
        """Whether something is still being worked out, or waits for it."""
        return self._job is not None or self._patience.isActive()

    def shut_down(self) -> None:
        """Work nothing out any more, whatever the session still tells while it ends."""
        self._ended = True
        self._patience.stop()
        self._forget()
        self._background.shut_down()

    def _forget(self) -> None:
        self._cures.clear()
        self._waiting.clear()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _changed(self, _: object = None) -> None:
        if self._ended:
            return
        self._forget()
        self._stale = True
        self._patience.start()

    def _next(self) -> None:
        session = self._session
        whole = session.whole
        if self._job is not None or whole is None or session.resolving:
            return  # what is being worked out tells when it is done
        if self._stale:
            self._look(whole, session.dataset)
        elif self._waiting:
            code = next(reversed(self._waiting))
            self._prescribe(whole, self._waiting.pop(code))

    def _look(self, whole: Resolution, dataset: Dataset | None) -> None:
        """Work out what is known of the data, where that is new, and what can be said before the first step."""
        plan, facts, studied = self._session.plan, self.facts, self._studied

        def work(_: Job) -> tuple[Facts | None, tuple[Any, ...], tuple[Diagnosis, ...]]:
            from nnstudio.diagnose import Case, before_training, facts_of
            from nnstudio.diagnose.facts import asked_of

            about = (id(dataset), *asked_of(whole.flat)) if dataset is not None else ()
            known = facts if about == studied else facts_of(dataset, whole.flat) if dataset is not None else None
            case = Case(network=whole.flat, facts=known, given=plan, shared=whole.expansion.shared)
            return known, about, tuple(before_training(case))

        def done(result: tuple[Facts | None, tuple[Any, ...], tuple[Diagnosis, ...]]) -> None:
            self.facts, self._studied, self.before = result
            self.looked = True
            self._go_on()

        self._stale = False
        self._job = self._background.run(work, done, self._failed, name="diagnosis")

    def _prescribe(self, whole: Resolution, diagnosis: Diagnosis) -> None:
        plan, data = self._session.plan, self._session.reference

        def work(job: Job) -> tuple[Cure, ...]:
            from nnstudio.diagnose.cures import cures

            return cures(diagnosis, whole, plan, data, lambda: not job.cancelled)

        def done(found: tuple[Cure, ...]) -> None:
            self._cures[diagnosis.code] = found
            self._go_on()

        def failed(error: BaseException) -> None:
            self._cures[diagnosis.code] = ()
            self._failed(error)

        self._job = self._background.run(work, done, failed, name="cures")

    def _failed(self, error: BaseException) -> None:
        log.error("a diagnosis could not be worked out", exc_info=error)
        self._go_on()

    def _go_on(self) -> None:
        self._job = None
        self.found.emit()
        if (self._stale or self._waiting) and not self._patience.isActive():
            self._next()
