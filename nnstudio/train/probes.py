"""Probes: histograms of activations and norms of gradients, taken on the steps where a snapshot is due, and no others.

There are no hooks: on such a step the trainer runs ``compiled.observed``, which does the same arithmetic and gives the
activations too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstudio.train.environment import any_algorithm
from nnstudio.train.events import Histogram

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled

BINS = 50
#: Numbers of one activation that a histogram counts, at most: the first samples of the (shuffled) batch.
COUNTED = 1 << 16
#: Weights above which the last update is not measured, since that takes a copy of them.
UPDATES = 50_000_000


class Pace:
    """When to look: at the display's pace, and more rarely where looking costs more than its budget.

    All times are in seconds. What a look costs beyond a plain step is measured on every look, and the next one waits
    until that cost is within ``budget`` of the time since; events that are sent in between count too.
    """

    def __init__(self, budget: float, interval: float = 0.1) -> None:
        self.budget, self.interval = budget, interval
        self.next = 0.0
        self.share = 0.0
        self._plain = 0.0
        self._since = 0.0
        self._cost = 0.0

    def began(self, now: float) -> None:
        """The run begins, or goes on after standing still: time before this does not count. The first look waits until
        it is known how long a plain step takes."""
        self._since, self._cost = now, 0.0
        self.next = now if self._plain else math.inf

    def stepped(self, seconds: float, steps: int) -> None:
        """So many plain steps took so long."""
        if steps:
            each = seconds / steps
            self._plain = each if not self._plain else 0.7 * self._plain + 0.3 * each
            self.next = 0.0 if self.next == math.inf else self.next

    def sent(self, seconds: float, now: float) -> None:
        """Sending events took so long."""
        self._cost += seconds
        self._settle(now)

    def looked(self, seconds: float, now: float) -> None:
        """A step with a look took so long, ending now."""
        extra = max(0.0, seconds - self._plain) if self._plain else 0.0
        self._cost += extra
        self.next = now + max(self.interval, extra / self.budget)
        self._settle(now)

    def _settle(self, now: float) -> None:
        elapsed = now - self._since
        if elapsed > 0:
            self.share = min(1.0, self._cost / elapsed)
        if self.share > self.budget:  # wait until the costs so far are within the budget
            self.next = max(self.next, self._since + self._cost / self.budget)
        if elapsed > 20.0:  # judge by the last seconds, not by the whole run
            self._since, self._cost = now - elapsed / 2, self._cost / 2


def histograms(activations: Mapping[str, torch.Tensor]) -> dict[str, Histogram]:
    """A histogram of each activation, worked out where it is; what comes back is two small transfers for all."""
    import torch

    with torch.no_grad(), any_algorithm():
        flat = {id: _counted(tensor) for id, tensor in activations.items() if tensor.numel()}
        if not flat:
            return {}
        rows = _fetched([_summary(values) for values in flat.values()])
        bad = dict.fromkeys(flat, 0)
        for place, (id, values) in enumerate(flat.items()):
            if not np.isfinite(rows[place]).all():
                kept = values[values.isfinite()]
                bad[id] = values.numel() - kept.numel()
                flat[id] = kept
                rows[place] = _summary(kept).cpu().numpy() if kept.numel() else 0.0
        bounds = [_bounds(float(low), float(high)) for low, high, *_ in rows]
        counts = _fetched(
            [torch.histc(values, BINS, low, high) for values, (low, high) in zip(flat.values(), bounds, strict=True)]
        )
    made = {}
    for (id, values), row, (low, high), counted in zip(flat.items(), rows, bounds, counts, strict=True):
        _, _, mean, square, zeros = map(float, row)
        share = zeros / values.numel() if values.numel() else 0.0
        spread = float(np.sqrt(max(square, 0.0)))
        made[id] = Histogram(counted, low, high, mean, spread, share, bad[id])
    return made


def _counted(tensor: torch.Tensor) -> torch.Tensor:
    """The numbers of an activation that are counted, float32, shape (n,)."""
    import torch

    tensor = tensor.detach()
    if tensor.dim() and tensor.numel() > COUNTED:
        tensor = tensor[: max(1, COUNTED * len(tensor) // tensor.numel())]
    flat = tensor.reshape(-1)
    if flat.numel() > 2 * COUNTED:  # one sample alone is larger
        flat = flat[:: flat.numel() // COUNTED]
    return flat if flat.dtype == torch.float32 else flat.float()


def _summary(values: torch.Tensor) -> torch.Tensor:
    """Lowest, highest, mean, variance and number of zeros, shape (5,)."""
    import torch

    low, high = values.aminmax()
    mean = values.mean()
    spread = values - mean
    variance = torch.dot(spread, spread) / values.numel()
    return torch.stack([low, high, mean, variance, (values == 0).sum().float()])


def _bounds(low: float, high: float) -> tuple[float, float]:
    """Bounds of the bins, apart from each other where all values are the same."""
    if high > low:
        return low, high
    margin = max(abs(low), 1.0) * 1e-3
    return low - margin, high + margin


def _fetched(tensors: Sequence[torch.Tensor]) -> Any:
    """Tensors of one shape as the rows of an array, in one transfer."""
    import torch

    return torch.stack(list(tensors)).cpu().numpy()


class Norms:
    """L2 norms of gradients, weights and the last update, by node."""

    def __init__(self, compiled: Compiled, parameters: Sequence[torch.nn.Parameter]) -> None:
        """``parameters``: those that are trained."""
        trained = set(map(id, parameters))
        self.nodes: list[str] = []
        self.parameters: list[torch.nn.Parameter] = []
        self._owner: list[int] = []
        for node in compiled.resolution.order:
            module = None if node in compiled.resolution.expansion.shared else compiled.modules.get(node)
            own = [p for p in module.parameters() if id(p) in trained] if module is not None else []
            if own:
                self._owner.extend([len(self.nodes)] * len(own))
                self.nodes.append(node)
                self.parameters.extend(own)
        self.updates = sum(parameter.numel() for parameter in self.parameters) <= UPDATES

    def before(self) -> list[torch.Tensor]:
        """A copy of the weights before a step; empty where there are too many."""
        return [parameter.detach().clone() for parameter in self.parameters] if self.updates else []

    def gradients(self) -> torch.Tensor:
        """The norm of each parameter's gradient (0 where it has none), still on the device, shape (parameters,)."""
        import torch

        with torch.no_grad():
            return self._norms([p.grad if p.grad is not None else torch.zeros_like(p) for p in self.parameters])

    def measure(
        self, gradients: torch.Tensor, before: list[torch.Tensor]
    ) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
        """By node: norms of the gradients (from :meth:`gradients`), of the weights, and of the step since ``before``
        (empty where that is). One transfer."""
        import torch

        with torch.no_grad():
            weights = [parameter.detach() for parameter in self.parameters]
            rows = [gradients, self._norms(weights)]
            if before:
                rows.append(self._norms(list(torch._foreach_sub(weights, before))))
            values = _fetched(rows).astype(np.float64)
        found = [self._by_node(row) for row in values]
        return found[0], found[1], found[2] if before else {}

    def _norms(self, tensors: list[torch.Tensor]) -> torch.Tensor:
        import torch

        return torch.stack([norm.float() for norm in torch._foreach_norm(tensors)])

    def _by_node(self, norms: Any) -> dict[str, float]:
        squares = np.bincount(self._owner, weights=norms**2, minlength=len(self.nodes))
        return dict(zip(self.nodes, np.sqrt(squares).tolist(), strict=True))
