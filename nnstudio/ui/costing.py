"""What the network costs, worked out in the background and shared by all views that show it.

Views ask when they are seen; nothing is worked out for those that are not. Times are measured when a person asks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from nnstudio.train.memory import optimizer_numbers, spare_copies
from nnstudio.ui.background import Job
from nnstudio.ui.docks.network_rows import Row, rows_of

if TYPE_CHECKING:
    from nnstudio.compile.costs import NetworkCosts, NodeCosts
    from nnstudio.compile.resolve import Resolution
    from nnstudio.compile.timing import Timing
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)


class Costing(QObject):
    """Costs of a session's whole network. ``changed`` when there are new ones, or times, or measuring begins or ends.

    costs, rows: of the last network that was worked out; None and empty before. timing: of the network as it was when
    it was measured, None before and after the network has changed.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.setObjectName("costing")
        self._session = session
        self.costs: NetworkCosts | None = None
        self.rows: list[Row] = []
        self.timing: Timing | None = None
        self._job: Job | None = None
        self._asked: tuple[Resolution, tuple[int, int, int]] | None = None
        self._measuring: Job | None = None

    @classmethod
    def of(cls, session: Session) -> Costing:
        """The one of this session."""
        found = session.findChild(cls, "costing")
        return found if isinstance(found, cls) else cls(session)

    def ask(self) -> None:
        """Have the present network worked out, unless it has been or is being."""
        resolution = self._session.whole
        plan = self._session.plan
        regime = (plan.batch_size, optimizer_numbers(plan), spare_copies(plan))
        if resolution is None:
            return
        if self._asked is not None and self._asked[0] is resolution and self._asked[1] == regime:
            return
        self._asked = (resolution, regime)
        if self._job is not None:
            self._job.cancel()

        def work(job: Job) -> tuple[NetworkCosts, list[Row]] | None:
            from nnstudio.compile.costs import Regime, costs

            batch, numbers, copies = regime
            made = Regime(batch_size=batch, optimizer_numbers=numbers, spare_copies=copies)
            found = costs(resolution, made, lambda: job.cancelled)
            return None if job.cancelled else (found, rows_of(resolution, found))

        self._job = self._session.background.run(work, self._take, self._fail, name="costs")

    def _take(self, result: tuple[NetworkCosts, list[Row]]) -> None:
        self._job = None
        before = self.costs
        self.costs, self.rows = result
        if before is None or before.resolution is not self.costs.resolution:
            self.timing = None
            if self._measuring is not None:
                self._measuring.cancel()
                self._measuring = None
        self.changed.emit()

    def _fail(self, error: BaseException) -> None:
        self._job = None
        log.error("the costs could not be worked out", exc_info=error)
        self._session.notice.emit("error", f"What the network costs could not be worked out: {error}.")

    def node(self, id: str) -> NodeCosts | None:
        """Costs of a node of the open scope; None where they are not there yet or not known."""
        return next(iter(self.of_nodes((id,))), None)

    def of_nodes(self, ids: Iterable[str]) -> list[NodeCosts]:
        """Costs of those of these nodes of the open scope of which they are known."""
        if self.costs is None or self._session.whole is not self.costs.resolution:
            return []
        scope, known = self._session.scope, self.costs.nodes
        prefix = scope.prefix
        return [] if scope.block and not scope.path else [known[prefix + id] for id in ids if prefix + id in known]

    def seconds(self, id: str) -> float | None:
        """Measured seconds of a node of the open scope; None where nothing was measured."""
        if self.timing is None:
            return None
        return self.timing.seconds.get(self._session.scope.prefix + id)

    @property
    def measuring(self) -> Job | None:
        """The measuring that is under way."""
        return self._measuring

    def measure(self) -> None:
        """Measure each node's forward pass in the background, on the CPU."""
        found = self.costs
        if found is None or self._measuring is not None:
            return

        def work(job: Job) -> Timing:
            from nnstudio.compile.timing import measure

            return measure(found, cancelled=lambda: job.cancelled, report=job.report)

        self._measuring = self._session.background.run(work, self._timed, self._not_timed, name="timing")
        self.changed.emit()

    def _timed(self, timing: Timing) -> None:
        self._measuring = None
        self.timing = timing
        self.changed.emit()

    def _not_timed(self, error: BaseException) -> None:
        from nnstudio.compile.timing import NotMeasuredError

        self._measuring = None
        if not isinstance(error, NotMeasuredError):
            log.error("the times could not be measured", exc_info=error)
        self._session.notice.emit("warning", str(error) or type(error).__name__)
        self.changed.emit()
