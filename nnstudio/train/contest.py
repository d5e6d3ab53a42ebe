"""A contest: several versions of a run in lockstep, in a thread of their own, for whoever watches.

Like the worker it is a plain thread that never collects garbage.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from nnstudio.train.batches import Data
from nnstudio.train.control import Control
from nnstudio.train.events import Event, RunFailed
from nnstudio.train.history import History
from nnstudio.train.stream import EventStream

if TYPE_CHECKING:
    from nnstudio.train.lockstep import Side

Put = Callable[[Event], None]


class Contest:
    """Runs sides in the background. :meth:`drain`, in the watcher's thread, feeds ``histories``.

    makers: by the name of each side, what compiles its network, called in the thread. steps: of each side; None: to the
    ends of their plans. also: called in the thread with each event of a side, such as a recorder's ``put``. ``sides``:
    the sides once they have been made.
    """

    def __init__(
        self,
        makers: Mapping[str, Callable[[], Side]],
        data: Data,
        steps: int | None = None,
        also: Mapping[str, Sequence[Put]] | None = None,
    ) -> None:
        self.control = Control()
        self.histories = {name: History() for name in makers}
        self.sides: dict[str, Side] = {}
        self._makers, self._data, self._steps, self._also = dict(makers), data, steps, dict(also or {})
        self._streams = {name: EventStream() for name in makers}
        self._thread = threading.Thread(target=self._work, name="contest", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End all sides after the step that is under way."""
        self.control.stop()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end, for so many seconds at most; whether it has ended."""
        self._thread.join(timeout)
        return not self.alive

    @property
    def ended(self) -> bool:
        """Whether every side has come to its end and that has been drained."""
        return all(history.ended is not None for history in self.histories.values())

    def drain(self) -> bool:
        """Feed the histories with what has happened; whether anything has."""
        some = False
        for name, stream in self._streams.items():
            for event in stream.drain():
                self.histories[name].feed(event)
                some = True
        return some

    def _put(self, name: str, event: Event) -> None:
        self._streams[name].put(event)
        for put in self._also.get(name, ()):
            put(event)

    def _work(self) -> None:
        try:
            from nnstudio.train.lockstep import lockstep

            self.sides = {name: make() for name, make in self._makers.items()}
            for name, event in lockstep(self.sides, self._data, steps=self._steps, control=self.control):
                self._put(name, event)
        except BaseException as error:  # a thread that dies silently would leave the watcher waiting for ever
            from nnstudio.train.failures import failed

            failure: RunFailed = failed(error, 0, 0, 0.0)
            for name in self._makers:
                self._put(name, failure)
