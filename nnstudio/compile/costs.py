"""What a network costs: for each node its weights, multiply–adds, memory and receptive field, and their totals.

Nothing is estimated by rules for single layers: torch is asked in a trial of each (`compile.weighing`), once for all
layers that are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nnstudio.compile.reach import Reach, of_source, union
from nnstudio.compile.receptive import behind
from nnstudio.compile.resolve import Resolution, Resolved, _order
from nnstudio.compile.weighing import Weighed, flat_types, weigh
from nnstudio.graph import Network
from nnstudio.layers import Call, Function, Layer, TensorType

#: How long a sequence of unknown length is taken to be.
LENGTH = 64


@dataclass(frozen=True, slots=True)
class Regime:
    """How a network is trained, as far as memory depends on it.

    optimizer_numbers: how many numbers the optimizer keeps for each weight. spare_copies: copies of all weights that
    are kept besides (those of the best epoch). length: of a sequence whose length is not known.
    """

    batch_size: int = 32
    optimizer_numbers: int = 2
    spare_copies: int = 1
    length: int = LENGTH

    @property
    def point(self) -> Mapping[str, int]:
        """What the symbols in types stand for."""
        return _Point(self)


class _Point(dict[str, int]):
    """N is the batch; any other size that is known only at run time is a length."""

    def __init__(self, regime: Regime) -> None:
        super().__init__(N=regime.batch_size, T=regime.length)
        self._length = regime.length

    def __missing__(self, name: str) -> int:
        return self._length


@dataclass(frozen=True, slots=True)
class NodeCosts:
    """What one node costs. Memory in bytes, at the regime's batch size.

    parameters: numbers in its weights, 0 where they are another node's; trained: those that are trained.
    multiply_adds: of the forward pass of one sample. kept: what of its making is kept for the backward pass.
    training_memory: weights, buffers, gradients, the optimizer's state, spare copies, and what is kept.
    prediction_memory: weights, buffers, what comes in and what goes out. reach: its receptive field.
    known: False where it, or something in it, could not be worked out; what could be is in the figures.
    """

    parameters: int = 0
    trained: int = 0
    multiply_adds: int = 0
    weights: int = 0
    buffers: int = 0
    gradients: int = 0
    optimizer: int = 0
    spare: int = 0
    kept: int = 0
    prediction_memory: int = 0
    reach: Reach = field(default_factory=dict)
    known: bool = True

    @property
    def training_memory(self) -> int:
        return self.weights + self.buffers + self.gradients + self.optimizer + self.spare + self.kept


@dataclass(frozen=True)
class NetworkCosts:
    """What a network costs. ``nodes``: by the ids of the resolution's nodes and, for layers in blocks, their flat ids;
    blocks, and single copies of them, have sums. ``total``: of all, with the peak of memory while predicting and no
    receptive field."""

    resolution: Resolution
    regime: Regime
    nodes: Mapping[str, NodeCosts]
    total: NodeCosts


def costs(
    resolution: Resolution, regime: Regime | None = None, cancelled: Callable[[], bool] = lambda: False
) -> NetworkCosts:
    """Work out what a network costs. Nodes with problems, and those behind them, are not known.

    Args:
        cancelled: asked between nodes; where it says yes, the rest is left out.
    """
    return _Worker(resolution, regime or Regime(), cancelled).work()


_End = tuple[str, str]


class _Worker:
    """Goes through a network once, from its inputs on."""

    def __init__(self, resolution: Resolution, regime: Regime, cancelled: Callable[[], bool]) -> None:
        self.resolution, self.regime, self.cancelled = resolution, regime, cancelled
        self.point = regime.point
        self.network, self.shared, self.frozen = plain(resolution)
        self.order = order_of(resolution, self.network)
        self.weighed: dict[str, Weighed] = {}
        self.reach: dict[_End, Reach] = {}
        self.grads: dict[_End, bool] = {}
        self.memory: dict[_End, _End] = {}  # where the numbers of an output really lie
        self.kept: set[_End] = set()

    def work(self) -> NetworkCosts:
        for id in self.order:
            if self.cancelled():
                break
            self._visit(id, self.resolution.nodes[id])
        found = {id: self._node(id) for id in self.network.nodes}
        total = replace(_sum(found.values()), reach={}, prediction_memory=self._prediction_peak(found))
        return NetworkCosts(self.resolution, self.regime, found | self._blocks(found), total)

    def _fed(self, id: str, layer: Layer) -> list[_End]:
        """The outputs that feed a node, in the order of its ports."""
        incoming = self.network.incoming.get(id, ())
        return [(wire.source, wire.output) for name in layer.inputs for wire in incoming if wire.input == name]

    def _visit(self, id: str, node: Resolved) -> None:
        layer = node.layer
        if not isinstance(layer, Layer):
            return
        if layer.role == "input":
            for port, type in node.outputs.items():
                self.grads[id, port], self.memory[id, port] = False, (id, port)
                self.reach[id, port] = of_source(type)
            return
        fed = self._fed(id, layer)
        if not node.ok or any(end not in self.memory for end in fed):
            return
        if not isinstance(node.built, Call | Function) or layer.role == "metric":
            seen = union([self.reach.get(end, {}) for end in fed], _first_type(node))
            self.reach |= {(id, port): seen for port in node.outputs}
            return
        mask = [self.grads[end] for end in fed]
        weighed = weigh(layer, node.built, node.inputs, mask, id in self.frozen, self.point, node.parameters)
        self.weighed[id] = weighed
        for place, port in enumerate(node.outputs):
            alias = weighed.aliases[place] if place < len(weighed.aliases) else -1
            self.memory[id, port] = self.memory[fed[alias]] if alias >= 0 else (id, port)
            self.grads[id, port] = weighed.gradients[place] if place < len(weighed.gradients) else False
        ports = list(node.outputs)
        self.kept.update(self.memory[fed[place]] for place in weighed.kept_inputs)
        self.kept.update(self.memory[id, ports[place]] for place in weighed.kept_outputs if place < len(ports))
        types = flat_types(node.inputs)
        parts = [(self.reach.get(end, {}), type) for end, type in zip(fed, types, strict=True)]
        for place, (port, type) in enumerate(node.outputs.items()):
            self.reach[id, port] = behind(layer, node.built, parts, type, place)

    def _seen(self, id: str) -> Reach:
        """What the first output of a node sees."""
        return self.reach.get((id, next(iter(self.resolution.nodes[id].outputs), "")), {})

    def _bytes(self, end: _End) -> int:
        return bytes_of(self.resolution.nodes[end[0]].outputs[end[1]], self.point)

    def _node(self, id: str) -> NodeCosts:
        node = self.resolution.nodes[id]
        made = self.weighed.get(id)
        own = [(id, port) for port in node.outputs]
        kept = sum(self._bytes(end) for end in own if end in self.kept)
        if made is None or not isinstance(node.layer, Layer):
            known = isinstance(node.layer, Layer) and node.ok
            return NodeCosts(kept=kept, reach=self._seen(id), known=known)
        fed = self._fed(id, node.layer)
        flowing = sum(self._bytes(end) for end in {*own, *fed})
        ours = id not in self.shared
        parameters = node.parameters if ours else 0
        trained = 0 if id in self.frozen else parameters
        weights = made.parameter_bytes if ours else 0
        buffers = made.buffer_bytes if ours else 0
        gradients = weights if trained else 0
        regime = self.regime
        return NodeCosts(
            parameters, trained, made.multiply_adds // max(1, regime.batch_size), weights, buffers, gradients,
            gradients * regime.optimizer_numbers, (weights + buffers) * regime.spare_copies, kept + made.kept_inside,
            made.parameter_bytes + made.buffer_bytes + flowing, self._seen(id), made.known,
        )  # fmt: skip

    def _prediction_peak(self, found: Mapping[str, NodeCosts]) -> int:
        """Weights and buffers, and the most that is alive at once while predicting: each tensor until its last use."""
        needed = self.network.ancestors(node.id for node in self.network.of_role("output")) or set(self.order)
        order = [id for id in self.order if id in needed]
        last: dict[_End, int] = {}
        for place, id in enumerate(order):
            layer = self.resolution.nodes[id].layer
            ends = self._fed(id, layer) if isinstance(layer, Layer) else []
            for end in [*ends, *((id, port) for port in self.resolution.nodes[id].outputs)]:
                if end in self.memory:
                    last[self.memory[end]] = place
        ending: dict[int, list[_End]] = {}
        for end, place in last.items():
            ending.setdefault(place, []).append(end)
        alive = peak = 0
        for place, id in enumerate(order):
            own = {(id, port) for port in self.resolution.nodes[id].outputs}
            alive += sum(self._bytes(end) for end in own if self.memory.get(end) == end)
            peak = max(peak, alive)
            alive -= sum(self._bytes(end) for end in ending.get(place, ()))
        return peak + sum(found[id].weights + found[id].buffers for id in order)

    def _blocks(self, found: Mapping[str, NodeCosts]) -> dict[str, NodeCosts]:
        """Sums for blocks and single copies of them: for each beginning of a flat id."""
        parts: dict[str, list[str]] = {}
        for id in self.order:
            steps = id.split("/")
            for depth in range(1, len(steps)):
                parts.setdefault("/".join(steps[:depth]), []).append(id)
        return {
            prefix: replace(
                _sum([found[id] for id in ids]), reach=found[ids[-1]].reach,
                prediction_memory=max(found[id].prediction_memory for id in ids),
            )
            for prefix, ids in parts.items()
        }  # fmt: skip


def plain(resolution: Resolution) -> tuple[Network, Mapping[str, str], frozenset[str]]:
    """The network without blocks, which of its nodes use another's weights, and which are frozen."""
    network: Network = getattr(resolution, "flat", resolution.network)
    expansion: Any = getattr(resolution, "expansion", None)
    if expansion is not None:
        return network, expansion.shared, expansion.frozen
    return network, {}, frozenset(node.id for node in network.nodes.values() if node.frozen)


