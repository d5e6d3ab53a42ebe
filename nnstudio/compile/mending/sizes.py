"""Sizes that do not go together: other values of parameters, on the node or before it, and layers on its wires."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

from nnstudio.compile.mending import adapters
from nnstudio.compile.mending.case import WIDTHS, Candidate, Case
from nnstudio.graph import Node, Wire, edits
from nnstudio.layers import Layer, Param, ParameterError, TensorType

#: Parameters that change no size, so that no other value of them mends one.
_IDLE = frozenset(
    "bias eps momentum affine elementwise_affine p dropout negative_slope alpha init_std init_value label_smoothing "
    "weight beta seed nonlinearity approximate threshold padding_mode weight_init bias_init mode distribution field "
    "dtype classes proj_size".split()
)


def rank(case: Case) -> Iterator[Candidate]:
    """A tensor with too many or too few axes for a port."""
    layer, port = case.layer, case.problem.port
    if not isinstance(layer, Layer):
        return
    for wire in case.wires(port):
        fed = case.type_at(wire)
        if fed is not None:
            works = lambda out, wire=wire: case.works(layer, {wire: out})  # noqa: E731
            yield from adapters.on_wire(case, wire, adapters.reshaping(fed), works)


def dtype(case: Case) -> Iterator[Candidate]:
    """A tensor of the wrong type of numbers."""
    layer, port = case.layer, case.problem.port
    if not isinstance(layer, Layer) or port not in layer.inputs:
        return
    for wire in case.wires(port):
        fed = case.type_at(wire)
        if fed is not None:
            works = lambda out, wire=wire: case.works(layer, {wire: out})  # noqa: E731
            yield from adapters.on_wire(case, wire, adapters.casting(fed, layer.inputs[port].dtype), works)


def together(case: Case) -> Iterator[Candidate]:
    """Inputs of one node that must agree: one is brought to the other's sizes, by its width or by a layer between.

    The wire that comes from farthest back is the skip; a layer is put on that one first.
    """
    layer = case.layer
    if not isinstance(layer, Layer) or layer.role in ("loss", "metric"):
        return
    order = {id: place for place, id in enumerate(case.resolution.order)}
    wires = [wire for name in layer.inputs for wire in case.wires(name)]
    typed = [(wire, type) for wire in wires if (type := case.type_at(wire)) is not None]
    typed.sort(key=lambda pair: order.get(pair[0].source, 0))
    for place, (wire, fed) in enumerate(typed):
        works = lambda out, wire=wire: case.works(layer, {wire: out})  # noqa: E731
        for goal in dict.fromkeys(type for other, type in typed if other != wire and type.sizes != fed.sizes):
            yield from adapters.on_wire(case, wire, adapters.meeting(fed, goal), works, 4, min(place, 1))
    for wire, fed in reversed(typed):
        for goal in dict.fromkeys(type for other, type in typed if other != wire):
            yield from _widths(case, wire, fed, goal)
    yield from _padded(case)
    for wire, _ in reversed(typed):
        resized = (adapters.sized_like(case, wire, other) for other, _ in typed if other.source != wire.source)
        yield from filter(None, resized)
    for wire, fed in typed:
        works = lambda out, wire=wire: case.works(layer, {wire: out})  # noqa: E731
        yield from adapters.on_wire(case, wire, adapters.reshaping(fed), works, 2, 2)


def _padded(case: Case) -> Iterator[Candidate]:
    """Several convolutions before the node that make what they are fed smaller by their edges: pad all of them."""
    losing = []
    for node in case.upstream(case.problem.node, 30):
        layer = node.layer
        if not isinstance(layer, Layer) or layer.type_name() not in ("Conv1d", "Conv2d", "Conv3d"):
            continue
        fed = next(iter(case.network.incoming.get(node.id, ())), None)
        before, after = case.type_at(fed) if fed else None, case.resolution.nodes[node.id].outputs.get("output")
        stays = before is None or after is None or before.sizes[2:] == after.sizes[2:]
        stride: Any = getattr(layer, "stride", 1)
        if not stays and set(stride if isinstance(stride, tuple) else (stride,)) == {1}:
            losing.append(node.id)
    if len(losing) > 1:
        padded = edits.chain(*(edits.set_params(id, padding="same") for id in losing))
        yield Candidate(f"Set the padding of {len(losing)} convolutions to same, so that sizes stay", padded, 0, 2)


def _widths(case: Case, wire: Wire, fed: TensorType, goal: TensorType) -> Iterator[Candidate]:
    """Give the layer before a wire as many outputs as the other branch has."""
    head = case.head(wire)
    if head is None or fed.rank != goal.rank:
        return
    node, name = head
    for mine, theirs in zip(fed.sizes[1:], goal.sizes[1:], strict=True):
        if mine != theirs and isinstance(theirs, int):
            yield change(node, name, theirs, tier=0)


def states(case: Case) -> Iterator[Candidate]:
    """A state that a recurrent layer cannot begin with: another width, a Linear before it, or zeros."""
    layer = case.layer
    if not isinstance(layer, Layer) or "hidden_size" not in layer.params:
        return
    for wire in (w for name, port in layer.inputs.items() if port.optional for w in case.wires(name)):
        fed = case.type_at(wire)
        if fed is None or case.node is None:
            continue
        units = fed.sizes[-1]
        if isinstance(units, int):
            yield change(case.node, "hidden_size", units)
        linear = adapters.made("Linear", out_features=getattr(layer, "hidden_size", 1))
        works = lambda out, wire=wire: case.works(layer, {wire: out})  # noqa: E731
        chains = [(linear,)] if linear is not None else []
        yield from adapters.on_wire(case, wire, chains, works)
        yield Candidate(
            f"Let {case.node.name} begin with zeros: remove the wire to {wire.input}", edits.disconnect([wire]), 1
        )


def apart(case: Case) -> Iterator[Candidate]:
    """A convolution with a filter for each channel, of which there are others now: as many groups and filters again."""
    node, layer = case.node, case.layer
    if node is None or not isinstance(layer, Layer) or not {"groups", "out_channels"} <= layer.params.keys():
        return
    groups = getattr(layer, "groups", 1)
    fed = next((type.sizes[1] for type in case.fed("input") if type.rank > 2), None)
    if groups > 1 and groups == getattr(layer, "out_channels", 0) and isinstance(fed, int) and fed != groups:
        edit = edits.set_params(node.id, groups=fed, out_channels=fed)
        yield Candidate(f"Give {node.name} {fed} groups and {fed} channels", edit)


def change(node: Node, name: str, value: Any, tier: int = 1, why: str = "") -> Candidate:
    """Another value for a parameter."""
    assert isinstance(node.layer, Layer)
    param = node.layer.params[name]
    words = param.title[:1].lower() + param.title[1:] if param.title else name.replace("_", " ")
    if name in ("out_features", "out_channels"):
        what = "output" if name == "out_features" else "channel"
        title = f"Give {node.name} {value} {what}{'' if value == 1 else 's'}"
    elif value is None:
        title = f"Leave {words} of {node.name} empty"
    elif isinstance(value, bool):
        title = f"Switch {words} of {node.name} {'on' if value else 'off'}"
    else:
        shown = "×".join(map(str, value)) if isinstance(value, tuple) else str(value)
        title = f"Change {words} of {node.name} to {shown}{why}"
    return Candidate(title, edits.set_params(node.id, **{name: value}), tier)


def own_values(case: Case) -> Iterator[Candidate]:
    """Other values of the node's own parameters with which it works on what it is fed, the nearest first."""
    node, layer = case.node, case.layer
    if node is None or not isinstance(layer, Layer):
        return
    found = []
    for name, value in _values(case, node, layer):
        try:
            other = layer.with_(**{name: value})
        except (ParameterError, TypeError, ValueError):
            continue
        if case.works(other):
            found.append((_away(layer, name, value), name, value))
    taken: dict[str, int] = {}
    for _, name, value in sorted(found, key=lambda each: each[0]):
        taken[name] = taken.get(name, 0) + 1
        if taken[name] <= 4:
            yield change(node, name, value, why=_because(case, name))


