"""Probes: what is seen of a step: distributions of activations and weights, and norms of gradients.

There are no hooks: on a step that is looked at the trainer runs ``compiled.observed``, which does the same arithmetic
and gives the activations too. Everything is worked out where the numbers are; what comes back is few small transfers.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nnstudio.layers import Layer, TensorType
from nnstudio.train.environment import any_algorithm
from nnstudio.train.events import Histogram

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled

BINS = 50
#: Numbers of one tensor that a histogram counts, about and at most: evenly spread over all of them.
COUNTED = 10_000
#: Numbers above which sums and squares are made in double precision: those of a training that goes astray.
HUGE = 1e15
#: Weights above which the last update is not measured, since that takes a copy of them.
UPDATES = 50_000_000
#: How near to a bound a value is saturated, as a share of the way from one bound to the other.
SATURATED = 0.01

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a layer's output is read. unit: the axis along which its units are (None: it has none); bounds: those of the
    layer (`layers.Layer.bounds`), where it has any."""

    unit: int | None = None
    bounds: tuple[float, float] | None = None


_PLAIN = Reading()


def readings(compiled: Compiled) -> dict[str, Reading]:
    """How each node's output (its first port) is read, by id."""
    found = {}
    for id in compiled.resolution.order:
        node = compiled.resolution.nodes[id]
        if isinstance(node.layer, Layer) and node.outputs and node.layer.role != "input":  # no unit of data is dead
            found[id] = Reading(unit_axis(next(iter(node.outputs.values()))), node.layer.bounds())
    return found


def unit_axis(type: TensorType) -> int | None:
    """Where a tensor's units are: its channels, else its features, which are the last axis; None where a sample is one
    number."""
    if "C" in type.labels[1:]:
        return type.labels.index("C", 1)
    return type.rank - 1 if type.rank > 1 else None


def histograms(tensors: Mapping[K, torch.Tensor], how: Mapping[K, Reading] | None = None) -> dict[K, Histogram]:
    """A histogram of each tensor (batch first); empty ones are left out.

    Of a large one some numbers are counted, evenly spread; ``dead`` is of all of it.
    """
    import torch

    how = how or {}
    with torch.no_grad(), any_algorithm():
        found = {id: (tensor.detach(), how.get(id, _PLAIN)) for id, tensor in tensors.items() if tensor.numel()}
        here = {
            id: _summed(_counted(tensor).numpy(), way.bounds) for id, (tensor, way) in found.items() if _near(tensor)
        }
        away = {id: (_counted(tensor), way.bounds) for id, (tensor, way) in found.items() if not _near(tensor)}
        made = {**here, **_summed_away(away)}
        dead = _dead({id: (found[id][0], found[id][1].unit) for id, histogram in made.items() if histogram.zeros})
    return {id: replace(made[id], dead=dead[id]) if id in dead else made[id] for id in found}


def _near(tensor: torch.Tensor) -> bool:
    return tensor.device.type == "cpu"


