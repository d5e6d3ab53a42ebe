"""Figures of a pass over some rows: losses and metrics, gathered without waiting for the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled

#: Batches whose predictions are kept until a metric sees them all at once, at most.
TOGETHER = 64
#: Numbers in those predictions, at most.
TOGETHER_NUMBERS = 1 << 20
#: What a metric is fed, in order: the input ports of its layer.
ENDS = ("prediction", "target", "padding")
#: A batch as a metric gets it: prediction, target and, where it is wired, padding.
Compared = tuple["torch.Tensor", ...]


class Objective:
    """What is minimised: the sum of weight · loss over the loss nodes (all, unless some are given)."""

    def __init__(self, compiled: Compiled, losses: Sequence[str] | None = None) -> None:
        self.ids = compiled.losses if losses is None else tuple(losses)
        self.weights = dict(compiled.weighted)
        self.names = {id: compiled.name(id) for id in self.ids}
        self._plain = self.ids[0] if len(self.ids) == 1 and self.weights.get(self.ids[0], 1.0) == 1.0 else ""

    def total(self, out: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The total loss, a scalar."""
        if self._plain:
            return out[self._plain]
        total: torch.Tensor = sum(out[id] * self.weights.get(id, 1.0) for id in self.ids)  # type: ignore[assignment]
        return total

    def figures(
        self, totals: Sequence[float], parts: Mapping[str, Sequence[float]], sizes: Sequence[int],
        counted: Mapping[str, Sequence[float]] | None = None,
    ) -> Figures:  # fmt: skip
        """Means over the samples by name: ``loss`` and each loss node's own.

        totals: of each batch. parts: each loss node's values, by id (may be left out where there is one loss).
        counted: over how much of each batch a loss is the mean, by id, where that is not its samples; with any,
        ``parts`` are there.
        """
        if counted:
            each = {id: np.average(np.asarray(parts[id]), weights=counted.get(id, sizes)) for id in self.ids}
            own = {self.names[id]: float(value) for id, value in each.items()}
            return {**own, "loss": float(sum(value * self.weights.get(id, 1.0) for id, value in each.items()))}
        mean = float(np.average(np.asarray(totals, np.float64), weights=sizes))
        found = {}
        for id in self.ids:
            if id in parts:
                found[self.names[id]] = float(np.average(np.asarray(parts[id], np.float64), weights=sizes))
            elif self.weights.get(id, 1.0):
                found[self.names[id]] = mean / self.weights.get(id, 1.0)
        return {**found, "loss": mean}

    def figures_of_phases(self, parts: Mapping[str, Sequence[float]], sizes: Sequence[int]) -> Figures:
        """As :meth:`figures`, where each step works out some of the losses only and the others are NaN: each loss is
        the mean of the steps that have it, ``loss`` is their weighted sum. What no step has is left out."""
        found, total = {}, 0.0
        for id, values in parts.items():
            known = np.isfinite(values)
            if known.any():
                own = float(np.average(np.asarray(values, np.float64)[known], weights=np.asarray(sizes)[known]))
                found[self.names[id]] = own
                total += own * self.weights.get(id, 1.0)
        return {**found, "loss": total}


Figures = dict[str, float]


def _takes_codes(compiled: Compiled, metric: str) -> bool:
    """Whether what a metric compares predictions with are class codes."""
    wires = [wire for wire in compiled.network.incoming.get(metric, ()) if wire.input == "target"]
    types = [compiled.resolution.wire_type(wire) for wire in wires]
    return any(type is not None and type.is_int for type in types)


def writes(compiled: Compiled, metric: str) -> bool:
    """Whether a metric compares what the network writes, so that a pass over the data does not tell it."""
    return bool(getattr(compiled.network.nodes[metric].layer, "generated", False))