def _because(case: Case, name: str) -> str:
    """What a window slides over, said beside its new size."""
    if name != "kernel_size":
        return ""
    fed = next((type for port in (case.layer.inputs if case.layer else ()) for type in case.fed(port)), None)
    return f" (its input is {'×'.join(map(str, fed.sizes[2:]))})" if fed is not None and fed.rank > 2 else ""


def earlier_values(case: Case) -> Iterator[Candidate]:
    """Other values of the parameters of nodes before this one, the nearest nodes first."""
    for node in case.upstream(case.problem.node, 14):
        if node.id == case.problem.node or not isinstance(node.layer, Layer):
            continue
        values = [(_away(node.layer, name, value), name, value) for name, value in _values(case, node, node.layer)]
        for _, name, value in sorted(values, key=lambda each: each[0]):
            yield change(node, name, value)


def _away(layer: Layer, name: str, then: Any) -> float:
    """How far a value is from the present one, to try near ones first; the usual value is always worth a try."""
    now = getattr(layer, name)
    if then == layer.params[name].default:
        return 0.2
    if isinstance(now, bool) or not isinstance(then, int) or not isinstance(now, int | tuple):
        return 1.0
    first = now[0] if isinstance(now, tuple) and now else now if isinstance(now, int) else 1
    return abs(math.log((then + 1.5) / (first + 1.5))) if then >= 0 and first >= 0 else 2.0


