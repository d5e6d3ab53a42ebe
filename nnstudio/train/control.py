"""Control: what a person asks of a run, from any thread; the trainer answers within one step."""

from __future__ import annotations

import threading


class Control:
    """Requests to a run. Every method may be called from any thread, before the run begins and after it ended.

    The trainer reads :attr:`pending` after every step (one attribute, no lock) and looks closer only where it is set.
    """

    def __init__(self, *, paused: bool = False) -> None:
        self._condition = threading.Condition()
        self._paused = paused
        self._steps = 0
        self._checkpoint = False
        self._stop = False
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

    def checkpoint(self) -> None:
        """Write a checkpoint now (where the run keeps any); works while it stands still too."""
        with self._condition:
            self._checkpoint = True
            self._wake()

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
            self._paused = paused
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

    def take_step(self) -> bool:
        """Whether one more single step is to be done; from then on the run is asked to stand still."""
        with self._condition:
            if self._steps == 0:
                return False
            self._steps -= 1
            self._paused = self.pending = True
            return True

    @property
    def step_waits(self) -> bool:
        """Whether :meth:`take_step` would give one."""
        return self._steps > 0

    def settle(self) -> None:
        """All has been answered: nothing is pending unless the run is to stand still or to end."""
        with self._condition:
            self.pending = self._stop or self._paused or self._checkpoint or self._steps > 0

    def wait(self) -> None:
        """Sleep until there is something to do: go on, one step, a checkpoint, or the end."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._stop or not self._paused or self._checkpoint or self._steps > 0,
            )