class Metrics:
    """The metric nodes' values over the batches that were added.

    Predictions of several batches wait (on the device) and are compared together, which costs a small part of
    comparing them batch by batch. When that happens depends on the number of batches alone, never on time, so the
    same run adds up the same numbers in the same order.
    """

    def __init__(
        self, compiled: Compiled, device: torch.device, ids: Sequence[str] | None = None, together: int = TOGETHER
    ) -> None:
        ids = [id for id in (compiled.metrics if ids is None else ids) if not writes(compiled, id)]
        self.modules: dict[str, Any] = {id: compiled.metric(id).to(device) for id in ids}
        self.names = {id: compiled.name(id) for id in ids}
        self.together = together
        self._coded = {id for id in self.modules if _takes_codes(compiled, id)}
        self._keys = [(id, tuple(f"{id}.{end}" for end in ENDS)) for id in self.modules]
        self._waiting: list[dict[str, Compared]] = []
        self._limit = 0

    def add(self, out: Mapping[str, torch.Tensor]) -> None:
        """Count what a forward pass gave."""
        if not self._keys or self._keys[0][1][0] not in out:  # a private step may draw no rows
            return
        self._wait({id: self._compared(out, id, ends) for id, ends in self._keys})
        if len(self._waiting) >= self._limit:
            self._update()

    def _compared(self, out: Mapping[str, torch.Tensor], id: str, ends: tuple[str, ...]) -> Compared:
        """What a metric is fed. Shares of classes where it takes codes (two samples mixed): the greatest one counts."""
        found = [out[end].detach() for end in ends if end in out]
        if id in self._coded and found[1].is_floating_point():
            found[1] = found[1].argmax(1)
        return tuple(found)

    def _update(self) -> None:
        import torch

        waiting, self._waiting = self._waiting, []
        with torch.no_grad():
            for id, module in self.modules.items() if waiting else ():
                for compared in _joined([batch[id] for batch in waiting]):
                    module.update(*compared)

    def compute(self) -> Figures:
        """Values by the metric nodes' names."""
        self._update()
        return {self.names[id]: float(module.compute()) for id, module in self.modules.items()}

    def reset(self) -> None:
        """Forget all that was added."""
        self._waiting.clear()
        for module in self.modules.values():
            module.reset()

    def tensors(self) -> dict[str, torch.Tensor]:
        """What was gathered so far and is a tensor, by name; :meth:`restore` takes it back."""
        found = {name: value for name, value in self._sums().items() if hasattr(value, "device")}
        for place, batch in enumerate(self._waiting):
            for id, compared in batch.items():
                for end, tensor in zip(ENDS, compared, strict=False):
                    found[f"waiting.{self.names[id]}.{place}.{end}"] = tensor
        return found

    def numbers(self) -> dict[str, float | int | None]:
        """The rest of what was gathered so far, by name."""
        return {name: value for name, value in self._sums().items() if not hasattr(value, "device")}

    def restore(
        self, tensors: Mapping[str, torch.Tensor], numbers: Mapping[str, float | int | None], device: torch.device
    ) -> None:
        """Go on from what :meth:`tensors` and :meth:`numbers` gave."""
        self.reset()
        for id, module in self.modules.items():
            prefix = f"metric.{self.names[id]}."
            for name, value in {**numbers, **tensors}.items():
                if name.startswith(prefix):
                    own: Any = value if isinstance(value, int | float | None) else value.to(device, copy=True)
                    kept = isinstance(getattr(module, name[len(prefix) :], None), list)
                    setattr(module, name[len(prefix) :], [own] if kept else own)
        place = 0
        while self._keys and f"waiting.{self.names[self._keys[0][0]]}.{place}.prediction" in tensors:
            batch = {}
            for id in self.modules:
                names = [f"waiting.{self.names[id]}.{place}.{end}" for end in ENDS]
                batch[id] = tuple(tensors[name].to(device) for name in names if name in tensors)
            self._wait(batch)
            place += 1

    def _wait(self, batch: dict[str, Compared]) -> None:
        self._waiting.append(batch)
        if not self._limit:
            largest = max(compared[0].numel() for compared in batch.values())
            self._limit = max(1, min(self.together, TOGETHER_NUMBERS // max(1, largest)))

    def _sums(self) -> dict[str, Any]:
        """What each metric module has gathered: its buffers and its attributes that are tensors, lists of them (as one,
        which stays in their place) or numbers."""
        import torch

        found = {}
        for id, module in self.modules.items():
            values = {**vars(module), **dict(module.named_buffers())}
            for name, value in sorted(values.items()):
                if isinstance(value, list) and value:
                    value[:] = [torch.cat(value)]
                    found[f"metric.{self.names[id]}.{name}"] = value[0]
                elif isinstance(value, torch.Tensor | int | float | None) and name[0] != "_" and name != "training":
                    found[f"metric.{self.names[id]}.{name}"] = value
        return found


def _joined(batches: list[Compared]) -> list[Compared]:
    """The batches as one, where their shapes allow it."""
    import torch

    alike = {tuple(tensor.shape[1:] for tensor in batch) for batch in batches}
    if len(batches) > 1 and len(alike) == 1 and all(tensor.dim() for tensor in batches[0]):
        return [tuple(torch.cat(tensors) for tensors in zip(*batches, strict=True))]
    return batches
