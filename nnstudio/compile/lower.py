"""Lower a network to straight-line `torch.fx` modules: no interpreter is left in them (DESIGN 5)."""

from __future__ import annotations

import itertools
import operator
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nnstudio.compile import instantiate
from nnstudio.compile.resolve import Resolution, Resolved, resolve
from nnstudio.compile.shapes import apply, arguments
from nnstudio.graph import Network, Problem
from nnstudio.layers import Call, Draw, Function, Layer, TensorType

if TYPE_CHECKING:
    from torch import fx, nn

#: The node, which is not drawn, and the name of the input that brings samples' weights.
WEIGHTS = "sample_weights"
#: Losses that compare samples with one another: none has one by itself.
TOGETHER = frozenset({"BatchTripletLoss", "NTXentLoss"})


class CompileError(ValueError):
    """A network cannot be compiled. ``problems`` says why; the text is the first of them, and
    ``names`` are those of the nodes that there are."""

    def __init__(self, network: Network, problems: tuple[Problem, ...]) -> None:
        self.problems, self.names = problems, frozenset(network.by_name)
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{first.message}: {first.hint}{more}" if first.hint else f"{first.message}{more}")


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One argument of a compiled module: an Input (bound to a field) or a random source (then ``draw`` is set)."""

    node: str
    name: str
    field: str
    type: TensorType
    draw: Draw | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What some of the losses need, and no more, over the same weights as the whole: a phase of training runs it.

    training, observed: as those of :class:`Compiled`, with the same inputs in the same order; they give these losses
    and the metrics that come along at no cost. nodes: ids of all that the losses depend on.
    """

    losses: tuple[str, ...]
    metrics: tuple[str, ...]
    training: fx.GraphModule
    observed: fx.GraphModule
    nodes: frozenset[str]


@dataclass
class Compiled:
    """A network as PyTorch.

    training: ``forward(*inputs)`` gives a dict: each loss node's id -> its scalar; each output node's id -> its
    tensor; ``"<metric id>.prediction"``, ``".target"`` and, where wired, ``".padding"`` -> what the metric compares.
    observed: the same weights; ``forward(*inputs)`` gives (that dict, {node id: what its first output port puts out}),
    of layers, losses and the inputs that bring measured values or noise.
    model: what is exported; ``forward(*model_inputs)`` gives the output's tensor, or a dict by name for several.
    modules: each node's own module, by id (one that is shared, under each of its nodes). State-dict keys are
    ``"<node name>.<torch's name>"``. frozen: ids of the nodes whose weights are not trained.
    ``network`` is the plain one: blocks opened, bypassed nodes gone (`graph.expanding`).
    """

    resolution: Resolution
    inputs: tuple[InputSpec, ...]
    model_inputs: tuple[InputSpec, ...]
    training: fx.GraphModule
    observed: fx.GraphModule
    model: nn.Module
    modules: Mapping[str, nn.Module]
    losses: tuple[str, ...]
    metrics: tuple[str, ...]
    outputs: tuple[str, ...]
    weighted: tuple[tuple[str, float], ...] = field(default=())
    frozen: frozenset[str] = frozenset()

    @property
    def network(self) -> Network:
        """What was compiled: the plain network that the drawing stands for."""
        return self.resolution.flat

    def train(self) -> None:
        """Put all modules into training mode, but those that are frozen: their running statistics stay as they are."""
        self.training.train()
        for id in self.frozen:
            if id in self.modules:
                self.modules[id].eval()

    def name(self, id: str) -> str:
        """A node's name."""
        return self.network.nodes[id].name

    def part(self, losses: Iterable[str]) -> Part:
        """What these losses (ids, in the order of :attr:`losses`) need, as modules over the same weights."""
        wanted = frozenset(losses)
        chosen = tuple(id for id in self.losses if id in wanted)
        nodes = self.network.ancestors(chosen)
        known = nodes | {spec.node for spec in self.inputs}
        metrics = tuple(id for id in self.metrics if self.network.ancestors([id]) - {id} <= known)
        if chosen == self.losses:
            return Part(chosen, self.metrics, self.training, self.observed, nodes)
        maker = _Maker(self.resolution, None, self)
        training, observed = (
            maker.graph_module((*chosen, *metrics), observe=observe, name=name)
            for observe, name in ((False, "Training"), (True, "Observed"))
        )
        return Part(chosen, metrics, training, observed, nodes)

    def metric(self, id: str) -> Any:
        """A fresh module that works out a metric: ``update(prediction, target)``, ``compute()``, ``reset()``."""
        node = self.resolution.nodes[id]
        assert isinstance(node.built, Call)
        assert isinstance(node.layer, Layer)
        return instantiate.make_module(node.built, (), node.layer)


