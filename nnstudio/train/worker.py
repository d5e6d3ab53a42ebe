"""The worker: a plain thread that trains and puts what happens into an event stream.

It is a ``threading.Thread`` and not a QThread (DESIGN 10), and it never collects garbage: the window's process has the
automatic collector off, since a collection in this thread would destroy Qt objects here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnstudio.train.batches import Data
from nnstudio.train.control import Control
from nnstudio.train.events import Event, NetworkChanged, RunFailed
from nnstudio.train.origin import Origin
from nnstudio.train.plan import Plan
from nnstudio.train.stream import EventStream

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled


class Worker:
    """Trains in the background.

    ``control`` takes requests, ``stream`` gives the events, ``alive`` says whether it runs. ``compiled`` is the
    trained network once the run has ended (None where it failed to compile).
    """

    def __init__(
        self,
        make_compiled: Callable[[], Compiled],
        data: Data | Callable[[], Data],
        plan: Plan,
        *,
        checkpoints: Path | None = None,
        resume: bool | Path = False,
        fork: bool = False,
        run_id: str = "",
        paused: bool = False,
        also: Sequence[Callable[[Event], None]] = (),
        origin: Origin | Callable[[], Origin] | None = None,
    ) -> None:
        """
        Args:
            make_compiled: called in the thread, so that torch is imported and the network compiled there.
            data: the data set, or what opens it, called in the thread.
            resume, fork: as in `nnstudio.train.loop.run`.
            paused: stand still before the first step (``control.step_once`` does one).
            also: called in the thread with every event, such as a recorder's ``put``; must be quick.
            origin: what the run's RunStarted says of its network and its parent, or what works it out, called in the
                thread.
        """
        self.control, self.stream = Control(paused=paused), EventStream()
        self.compiled: Compiled | None = None
        self._make, self._data, self._plan, self._also = make_compiled, data, plan, tuple(also)
        self._checkpoints, self._resume, self._run, self._origin = checkpoints, resume, run_id, origin
        self._fork = fork
        self._next: Compiled | None = None
        self._thread = threading.Thread(target=self._work, name="training", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the run to end, for so many seconds at most; whether it has ended."""
        self._thread.join(timeout)
        return not self.alive

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def change_network(self, make_compiled: Callable[[], Compiled], network: str | Callable[[], str] = "") -> None:
        """Have the run go on with another network (`Control.change_network`); ``compiled`` is that one then."""

        def make() -> Compiled:
            compiled = self._next = make_compiled()
            return compiled

        self.control.change_network(make, network)

    def _put(self, event: Event) -> None:
        if isinstance(event, NetworkChanged):
            self.compiled = self._next
        self.stream.put(event)
        for put in self._also:
            put(event)

    def _work(self) -> None:
        failure = None
        try:
            from nnstudio.train.loop import run

            self.compiled = self._make()
            data = self._data() if callable(self._data) else self._data
            origin = self._origin() if callable(self._origin) else self._origin
            events = run(
                self.compiled, data, self._plan, self.control, checkpoints=self._checkpoints, resume=self._resume,
                fork=self._fork, run_id=self._run, origin=origin,
            )  # fmt: skip
            for event in events:
                self._put(event)
        except BaseException as error:  # a thread that dies silently would leave the window waiting for ever
            failure = self._failure(error)
        if failure is not None:
            self._put(failure)

    def _failure(self, error: BaseException) -> RunFailed:
        try:
            from nnstudio.train.failures import failed

            return failed(error, self._plan.batch_size, 0, 0.0)
        except Exception:  # torch itself cannot be imported
            return RunFailed(
                step=0, time=0.0, message=f"PyTorch cannot be loaded: {error}",
                hint="install it again, as the README says", detail=repr(error),
            )  # fmt: skip
