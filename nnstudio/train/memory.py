"""How much memory a plan takes for each weight, what is free, and what a run takes. Imports torch when it measures."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    import torch


def optimizer_numbers(plan: Plan) -> int:
    """How many numbers the plan's optimizer keeps for each weight: momentum, means of gradients and their squares.
    Where phases have optimizers of their own, the one that keeps most counts."""
    if plan.phases:
        return max(optimizer_numbers(plan.of_phase(phase).with_(phases=())) for phase in plan.phases)
    match plan.optimizer:
        case "SGD":
            return int(plan.momentum > 0)
        case "RMSprop":
            return 1 + int(plan.momentum > 0)
        case "Adagrad":
            return 1
        case _:
            return 2


def spare_copies(plan: Plan) -> int:
    """How many copies of all weights training keeps besides: those of the best epoch."""
    return int(plan.keeps_best)


def free_memory(device: torch.device) -> int:
    """Bytes that are free on a device: of the GPU's own memory, or what the machine can give without swapping."""
    import psutil
    import torch

    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free)
    return int(psutil.virtual_memory().available)


class MemoryWatch:
    """The most memory that a run has taken, in bytes: of the GPU what torch took there, else what the process has more
    than when the watch began."""

    def __init__(self, device: torch.device) -> None:
        import psutil
        import torch

        self._device, self._process = device, psutil.Process()
        self._began = self._process.memory_info().rss
        self._next = 0.0
        self.most = 0
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def look(self) -> None:
        """Measure now, unless that was done less than half a second ago: asking the system takes 20 to 150 µs."""
        import torch

        if perf_counter() < self._next:
            return
        self._next = perf_counter() + 0.5
        if self._device.type == "cuda":
            self.most = int(torch.cuda.max_memory_allocated(self._device))
        else:
            self.most = max(self.most, self._process.memory_info().rss - self._began)