def compile_network(
    network: Network, fields: Mapping[str, TensorType] | None = None, seed: int | None = None
) -> Compiled:
    """Compile a network.

    Args:
        fields: types of the data's fields; without them the inputs' own shapes count.
        seed: each node's weights start from this seed and the node's name alone, so that they do not depend on what
            else is drawn. None: from torch's present random state.

    Raises:
        CompileError: something between the inputs and the losses, metrics and outputs is wrong, or the network has
            neither a loss nor an output.
    """
    return lower(resolve(network, fields), seed)


def lower(resolution: Resolution, seed: int | None = None) -> Compiled:
    """Compile a network that is resolved. See :func:`compile_network`."""
    network = resolution.network
    losses, metrics, outputs = (
        tuple(node.id for node in resolution.flat.of_role(role)) for role in ("loss", "metric", "output")
    )
    targets = (*losses, *metrics, *outputs)
    blocking = resolution.blocking(targets)
    if blocking:
        raise CompileError(network, blocking)
    if not losses and not outputs:
        last = next(iter(network.nodes), "")
        nothing = Problem(last, "no-output", "the network has neither a loss nor an output", "add an Output")
        raise CompileError(network, (nothing,))
    with _random_state_kept() if seed is not None else nullcontext():
        return _make(resolution, seed, losses, metrics, outputs)


def _free(name: str, network: Network) -> str:
    """The name, or one made of it that no node has."""
    taken = network.by_name
    names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    return next(made for made in names if made not in taken)


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Leave torch's CPU random state as it was. (``torch.manual_seed`` is slow: it also notes where it was called.)"""
    import torch

    state = torch.get_rng_state()
    try:
        yield
    finally:
        torch.set_rng_state(state)


def _make(
    resolution: Resolution,
    seed: int | None,
    losses: tuple[str, ...],
    metrics: tuple[str, ...],
    outputs: tuple[str, ...],
) -> Compiled:
    network, targets = resolution.flat, (*losses, *metrics, *outputs)
    maker = _Maker(resolution, seed)
    training = maker.graph_module(targets, observe=False, name="Training")
    observed = maker.graph_module(targets, observe=True, name="Observed")
    model, model_inputs = maker.model(outputs)
    return Compiled(
        resolution, maker.inputs(targets), model_inputs, training, observed, model, maker.modules, losses, metrics,
        outputs, tuple((id, float(getattr(network.nodes[id].layer, "weight", 1.0))) for id in losses),
        resolution.expansion.frozen,
    )  # fmt: skip


def _add_module(root: nn.Module, name: str, module: nn.Module) -> None:
    """Put a module where its dotted name says, in containers that are made on the way."""
    from torch import nn

    *way, last = name.split(".")
    for part in way:
        if part not in root._modules:
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    root.add_module(last, module)


