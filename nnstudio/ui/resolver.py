"""Resolves the network in a background thread, so that typing and dragging never wait for torch.

The thread imports torch when the first network comes. Of several networks that arrive while one is being worked out,
only the last counts.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from nnstudio.graph import Network
from nnstudio.ui.afterwards import Afterwards
from nnstudio.ui.loading import TorchUnavailableError, load_torch
from nnstudio.ui.scope import WHOLE, Scope, Scopes

if TYPE_CHECKING:
    from nnstudio.compile.resolve import Resolution
    from nnstudio.layers import TensorType

log = logging.getLogger(__name__)
#: Milliseconds between two looks for a result, and after an edit until its thread begins: while that runs, the window's
#: takes half as long again, and it has to show first what was done.
_POLL_MS, _BEGIN_MS = 15, 4


class Resolver(QObject):
    """``ask`` for a network; ``resolved`` comes with the `Resolution` of the latest one that was asked for."""

    resolved = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: tuple[Network, Mapping[str, TensorType], Scope] | None = None
        self._changed = threading.Condition()
        self._results: queue.SimpleQueue[Resolution | str] = queue.SimpleQueue()
        self._ending = False
        self._working = False
        self._thread: threading.Thread | None = None
        self._beginning = Afterwards(self, self._begin, _BEGIN_MS)
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    def ask(self, network: Network, fields: Mapping[str, TensorType], scope: Scope = WHOLE) -> None:
        """Work out this network, in place of any that is still waiting, and what is inside the block that is open."""
        with self._changed:
            self._wanted = (network, fields, scope)
        if not self._beginning.isActive():
            self._beginning.soon()

    def _begin(self) -> None:
        if self._ending:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="nnstudio resolver", daemon=True)
            self._thread.start()
        with self._changed:
            self._changed.notify()
        self._timer.start()

    @property
    def busy(self) -> bool:
        """Whether a network is waiting or being worked out, or a result has not been handed over."""
        with self._changed:
            return self._wanted is not None or self._working or not self._results.empty()

    def shut_down(self) -> None:
        """End the thread; a network that is being worked out is finished first."""
        with self._changed:
            self._ending = True
            self._wanted = None
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(30)
        self._beginning.stop()
        self._timer.stop()

    def _work(self) -> None:
        previous: Resolution | None = None
        while True:
            with self._changed:
                self._working = False
                while self._wanted is None and not self._ending:
                    self._changed.wait()
                if self._ending or self._wanted is None:
                    return
                network, fields, scope = self._wanted
                self._wanted = None
                self._working = True
            result: Any
            try:
                load_torch()
                from nnstudio.compile.resolve import resolve

                previous = result = resolve(network, fields, previous)
                seen = Scopes(scope).resolution(result)  # kept by it, so that the window need not work it out
                for each in (result, seen) if seen is not None else (result,):
                    each.look_up()
            except TorchUnavailableError as error:
                result = str(error)
            except Exception as error:
                log.exception("the network could not be worked out")
                result = f"The network could not be checked: {error}. The log has the details."
            self._results.put(result)

    def _poll(self) -> None:
        latest: Resolution | str | None = None
        while not self._results.empty():
            latest = self._results.get()
        if not self.busy:
            self._timer.stop()
        if isinstance(latest, str):
            self.failed.emit(latest)
        elif latest is not None:
            self.resolved.emit(latest)
