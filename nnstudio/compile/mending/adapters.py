"""Layers that turn one tensor type into another, to be put on a wire."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from nnstudio.compile.fitting import through
from nnstudio.compile.mending.case import Candidate, Case
from nnstudio.graph import Wire, edits
from nnstudio.graph.edits import Edit
from nnstudio.graph.network import Network
from nnstudio.layers import Layer, TensorType, load
from nnstudio.layers.params import ParameterError

Chain = tuple[Layer, ...]


def made(type_name: str, **values: Any) -> Layer | None:
    """A layer of this type with these values; None where the catalogue has none such."""
    catalogue = load()
    if type_name not in catalogue:
        return None
    try:
        return catalogue[type_name].make(values)
    except (ParameterError, TypeError, ValueError):
        return None


def inserted(wire: Wire, chain: Chain, others: tuple[Wire, ...] = ()) -> Edit:
    """Put layers on a wire, one after the other; ``others`` from the same source then come from behind them, too.
    EditError where the wire is no longer there."""
    ids = [edits.new_id() for _ in chain]
    last = next(iter(chain[-1].outputs))

    def edit(network: Network) -> Network:
        at = wire
        for id, layer in zip(ids, chain, strict=True):
            network = edits.insert_on(at, layer, id=id)(network)
            at = Wire(id, next(iter(layer.outputs)), wire.target, wire.input)
        for other in others:
            drawn = edits.connect(ids[-1], last, other.target, other.input)
            network = drawn(edits.disconnect([other])(network))
        return network

    return edit


def told(chain: Chain, fed: TensorType, out: TensorType) -> str:
    """What a chain is called: ``a 1×1 convolution 64 → 128``, ``Reshape to 1×8×8``, ``global average pooling``."""
    names = [layer.type_name() for layer in chain]
    last = chain[-1]
    pools = [layer for layer in chain if layer.type_name().startswith("AdaptiveAvgPool")]
    if pools and getattr(pools[0], "output_size", 0) == 1 and not {"Linear", "Conv2d", "Conv1d"} & set(names):
        return "global average pooling"
    if names == ["Interpolate"]:
        return f"Interpolate to {'×'.join(map(str, out.sizes[2:]))}"
    if names == ["Upsample"]:
        return f"Upsample by {getattr(last, 'scale_factor', 2)}"
    if pools:
        pooled = f"{pools[0].type_name()} to {'×'.join(map(str, out.sizes[2:]))}"
        return pooled if len(chain) == 1 else f"{pooled} and {told(chain[1:], fed, out)}"
    if names[-1].startswith("Conv") and names[-1] != "ConvTranspose2d" and getattr(last, "kernel_size", 0) == 1:
        window = "×".join("1" * (fed.rank - 2))
        stride = getattr(last, "stride", 1)
        strided = f" with stride {stride}" if stride != 1 else ""
        what = f"a {window} convolution {fed.sizes[1]} → {out.sizes[1]}{strided}"
        return what if len(chain) == 1 else f"{' and '.join(names[:-1])} and {what}"
    if names == ["Linear"]:
        return f"a Linear {fed.sizes[-1]} → {out.sizes[-1]}"
    if names == ["Reshape"]:
        return f"Reshape to {out.per_sample()}"
    if names == ["Mean"] and getattr(last, "keepdim", False):
        return f"the mean over its {fed.axes[getattr(last, 'axes', (1,))[0]].name or 'steps'}"
    if names == ["Permute"]:
        return "Permute" if out.rank < 4 or fed.rank != 4 else _turned(last)
    return " and ".join(names)


def _turned(layer: Layer) -> str:
    order: Any = getattr(layer, "order", ())
    return {(3, 1, 2): "Permute (channels last → first)", (2, 3, 1): "Permute (channels first → last)"}.get(
        order, "Permute"
    )


def reshaping(fed: TensorType) -> Iterator[Chain]:
    """Chains without weights that give what is fed another rank or order, the likeliest first."""

    def some(*layers: Layer | None) -> Iterator[Chain]:
        if all(layer is not None for layer in layers):
            yield tuple(layer for layer in layers if layer is not None)

    if fed.rank > 2:
        yield from some(made("Flatten"))
    count = fed.numel_per_sample()
    if count:
        side = math.isqrt(count)
        shapes: list[tuple[int, ...]] = [(1, side, side)] if side * side == count else []
        sizes = tuple(axis.size for axis in fed.axes[1:] if isinstance(axis.size, int))
        shapes += [(1, *sizes), (*sizes, 1), (count,)]
        for channels in (3, 2, 4, 8, 16, 32, 64):
            inner = math.isqrt(count // channels)
            shapes += [(channels, inner, inner)] if inner * inner * channels == count else []
        for shape in dict.fromkeys(shapes):
            yield from some(made("Reshape", shape=shape))
    if fed.rank == 4:
        yield from some(made("AdaptiveAvgPool2d", output_size=1), made("Flatten"))
        yield from some(made("Flatten", start_dim=2))
        yield from some(made("Flatten", start_dim=2), made("Permute", order=(2, 1)))
    if fed.rank == 3:
        yield from some(made("Permute", order=(2, 1)))
        turn = () if fed.labels[1] == "C" else (made("Permute", order=(2, 1)),)
        yield from some(*turn, made("AdaptiveAvgPool1d", output_size=1), made("Flatten"))
    if fed.rank == 4:
        orders = [(3, 1, 2), (2, 3, 1)]
        for order in (*orders, *(each for each in itertools.permutations((1, 2, 3)) if each not in orders)):
            if order != (1, 2, 3):
                yield from some(made("Permute", order=order))
    for name in ("Unsqueeze", "Squeeze"):
        yield from some(made(name))


def meeting(fed: TensorType, goal: TensorType) -> Iterator[Chain]:
    """Chains that give what is fed the sizes of ``goal``, those without weights first."""
    sizes = [axis.size for axis in goal.axes[1:]]
    if not all(isinstance(size, int) for size in sizes):
        fixed: tuple[int, ...] = ()
    else:
        fixed = tuple(int(str(size)) for size in sizes)
    if fixed and fed.numel_per_sample() == math.prod(fixed):
        if fed.rank == goal.rank:
            for order in itertools.permutations(range(1, fed.rank)):
                turned = made("Permute", order=order)
                if list(order) != list(range(1, fed.rank)) and turned is not None:
                    yield (turned,)
        reshape = made("Reshape", shape=fixed)
        if reshape is not None:
            yield (reshape,)
    for place, (mine, theirs) in enumerate(zip(fed.sizes, goal.sizes, strict=False)):
        mean = made("Mean", axes=(place,), keepdim=True)
        if place and fed.rank == goal.rank and mine != theirs and not isinstance(mine, int) and mean is not None:
            yield (mean,)
    spread = made("Reshape", shape=(fed.sizes[-1], *(1,) * (goal.rank - 2)))
    if fed.rank == 2 < goal.rank and fed.sizes[1] == goal.sizes[1] and spread is not None:
        yield (spread,)  # a number for each channel
    if fed.rank == goal.rank and fed.rank in (3, 4, 5) and isinstance(goal.sizes[1], int):
        yield from _windows(fed, goal)
    if isinstance(goal.sizes[-1], int):
        linear = made("Linear", out_features=goal.sizes[-1])
        flatten = made("Flatten")
        if linear is not None:
            yield (linear,)
            if flatten is not None and fed.rank > 2 and goal.rank == 2:
                yield (flatten, linear)


def _windows(fed: TensorType, goal: TensorType) -> Iterator[Chain]:
    """For signals, images and volumes: a 1×1 convolution, with a stride where need be, or a layer that resizes."""
    axes = fed.rank - 2
    channels = goal.sizes[1]
    same = fed.sizes[1] == channels
    mine, theirs = fed.sizes[2:], goal.sizes[2:]
    conv = made(f"Conv{axes}d", out_channels=channels, kernel_size=1)
    if mine == theirs:
        if conv is not None:
            yield (conv,)
        return
    if not all(isinstance(size, int) for size in (*mine, *theirs)):
        return
    pairs = [(int(str(a)), int(str(b))) for a, b in zip(mine, theirs, strict=True)]
    after = () if same or conv is None else (conv,)
    down = {math.ceil(a / b) for a, b in pairs}
    if len(down) == 1 and all(a > b for a, b in pairs):
        (step,) = down
        pool = made(f"AvgPool{axes}d", kernel_size=step)
        if same and pool is not None:
            yield (pool,)
        strided = made(f"Conv{axes}d", out_channels=channels, kernel_size=1, stride=step)
        if strided is not None:
            yield (strided,)
    up = {b // a for a, b in pairs if a and b % a == 0}
    enlarge = made("Upsample", scale_factor=next(iter(up))) if len(up) == 1 else None
    if enlarge is not None and all(b > a for a, b in pairs):
        yield (enlarge, *after)
    size = tuple(b for _, b in pairs)
    larger = made("Interpolate", size=size) if axes == 2 and all(b >= a for a, b in pairs) else None
    if larger is not None:
        yield (larger, *after)
    adaptive = made(f"AdaptiveAvgPool{axes}d", output_size=size if axes > 1 else size[0])
    if adaptive is not None:
        yield (adaptive, *after)


def sized_like(case: Case, wire: Wire, other: Wire) -> Candidate | None:
    """Bring the image on a wire to the height and width of that on another, whatever these are at run time; a 1×1
    convolution behind it where the node adds them up and the channels differ."""
    fed, goal, layer = case.type_at(wire), case.type_at(other), made("Interpolate")
    if (
        fed is None
        or goal is None
        or layer is None
        or not fed.rank == goal.rank == 4
        or fed.sizes[2:] == goal.sizes[2:]
    ):
        return None
    if all(isinstance(size, int) for size in (*fed.sizes[2:], *goal.sizes[2:])):
        return None  # a layer of a set size says more
    id, channels = edits.new_id(), goal.sizes[1]
    steps = [edits.insert_on(wire, layer, id=id), edits.connect(other.source, other.output, id, "like")]
    names, title = case.network.nodes, ""
    if case.layer is not None and case.layer.type_name() != "Concatenate" and fed.sizes[1] != channels:
        convolution = made("Conv2d", out_channels=channels, kernel_size=1)
        if convolution is None:
            return None
        steps.append(edits.insert_on(Wire(id, "output", wire.target, wire.input), convolution))
        title = f" and a 1×1 convolution {fed.sizes[1]} → {channels}"
    source, sized = names[wire.source].name, names[other.source].name
    return Candidate(f"Interpolate {source} to the size of {sized}{title}", edits.chain(*steps), 1, 1 + len(steps))


def casting(fed: TensorType, wanted: str) -> Iterator[Chain]:
    """Chains that turn whole numbers into real ones or back. wanted: a port's dtype."""
    if fed.is_int and wanted in ("float", "number"):
        dim = min(64, max(2, round((fed.classes or 16) ** 0.5) * 4))
        embedding = made("Embedding", embedding_dim=dim, num_embeddings=None if fed.classes else 256)
        flatten, pool = made("Flatten"), made("Permute", order=(2, 1))
        if embedding is not None:
            yield (embedding,)
            if flatten is not None and fed.rank > 1:
                yield (embedding, flatten)
            if pool is not None and fed.rank == 2:
                yield (embedding, pool)
        for name in ("OneHot",):
            hot = made(name, num_classes=fed.classes) if fed.classes else made(name)
            if hot is not None:
                yield (hot,)
    cast: Mapping[str, tuple[str, ...]] = {"float": ("float32",), "number": ("float32",), "int": ("int64",)}
    for dtype in cast.get(wanted, (wanted,)):
        for name in ("Cast", "ToType", "AsType"):
            layer = made(name, dtype=dtype)
            if layer is not None:
                yield (layer,)


