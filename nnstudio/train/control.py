"""Control: what a person asks of a run, from any thread; the trainer answers within one step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnstudio.train.changing import check_changeable

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled


@dataclass(frozen=True, slots=True)
class Wish:
    """Which nodes a person looks into, and at which sample: row ``sample`` of ``split``."""

    nodes: tuple[str, ...]
    split: str = "train"
    sample: int = 0


@dataclass(frozen=True, slots=True)
class NewNetwork:
    """Another network for the run. make: compiles it, called in the trainer's thread; network: its hash."""

    make: Callable[[], Compiled]
    network: str | Callable[[], str] = ""


class Control:
    """Requests to a run. Every method may be called from any thread, before the run begins and after it ended.

    The trainer reads :attr:`pending` after every step (one attribute, no lock) and looks closer only where it is set.
    insides: what is to be looked into at the next looks; None: nothing.
    """

    def __init__(self, *, paused: bool = False) -> None:
        self._condition = threading.Condition()
        self._paused = paused
        self._steps = 0
        self._epoch = False
        self._checkpoint = False
        self._plan: dict[str, Any] = {}
        self._network: NewNetwork | None = None
        self._stop = False
        self.insides: Wish | None = None
        self.pending = paused

    def pause(self) -> None:
        """Stand still after the step that is running."""
        self._ask(paused=True)

    def resume(self) -> None:
        """Go on."""
        self._ask(paused=False)

    def step_once(self) -> None:
        """Do exactly one step and stand still after it; several calls do as many steps."""
        with self._condition:
            self._steps += 1
            self._wake()

    def epoch_once(self) -> None:
        """Train to the end of the epoch that is under way (of the next one, where none is) and stand still there."""
        with self._condition:
            self._epoch, self._paused, self._steps = True, False, 0
            self._wake()

    def checkpoint(self) -> None:
        """Write a checkpoint now (where the run keeps any); works while it stands still too."""
        with self._condition:
            self._checkpoint = True
            self._wake()

    def change_plan(self, values: Mapping[str, Any]) -> None:
        """Change values of the plan, by name, in the middle of the run; works while it stands still too.

        A PlanChanged tells when they hold: from the next step on, or where they decide what an epoch's steps are (batch
        size, phases) from the next epoch on. What is not allowed is a Diagnosis, and nothing changes. TrainingError
        where a value stays the same for the whole of a run (seed, device).
        """
        check_changeable(values)
        with self._condition:
            self._plan.update(values)
            self._wake()

    def change_network(self, make: Callable[[], Compiled], network: str | Callable[[], str] = "") -> None:
        """Go on with another network: all weights that still fit go over, with what the optimizer remembers of them.

        A NetworkChanged and a RunStarted of the same run tell that it was done; where it cannot be, a Diagnosis says
        why, and the run stands still with the network that it has.

        Args:
            make: compiles the network, in the trainer's thread.
            network: its hash, for the RunStarted, or what works it out there.
        """
        with self._condition:
            self._network = NewNetwork(make, network)
            self._wake()

    def look_into(self, nodes: Iterable[str], split: str = "train", sample: int = 0) -> None:
        """Have these nodes (by id) looked into with one sample whenever the run is looked at; none: no longer."""
        wanted = tuple(nodes)
        self.insides = Wish(wanted, split, sample) if wanted else None

    def stop(self) -> None:
        """End the run; the weights so far (or the best) are kept. Nothing takes it back."""
        with self._condition:
            self._stop = True
            self._wake()

    @property
    def paused(self) -> bool:
        """Whether the run is asked to stand still."""
        return self._paused

    @property
    def stopping(self) -> bool:
        """Whether the run is asked to end."""
        return self._stop

    def _ask(self, *, paused: bool) -> None:
        with self._condition:
            self._paused, self._epoch = paused, False
            if not paused:
                self._steps = 0
            self._wake()

    def _wake(self) -> None:
        self.pending = True
        self._condition.notify_all()

    # For the trainer.

    def take_checkpoint(self) -> bool:
        """Whether a checkpoint was asked for since this was last called."""
        with self._condition:
            wanted, self._checkpoint = self._checkpoint, False
            return wanted

    def take_plan(self) -> dict[str, Any]:
        """The values of the plan that are to change."""
        with self._condition:
            wanted, self._plan = self._plan, {}
            return wanted

    def take_network(self) -> NewNetwork | None:
        """The network to go on with, where another is wanted."""
        with self._condition:
            wanted, self._network = self._network, None
            return wanted

    def take_step(self) -> bool:
        """Whether one more single step is to be done; from then on the run is asked to stand still."""
        with self._condition:
            if self._steps == 0:
                return False
            self._steps -= 1
            self._paused = self.pending = True
            return True

    @property
    def one_epoch(self) -> bool:
        """Whether the run is asked to stand still at the end of the epoch."""
        return self._epoch

    def epoch_done(self) -> None:
        """An epoch has ended: where one was asked for, the run is asked to stand still."""
        if not self._epoch:  # short epochs end a hundred times a second
            return
        with self._condition:
            if self._epoch:
                self._epoch, self._paused, self.pending = False, True, True

    @property
    def step_waits(self) -> bool:
        """Whether :meth:`take_step` would give one."""
        return self._steps > 0

    @property
    def _waiting(self) -> bool:
        """Whether there is something to do besides standing still."""
        return self._stop or self._checkpoint or self._steps > 0 or bool(self._plan) or self._network is not None

    def settle(self) -> None:
        """All has been answered: nothing is pending unless the run is to stand still or to end."""
        with self._condition:
            self.pending = self._paused or self._waiting

    def wait(self) -> None:
        """Sleep until there is something to do: go on, one step, a change, a checkpoint, or the end."""
        with self._condition:
            self._condition.wait_for(lambda: self._waiting or not self._paused)
