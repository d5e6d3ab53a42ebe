"""How long each node takes in a step of training, forward and backward."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from nnstudio.train.walking import Route

if TYPE_CHECKING:
    import torch

#: Steps whose medians are told.
LAST = 5


class Stopwatch:
    """Measures a step that is done node by node; the median of the last few is what is told.

    :meth:`forward`, then backward over what came of it, then :meth:`stop`.
    """

    def __init__(self, route: Route, device: torch.device) -> None:
        self.route, self.device = route, device
        self._forward: dict[str, deque[float]] = {}
        self._backward: dict[str, deque[float]] = {}
        self._marks: list[tuple[str, float]] = []

    def forward(self, inputs: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
        """Run the graph and time each node; gives what ``training`` gives. Backward over it leaves marks."""
        owner, do, taken = self.route.owner, self.route.do, dict.fromkeys(self.route.owner.values(), 0.0)
        marked: set[int] = set()

        def call(node: Any, args: Any, kwargs: Any) -> Any:
            self._wait()
            began = perf_counter()
            made = do(node, args, kwargs)
            self._wait()
            taken[owner[node]] += perf_counter() - began
            for each in made if isinstance(made, tuple | list) else (made,):
                self._mark(owner[node], each, marked)
            return made

        self._marks.clear()
        values = self.route.run(inputs, call)
        _note(self._forward, taken)
        return {name: values[node] for name, node in self.route.results.items()}

    def stop(self) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """After backward, if there was one: seconds forward and backward by node, medians of the last few measured
        steps."""
        self._wait()
        ends = [*(at for _, at in self._marks[1:]), perf_counter()][: len(self._marks)]
        taken = dict.fromkeys((id for id, _ in self._marks), 0.0)
        for (id, began), end in zip(self._marks, ends, strict=True):
            taken[id] += end - began
        self._marks.clear()
        _note(self._backward, taken)
        return _medians(self._forward), _medians(self._backward)

    def _mark(self, id: str, made: Any, marked: set[int]) -> None:
        """Note when the gradient of a node's output is there: what follows is the node's own backward."""
        import torch

        if isinstance(made, torch.Tensor) and made.grad_fn is not None and id_of(made) not in marked:
            marked.add(id_of(made))  # a node that hands on what it is given has no backward of its own
            made.register_hook(lambda _: self._reached(id))  # type: ignore[no-untyped-call]

    def _reached(self, id: str) -> None:
        self._wait()
        self._marks.append((id, perf_counter()))

    def _wait(self) -> None:
        """Wait for the device, where it works on its own."""
        if self.device.type != "cpu":
            import torch

            getattr(torch, self.device.type).synchronize()


def id_of(tensor: torch.Tensor) -> int:
    """A tensor's identity while it is alive."""
    return id(tensor)


def _note(kept: dict[str, deque[float]], taken: Mapping[str, float]) -> None:
    for name, seconds in taken.items():
        kept.setdefault(name, deque(maxlen=LAST)).append(seconds)


def _medians(kept: Mapping[str, deque[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in kept.items()}
