"""Which features of a tensor come from where: so that, when one branch grows, the columns of the others stay theirs."""

from __future__ import annotations

from collections.abc import Sequence

from nnstudio.compile.resolve import Resolution
from nnstudio.layers import Layer, TensorType

#: Pieces of an axis one after the other: where each comes from, and how long it is. Pieces of two networks whose
#: origins are equal mean the same features.
Pieces = tuple[tuple[str, int], ...]

#: Families whose layers give each feature back in its place.
_PASSING = frozenset({"Activation", "Regularisation", "Normalisation", "Pooling"})
_JOINED = frozenset({"Add", "Multiply", "Subtract", "Upsample", "StopGradient", "Identity"})

#: Layers that are gone back through at most, each of which takes three calls in one another: a network of a thousand
#: layers then stays within what Python allows.
FAR = 150


def arriving(resolution: Resolution, id: str, axis: int) -> Pieces:
    """The pieces of one axis of what arrives at a node's first input; () where that is not known."""
    wires = resolution.flat.incoming.get(id, ())
    return leaving(resolution, wires[0].source, wires[0].output, axis) if wires else ()


def leaving(resolution: Resolution, id: str, output: str, axis: int, depth: int = FAR) -> Pieces:
    """The pieces of one axis (counted from the batch at 0) of an output."""
    made, node = resolution.nodes.get(id), resolution.flat.nodes.get(id)
    type = made.outputs.get(output) if made is not None else None
    if node is None or type is None or not isinstance(node.layer, Layer) or depth <= 0:
        return ()
    size = type.sizes[axis] if axis < type.rank else 0
    if not isinstance(size, int):
        return ()
    before = _before(resolution, id, node.layer, type, axis, depth - 1)
    if before and sum(count for _, count in before) == size:
        return before
    if getattr(node.layer, "bidirectional", False) and axis == type.rank - 1 and size % 2 == 0:
        return ((f"{id}.{output} forward", size // 2), (f"{id}.{output} backward", size // 2))
    return ((f"{id}.{output}", size),)


def _before(resolution: Resolution, id: str, layer: Layer, type: TensorType, axis: int, depth: int) -> Pieces:
    """The pieces of an axis that a layer takes from its input; () where it makes them anew."""
    wires = resolution.flat.incoming.get(id, ())
    types = [
        resolution.nodes[wire.source].outputs.get(wire.output) for wire in wires if wire.source in resolution.nodes
    ]
    if not wires or len(types) != len(wires) or types[0] is None:
        return ()
    fed, name = types[0], layer.type_name()

    def at(place: int, which: int = 0) -> Pieces:
        return leaving(resolution, wires[which].source, wires[which].output, place, depth)

    if name == "Concatenate":
        joined = int(getattr(layer, "axis", 1))
        joined += type.rank if joined < 0 else 0
        return tuple(piece for which in range(len(wires)) for piece in at(axis, which)) if axis == joined else at(axis)
    if name == "Flatten" and axis == 1 and getattr(layer, "start_dim", 1) == 1 and type.rank == 2:
        rest = fed.numel_per_sample()
        first = fed.sizes[1] if fed.rank > 1 else None
        if not isinstance(rest, int) or not isinstance(first, int) or not first:
            return ()
        times = rest // first
        return tuple((f"{origin} ×{times}" if times != 1 else origin, count * times) for origin, count in at(1))
    if name == "Permute":
        order = (0, *getattr(layer, "order", ()))
        return at(order[axis]) if axis < len(order) else ()
    if name in _JOINED or layer.family.title in _PASSING:
        return at(axis) if fed.rank == type.rank else ()
    return ()


def placed(old: Pieces, new: Pieces, old_size: int, new_size: int) -> list[int]:
    """For each feature of the new axis the old one that it was, or −1.

    Without a common origin, or where the pieces are not known, features count from the beginning.
    """
    known = sum(count for _, count in old) == old_size and sum(count for _, count in new) == new_size
    if not known or old == new or not {origin for origin, _ in old} & {origin for origin, _ in new}:
        return leading(old_size, new_size)
    starts: dict[str, list[tuple[int, int]]] = {}
    at = 0
    for origin, count in old:
        starts.setdefault(origin, []).append((at, count))
        at += count
    places: list[int] = []
    for origin, count in new:
        start, had = starts[origin].pop(0) if starts.get(origin) else (0, 0)
        places += [start + each if each < had else -1 for each in range(count)]
    return places


def leading(old: int, new: int) -> list[int]:
    """The beginning stays, what is more is new."""
    return [each if each < old else -1 for each in range(new)]


def blocks(old: int, new: int, count: int) -> list[int]:
    """An axis of ``count`` parts of equal size (the gates of an LSTM), each of which keeps its beginning."""
    if not count or old % count or new % count:
        return leading(old, new)
    was, now = old // count, new // count
    return [part * was + each if each < was else -1 for part in range(count) for each in range(now)]


def centred(old: int, new: int) -> list[int]:
    """A kernel that keeps its middle."""
    shift = (new - old) // 2 if new >= old else -((old - new) // 2)
    return [each - shift if 0 <= each - shift < old else -1 for each in range(new)]


def same(places: Sequence[int]) -> bool:
    """Whether everything stays where it was."""
    return all(place == each for each, place in enumerate(places))
