"""Draws layers and inputs that fit them, from the declarations alone: what the battery runs on.

A :class:`Case` is one layer on inputs of given types, placed in a network between inputs and outputs. All tests look
at the same few cases of a layer type: they are drawn once for all processes that test, and compiled once in each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
from hypothesis import Phase, reject, settings

from nnstudio.compile.patterns import Bindings, MismatchError, match, parse
from nnstudio.compile.shapes import Evaluated, evaluate
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import Axis, Layer, Param, Port, Symbol, TensorType
from nnstudio.layers.checks import each
from nnstudio.layers.types import Size, product

#: What the symbols of drawn types stand for where a case is run.
POINT = {"N": 3, "T": 7}
N = Symbol("N")
#: How many cases of a layer type are tried (ten times as many under the profile ``search``), and the largest whole
#: number that is drawn for being a default: 2,048 numbers inside a transformer show no more than a few.
CASES, LARGEST = 4, 64
#: Roles of layers that work on something by themselves; of others, which stand for something, any case is drawn.
ALONE = ("layer", "loss", "metric")


@dataclass(frozen=True)
class Case:
    """A layer, the types at its input ports (a tuple for a port for many, None for one not wired)."""

    layer: Layer
    types: Mapping[str, TensorType | tuple[TensorType, ...] | None]

    @cached_property
    def _fitted(self) -> tuple[dict[str, Any], Bindings]:
        bindings = Bindings()
        fitted: dict[str, Any] = {}
        for name, port in self.layer.inputs.items():
            given = self.types[name]
            if isinstance(given, tuple):
                fitted[name] = tuple(match(name, port, each, bindings) for each in given)
            else:
                fitted[name] = None if given is None else match(name, port, given, bindings)
        return fitted, bindings

    @property
    def fitted(self) -> Mapping[str, Any]:
        """The types as the ports' patterns label them. MismatchError where one does not fit."""
        return self._fitted[0]

    @cached_property
    def evaluated(self) -> Evaluated:
        """What `compile` makes of the layer on these types. MismatchError where one does not fit its port."""
        return evaluate(self.layer, *self._fitted)

    @cached_property
    def compiled(self) -> Any:
        """The network of :meth:`wired`, compiled. What is trained or changed in it is so for later tests too."""
        from nnstudio.compile.lower import compile_network

        network, fields, _ = self.wired
        return compile_network(network, fields, seed=0)

    def fed(self, specs: Any) -> dict[str, Any]:
        """A tensor for each input of the compiled network, by name."""
        ranges = {spec.name: self.ranges()[spec.field] for spec in specs if spec.field in self.ranges()}
        return make_tensors({spec.name: spec.type for spec in specs}, ranges)

    def values(self) -> dict[str, Any]:
        """Tensors for the layer itself, by input port; the backward pass goes to all that are real numbers."""
        found: dict[str, Any] = {}
        for name, types in self.types.items():
            each = types if isinstance(types, tuple) else (types,) if types is not None else ()
            within = self.layer.inputs[name].within
            keys = [f"{name}{place}" for place in range(len(each))]
            made = make_tensors(dict(zip(keys, each, strict=True)), dict.fromkeys(keys, within) if within else None)
            tensors = tuple(tensor.requires_grad_(tensor.is_floating_point()) for tensor in made.values())
            found[name] = tensors if isinstance(types, tuple) else tensors[0] if tensors else None
        return found

    @property
    def id(self) -> str:
        """The id of the layer's node in its network."""
        return self.wired[2]

    @cached_property
    def wired(self) -> tuple[Network, dict[str, TensorType], str]:
        """A network of this layer fed from fields and read by outputs, the fields' types, and the layer's id."""
        net = NetworkBuilder()
        fields: dict[str, TensorType] = {}
        id = self.place(net, fields)
        return net.network, fields, id

    def place(self, net: NetworkBuilder, fields: dict[str, TensorType], name: str = "it", before: str = "") -> str:
        """Put the layer into a network under a name, with inputs and outputs of its own, the outputs named with
        ``before`` first; its fields are added to ``fields``. Its node's id."""
        sources: dict[str, list[PortHandle]] = {}
        for port, given in self.types.items():
            for type in given if isinstance(given, tuple) else [given] if given is not None else []:
                field = f"field{len(fields)}"
                fields[field] = type
                sources.setdefault(port, []).append(net.add("Input", field=field))
        first = {port: handles[0] for port, handles in sources.items()}
        many = [port for port, declared in self.layer.inputs.items() if declared.many]
        made = net.add(self.layer, *sources[many[0]], name=name) if many else net.add(self.layer, name=name, **first)
        read = [PortHandle(made.node, port, ()) for port in self.layer.outputs] if self.layer.role == "layer" else []
        for place, handle in enumerate(read or [next(iter(first.values()))] if sources else read):
            net.add("Output", handle, name=f"{before}out{place}")
        return made.node

    def ranges(self, before: int = 0) -> dict[str, tuple[float, float]]:
        """The values that make sense, by field, where a port says that not all do. before: the number of fields that
        were there when the layer was placed."""
        found: dict[str, tuple[float, float]] = {}
        count = before
        for name, given in self.types.items():
            for _ in given if isinstance(given, tuple) else [given] if given is not None else []:
                if (within := self.layer.inputs[name].within) is not None:
                    found[f"field{count}"] = within
                count += 1
        return found


