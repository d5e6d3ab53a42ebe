"""A compiled network taken apart into units, weights and lines, or the reason why it cannot be. Imports torch when
called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnstudio.train.learning import (
    MOST_UNITS,
    MOST_UNITS_IN_ALL,
    MOST_WEIGHTS,
    Anatomy,
    LearningError,
    Link,
    Part,
    Place,
    Weight,
)

if TYPE_CHECKING:
    import torch
    from torch import fx

    from nnstudio.compile.lower import Compiled

#: What to do where a network cannot be shown.
SMALLER = "make it smaller, or open “A small network” of the gallery"
KINDS = "step by step goes through Linear layers, activations and arithmetic on single numbers"
#: Losses of which the prediction is a number to be hit; it is then called ŷ.
NUMBER_LOSSES = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")
_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Labels:
    """What the data calls its fields' numbers, by field: names of the columns, names of the classes."""

    columns: Mapping[str, Sequence[str]]
    classes: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Cell:
    """What works out one node: the calls of the graph that do it, from the values of ``sources``; the last call's
    result is the node's value."""

    id: str
    calls: tuple[fx.Node, ...]
    sources: tuple[str, ...]


class Machine:
    """The compiled network as cells that run one at a time, each on values that are given to it."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.module = compiled.observed
        network = compiled.network
        self.needed = network.ancestors(compiled.losses)
        nodes = list(self.module.graph.nodes)
        self._inputs = dict(zip(compiled.inputs, nodes, strict=False))
        seen = {call: id for id, call in nodes[-1].args[0][1].items()}
        self.calls = {spec.node: call for spec, call in self._inputs.items()}
        self.cells: list[Cell] = []
        pending: list[fx.Node] = []
        for call in nodes[len(compiled.inputs) : -1]:
            pending.append(call)
            if call in seen:
                id = seen[call]
                self.calls[id] = call
                if id in self.needed:
                    self.cells.append(Cell(id, tuple(pending), self._sources(id)))
                pending = []

    def _sources(self, id: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(wire.source for wire in self.compiled.network.incoming.get(id, ())))

    def run(self, cell: Cell, values: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The value of a cell's node from those of its sources, by id."""
        from torch.fx.node import map_arg

        known: dict[Any, Any] = {self.calls[source]: values[source] for source in cell.sources}
        result: Any = None
        for call in cell.calls:
            args, kwargs = map_arg((call.args, call.kwargs), lambda other: known[other])
            if call.op == "call_module":
                result = self.module.get_submodule(str(call.target))(*args, **kwargs)
            else:
                assert callable(call.target)
                result = call.target(*args, **kwargs)
            known[call] = result
        value: torch.Tensor = result
        return value


def units_in(value: torch.Tensor) -> int:
    """How many units a value of one or more samples, (rows, …), has."""
    return value[0].numel()


def anatomy_of(machine: Machine, inputs: Mapping[str, torch.Tensor], labels: Labels) -> Anatomy:
    """Take a network apart.

    inputs: values of its inputs by node id, of at least one sample, in double precision where they are real.
    LearningError where it is too large, or not made of units.
    """
    _refuse_sources(machine, inputs)
    values = {id: value[:2] for id, value in inputs.items()}
    depths = dict.fromkeys(inputs, 0)
    parts: list[Part] = []
    finder = _Finder(machine)
    for cell in machine.cells:
        value = _tried(machine, cell, values)
        loss = machine.compiled.network.nodes[cell.id].layer.role == "loss"
        if not loss:
            _refuse_shape(machine, cell, values, value)
        values[cell.id] = value
        depths[cell.id] = 1 + max((depths[source] for source in cell.sources), default=0)
        parts.append(_part(machine, cell, 1 if loss else units_in(value), depths[cell.id]))
        finder.link(cell, values, loss=loss)
    everything = (*_input_parts(machine, values, depths, labels), *parts)
    _refuse_size(everything)
    found = Anatomy(_predicting(everything), tuple(finder.weights), tuple(finder.links), finder.own)
    return _named(found)


