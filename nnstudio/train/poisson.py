"""Batches of private training: each step draws every row by itself, with one probability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from nnstudio.train.batches import Batch, Batches, Rows
from nnstudio.train.environment import seed_of
from nnstudio.train.privacy import Sampling

if TYPE_CHECKING:
    import torch

    from nnstudio.train.private import Secret


class PoissonBatches(Batches):
    """Batches whose sizes vary, down to none: what the accountant of private training assumes.

    An epoch has as many steps as without privacy; a row may come several times in it, or never. Which rows are drawn
    follows from the secret and the epoch's number alone. ``sizes``: those of the epoch that was begun last.
    """

    def __init__(self, rows: Rows, batch_size: int, secret: Secret, drawn: Sampling) -> None:
        super().__init__(rows, batch_size, 0)
        self.drawn, self.secret = drawn, secret
        self._known, self._rows = (-1, -1), np.empty(0, np.int64)
        self._draw(0)

    def rows_of(self, epoch: int, batch: int) -> tuple[int, ...]:
        self._draw(epoch)
        return super().rows_of(epoch, batch)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        self._draw(epoch)  # at once: whoever asks for the sizes next means these
        return super().epoch(epoch, start)

    def _order(self, epoch: int) -> torch.Tensor:
        import torch

        self._draw(epoch)
        return torch.from_numpy(self._rows)

    def _draw(self, epoch: int) -> None:
        """Draw an epoch's batches: how many rows each has is binomial, and which they are is a choice of so many."""
        if self._known == (self.secret.order, epoch):
            return
        self.seed = self.secret.order
        random = np.random.Generator(np.random.PCG64(seed_of(self.seed, "poisson", epoch)))
        rows, rate = self.drawn.rows, self.drawn.rate
        sizes = random.binomial(rows, rate, self.drawn.steps)
        chosen = [random.choice(rows, int(size), replace=False) for size in sizes]
        self._rows = np.concatenate(chosen) if chosen else np.empty(0, np.int64)
        self.sizes, self._known = sizes.tolist(), (self.seed, epoch)