def tier_of(chain: Chain, fed: TensorType, out: TensorType) -> int:
    """How usual a chain is as a cure: 2 for what puts numbers in other places or pools them away without need."""
    names = {layer.type_name() for layer in chain}
    if "Reshape" in names and fed.rank > 2 and out.rank >= fed.rank:
        return 2
    pooled = any(name.startswith("Adaptive") for name in names) and out.rank == fed.rank
    return 2 if pooled or "Mean" in names else 1 if "Interpolate" in names else 0


def on_wire(
    case: Case, wire: Wire, chains: Iterable[Chain], good: Callable[[TensorType], bool], most: int = 6, tier: int = 0
) -> Iterator[Candidate]:
    """Candidates that put on a wire those chains whose output is good, ``most`` at most."""
    fed = case.type_at(wire)
    if fed is None:
        return
    source = case.network.nodes[wire.source].name
    several = len(case.network.incoming.get(wire.target, ())) > 1
    for chain in chains:
        out = through(chain, fed)
        if out is None or out == fed or not good(out):
            continue
        where = f" on the wire from {source}" if several else ""
        at = max(tier, tier_of(chain, fed, out))
        yield Candidate(f"Insert {told(chain, fed, out)}{where}", inserted(wire, chain), at, 1 + len(chain))
        most -= 1
        if not most:
            return