def _input_parts(
    machine: Machine, values: Mapping[str, torch.Tensor], depths: dict[str, int], labels: Labels
) -> list[Part]:
    network, found = machine.compiled.network, []
    last = max(depths[id] for id in machine.compiled.losses)
    for spec in machine.compiled.inputs:
        if spec.node not in machine.needed:
            continue
        count = units_in(values[spec.node])
        readers = [wire.target for wire in network.outgoing.get(spec.node, ()) if wire.target in machine.needed]
        target = all(network.nodes[id].layer.role == "loss" for id in readers)
        names = tuple(labels.columns.get(spec.field, ()))
        units = names if len(names) == count and (count > 1 or not target) else _numbered(spec.name, count)
        layer = network.nodes[spec.node].layer
        found.append(
            Part(
                spec.node, spec.name, layer.type_name(), "target" if target else "input", units,
                last - 1 if target else 0, (), layer.family.color,
                tuple(labels.classes.get(spec.field, ())) if spec.type.is_int else (),
            )
        )  # fmt: skip
    return found


def _part(machine: Machine, cell: Cell, count: int, depth: int) -> Part:
    node = machine.compiled.network.nodes[cell.id]
    role = "loss" if node.layer.role == "loss" else "layer"
    return Part(
        cell.id, node.name, node.layer.type_name(), role, _numbered(node.name, count), depth, cell.sources,
        node.layer.family.color,
    )  # fmt: skip


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return (name,) if count == 1 else tuple(f"{name}{str(at).translate(_DIGITS)}" for at in range(1, count + 1))


def _predicting(parts: Sequence[Part]) -> tuple[Part, ...]:
    """With ŷ as the name of what a loss on numbers compares with its target."""
    predictions = {part.sources[0] for part in parts if part.kind in NUMBER_LOSSES and part.sources}
    several = len(predictions) > 1
    found = []
    for part in parts:
        if part.id in predictions and part.role == "layer" and not several:
            units = tuple(f"ŷ{unit.removeprefix(part.name)}" for unit in part.units)
            part = Part(**{**vars(part), "units": units})
        found.append(part)
    return tuple(found)


def _named(anatomy: Anatomy) -> Anatomy:
    """With names of the weights that say what they join."""
    weights = []
    for weight in anatomy.weights:
        unit = anatomy.unit_name((weight.node, weight.unit))
        told = {"weight": "weight", "bias": "bias"}.get(weight.parameter, weight.parameter)
        name = f"{told} of {unit}" if weight.source is None else f"{anatomy.unit_name(weight.source)} → {unit}"
        weights.append(Weight(**{**vars(weight), "name": name}))
    return Anatomy(anatomy.parts, tuple(weights), anatomy.links, anatomy.own)


class _Finder:
    """Finds weights and lines, cell by cell."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.weights: list[Weight] = []
        self.links: list[Link] = []
        self.own: dict[Place, tuple[int, ...]] = {}
        self._known: dict[int, int] = {}

    def link(self, cell: Cell, values: Mapping[str, torch.Tensor], *, loss: bool) -> None:
        """Add what leads into a cell."""
        from torch import nn

        module = self.machine.compiled.modules.get(cell.id)
        if isinstance(module, nn.Linear):
            self._dense(cell, module)
            return
        count = 1 if loss else units_in(values[cell.id])
        for source in cell.sources:
            for at in range(units_in(values[source])):
                for unit in [0] if loss else self._reached(cell, values, source, at, count):
                    self.links.append(Link((source, at), (cell.id, unit)))
        if module is not None and not loss:
            self._own(cell, module, count)

    def _reached(
        self, cell: Cell, values: Mapping[str, torch.Tensor], source: str, at: int, count: int
    ) -> Sequence[int]:
        """Which units change with one unit of a source: those that a NaN there gets to."""
        import torch

        if not values[source].is_floating_point():
            return range(count)
        poisoned = values[source].clone()
        poisoned[0].view(-1)[at] = torch.nan
        with torch.no_grad():
            out = self.machine.run(cell, {**values, source: poisoned})
        return torch.flatten(out[0].isnan()).nonzero().flatten().tolist()

    def _dense(self, cell: Cell, module: torch.nn.Linear) -> None:
        source = cell.sources[0]
        first = self._add(cell, "weight", module.weight, lambda index: ((source, index[1]), index[0]))
        outs, ins = module.weight.shape
        for unit in range(outs):
            for at in range(ins):
                self.links.append(Link((source, at), (cell.id, unit), first + unit * ins + at))
        if module.bias is not None:
            self._own_tensor(cell, "bias", module.bias, outs)

    def _own(self, cell: Cell, module: torch.nn.Module, count: int) -> None:
        """Weights of a layer that has one, or one for each unit."""
        for name, tensor in module.named_parameters():
            if tensor.numel() not in (1, count):
                node = self.machine.compiled.network.nodes[cell.id]
                raise LearningError(
                    f"“{node.name}” ({node.layer.type_name()}) has weights that are not lines between units", KINDS
                )
            self._own_tensor(cell, name, tensor, count)

    def _own_tensor(self, cell: Cell, name: str, tensor: torch.Tensor, count: int) -> None:
        first = self._add(cell, name, tensor, lambda index: (None, index[0] if index else 0))
        for unit in range(count):
            place = first + (unit if tensor.numel() == count else 0)
            self.own[cell.id, unit] = (*self.own.get((cell.id, unit), ()), place)

    def _add(self, cell: Cell, name: str, tensor: torch.Tensor, ends: Any) -> int:
        """The place of a tensor's first weight; weights that are shared are there once."""
        import numpy as np

        if id(tensor) in self._known:
            return self._known[id(tensor)]
        expansion = self.machine.compiled.resolution.expansion
        owner = self.machine.compiled.network.nodes[expansion.shared.get(cell.id, cell.id)].name
        first = self._known[id(tensor)] = len(self.weights)
        for index in np.ndindex(*tensor.shape):
            source, unit = ends(index)
            trained = cell.id not in self.machine.compiled.frozen
            self.weights.append(Weight(f"{owner}.{name}", tuple(index), cell.id, unit, source, "", trained))
        if len(self.weights) > MOST_WEIGHTS:
            raise LearningError(
                f"With “{owner}” the network has {len(self.weights):,} weights, and at most {MOST_WEIGHTS} can be read "
                "on a drawing",
                SMALLER,
            )
        return first


