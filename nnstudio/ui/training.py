"""Training as the window sees it: one worker thread at a time, its events drained on a timer."""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from nnstudio.diagnose import Doctor, Rounds
from nnstudio.graph import Network
from nnstudio.project.drawings import recorded
from nnstudio.project.places import CHECKPOINTS, RUNS, runs_folder
from nnstudio.project.project import failure
from nnstudio.project.tensors import Weights
from nnstudio.project.weights import Trained, after_run, compiled_with, weights_of
from nnstudio.train.events import Event, RunFailed, RunFinished, RunPaused, RunResumed, RunStarted
from nnstudio.train.history import History
from nnstudio.ui.background import pump
from nnstudio.ui.run_changes import RunChanges
from nnstudio.ui.run_words import farewell, hindrance

if TYPE_CHECKING:
    from nnstudio.compile.carrying import Carried
    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted
    from nnstudio.runs.recorder import Recorder
    from nnstudio.train.control import Control
    from nnstudio.train.worker import Worker
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)
#: Events are shown this often at most.
FRAME_MS = 33


class Training(QObject):
    """Runs the session's network on its data. ``state`` is the session's ``run_state``."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.state = "idle"
        self.history = History()
        self._rounds = Rounds(Doctor(self.history))
        #: the network of the run that is shown
        self.network: Network | None = None
        #: the last trained weights by state-dict key, and the network in which they were trained
        self.weights: Weights | None = None
        self.trained_in: Network | None = None
        #: what the data taught that they were trained on; None where that is not known
        self.fitted: Fitted | None = None
        self._learned: Dataset | None = None  # the data of the run that is shown, as it is prepared for it
        #: what became of them in the run that is shown, where it went on from them
        self.carried: Carried | None = None
        self.unsaved_weights = False
        self._worker: Worker | None = None
        self._recorder: Recorder | None = None
        #: how the run follows what is edited meanwhile
        self.changes = RunChanges(session)
        self._one_epoch = self._silent = False
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._drain)
        #: whether to stand before the first step, of a run that waits for the data or the network's types
        self._awaited: bool | None = None
        self._afresh: bool | None = None
        self._waiting = QTimer(self)
        self._waiting.setInterval(FRAME_MS)
        self._waiting.timeout.connect(self._start_when_settled)

    def hindrance(self) -> str:
        """Why training cannot start now, as a sentence with the remedy; "" where it can."""
        return hindrance(self._session, self.state)

    @property
    def keeps(self) -> bool:
        """Whether the next run goes on from the trained weights: they are there, and the network was edited since."""
        return self.weights is not None and self.trained_in is not None and self.trained_in != self._whole

    @property
    def _whole(self) -> Network:
        return self._session.sheet.network

    def start(self, *, paused: bool = False, afresh: bool | None = None) -> None:
        """Start a run, or go on where one is paused. ``paused``: stop before the first step.

        afresh: begin with new weights, or with the trained ones as far as they fit; None: with the trained ones where
        the network was edited since (``keeps``), else with new ones. Where the data is still being read, or the
        network's types are being worked out, the run begins after that.
        """
        session = self._session
        if self.state == "idle" and session.preparing:
            self._awaited, self._afresh = paused, afresh
            self._waiting.start()
            self._set("starting")
            return
        reason = self.hindrance()
        if reason:
            self._session.notice.emit("warning", reason)
            return
        if self.state == "paused":
            self.resume()
            return
        self.launch(self.maker(self.keeps if afresh is None else not afresh), paused=paused)

    def launch(
        self, make_compiled: Callable[[], Compiled], *, paused: bool = False, resume: Path | None = None,
        fork: bool = False, history: History | None = None,
    ) -> None:  # fmt: skip
        """Begin a run where none is under way; ``hindrance`` must have been asked. resume: a checkpoint to go on from,
        as a run of its own where ``fork``; history: what was told until then."""
        from nnstudio.runs.recorder import Recorder
        from nnstudio.train.run_folder import preparation_of
        from nnstudio.train.worker import Worker

        session = self._session
        plan, dataset = session.plan, session.dataset
        assert dataset is not None  # else there was a hindrance
        self.history = history or History()
        self._rounds = Rounds(Doctor(self.history))
        self.network = self._whole
        self._recorder = Recorder(self._runs())
        self._learned = dataset

        def prepared() -> Dataset:
            """The data, as it was prepared for the run that goes on."""
            fitted = preparation_of(resume.parent) if resume is not None else None
            self._learned = dataset.prepared_as(fitted) if fitted is not None else dataset
            return self._learned

        self._worker = Worker(
            make_compiled, prepared, plan, checkpoints=self._runs().with_name(CHECKPOINTS), resume=resume or False,
            fork=fork, run_id="" if resume and not fork else uuid.uuid4().hex[:12], paused=paused,
            also=(self._recorder.put,), origin=partial(recorded, self._recorder, self.network, session.sheet.view),
        )  # fmt: skip
        self._silent = False
        self.changes.began(plan)
        self._worker.start()
        self._timer.start()
        self._set("starting")

    @property
    def under_way(self) -> bool:
        """Whether there is a run that can be asked for something."""
        return self._worker is not None and self.state in ("starting", "running", "paused")

    @property
    def control(self) -> Control | None:
        """What asks the run that is under way for something."""
        return self._worker.control if self._worker is not None and self.under_way else None

    def change_network(self, network: Network) -> None:
        """Have the run that is under way go on with this network (`Worker.change_network`)."""
        worker, recorder, fields = self._worker, self._recorder, dict(self._session.fields)
        if worker is None or recorder is None:
            return
        view, seed = self._session.sheet.view, self._session.plan.seed
        self.carried = None
        worker.change_network(
            lambda: compiled_with(network, fields, seed, None).compiled,
            lambda: recorded(recorder, network, view).network,
        )

    def maker(self, keep: bool) -> Callable[[], Compiled]:
        """A function, for the worker, that compiles the network: with the trained weights as far as they fit, or those
        of frozen nodes alone."""
        network, fields, seed = self._whole, dict(self._session.fields), self._session.plan.seed
        weights, was = self.weights, self.trained_in
        self.carried = None

        def make() -> Compiled:
            made = compiled_with(network, fields, seed, weights, was, only_frozen=not keep)
            self.carried = made.carried
            return made.compiled

        return make

    def _start_when_settled(self) -> None:
        """Begin a run that waited, once there is nothing left to wait for."""
        session = self._session
        if session.preparing:
            return
        paused, self._awaited = bool(self._awaited), None
        self._waiting.stop()
        self.state = "idle"
        self.start(paused=paused, afresh=self._afresh)
        if self.state == "idle":  # there was a hindrance
            session.run_changed.emit()
        elif self._worker is not None and (paused or self._one_epoch):
            (self._worker.control.step_once if paused else self._worker.control.epoch_once)()
        self._one_epoch = False

    def _runs(self) -> Path:
        """The database of the project's runs, in a folder that is there."""
        folder = runs_folder(self._session.path)
        with contextlib.suppress(OSError):  # the recorder then says so, and the run goes on
            folder.mkdir(parents=True, exist_ok=True)
        return folder / RUNS

    def pause(self) -> None:
        """Pause after the present step."""
        if self._worker is not None and self.state in ("starting", "running"):
            self._worker.control.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._worker is not None and self.state == "paused":
            self.changes.follow_network()
            self._worker.control.resume()

    def step(self) -> None:
        """Do one step and stand still; starts a run where there is none."""
        if self.state == "idle":
            self.start(paused=True)
        if self._worker is not None and self.under_way:
            if self.state == "paused":
                self.changes.follow_network()
            self._worker.control.step_once()

    def train_epoch(self) -> None:
        """Train to the end of the epoch that is under way, or the next, and stand still; starts a run where there is
        none."""
        if self.state == "idle":
            self.start()
        if self._waiting.isActive():
            self._one_epoch = True
        elif self._worker is not None and self.under_way:
            if self.state == "paused":
                self.changes.follow_network()
            self._worker.control.epoch_once()

    def checkpoint(self) -> None:
        """Write a checkpoint of the run that is under way."""
        if self._worker is not None and self.under_way:
            self._worker.control.checkpoint()

    def stop(self, *, silent: bool = False) -> None:
        """End the run after the present step. ``silent``: nothing is said of it."""
        self._silent = silent
        self._stop()

    def _stop(self) -> None:
        if self._waiting.isActive():
            self._waiting.stop()
            self._awaited, self._one_epoch = None, False
            self._set("idle")
        elif self._worker is not None and self.state != "idle":
            self._worker.control.stop()
            self._set("stopping")

    def forget(
        self, weights: Weights | None = None, network: Network | None = None, fitted: Fitted | None = None
    ) -> None:
        """Show no run: another project is open, with these weights of this network, trained on data that taught
        this."""
        self.history = History()
        self.network = None
        self.weights, self.trained_in, self.fitted, self.carried = weights, network, fitted, None
        self.unsaved_weights = False

    def take(
        self, weights: Weights | None, network: Network | None, fitted: Fitted | None, *, unsaved: bool = True
    ) -> None:
        """Have these as the trained weights, of this network, found on data that taught this in another way than by a
        run."""
        self.weights, self.trained_in, self.fitted = weights, network, fitted
        self.unsaved_weights = unsaved
        self._session.project_changed.emit()

    def trained(self) -> Callable[[], Trained]:
        """A function, for a background thread, that compiles the present network with the trained weights."""
        network, fields, seed = self._whole, dict(self._session.fields), self._session.plan.seed
        weights, was, fitted = self.weights, self.trained_in, self.fitted
        running = self._worker.compiled if self._worker is not None else None
        if running is None or self.network is None:
            return lambda: compiled_with(network, fields, seed, weights, was, fitted=fitted)
        trained_in, learned = self.network, self._learned  # copying the weights may take long: not here
        fitted = learned.fitted if learned is not None else None
        return lambda: compiled_with(network, fields, seed, weights_of(running), trained_in, fitted=fitted)

    def look_into(self, nodes: Iterable[str], split: str, sample: int) -> bool:
        """Have the run that is under way look into these nodes (by id) with one sample, whenever it is looked at; none:
        no longer. Whether there is a run that will tell."""
        if self._worker is None:
            return False
        self._worker.control.look_into(nodes, split, sample)
        return self.state == "running"

    def saved(self, network: Network) -> Weights | None:
        """The trained weights under the names that their nodes have in this network, for its file."""
        from nnstudio.compile.carrying import renamed

        if self.weights is None or self.trained_in is None or self.trained_in is network:
            return self.weights
        return renamed(self.weights, self.trained_in, network)

    def _set(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self._session.run_changed.emit()

    def _drain(self) -> None:
        worker = self._worker
        if worker is None:
            return
        alive = worker.alive
        events = self.changes.heard(worker.stream.drain())
        events = [told for event in events for told in (event, *self._forecast(event))]
        for event in events:
            self.history.feed(event)
        events += self._diagnosed(events)
        for event in events:
            match event:
                case RunStarted() | RunResumed() if self.state != "stopping":
                    if isinstance(event, RunStarted) and self.carried is not None:
                        told = f"Training goes on from the trained weights: {self.carried.summary()}"
                        self._session.notice.emit("info", told)
                    self._set("running")
                case RunPaused() if self.state != "stopping":
                    self._set("paused")
                case RunFailed():
                    self._session.notice.emit("error", failure(event))
        if events:
            self._session.events_arrived.emit(events)
        if not alive and not events and not self._rounds.busy:
            self._ended(worker)

    def _forecast(self, event: Event) -> tuple[Event, ...]:
        """What was forecast of a run, as an event that follows its start."""
        if not isinstance(event, RunStarted) or event.step:
            return ()
        told = self._session.forecasting.event(self._session.sheet, event.step, event.time)
        if told is not None and self._recorder is not None:
            self._recorder.put(told)
        return (told,) if told is not None else ()

    def _diagnosed(self, events: list[Event]) -> list[Event]:
        """What was found lately to be wrong with the training; the history was fed with these events."""
        whole = self._session.whole
        if whole is not None and whole.network is self.network:
            self._rounds.doctor.network, self._rounds.doctor.shared = whole.flat, whole.expansion.shared
        self._rounds.doctor.facts = self._session.doctoring.facts
        found: list[Event] = list(self._rounds.after(events))
        for event in found:
            self.history.feed(event)
            if self._recorder is not None:
                self._recorder.put(event)
        return found

    def _ended(self, worker: Worker) -> None:
        worker.join(5.0)
        self._timer.stop()
        self._worker = None
        self.changes.ended()
        if self._recorder is not None:
            self._recorder.close(0.0)
            if self._recorder.error:
                self._session.notice.emit("warning", self._recorder.error)
            self._recorder = None
        ended = self.history.ended
        if ended is not None and worker.compiled is not None and self.network is not None:
            weights = after_run(worker.compiled, ended, len(self.history.epochs), self.weights)
            if weights is not self.weights:
                self.weights, self.trained_in = weights, self.network
                self.fitted = self._learned.fitted if self._learned is not None else None
                self.unsaved_weights = True
        if isinstance(ended, RunFinished) and not self._silent:
            self._session.notice.emit("info", farewell(ended))
        self._set("idle")
        self._session.project_changed.emit()

    def shut_down(self, seconds: float = 20.0) -> bool:
        """Stop and wait for the thread, with the window alive. False where it did not end in time."""
        worker = self._worker
        self.stop()
        if worker is None:
            return True
        until = time.monotonic() + seconds
        with contextlib.suppress(RuntimeError):
            while self._worker is worker and time.monotonic() < until:
                pump(20)
                self._drain()
        return not worker.alive
