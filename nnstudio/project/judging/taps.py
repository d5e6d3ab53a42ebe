"""Modules over the same weights that give what any node puts out, such as what a loss is fed."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.graph import Network
from nnstudio.layers import Function, Layer

if TYPE_CHECKING:
    import torch
    from torch import fx

    from nnstudio.compile.lower import Compiled

#: A node's id and one of its output ports.
Tap = tuple[str, str]


def fed(network: Network, id: str, port: str) -> Tap | None:
    """What is wired to a port; None where nothing is."""
    wires = (wire for wire in network.incoming.get(id, ()) if wire.input == port)
    return next(((wire.source, wire.output) for wire in wires), None)


def fed_all(network: Network, id: str) -> dict[str, tuple[Tap, ...]]:
    """What is wired to each port of a node, in the order of the wires."""
    ports: dict[str, tuple[Tap, ...]] = {}
    for wire in network.incoming.get(id, ()):
        ports[wire.input] = (*ports.get(wire.input, ()), (wire.source, wire.output))
    return ports


def tapped(compiled: Compiled, taps: Sequence[Tap], *, through: bool = False) -> fx.GraphModule:
    """A module with the inputs of ``compiled.training`` in their order; ``forward(*inputs)`` gives a tuple, a tensor
    for each tap. What no tap needs is not worked out. through: gradients pass where training stops them."""
    from torch import fx

    graph = fx.Graph()
    values = copied(compiled, graph)
    graph.output(tuple(tap_value(compiled, graph, values, tap) for tap in taps))
    prune(graph)
    if through:
        let_through(graph)
    return fx.GraphModule(compiled.observed, graph, "Tapped")


def filled(compiled: Compiled, rows: Mapping[str, NDArray[Any]]) -> tuple[torch.Tensor, ...]:
    """The inputs for what :func:`tapped` gives of new rows, encoded by field; what is not given (targets) is 0."""
    count, whole = len(next(iter(rows.values()))), dict(rows)
    for spec in compiled.inputs:
        if spec.draw is None and spec.field not in whole:
            sizes = [size if isinstance(size, int) else 1 for size in spec.type.sizes[1:]]
            whole[spec.field] = np.zeros((count, *sizes), np.int64 if spec.type.is_int else np.float32)
    return gathered(compiled, whole, count, 0)


def gathered(
    compiled: Compiled, arrays: Mapping[str, NDArray[Any]], count: int, seed: int
) -> tuple[torch.Tensor, ...]:  # fmt: skip
    """So many rows of arrays by field as the inputs for what :func:`tapped` gives."""
    from nnstudio.train.batches import Rows
    from nnstudio.train.evaluate import device_of

    rows = Rows(compiled.inputs, arrays, count, device_of(compiled.training))
    return rows.gather(slice(0, count), count, seed)


def copied(compiled: Compiled, graph: fx.Graph) -> dict[str, Any]:
    """Copy all that the network does into an empty graph; the values of nodes (their first port) by id."""
    made: Any = graph.graph_copy(compiled.observed.graph, {})
    seen: dict[str, Any] = dict(made[1])
    placeholders = [node for node in graph.nodes if node.op == "placeholder"]
    inputs = {spec.node: node for spec, node in zip(compiled.inputs, placeholders, strict=True)}
    return {**seen, **inputs}


def prune(graph: fx.Graph) -> None:
    """Take out what nothing needs, but for the inputs."""
    for node in reversed(list(graph.nodes)):
        if node.op not in ("placeholder", "output") and not node.users:
            graph.erase_node(node)


def let_through(graph: fx.Graph) -> None:
    """Take out what stops gradients, where an input reaches the end by no other way (a straight-through trick is left
    as it is)."""
    stopping = {node for node in graph.nodes if _stops(node)}
    end = next(node for node in graph.nodes if node.op == "output")
    inputs = {node for node in behind(end, set()) if node.op == "placeholder"}
    if inputs <= behind(end, stopping):
        return
    for node in stopping:
        node.replace_all_uses_with(node.args[0])
        graph.erase_node(node)


def _stops(node: fx.Node) -> bool:
    import torch

    return (node.op, node.target) in (("call_method", "detach"), ("call_function", torch.detach))


def behind(end: fx.Node, closed: set[fx.Node]) -> set[fx.Node]:
    """A node and all that it depends on, but for what lies behind closed ones."""
    waiting, seen = [end], {end}
    while waiting:
        for source in waiting.pop().all_input_nodes:
            if source not in seen and source not in closed:
                seen.add(source)
                waiting.append(source)
    return seen


def tap_value(compiled: Compiled, graph: fx.Graph, values: Mapping[str, Any], tap: Tap) -> Any:
    """The value of a port in a graph that :func:`copied` filled. KeyError where the node is in no graph."""
    id, port = tap
    first, ports = values[id], tuple(compiled.network.nodes[id].layer.outputs)
    place = ports.index(port) if port in ports else 0
    return first if place == 0 else graph.call_function(operator.getitem, (first.args[0], place))


def loss_of(compiled: Compiled, id: str, values: Mapping[str, Any]) -> torch.Tensor:
    """What a loss node gives for these values by port (a tuple where a port takes many)."""
    from nnstudio.compile.shapes import apply, arguments

    node = compiled.resolution.nodes[id]
    assert isinstance(node.layer, Layer)
    if isinstance(node.built, Function):
        made: torch.Tensor = apply(node.built, values)
    else:
        made = compiled.modules[id](*arguments(node.layer, values))
    return made


def losses_by_row(compiled: Compiled, id: str, values: Mapping[str, tuple[torch.Tensor, ...]]) -> torch.Tensor:
    """The loss of each row of a batch by itself, float64 (rows,). values: what each port is fed, one tensor or more.

    Weights of classes cancel out in it, as each row's mean is over that row alone.
    """
    import torch

    quick = _at_once(compiled, id, values)
    if quick is not None:
        return quick.double().cpu()
    layer = compiled.network.nodes[id].layer
    rows = max(len(tensor) for tensors in values.values() for tensor in tensors)
    found = []
    for row in range(rows):
        own: dict[str, Any] = {}
        for name, port in layer.inputs.items():
            tensors = tuple(tensor[row : row + 1] for tensor in values.get(name, ()))
            own[name] = tensors if port.many else (tensors[0] if tensors else None)
        found.append(loss_of(compiled, id, own).detach().double().cpu().reshape(()))
    return torch.stack(found)


def _at_once(compiled: Compiled, id: str, values: Mapping[str, tuple[torch.Tensor, ...]]) -> torch.Tensor | None:
    """As :func:`losses_by_row`, for torch's usual losses without weights, in one call; None for others."""
    import copy

    from torch import nn

    usual = (nn.CrossEntropyLoss, nn.NLLLoss, nn.BCEWithLogitsLoss, nn.BCELoss, nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss)
    module: Any = compiled.modules.get(id)
    if type(module) not in usual or set(values) != {"prediction", "target"} or module.reduction != "mean":
        return None
    if any(getattr(module, name, None) is not None for name in ("weight", "pos_weight")):
        return None
    (prediction,), (target,) = values["prediction"], values["target"]
    if target.dtype.is_floating_point and target.shape != prediction.shape:
        return None
    ignored = getattr(module, "ignore_index", None)
    if ignored is not None and not target.dtype.is_floating_point and bool((target == ignored).any()):
        return None
    each = copy.copy(module)
    each.reduction = "none"
    made: torch.Tensor = each(prediction, target)
    return made.reshape(len(made), -1).mean(dim=1)