def _tried(machine: Machine, cell: Cell, values: Mapping[str, torch.Tensor]) -> torch.Tensor:
    import torch

    node = machine.compiled.network.nodes[cell.id]
    if node.layer.family.title == "Regularisation" or _by_batch(machine, cell):
        raise LearningError(
            f"“{node.name}” ({node.layer.type_name()}) works otherwise on each batch",
            "bypass it (Ctrl+B) while you learn step by step",
        )
    with torch.no_grad():
        try:
            return machine.run(cell, values)
        except (RuntimeError, TypeError, IndexError, KeyError) as error:
            raise LearningError(
                f"“{node.name}” ({node.layer.type_name()}) does not work on two samples in double precision ({error})",
                "bypass it or take another layer",
            ) from error


def _by_batch(machine: Machine, cell: Cell) -> bool:
    from torch.nn.modules.batchnorm import _BatchNorm

    return isinstance(machine.compiled.modules.get(cell.id), _BatchNorm)


def _refuse_sources(machine: Machine, inputs: Mapping[str, torch.Tensor]) -> None:
    for spec in machine.compiled.inputs:
        if spec.draw is not None and spec.node in machine.needed:
            raise LearningError(f"“{spec.name}” draws other numbers at each step", "feed the network from data instead")
        if spec.node in inputs:
            _refuse_wide(spec.name, inputs[spec.node])
    network = machine.compiled.network
    if not any(node.id in machine.needed for node in network.of_role("input")):
        raise LearningError("No input leads to the loss", "wire an Input to the layers before it")


def _refuse_shape(machine: Machine, cell: Cell, values: Mapping[str, torch.Tensor], value: torch.Tensor) -> None:
    """LearningError where a value is not a row of real numbers for each sample, or mixes samples."""
    node = machine.compiled.network.nodes[cell.id]
    rows = next(iter(values.values())).shape[0]
    what = f"“{node.name}” ({node.layer.type_name()})"
    if len(node.layer.outputs) > 1:
        raise LearningError(f"{what} has several outputs", KINDS)
    if not value.dim() or value.shape[0] != rows:
        raise LearningError(f"{what} mixes the samples of a batch", KINDS)
    if value.dim() > 2:
        shape = "×".join(map(str, value.shape[1:]))
        raise LearningError(f"{what} gives {shape} for each sample, not a row of single numbers", KINDS)
    _refuse_wide(node.name, value)


def _refuse_wide(name: str, value: torch.Tensor) -> None:
    count = units_in(value)
    if count > MOST_UNITS:
        raise LearningError(f"“{name}” has {count:,} units, and at most {MOST_UNITS} in a layer can be read", SMALLER)


def _refuse_size(parts: Sequence[Part]) -> None:
    count = sum(len(part.units) for part in parts)
    if count > MOST_UNITS_IN_ALL:
        raise LearningError(
            f"The network has {count:,} units, and at most {MOST_UNITS_IN_ALL} can be read on a drawing", SMALLER
        )
