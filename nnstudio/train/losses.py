"""Loss values: they stay on the device, are fetched many at once, and are sent as Steps events."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.events import Steps
from nnstudio.train.state import NotFiniteError, State

if TYPE_CHECKING:
    import torch


class Losses:
    """What the steps put aside: ``waiting`` (total losses on the device), ``waiting_parts`` (each loss node's, by id,
    where there are several) and ``rates``. A step appends to these lists and does nothing else."""

    def __init__(self, state: State) -> None:
        import torch

        self.state = state
        self.waiting: list[torch.Tensor] = []
        self.waiting_parts: dict[str, list[torch.Tensor]] = {id: [] for id in state.parts}
        self.rates: list[float] = []
        self._unsent: list[NDArray[np.float32]] = []
        self._unsent_parts: dict[str, list[NDArray[np.float32]]] = {id: [] for id in state.parts}
        self._speed, self._since, self._sent = 0.0, 0.0, 0
        #: what stands in ``waiting_parts`` for a loss that a step does not work out
        self.unknown: torch.Tensor = torch.full((), torch.nan, device=state.device)

    def begin(self) -> None:
        """The run begins, or goes on after a pause: time before this does not count for its speed."""
        self._since = perf_counter()
        self._sent = self.state.progress.step - sum(map(len, self._unsent)) - len(self.waiting)

    def fetch(self) -> None:
        """Bring over what waits on the device. NotFiniteError at the first loss that is not finite."""
        import torch

        if not self.waiting:
            return
        losses = torch.stack(self.waiting).float().cpu().numpy()
        self.waiting.clear()
        for id, values in self.waiting_parts.items():
            part = torch.stack(values).float().cpu().numpy()
            values.clear()
            self._unsent_parts[id].append(part)
            self.state.parts[id].extend(part.tolist())
        self._unsent.append(losses)
        self.state.losses.extend(losses.tolist())
        finite = np.isfinite(losses)
        if not finite.all():
            raise NotFiniteError(self.state.progress.step - len(losses) + int(np.argmin(finite)))

    def event(self, steps_left: int, watching: float, **where: Any) -> Steps | None:
        """The losses that were fetched since the last event; None where there are none."""
        if not self._unsent:
            return None
        losses = np.concatenate(self._unsent)
        parts = {id: np.concatenate(values) for id, values in self._unsent_parts.items()}
        rates = np.asarray(self.rates, np.float32)
        for values in (self._unsent, self.rates, *self._unsent_parts.values()):
            values.clear()  # type: ignore[attr-defined]
        now = perf_counter()
        speed = len(losses) / max(now - self._since, 1e-9)
        self._speed = 0.8 * self._speed + 0.2 * speed if self._speed else speed
        self._since, first = now, self._sent
        self._sent += len(losses)
        return Steps(
            first=first, losses=losses, learning_rates=rates, parts=parts, steps_per_second=self._speed,
            seconds_left=steps_left / self._speed, watching=watching, **where,
        )  # fmt: skip