def parameter(name: str, declared: Param) -> st.SearchStrategy[Any]:
    """Values of a parameter: its default half of the time, else any that it allows, numbers kept small."""
    if name.endswith("_layers"):
        return st.integers(1, 2)  # more of the same take longer and show no more
    low = int(declared.min) if declared.min is not None else -3
    whole = st.integers(low, low + 4 if declared.max is None else min(low + 4, int(declared.max)))
    match declared.kind:
        case "int":
            drawn: st.SearchStrategy[Any] = whole
        case "float":
            least = declared.min if declared.min is not None else declared.exclusive_min
            ends = (-3.0 if least is None else least, 3.0 if declared.max is None else declared.max)
            drawn = st.floats(
                *ends, exclude_min=least is not None and declared.exclusive_min is not None, allow_subnormal=False,
                width=32 if all(end == float(np.float32(end)) for end in ends) else 64,
            ) if least != 1e-12 else st.sampled_from([1e-12, 1e-5, 0.1])  # fmt: skip
        case "bool":
            drawn = st.booleans()
        case "choice":
            drawn = st.sampled_from(declared.choices)
            if declared.axes:
                drawn |= whole
        case "text":
            drawn = st.text(max_size=5)
        case "ints":
            drawn = st.lists(st.integers(max(low, 1), max(low, 1) + 3), max_size=3).map(tuple)
        case "node":
            drawn = st.text(max_size=5)
        case "values":
            drawn = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 9)).map(lambda d: tuple(d.items()))
        case "floats":
            allowed = [value for value in (0.25, 1.0, 2.5) if declared.max is None or value <= declared.max]
            drawn = st.lists(st.sampled_from(allowed), min_size=1, max_size=4).map(tuple)
        case "size":
            drawn = whole | st.tuples(*[whole] * declared.axes)
        case other:
            raise AssertionError(f"the battery does not know parameters of kind {other}")
    if declared.kind == "int" and declared.default is not None and declared.default > LARGEST:
        return drawn
    return st.just(declared.default) | (st.none() | drawn if declared.optional else drawn)


def layers(cls: type[Layer]) -> st.SearchStrategy[Layer]:
    """Layers of a type with any parameters that it allows."""
    return st.fixed_dictionaries({name: parameter(name, declared) for name, declared in cls.params.items()}).map(
        cls.make
    )


def _dtype(port: Port) -> st.SearchStrategy[str]:
    ints, floats = st.just("int64"), st.just("float32")
    return {"float": floats, "int": ints, "bool": st.just("bool")}.get(port.dtype, floats | ints)


@st.composite
def _type(
    draw: Callable[..., Any], port: Port, sizes: dict[str, Size], stars: dict[str, tuple[Axis, ...]], any_length: bool
) -> Any:
    """A type that fits a port, agreeing with what other ports drew (``sizes`` by label, ``stars`` by name)."""
    pattern = parse(port.pattern)
    many_axes = pattern.fixed > 3

    def size_of(label: str) -> Size:
        if label == "N":
            return N
        if label == "T" and any_length and draw(st.booleans()):
            return Symbol("T")
        spatial = label in ("H", "W", "D", "T")
        return int(draw(st.integers(4, 7) if spatial and not many_axes else st.integers(3, 6) if spatial
                        else st.sampled_from([2, 4, 1, 3, 6])))  # fmt: skip

    def axis(token: str | int) -> Axis:
        if isinstance(token, int):
            return Axis("", token)
        label = token.rstrip("'")
        return Axis(label, sizes.setdefault(label, size_of(label)))

    before, after = [axis(token) for token in pattern.before], [axis(token) for token in pattern.after]
    middle: tuple[Axis, ...] = ()
    if pattern.star is not None:
        middle = stars.get(pattern.star, ()) if pattern.star else ()
        if not pattern.star or pattern.star not in stars:
            lead = [] if before or after else [Axis("N", N)]
            middle = (*lead, *(Axis("", draw(st.integers(1, 4))) for _ in range(draw(st.integers(0, 2)))))
        if pattern.star:
            stars[pattern.star] = middle
    dtype = draw(_dtype(port))
    classes = draw(st.none() | st.integers(1, 4)) if dtype == "int64" else None
    return TensorType((*before, *middle, *after), dtype, classes)


@st.composite
def inputs(draw: Callable[..., Any], layer: Layer) -> Mapping[str, Any]:
    """Types for a layer's input ports."""
    sizes: dict[str, Size] = dict(draw(_related(layer)))
    stars: dict[str, tuple[Axis, ...]] = {}
    types: dict[str, Any] = {}
    # where a layer changes a length by windows, a length that is not known cannot be followed exactly
    any_length = not any("T'" in port.pattern for port in layer.outputs.values())
    for name, port in layer.inputs.items():
        if port.optional:
            types[name] = draw(st.none() | _optional(layer, name, port, dict(sizes), types))
        elif port.many:
            one = draw(_type(port, sizes, stars, any_length))
            types[name] = (one,) * draw(st.integers(2, 3))
        elif name == "target" and parse(port.pattern).star == "" and draw(st.integers(0, 3)):
            types[name] = draw(_answer(types["prediction"], port))
        else:
            types[name] = draw(_type(port, sizes, stars, any_length))
    return types