def _values(case: Case, node: Node, layer: Layer) -> Iterator[tuple[str, Any]]:
    """Values worth a try, by parameter."""
    fed = [type for wire in case.network.incoming.get(node.id, ()) if (type := case.type_at(wire)) is not None]
    around = [type for name in (case.layer.inputs if case.layer else ()) for type in case.fed(name)]
    sizes = sorted({size for type in (*fed, *around) for size in type.sizes if isinstance(size, int)})
    classes = [type.classes for type in around if type.classes]
    for name, param in layer.params.items():
        if name in _IDLE:
            continue
        now = getattr(layer, name)
        for value in dict.fromkeys(_of_kind(name, param, now, [*sizes, *classes], fed)):
            if value != now:
                yield name, value


def _of_kind(name: str, param: Param, now: Any, sizes: list[int], fed: list[TensorType]) -> Iterable[Any]:
    match param.kind:
        case "bool":
            return (not now,)
        case "choice" if not param.axes:
            return param.choices
        case "int" | "size" | "choice":
            first = now[0] if isinstance(now, tuple) and now else now if isinstance(now, int) else 0
            near = [first - 1, first + 1, first // 2, first * 2, 0, 1, 2, 3]
            usual = [param.default] if isinstance(param.default, int) else []
            divisors = [d for size in sizes[-4:] for d in (2, 4, 8, 16) if size % d == 0]
            words = [choice for choice in param.choices if param.axes]
            wide = sizes if name in WIDTHS or param.kind == "int" else [size for size in sizes if size <= 64]
            numbers = [value for value in (*usual, *near, *wide, *divisors) if value >= (param.min or 0)]
            more = [s // first for s in sizes if first > 1 and s % first == 0] if name in WIDTHS else []
            return [*(-1 for _ in (1,) if (param.min or 0) < 0), *numbers, *more, *words] + (
                [None] if param.optional else []
            )
        case "ints":
            return _lists(name, fed)
    return ()


def _lists(name: str, fed: list[TensorType]) -> Iterator[tuple[int, ...]]:
    """Orders of axes, or sizes with as many numbers as are fed."""
    if not fed:
        return
    type = fed[0]
    if name in ("order", "dims"):
        if type.rank <= 5:
            yield from itertools.permutations(range(1, type.rank))
        return
    for chain in adapters.reshaping(type):
        shape = getattr(chain[0], "shape", None)
        if len(chain) == 1 and isinstance(shape, tuple):
            yield shape


def before(case: Case) -> Iterator[Candidate]:
    """A layer put before the node that makes its input fit, whatever was wrong."""
    layer = case.layer
    if not isinstance(layer, Layer):
        return
    for name in layer.inputs:
        for wire in case.wires(name):
            fed = case.type_at(wire)
            if fed is None:
                continue
            works = lambda out, wire=wire: case.works(layer, {wire: out})  # noqa: E731
            yield from adapters.on_wire(case, wire, adapters.reshaping(fed), works, 3, 2)
            yield from adapters.on_wire(case, wire, _enlarging(fed), works, 2, 1)


def _enlarging(fed: TensorType) -> Iterator[adapters.Chain]:
    """Layers that make small pictures large enough for a window."""
    if fed.rank == 4:
        for factor in (2, 4):
            layer = adapters.made("Upsample", scale_factor=factor)
            if layer is not None:
                yield (layer,)


def smaller_steps(case: Case) -> Iterator[Candidate]:
    """Where a window is larger than what it looks at: shrink less before it, by leaving out a pooling."""
    for node in case.upstream(case.problem.node, 14):
        name = node.layer.type_name()
        if node.id != case.problem.node and "Pool" in name and "Adaptive" not in name:
            yield Candidate(f"Leave out {node.name}, which shrinks the picture", edits.bridge([node.id]), 3, 2)
