"""What fits what: which ports a wire may join, by dtype, rank and direction. Pure functions, no Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nnstudio.compile.patterns import dtype_fits, parse
from nnstudio.compile.resolve import Resolution
from nnstudio.graph import Network
from nnstudio.layers import AnyLayer, Layer, Port, TensorType
from nnstudio.layers.io import Input


@dataclass(frozen=True, slots=True)
class End:
    """A port of a node: ``side`` is ``inputs`` or ``outputs``."""

    node: str
    side: str
    port: str


def ports_fit(output: Port, input: Port, type: TensorType | None = None) -> bool:
    """Whether an output port's tensor (its type where it is known) has the dtype and rank that an input port takes."""
    wanted = parse(input.pattern)
    if type is not None:
        return dtype_fits(input, type.dtype) and wanted.takes_rank(type.rank)
    if {output.dtype, input.dtype} == {"float", "int"}:
        return False
    offered = parse(output.pattern)
    if offered.star is None:
        return wanted.takes_rank(offered.fixed)
    return wanted.star is not None or wanted.fixed >= offered.fixed


def type_at(end: End, resolution: Resolution | None) -> TensorType | None:
    """The type at an output port, where it is known."""
    node = resolution.nodes.get(end.node) if resolution is not None else None
    return node.outputs.get(end.port) if node is not None else None


def fitting_ends(network: Network, resolution: Resolution | None, end: End) -> frozenset[End]:
    """The ports that a wire from ``end`` may go to: the other side, fitting, and closing no loop."""
    port = _port(network, end)
    if port is None:
        return frozenset()
    if end.side == "outputs":
        type, barred = type_at(end, resolution), network.ancestors([end.node])
        fits: dict[int, tuple[Mapping[str, Port], tuple[str, ...]]] = {}  # by ports, which layers of a type share

        def taken(ports: Mapping[str, Port]) -> tuple[str, ...]:
            if id(ports) not in fits:
                fits[id(ports)] = ports, tuple(name for name, other in ports.items() if ports_fit(port, other, type))
            return fits[id(ports)][1]

        return frozenset(
            End(node.id, "inputs", name)
            for node in network.nodes.values()
            if node.id not in barred
            for name in taken(node.layer.inputs)
        )
    barred = network.descendants([end.node])
    known: dict[tuple[Port, TensorType | None], bool] = {}

    def given(found: End, other: Port) -> bool:
        key = other, type_at(found, resolution)
        if key not in known:
            known[key] = ports_fit(other, port, key[1])
        return known[key]

    return frozenset(
        found
        for id, node in network.nodes.items()
        if id not in barred
        for name, other in node.layer.outputs.items()
        if given(found := End(id, "outputs", name), other)
    )


def fitting_types(
    types: Iterable[type[Layer]], network: Network, resolution: Resolution | None, end: End
) -> list[type[Layer]]:
    """The layer types that have a port which a wire from ``end`` may go to."""
    return [cls for cls in types if fitting_port(cls, network, resolution, end)]


def fitting_port(cls: type[Layer] | Layer, network: Network, resolution: Resolution | None, end: End) -> str:
    """The first port of a layer type that fits ``end``; "" where there is none."""
    port = _port(network, end)
    if port is None:
        return ""
    if end.side == "outputs":
        type = type_at(end, resolution)
        return next((name for name, other in cls.inputs.items() if ports_fit(port, other, type)), "")
    if _draws(cls, Input):
        return "output"
    return next((name for name, other in cls.outputs.items() if ports_fit(other, port)), "")


def why_not(network: Network, resolution: Resolution | None, origin: End, end: End) -> str:
    """Why a wire from ``origin`` cannot go to ``end``, in one sentence; "" where it can."""
    first, second = _port(network, origin), _port(network, end)
    if first is None or second is None:
        return ""
    mine, theirs = network.nodes[origin.node].name, network.nodes[end.node].name
    if origin.node == end.node:
        return f"{mine} cannot feed itself"
    if origin.side == end.side:
        return f"Both are {origin.side}: a wire goes from an output to an input"
    out, into = (origin, end) if origin.side == "outputs" else (end, origin)
    if network.leads(into.node, out.node):
        feeder, fed = network.nodes[into.node].name, network.nodes[out.node].name
        return f"A wire from {fed} to {feeder} would close a loop: {feeder} feeds {fed} already"
    given, wanted = (first, second) if origin.side == "outputs" else (second, first)
    type = type_at(out, resolution)
    if ports_fit(given, wanted, type):
        return ""
    giver, taker = (mine, theirs) if origin.side == "outputs" else (theirs, mine)
    offered = str(type) if type is not None else parse(given.pattern).described()
    numbers = {"float": "real numbers", "int": "whole numbers", "number": "numbers"}.get(wanted.dtype, "")
    needs = parse(wanted.pattern).described()
    wrong_numbers = not dtype_fits(wanted, type.dtype) if type is not None else given.dtype != wanted.dtype
    takes = f"{needs} of {numbers}" if wrong_numbers and numbers else needs
    return f"{taker}.{into.port} takes {takes}; {giver} gives {offered}"


def port_between(first: AnyLayer, second: AnyLayer) -> tuple[str, str] | None:
    """The first output of one layer and the first input of another that fit; None where none do."""
    for output, given in first.outputs.items():
        for input, wanted in second.inputs.items():
            if ports_fit(given, wanted):
                return output, input
    return None


def can_stand_in_wire(cls: type[Layer] | AnyLayer, type: TensorType | None) -> bool:
    """Whether a layer can be inserted on a wire that carries ``type``: through its first input and first output."""
    if not cls.inputs or not cls.outputs or cls.role in ("loss", "metric"):
        return False
    first = next(iter(cls.inputs.values()))
    return type is None or (dtype_fits(first, type.dtype) and parse(first.pattern).takes_rank(type.rank))


def open_port(network: Network, ends: Iterable[End], node: str) -> End | None:
    """Where a wire that is dropped on a node goes: its first fitting port without a wire, else its first fitting."""
    candidates = [end for end in ends if end.node == node]
    if not candidates:
        return None
    layer = network.nodes[node].layer
    order = list(layer.inputs) if candidates[0].side == "inputs" else list(layer.outputs)
    candidates.sort(key=lambda end: order.index(end.port) if end.port in order else 0)
    taken = {wire.input for wire in network.incoming.get(node, ())}
    if candidates[0].side == "inputs":
        free = [end for end in candidates if end.port not in taken or layer.inputs[end.port].many]
        return (free or candidates)[0]
    return candidates[0]


def _draws(cls: type[Layer] | Layer, kind: type[Layer]) -> bool:
    return issubclass(cls if isinstance(cls, type) else type(cls), kind)


def _port(network: Network, end: End) -> Port | None:
    node = network.nodes.get(end.node)
    return getattr(node.layer, end.side).get(end.port) if node is not None else None


__all__ = [
    "End", "can_stand_in_wire", "fitting_ends", "fitting_port", "fitting_types", "open_port", "port_between",
    "ports_fit", "why_not",
]  # fmt: skip
