"""Edits while a run goes: the run follows the plan at once, and takes the network when it goes on after a pause."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from nnstudio.train.changing import FIXED, changed, titled, told
from nnstudio.train.events import Diagnosis, Event, NetworkChanged, PlanChanged

if TYPE_CHECKING:
    from nnstudio.graph import Network
    from nnstudio.train.plan import Plan
    from nnstudio.ui.session import Session

#: An edit counts when nothing was edited for so long: a value that is dragged or typed passes others on its way.
REST_MS = 250
#: Diagnoses that answer an edit; they are told once and are no problems of the run.
REFUSED = ("plan-not-changed", "network-not-changed")
#: Layers that a notice names.
NAMED = 3


class RunChanges(QObject):
    """Has the run of a session follow its document. For :class:`~nnstudio.ui.training.Training`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._plan: Plan | None = None
        self._asked: Network | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST_MS)
        self._timer.timeout.connect(self.follow_plan)
        session.changed.connect(self._document_changed)

    def began(self, plan: Plan) -> None:
        """A run begins by this plan."""
        self._timer.stop()
        self._plan, self._asked = plan, None

    def ended(self) -> None:
        """There is no run that could follow."""
        self._timer.stop()
        self._plan = self._asked = None

    @property
    def network_waits(self) -> bool:
        """Whether the network was edited since the run took it: a pause lets it take the edited one."""
        training = self._session.training
        return training.under_way and not self._same(training.network)

    def follow_plan(self) -> None:
        """Have the run take over what was changed of the plan."""
        self._timer.stop()
        control, plan, before = self._session.training.control, self._session.plan, self._plan
        if control is None or before is None or plan == before:
            return
        names = changed(before, plan)
        for name in names:
            if name in FIXED:
                value = getattr(plan, name)
                said = f"The {titled(name)} of the run stays as it was; {value} counts from the next run on"
                self._session.notice.emit("info", said)
        if "batch_size" in names:
            self._session.notice.emit("info", "The batch size changes with the next epoch")
        self._plan = plan
        values = {name: getattr(plan, name) for name in names if name not in FIXED}
        if values:
            control.change_plan(values)

    def follow_network(self) -> None:
        """Have the run, which stands still, go on with the network as it is drawn now."""
        self.follow_plan()
        training, network = self._session.training, self._session.sheet.network
        if not self._same(training.network) and self._asked is not network:
            self._asked = network
            training.change_network(network)

    def heard(self, events: Iterable[Event]) -> list[Event]:
        """Tell what became of what was asked; what remains is of the run itself."""
        left = []
        for event in events:
            match event:
                case Diagnosis() if event.code in REFUSED:
                    hint = f"; {event.hint}" if event.hint else ""
                    self._session.notice.emit("warning", f"{event.message}{hint}")
                    self._asked = None
                    continue
                case NetworkChanged():
                    if self._asked is not None:
                        self._session.training.network = self._asked
                    self._asked = None
                    self._session.notice.emit("info", f"The run goes on with the edited network: {summary(event)}")
                case PlanChanged():
                    self._session.notice.emit(
                        "info", f"From step {event.step + 1:,} on: {told(event.before, event.after)}"
                    )
            left.append(event)
        return left

    def _document_changed(self, _: object) -> None:
        training = self._session.training
        if self._plan is not None and training.under_way and self._session.plan != self._plan:
            self._timer.start()

    def _same(self, network: Network | None) -> bool:
        present = self._session.sheet.network
        return network is present or network == present


def summary(event: NetworkChanged) -> str:
    """What was kept of a network, layer by layer: ``3 layers keep their weights, “hidden” was fitted, “more” begins
    afresh``."""
    cut, fresh = _layers(event.cut), _layers(event.fresh)
    fresh = [name for name in fresh if name not in cut]
    kept = [name for name in _layers(event.kept) if name not in cut and name not in fresh]
    parts = [f"{len(kept)} layer{' keeps its' if len(kept) == 1 else 's keep their'} weights"] if kept else []
    parts += [f"{_named(cut)} {'was' if len(cut) == 1 else 'were'} fitted in part"] if cut else []
    parts += [f"{_named(fresh)} begin{'s' if len(fresh) == 1 else ''} afresh"] if fresh else []
    return ", ".join(parts) or "no layer has weights"


def _layers(weights: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(weight.rpartition(".")[0] for weight in weights))


def _named(layers: list[str]) -> str:
    more = len(layers) - NAMED
    names = ", ".join(f"“{name}”" for name in layers[:NAMED])
    return f"{names} and {more} more" if more > 0 else names
