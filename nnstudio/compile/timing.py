"""How long each node's forward pass takes on this machine: measured, by running the network node by node."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from nnstudio.compile.costs import NetworkCosts, order_of, plain
from nnstudio.compile.shapes import Runner, runner
from nnstudio.layers import Call, Function, Layer, TensorType

if TYPE_CHECKING:
    import torch

#: A batch is made smaller where a pass takes more multiply–adds, or memory in bytes, than this.
MULTIPLY_ADDS, MEMORY = 1_000_000_000, 1_000_000_000
#: Passes that are measured after one that is not.
PASSES = 5


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of a forward pass by the ids of the plain network's nodes; blocks have sums. The median of some passes.

    samples: in the batch that was run. device: where.
    """

    seconds: Mapping[str, float]
    samples: int
    device: str

    @property
    def total(self) -> float:
        """Seconds for all nodes, those in blocks counted once."""
        return sum(took for id, took in self.seconds.items() if "/" not in id)


class NotMeasuredError(RuntimeError):
    """The network could not be run; the text is for a person."""


def measure(
    found: NetworkCosts, device: str = "cpu", cancelled: Callable[[], bool] = lambda: False,
    report: Callable[[float], object] = lambda _: None,
) -> Timing:  # fmt: skip
    """Run the network's forward pass on made-up numbers and time every node.

    The batch is the regime's, or a smaller one where that would take seconds or much memory. Nothing random is drawn
    and no weight is touched: layers are made anew, as for a prediction.

    Args:
        cancelled: asked between nodes; what has been measured until then counts.

    Raises:
        NotMeasuredError: nothing can be run, or a layer fails.
    """
    import torch

    network, _, _ = plain(found.resolution)
    order = [id for id in order_of(found.resolution, network) if found.resolution.nodes[id].ok]
    order = [id for id in order if isinstance(found.resolution.nodes[id].layer, Layer)]
    if not any(isinstance(found.resolution.nodes[id].built, Call | Function) for id in order):
        raise NotMeasuredError("There is no layer that can be run; wire an input to a layer first.")
    samples = _samples(found)
    run = _Run(found, order, torch.device(device), samples)
    taken: dict[str, list[float]] = {}
    with torch.inference_mode():
        for number in range(1 + PASSES):
            for place, (id, seconds) in enumerate(run.once()):
                if number:
                    taken.setdefault(id, []).append(seconds)
                if cancelled():
                    break
                report((number + place / len(order)) / (1 + PASSES))
            if cancelled():
                break
    medians = {id: statistics.median(values) for id, values in taken.items()}
    return Timing(medians | _sums(medians), samples, device)


def _samples(found: NetworkCosts) -> int:
    """The regime's batch size, or as many samples as are soon run."""
    batch = found.regime.batch_size
    largest = max((each.prediction_memory for each in found.nodes.values()), default=0)
    fits = [
        MULTIPLY_ADDS // max(1, found.total.multiply_adds), batch * MEMORY // max(1, found.total.prediction_memory),
        batch * MEMORY // max(1, largest),
    ]  # fmt: skip
    return max(1, min(batch, *fits))


def _sums(seconds: Mapping[str, float]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for id, took in seconds.items():
        steps = id.split("/")
        for depth in range(1, len(steps)):
            prefix = "/".join(steps[:depth])
            sums[prefix] = sums.get(prefix, 0.0) + took
    return sums


class _Run:
    """A network whose nodes are run one after the other, each tensor kept until its last use."""

    def __init__(self, found: NetworkCosts, order: list[str], device: torch.device, samples: int) -> None:
        self.found, self.order, self.device = found, order, device
        self.network, _, _ = plain(found.resolution)
        self.point = replace(found.regime, batch_size=samples).point
        self.runners = {id: made for id in order if (made := self._runner(id)) is not None}
        last = {(wire.source, wire.output): id for id in order for wire in self.network.incoming.get(id, ())}
        self.ending: dict[str, list[tuple[str, str]]] = {}
        for end, id in last.items():
            self.ending.setdefault(id, []).append(end)

    def _runner(self, id: str) -> Runner | None:
        import torch

        node = self.found.resolution.nodes[id]
        if not isinstance(node.built, Call | Function) or node.layer.role == "metric":
            return None
        assert isinstance(node.layer, Layer)
        with torch.device("meta"):
            made = runner(node.layer, node.built)
        if made.module is not None:
            made.module.to_empty(device=self.device).eval()
            for tensor in (*made.module.parameters(), *made.module.buffers()):
                tensor.data.fill_(0.01 if tensor.is_floating_point() else 0)
        return made

    def once(self) -> Iterator[tuple[str, float]]:
        """One pass: yields id and seconds of each node that does something."""
        values: dict[tuple[str, str], Any] = {}
        for id in self.order:
            node = self.found.resolution.nodes[id]
            if node.layer.role == "input":
                values |= {(id, port): self._tensor(type) for port, type in node.outputs.items()}
            elif id in self.runners:
                fed = self._fed(id, values)
                began = perf_counter()
                result = self._call(id, fed)
                yield id, perf_counter() - began
                results = result if isinstance(result, tuple) else (result,)
                values |= {(id, port): each for port, each in zip(node.outputs, results, strict=False)}
            for end in self.ending.get(id, ()):
                values.pop(end, None)

    def _fed(self, id: str, values: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
        layer = self.found.resolution.nodes[id].layer
        fed: dict[str, Any] = {}
        for name, port in layer.inputs.items():
            at = [values[w.source, w.output] for w in self.network.incoming.get(id, ()) if w.input == name]
            fed[name] = tuple(at) if port.many else (at[0] if at else None)
        return fed

    def _call(self, id: str, fed: Mapping[str, Any]) -> Any:
        import torch

        try:
            result = self.runners[id](fed)
            if self.device.type in ("cuda", "mps"):
                getattr(torch, self.device.type).synchronize()
        except Exception as error:  # whatever torch says of a layer is for the person
            name, reason = self.network.nodes[id].name, (str(error).strip() or type(error).__name__).splitlines()[0]
            raise NotMeasuredError(f"{name} could not be run: {reason}; mend it, and measure again.") from None
        return result

    def _tensor(self, type: TensorType) -> Any:
        import torch

        shape, dtype = type.shape(self.point), getattr(torch, type.dtype)
        if not type.is_float:
            return torch.zeros(shape, dtype=dtype, device=self.device)
        return torch.linspace(-1, 1, math.prod(shape), dtype=dtype, device=self.device).reshape(shape)