def _counted(tensor: torch.Tensor) -> torch.Tensor:
    """The numbers of a tensor that are counted, float32, shape (n,). The step between them shares no factor with the
    tensor's size, so that they do not all fall on the same channels or columns."""
    import torch

    flat = tensor.reshape(-1)
    size = flat.numel()
    if size > COUNTED:
        stride = -(-size // COUNTED)
        while math.gcd(stride, size) > 1:
            stride += 1
        flat = flat[::stride].contiguous()
    return flat if flat.dtype == torch.float32 else flat.float()


def _summed(values: NDArray[np.float32], bounds: tuple[float, float] | None) -> Histogram:
    """The histogram of values on the host, shape (n,): NumPy does in 50 µs what takes torch 200."""
    low, high = float(np.minimum.reduce(values)), float(np.maximum.reduce(values))
    bad = 0
    if not math.isfinite(low - high):
        kept = values[np.isfinite(values)]
        bad = values.size - kept.size
        if not kept.size:
            return _histogram(np.zeros(BINS, np.float32), (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 1, bad)
        values, low, high = kept, float(kept.min()), float(kept.max())
    if max(-low, high) > HUGE:
        values = values.astype(np.float64)
    mean = float(np.add.reduce(values)) / values.size
    spread = values - np.float32(mean)
    square = float(np.dot(spread, spread)) / values.size
    zeros = values.size - int(np.count_nonzero(values))
    near = 0
    if bounds is not None:
        middle, reach = _middle(bounds)
        near = int(np.count_nonzero(np.abs(values - np.float32(middle)) >= np.float32(reach)))
    start, end = _apart(low, high)
    index = ((values - np.float32(start)) * np.float32(BINS / (end - start))).astype(np.intp)
    counts = np.bincount(np.clip(index, 0, BINS - 1, out=index), minlength=BINS).astype(np.float32)
    return _histogram(counts, (low, high, mean, square, zeros, near), values.size, bad)


def _summed_away(tensors: Mapping[K, tuple[torch.Tensor, tuple[float, float] | None]]) -> dict[K, Histogram]:
    """The histograms of values on another device, worked out there: two small transfers for all."""
    import torch

    if not tensors:
        return {}
    flat = {id: values for id, (values, _) in tensors.items()}
    rows = _fetched([_summary(values, bounds) for values, bounds in tensors.values()])
    bad = dict.fromkeys(flat, 0)
    for place, (id, values) in enumerate(flat.items()):
        if not np.isfinite(rows[place]).all():
            kept = values[values.isfinite()]
            bad[id] = values.numel() - kept.numel()
            flat[id] = kept
            rows[place] = _summary(kept, tensors[id][1]).cpu().numpy() if kept.numel() else 0.0
    ranges = [_apart(float(low), float(high)) for low, high, *_ in rows]
    counts = _fetched([torch.histc(values, BINS, *ends) for values, ends in zip(flat.values(), ranges, strict=True)])
    return {
        id: _histogram(counted, tuple(row.tolist()), values.numel() or 1, bad[id])
        for (id, values), row, counted in zip(flat.items(), rows, counts, strict=True)
    }


def _histogram(counts: NDArray[np.float32], summary: tuple[float, ...], count: int, bad: int) -> Histogram:
    """From the bins' counts and lowest, highest, mean, variance, number of zeros and of saturated values."""
    low, high, mean, square, zeros, near = summary
    low, high = _apart(low, high)
    return Histogram(counts, low, high, mean, math.sqrt(max(square, 0.0)), zeros / count, bad, near / count)


def _summary(values: torch.Tensor, bounds: tuple[float, float] | None) -> torch.Tensor:
    """Lowest, highest, mean, variance, number of zeros and of saturated values, shape (6,)."""
    import torch

    low, high = values.aminmax()
    mean = values.mean()
    spread = values - mean
    variance = torch.dot(spread, spread) / values.numel()
    zeros = (values.numel() - torch.count_nonzero(values)).float()
    near = torch.zeros_like(mean)
    if bounds is not None:
        middle, reach = _middle(bounds)
        near = torch.count_nonzero((values - middle).abs_() >= reach).float()
    return torch.stack([low, high, mean, variance, zeros, near])


def _middle(bounds: tuple[float, float]) -> tuple[float, float]:
    """The middle between two bounds, and how far from it values are saturated."""
    return (bounds[0] + bounds[1]) / 2, (bounds[1] - bounds[0]) * (0.5 - SATURATED)


def _dead(tensors: Mapping[K, tuple[torch.Tensor, int | None]]) -> dict[K, float]:
    """The share of units that are zero in all of a tensor; nothing of those that have no units."""
    import torch

    near, away = {}, {}
    for id, (tensor, axis) in tensors.items():
        if axis is None or not tensor.is_floating_point() or tensor.dim() <= axis:
            continue
        others = [place for place in range(tensor.dim()) if place != axis]
        highest, lowest = tensor.amax(others), tensor.amin(others)
        if _near(tensor):
            alive = np.count_nonzero((highest.float().numpy() != 0) | (lowest.float().numpy() != 0))
            near[id] = 1 - int(alive) / highest.numel()
        else:
            away[id] = 1 - torch.count_nonzero((highest != 0) | (lowest != 0)) / highest.numel()
    told = _fetched(list(away.values())).tolist() if away else []
    return {**near, **dict(zip(away, told, strict=True))}


def _apart(low: float, high: float) -> tuple[float, float]:
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
        self, gradients: torch.Tensor, before: list[torch.Tensor], noise: Sequence[torch.Tensor] = ()
    ) -> tuple[dict[str, float], dict[str, float], dict[str, float], dict[str, float]]:
        """By node: norms of the gradients (from :meth:`gradients`), of the weights, and of the step since ``before``
        (empty where that is); and the gradient's signal-to-noise ratio, from what `noise.Noise` of the same parameters
        tells (empty where it tells nothing, and without the nodes whose gradients never differ). One transfer."""
        import torch

        with torch.no_grad():
            weights = [parameter.detach() for parameter in self.parameters]
            rows = [gradients, self._norms(weights), *noise]
            if before:
                rows.append(self._norms(list(torch._foreach_sub(weights, before))))
            values = _fetched(rows).astype(np.float64)
        found = [self._by_node(row) for row in values]
        signal = {}
        if noise:
            mean, spread = found[2], found[3]
            signal = {id: mean[id] / size for id, size in spread.items() if size > 0 and math.isfinite(mean[id] / size)}
        return found[0], found[1], found[-1] if before else {}, signal

    def _norms(self, tensors: list[torch.Tensor]) -> torch.Tensor:
        import torch

        return torch.stack([norm.float() for norm in torch._foreach_norm(tensors)])

    def _by_node(self, norms: Any) -> dict[str, float]:
        squares = np.bincount(self._owner, weights=norms**2, minlength=len(self.nodes))
        return dict(zip(self.nodes, np.sqrt(squares).tolist(), strict=True))
