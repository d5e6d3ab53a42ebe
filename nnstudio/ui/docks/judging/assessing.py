"""What is judged: the network as it is trained now, on a split, worked out in the background, one thing at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from nnstudio.data.reference import SPLITS
from nnstudio.project.judging.judge import Judge, Judged, Progress
from nnstudio.ui.background import Job
from nnstudio.ui.parts import capital

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Work that takes longer than this, in milliseconds, shows how far it is.
PATIENCE = 300
Work = Callable[[Judge, Progress], Any]
Done = Callable[[Any], object]


class StoppedError(Exception):
    """The work is no longer wanted."""


class Assessing(QObject):
    """``changed`` whenever another split or output is judged, or there is nothing to judge; ``progressed`` while work
    is under way that takes long (share, text; a share below 0: it is over).

    split, name: what is judged (name: of a subject, "" for the first). judge: of the network as it is trained now;
    None until the answers of the split are there. error: why there is none, as a sentence.
    """

    changed = Signal()
    progressed = Signal(float, str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.split, self.name = "test", ""
        self.judge: Judge | None = None
        self.error = ""
        self.awake = False
        self._of: tuple[Any, ...] = ()
        self._job: Job | None = None
        self._title, self._began = "", 0.0
        self._make: Callable[[], Any] | None = None
        self._waiting: dict[str, tuple[str, Work, Done]] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(PATIENCE // 3)
        self._timer.timeout.connect(self._tell)
        for signal in (session.resolved, session.run_changed, session.data_changed):
            signal.connect(self.ask)

    # --- what there is ------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether there is a network with trained weights, data, and no run that trains it right now."""
        session = self.session
        return (
            session.dataset is not None
            and session.run_state in ("idle", "paused")
            and (session.training.weights is not None or session.run_state == "paused")
        )

    @property
    def judged(self) -> Judged | None:
        """The answers on the split, where they are there."""
        return self.judge.known(self.split, self.name) if self.judge is not None else None

    @property
    def busy(self) -> bool:
        """Whether anything is being worked out."""
        return self._job is not None

    def splits(self) -> list[str]:
        """The splits that have rows."""
        dataset = self.session.dataset
        return [split for split in SPLITS if dataset.count(split)] if dataset is not None else []

    def names(self) -> list[str]:
        """The outputs that can be judged."""
        return [subject.name for subject in self.judge.subjects] if self.judge is not None else []

    def choose(self, split: str, name: str) -> None:
        """Judge another split or output."""
        if (split, name) != (self.split, self.name):
            self.split, self.name = split, name
            self.ask()
            self.changed.emit()

    # --- working ------------------------------------------------------------------------------------------------

    def wake(self, awake: bool) -> None:
        """Work from now on, or no longer: nobody sees it."""
        self.awake = awake
        if awake:
            self.ask()
        else:
            self.cancel()

    def ask(self, *_: object) -> None:
        """Have the answers worked out where they are not known, or not of the network as it is now."""
        if not self.ready or self.session.resolving:
            if self.judge is not None and not self.ready:
                self._forget()
            return
        if not self._fits():
            self._forget()
        splits = self.splits()
        if splits and self.split not in splits:
            self.split = splits[-1]
        if self.awake and splits and self.judged is None and not self.error:
            self.do("judge", "Asking the network", self._answers, self._answered)

    def _known(self) -> tuple[Any, ...]:
        """What the answers follow from."""
        session = self.session
        step = session.history.step if session.run_state == "paused" else None
        return (session.sheet.network, session.training.weights, session.dataset, step)

    def _fits(self) -> bool:
        if not self._of:
            return False
        (*now, step), (*then, done) = self._known(), self._of
        return step == done and all(a is b for a, b in zip(now, then, strict=True))

    def _forget(self) -> None:
        self.cancel()
        self.judge, self.error = None, ""
        ready = self.ready
        self._of = self._known() if ready else ()
        self._make = self.session.training.trained() if ready else None
        self.changed.emit()

    def _answers(self, judge: Judge, progress: Progress) -> Judge:
        judge.judged(self.split, "", progress)
        return judge

    def _answered(self, judge: Judge) -> None:
        self.judge, self.error = judge, ""
        if self.name not in self.names():
            self.name = ""
        self.changed.emit()

    def do(self, kind: str, title: str, work: Work, done: Done) -> None:
        """Work something out with the judge, after what is under way; of each kind only the latest wish counts."""
        self._waiting[kind] = (title, work, done)
        if kind == "judge":
            self._waiting = {kind: self._waiting[kind], **self._waiting}
        self._next()

    def cancel(self) -> None:
        """Give up what is under way and what waits."""
        self._waiting.clear()
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self._over()

    def _next(self) -> None:
        if self._job is not None or not self._waiting:
            return
        kind = next(iter(self._waiting))
        title, work, done = self._waiting.pop(kind)
        judge, make, dataset = self.judge, self._make, self.session.dataset
        if dataset is None or (judge is None and make is None):
            return

        def run(job: Job) -> Any:
            made = judge
            if made is None:
                assert make is not None
                trained = make()
                made = Judge(trained.compiled, trained.data(dataset))
                made.compiled.training.eval()  # nobody else has it, so that it stays so

            def progress(share: float) -> None:
                if job.cancelled:
                    raise StoppedError
                job.report(share, title)

            return work(made, progress)

        self._title, self._began = title, time.monotonic()
        job = self.session.background.run(
            run, lambda found: self._finished(job, done, found), lambda error: self._failed(job, kind, error),
            name="judging",
        )  # fmt: skip
        self._job = job
        self._timer.start()

    def _finished(self, job: Job, done: Done, found: Any) -> None:
        if job is not self._job:
            return
        self._job = None
        self._over()
        done(found)
        self._next()

    def _failed(self, job: Job, kind: str, error: BaseException) -> None:
        if job is not self._job:
            return
        self._job = None
        self._over()
        sentence = capital(str(error) or type(error).__name__, self.session.network.by_name)
        if kind == "judge":
            self._waiting.clear()
            self.error = sentence
            self.changed.emit()
        else:
            self.session.notice.emit("warning", sentence)
            self.changed.emit()
        self._next()

    # --- telling ------------------------------------------------------------------------------------------------

    def _over(self) -> None:
        self._timer.stop()
        self.progressed.emit(-1.0, "")

    def _tell(self) -> None:
        spent = time.monotonic() - self._began
        if self._job is not None and 1000 * spent > PATIENCE:
            share = self._job.progress[0]
            self.progressed.emit(share, told(self._title, share, spent))


def told(title: str, share: float, spent: float) -> str:
    """What is done, how far it is, and how long it will take."""
    if share < 0.02:
        return f"{title} …"
    left = spent / share - spent
    return f"{title}: {100 * share:.0f} %" + (f", about {left:.0f} s left" if left >= 1 else "")