@st.composite
def _optional(
    draw: Callable[..., Any], layer: Any, name: str, port: Port, sizes: dict[str, Size], types: Mapping[str, Any]
) -> Any:
    """A type for an optional port: a state of as many units, or what its pattern says; lengths are not drawn."""
    if name == "lengths":
        return TensorType.of("N", "N", dtype="int64", classes=6)
    if hasattr(layer, "hidden_size"):
        projected = getattr(layer, "proj_size", 0) if name == "initial" else 0
        return TensorType.of("N F", "N", projected or layer.hidden_size)
    if port.dtype == "int":
        return None
    if name == "padding" and "target" in types:
        axes = types["target"].axes
        return TensorType(axes[: draw(st.integers(1, len(axes)))] if axes else (Axis("N", N),), "bool")
    if "key" in layer.inputs and types.get("key") is None:
        sizes["S"] = sizes["T"]
    return draw(_type(port, sizes, {}, False))


@st.composite
def _related(draw: Callable[..., Any], layer: Any) -> Any:
    """Sizes that go with a layer's parameters, which would hardly ever be drawn by chance."""
    if layer.type_name().startswith("MaxUnpool"):
        return dict.fromkeys("DHWT", 1)  # one place each: two values for one place come out in any order
    if not draw(st.integers(0, 3)):
        return {}
    many = draw(st.integers(1, 2))
    match layer.type_name():
        case "Fold":
            counts, area = layer._windows(), math.prod(each(layer.kernel_size, 2))
            return {"C": area * many, "B": math.prod(counts)} if min(counts) > 0 else {}
        case "CTCLoss":
            return {"S": many}
        case "AdaptiveLogSoftmax":
            return {"F": 16 * many}
        case "UnfoldTime":
            steps = draw(st.sampled_from([4, Symbol("T")]))
            return {"T": steps, "M": product(N, steps)}
    heads = getattr(layer, "num_heads", 0) or getattr(layer, "nhead", 0)
    if heads:
        return {"F": heads * many}
    weights = getattr(layer, "class_weights", None)
    return {"C": len(weights)} if weights else {}


@st.composite
def _answer(draw: Callable[..., Any], prediction: TensorType, port: Port) -> Any:
    """A target for a prediction whose patterns do not tie them: of the same sizes, or with an axis less."""
    axes = draw(st.sampled_from([prediction.axes, (*prediction.axes[:1], *prediction.axes[2:])]))
    return TensorType(tuple(axes), draw(_dtype(port)))


def anything(cls: type[Layer]) -> st.SearchStrategy[Case]:
    """Cases that need not work."""
    return layers(cls).flatmap(lambda layer: inputs(layer).map(lambda types: Case(layer, types)))


def works(case: Case) -> bool:
    """Whether the layer can work on these inputs."""
    try:
        return not case.evaluated.error
    except MismatchError:
        return False


@st.composite
def cases(draw: Callable[..., Any], cls: type[Layer]) -> list[Case]:
    """A case that works, after those that do not and were drawn before it. So every layer must work on something."""
    tried: list[Case] = []
    for _ in range(6):
        tried.append(draw(anything(cls)))
        if cls.role not in ALONE or works(tried[-1]):
            return tried
    return reject()


def draw_all(cls: type[Layer]) -> list[Case]:
    """What is tried of a layer type. None is made smaller: each is small enough to be read."""
    found: list[Case] = []

    @settings(max_examples=CASES * (settings.default.max_examples // 100), phases=[Phase.generate])
    @hypothesis.given(cases(cls))
    def gather(drawn: list[Case]) -> None:
        found.extend(drawn)

    gather()
    return found


def make_tensors(
    types: Mapping[str, TensorType], within: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, Any]:
    """A tensor of each type, the same ones each time: normal numbers, or codes that the type allows; where ``within``
    gives a range for a name, numbers of that range."""
    import torch

    random = torch.Generator().manual_seed(0)

    def tensor(type: TensorType, least: float, most: float) -> torch.Tensor:
        shape, dtype = type.shape(POINT), getattr(torch, type.dtype)
        if type.dtype == "bool":
            made = torch.randint(0, 2, shape, generator=random, dtype=torch.bool)
            made[..., :1] = False  # as a mask it leaves something to be seen
            return made
        if math.isfinite(least):
            made = least + torch.rand(shape, generator=random) * (min(most, least + 3) - least)
            return made.to(dtype) if type.is_float else made.round().to(dtype)
        if type.is_float:
            return torch.randn(shape, generator=random, dtype=dtype)
        return torch.randint(0, type.classes or 1, shape, generator=random, dtype=dtype)

    boundless = (-math.inf, math.inf)
    return {name: tensor(type, *(within or {}).get(name, boundless)) for name, type in types.items()}
