"""Which features of a tensor come from where: so that, when one branch grows, the columns of the others stay theirs."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from nnstudio.compile.resolve import Resolution
from nnstudio.layers import Layer, TensorType


class Piece(NamedTuple):
    """Features that lie side by side: the node and the way they come from, and how many they are. Pieces of two
    networks that come from the same node in the same way mean the same features."""

    id: str
    way: str
    size: int

    @property
    def origin(self) -> tuple[str, str]:
        """Where they come from."""
        return self.id, self.way


#: Pieces of an axis, one after the other.
Pieces = tuple[Piece, ...]
#: Whether one node (by its id before) made what the other goes on from, or the other way round.
Akin = Callable[[str, str], bool]

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
    if before and _length(before) == size:
        return before
    if getattr(node.layer, "bidirectional", False) and axis == type.rank - 1 and size % 2 == 0:
        return (Piece(id, f"{output} forward", size // 2), Piece(id, f"{output} backward", size // 2))
    return (Piece(id, output, size),)


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
        if times == 1:
            return at(1)
        return tuple(Piece(piece.id, f"{piece.way} ×{times}", piece.size * times) for piece in at(1))
    if name == "Permute":
        order = (0, *getattr(layer, "order", ()))
        return at(order[axis]) if axis < len(order) else ()
    if name in _JOINED or layer.family.title in _PASSING:
        return at(axis) if fed.rank == type.rank else ()
    return ()


def since(pieces: Pieces, before: Mapping[str, str]) -> Pieces:
    """The pieces under the ids that their nodes had before (see `matching.matched`)."""
    return tuple(piece._replace(id=before.get(piece.id, piece.id)) for piece in pieces)


def placed(old: Pieces, new: Pieces, old_size: int, new_size: int, akin: Akin) -> list[int]:
    """For each feature of the new axis the old one that it was, or −1.

    A piece goes where its origin goes. One of a new origin has the features of the one that was in its place, or of one
    of its size to whose node its own is akin. Where no piece is the same, or where the pieces are not known, features
    count from the beginning.
    """
    known = _length(old) == old_size and _length(new) == new_size
    pairs = _paired(old, new, akin) if known and old != new else {}
    if not pairs:
        return leading(old_size, new_size)
    starts = list(itertools.accumulate((piece.size for piece in old), initial=0))
    places: list[int] = []
    for at, piece in enumerate(new):
        start, had = (starts[pairs[at]], old[pairs[at]].size) if at in pairs else (0, 0)
        places += [start + each if each < had else -1 for each in range(piece.size)]
    return places


def _length(pieces: Iterable[Piece]) -> int:
    return sum(piece.size for piece in pieces)


def _paired(old: Pieces, new: Pieces, akin: Akin) -> dict[int, int]:
    """For places of new pieces the place of the old piece whose features they are.

    Pieces of one origin are the same. Those between the same two of them are, where there are as many as there were;
    else those of the same size, in their order. Then those that are akin.
    """
    pairs = _in_order([piece.origin for piece in old], [piece.origin for piece in new])
    by_origin: dict[tuple[str, str], list[int]] = {}
    for at, piece in enumerate(old):
        if at not in pairs.values():
            by_origin.setdefault(piece.origin, []).append(at)
    for at, piece in enumerate(new):
        if at not in pairs and by_origin.get(piece.origin):
            pairs[at] = by_origin[piece.origin].pop(0)
    gaps: dict[int, tuple[list[int], list[int]]] = {}
    for side, size, anchors in ((0, len(old), {at: at for at in pairs.values()}), (1, len(new), pairs)):
        last = -1
        for at in range(size):
            last = anchors.get(at, last)
            if at not in anchors:
                gaps.setdefault(last, ([], []))[side].append(at)
    for gone, come in gaps.values():
        if len(gone) == len(come):
            pairs.update(zip(come, gone, strict=True))
            continue
        for at in come:
            alike = next((place for place, each in enumerate(gone) if old[each].size == new[at].size), None)
            if alike is not None:
                pairs[at] = gone[alike]
                del gone[: alike + 1]
    left = [at for at in range(len(old)) if at not in pairs.values()]
    for at in (at for at in range(len(new)) if at not in pairs and left):
        kin = (each for each in left if old[each].size == new[at].size and akin(old[each].id, new[at].id))
        if (found := next(kin, None)) is not None:
            pairs[at] = found
            left.remove(found)
    return pairs


def _in_order(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> dict[int, int]:
    """Places of new origins to those of the same old ones, as many as there are in their order."""
    still = {at: at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one == other}
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    shifted = {b + each: a + each for a, b, size in matcher.get_matching_blocks() for each in range(size)}
    return still if len(still) >= len(shifted) else shifted


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