def order_of(resolution: Resolution, network: Network) -> list[str]:
    """The nodes of the plain network, each behind those that feed it; those of a loop are left out."""
    known = [id for id in resolution.order if id in network.nodes]
    order = known if len(known) == len(network.nodes) else _order(network)[0]
    return [id for id in order if id in resolution.nodes]


def bytes_of(type: TensorType, point: Mapping[str, int]) -> int:
    """How much memory a tensor of this type takes."""
    count = 1
    for size in type.shape(point):
        count *= size
    return count * ITEM_BYTES.get(type.dtype, 4)


#: Bytes for each number, by dtype.
ITEM_BYTES: Mapping[str, int] = {
    "bool": 1, "uint8": 1, "int8": 1, "int16": 2, "float16": 2, "bfloat16": 2, "int32": 4, "float32": 4, "int64": 8,
    "float64": 8, "complex64": 8, "complex128": 16,
}  # fmt: skip


def _first_type(node: Resolved) -> TensorType:
    types = flat_types(node.inputs)
    return types[0] if types else TensorType(())


def _sum(found: Iterable[NodeCosts]) -> NodeCosts:
    found = list(found)

    def total(name: str) -> int:
        return sum(getattr(each, name) for each in found)

    names = "parameters trained multiply_adds weights buffers gradients optimizer spare kept".split()
    made: dict[str, Any] = {name: total(name) for name in names}
    return NodeCosts(**made, known=all(each.known for each in found))