class _Maker:
    """Makes each node's module once and writes graphs that call them; of what was ``made`` before, its modules and its
    inputs are used."""

    def __init__(self, resolution: Resolution, seed: int | None, made: Compiled | None = None) -> None:
        from torch import nn

        self.resolution = resolution
        self.network = resolution.flat
        self.root: nn.Module = made.training if made else nn.Module()
        self.modules: dict[str, nn.Module] = dict(made.modules) if made else {}
        self.given = made.inputs if made else ()
        self.seed = seed
        #: the field that says how much each sample counts; "" where none does
        self.weights = next((name for name, type in resolution.fields.items() if type.is_weights), "")

    def inputs(self, targets: Iterable[str]) -> tuple[InputSpec, ...]:
        needed = self.network.ancestors(targets)
        specs = []
        for node in self.network.of_role("input"):
            if node.id in needed:
                made = self.resolution.nodes[node.id]
                draw = made.built if isinstance(made.built, Draw) else None
                type = made.outputs["output"]
                specs.append(InputSpec(node.id, node.name, str(getattr(node.layer, "field", "")), type, draw))
        if self.weights and any(self._weighed(id) for id in needed):
            type = self.resolution.fields[self.weights]
            specs.append(InputSpec(WEIGHTS, _free(WEIGHTS, self.network), self.weights, type, None))
        return tuple(specs)

    def _weighed(self, id: str) -> bool:
        """Whether it is a loss in which samples count as their weights say. CompileError where they cannot."""
        layer = self.network.nodes[id].layer
        if not self.weights or layer.role != "loss" or not isinstance(self.resolution.nodes[id].built, Call):
            return False
        if layer.type_name() in TOGETHER:
            told = "compares samples with one another, so that none can be weighed by itself"
            hint = f"give the column “{self.weights}” another role, or use another loss"
            raise CompileError(self.network, (Problem(id, "weights", told, hint),))
        return True

    def module(self, id: str, node: Resolved) -> str:
        """The module of a node (the one whose weights it shares), made when first asked for; returns its name."""
        owner = self.resolution.expansion.shared.get(id, id)
        name = self.network.nodes[owner].name
        if owner not in self.modules:
            import torch

            assert isinstance(node.built, Call)
            assert isinstance(node.layer, Layer)
            if self.seed is not None:
                torch.default_generator.manual_seed(zlib.crc32(f"{self.seed}/{name}".encode()))
            made = instantiate.make_module(node.built, node.layer.initialise(), node.layer)
            if owner in self.resolution.expansion.frozen:
                made.requires_grad_(False)
            self.modules[owner] = made
            if self._weighed(owner):
                from nnstudio.nn.weighting import SampleWeighted

                made = SampleWeighted(made)
            _add_module(self.root, name, made)
        self.modules[id] = self.modules[owner]
        return name

    def write(self, targets: Iterable[str]) -> tuple[fx.Graph, dict[str, dict[str, Any]], tuple[InputSpec, ...]]:
        """A graph of all that the targets need: the graph, values by node id and port, its inputs."""
        from torch import fx

        targets = tuple(targets)
        graph = fx.Graph()
        needed = self.network.ancestors(targets)
        inputs = self.given or self.inputs(targets)
        values: dict[str, dict[str, Any]] = {spec.node: {"output": graph.placeholder(spec.name)} for spec in inputs}
        for id in self.resolution.order:
            if id in needed and id not in values:
                values[id] = self._write_node(graph, id, values)
        return graph, values, inputs

    def _write_node(self, graph: fx.Graph, id: str, values: dict[str, dict[str, Any]]) -> dict[str, Any]:
        node = self.resolution.nodes[id]
        layer = node.layer
        assert isinstance(layer, Layer)
        fed: dict[str, Any] = {}
        for name, port in layer.inputs.items():
            at = [values[w.source][w.output] for w in self.network.incoming.get(id, ()) if w.input == name]
            fed[name] = tuple(at) if port.many else (at[0] if at else None)
        if layer.role in ("output", "metric"):
            return {f"in.{name}": value for name, value in fed.items() if value is not None}
        if isinstance(node.built, Function):
            made = apply(node.built, fed, lambda target, args, kwargs: graph.call_function(target, args, kwargs))
        else:
            weights = (values[WEIGHTS]["output"],) if self._weighed(id) else ()
            made = graph.call_module(self.module(id, node), (*weights, *arguments(layer, fed)))
        names = tuple(layer.outputs)
        if len(names) == 1:
            return {names[0]: made}
        return {name: graph.call_function(operator.getitem, (made, place)) for place, name in enumerate(names)}

    def graph_module(self, targets: Iterable[str], *, observe: bool, name: str) -> fx.GraphModule:
        from torch import fx

        targets = tuple(targets)
        graph, values, _ = self.write(targets)
        needed = self.network.ancestors(targets)
        results: dict[str, Any] = {}
        for id in targets:
            role = self.network.nodes[id].layer.role
            for port, value in values[id].items():
                results[f"{id}.{port[3:]}" if role == "metric" else id] = value
        if observe:
            seen = {
                id: next(iter(ports.values()))
                for id, ports in values.items()
                if id != WEIGHTS
                and (
                    self.network.nodes[id].layer.role in ("layer", "loss")
                    or (id in needed and self._brings_numbers(id))
                )
            }
            graph.output((results, seen))
        else:
            graph.output(results)
        return fx.GraphModule(self.root, graph, name)

    def _brings_numbers(self, id: str) -> bool:
        """Whether it is an input of measured values or noise, not of classes or tokens, whose size means nothing."""
        types = self.resolution.nodes[id].outputs.values()
        return self.network.nodes[id].layer.role == "input" and all(type.is_float for type in types)

    def model(self, outputs: tuple[str, ...]) -> tuple[nn.Module, tuple[InputSpec, ...]]:
        from torch import fx

        graph, values, inputs = self.write(outputs)
        found = {self.network.nodes[id].name: next(iter(values[id].values())) for id in outputs}
        graph.output(next(iter(found.values())) if len(found) == 1 else found)
        return fx.GraphModule(self.root, graph, "Model"), inputs
