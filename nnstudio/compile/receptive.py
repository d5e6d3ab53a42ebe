"""What each layer type does to receptive fields. Layers that are not known here count as seeing everything."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from nnstudio.compile import instantiate, reach
from nnstudio.compile.reach import Reach, Span
from nnstudio.layers import Arg, Call, Function, Layer, TensorType


@dataclass(frozen=True, slots=True)
class _Work:
    """What a module does: its arguments, what its input sees, the types of its input and output."""

    given: Mapping[str, Any]
    reach: Reach
    type: TensorType
    out: TensorType

    @property
    def axes(self) -> int:
        """How many axes come after the channels."""
        return self.type.rank - 2


_Rule = Callable[[_Work], Reach]

#: Modules that leave each place where it is.
_IN_PLACE = frozenset(
    """Embedding Identity SyncBatchNorm LocalResponseNorm CrossMapLRN2d ChannelShuffle PReLU Softmax2d
    CosineSimilarity PairwiseDistance""".split()
)
_IN_PLACE_FAMILIES = frozenset({"Activation", "Regularisation"})
#: Functions that work number by number.
_BY_NUMBER = frozenset(
    """add sub mul truediv div neg pow abs exp log sqrt square clamp relu sigmoid tanh where maximum minimum sign
    reciprocal rsqrt sin cos tan asin acos atan sinh cosh erf floor ceil round trunc frac expm1 log1p remainder lerp
    eq ne lt le gt ge logical_and logical_or logical_xor logical_not masked_fill addcmul addcdiv atan2""".split()
)
_REDUCTIONS = frozenset(
    "sum mean prod amax amin var std logsumexp argmax argmin any all count_nonzero norm median".split()
)


def behind(layer: Layer, built: Call | Function, fed: list[tuple[Reach, TensorType]], out: TensorType) -> Reach:
    """What the first output of a layer sees.

    Args:
        fed: what each wired input sees, and its type, in the order of the ports.
        out: the type of the output.
    """
    if not any(part for part, _ in fed):
        return {}
    if isinstance(built, Function):
        return _of_function(built, fed, out)
    name = built.target.rpartition(".")[2]
    first, type = fed[0]
    if len(fed) > 1 and name != "Bilinear":
        both = reach.union([part for part, _ in fed], out)
        return both if name in _IN_PLACE else reach.everything(both)
    if name in _IN_PLACE or (layer.family.title in _IN_PLACE_FAMILIES and name not in _RULES):
        return first
    if name == "Bilinear":
        first = reach.union([part for part, _ in fed], type)
    rule = _rule(name)
    if rule is None:
        return reach.everything(first)
    return rule(_Work(_arguments(built, layer), first, type, out))


def _arguments(built: Call, layer: Layer) -> Mapping[str, Any]:
    """A module's arguments by name, those that are not given with their defaults."""
    signature = inspect.signature(instantiate.module_class(built.target, layer).__init__)
    bound = signature.bind(None, *built.args, **dict(built.kwargs))
    bound.apply_defaults()
    return {**bound.arguments, **bound.arguments.get("kwargs", {})}


def _rule(name: str) -> _Rule | None:
    plain = name[:-2] if name[-2:] in ("1d", "2d", "3d") else name
    return _RULES.get(name) or _RULES.get(plain)


def _each(value: Any, axes: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,) * axes


def _along(at: _Work, change: Callable[[Span, int], Span]) -> Reach:
    """Change the spans along the axes after the channels: ``change(span, place)``, place from 0. A span whose axis is
    joined there sees everything."""
    found = {}
    for key, span in at.reach.items():
        if span.axis is not None and span.axis >= 2:
            found[key] = change(span, span.axis - 2)
        else:
            found[key] = span.all() if span.joined is not None and span.joined >= 2 else span
    return found


def _window(at: _Work) -> Reach:
    def change(span: Span, place: int) -> Span:
        kernel = _each(at.given["kernel_size"], at.axes)[place]
        stride = _each(at.given.get("stride") or kernel, at.axes)[place]
        dilation = _each(at.given.get("dilation", 1), at.axes)[place]
        padding = at.given.get("padding", 0)
        if isinstance(padding, str):
            padding = dilation * (kernel - 1) // 2 if padding == "same" else 0
        else:
            padding = _each(padding, at.axes)[place]
        return span.windows(kernel, stride, padding, dilation)

    return _along(at, change)


def _transposed(at: _Work) -> Reach:
    def change(span: Span, place: int) -> Span:
        kernel = _each(at.given["kernel_size"], at.axes)[place]
        stride = _each(at.given.get("stride") or kernel, at.axes)[place]
        padding, dilation = (
            _each(at.given.get("padding", 0), at.axes)[place],
            _each(at.given.get("dilation", 1), at.axes)[place],
        )
        return span.spread(kernel, stride, padding, dilation)

    return _along(at, change)


def _adaptive(at: _Work) -> Reach:
    def change(span: Span, place: int) -> Span:
        size, target = at.type.axes[place + 2].size, at.out.axes[place + 2].size
        if not isinstance(size, int) or not isinstance(target, int) or target == 1:
            return span.all()
        ratio = Fraction(size, target)
        slack = Fraction(0) if size % target == 0 else 1 - Fraction(1, target)
        return span.scaled(ratio, slack, ratio - 1 + 2 * slack)

    return _along(at, change)


def _upsampled(at: _Work) -> Reach:
    mode = at.given.get("mode", "nearest")

    def change(span: Span, place: int) -> Span:
        size, target = at.type.axes[place + 2].size, at.out.axes[place + 2].size
        if isinstance(size, int) and isinstance(target, int):
            ratio = Fraction(size, target)
        elif isinstance(at.given.get("scale_factor"), int | tuple):
            ratio = 1 / Fraction(_each(at.given["scale_factor"], at.axes)[place])
        else:
            return span.all()
        if mode.startswith("nearest"):
            slack = max(Fraction(0), 1 - ratio)
            return span.scaled(ratio, slack, slack)
        rows = 2 if mode == "bicubic" else 1  # rows on each side
        middle = Fraction(1, 2) - ratio / 2
        return span.scaled(ratio, middle + rows - ratio / 2, 2 * rows - ratio / 2)

    return _along(at, change)


def _shuffled(at: _Work) -> Reach:
    factor = at.given["upscale_factor"]
    slack = 1 - Fraction(1, factor)
    return _along(at, lambda span, _: span.scaled(Fraction(1, factor), slack, slack))


def _unshuffled(at: _Work) -> Reach:
    factor = at.given["downscale_factor"]
    return _along(at, lambda span, _: span.windows(factor, factor))


def _padded(at: _Work) -> Reach:
    def change(span: Span, place: int) -> Span:
        sides = _each(at.given["padding"], 2 * at.axes)
        return _after_padding(span, sides[2 * (at.axes - 1 - place)])

    return _along(at, change)


def _after_padding(span: Span, before: int) -> Span:
    """With ``before`` places put in front."""
    return span.windows(1, 1, before)


def _last_axes(at: _Work) -> Reach:
    shape = at.given.get("normalized_shape", (0,))
    count = len(shape) if isinstance(shape, tuple | list) else 1
    return reach.mixed(at.reach, range(at.type.rank - count, at.type.rank))


def _places(at: _Work) -> Reach:
    return reach.mixed(at.reach, range(2, at.type.rank))


def _batch_norm(at: _Work) -> Reach:
    """Without running figures it looks at the whole batch when predicting, too."""
    return at.reach if at.given["track_running_stats"] else _places(at)


def _one_axis(at: _Work) -> Reach:
    axis = at.given.get("dim")
    return reach.mixed(at.reach, [axis % at.type.rank]) if isinstance(axis, int) else reach.everything(at.reach)


_RULES: Mapping[str, _Rule] = {
    "Conv": _window, "MaxPool": _window, "AvgPool": _window, "LPPool": _window,
    "ConvTranspose": _transposed, "AdaptiveAvgPool": _adaptive, "AdaptiveMaxPool": _adaptive,
    "Upsample": _upsampled, "UpsamplingNearest": _upsampled, "PixelShuffle": _shuffled, "PixelUnshuffle": _unshuffled,
    "ConstantPad": _padded, "ZeroPad": _padded, "ReflectionPad": _padded, "ReplicationPad": _padded,
    "Linear": _last_axes, "Bilinear": _last_axes, "LayerNorm": _last_axes, "RMSNorm": _last_axes,
    "GroupNorm": _places, "InstanceNorm": _places, "BatchNorm": _batch_norm,
    "Softmax": _one_axis, "LogSoftmax": _one_axis, "Softmin": _one_axis, "GLU": _one_axis,
}  # fmt: skip


def _of_function(built: Function, fed: list[tuple[Reach, TensorType]], out: TensorType) -> Reach:
    name = built.target.rpartition(".")[2]
    nested = any(isinstance(item, Function) for item in (*built.args, *(value for _, value in built.kwargs)))
    if all(function.target.rpartition(".")[2] in _BY_NUMBER for function in built.functions()):
        return reach.union([_aligned(part, type, out) for part, type in fed], out)
    first, type = fed[0]
    both = reach.union([part for part, _ in fed], out)
    if nested:
        return reach.everything(both)
    values = [item for item in built.args if not isinstance(item, Arg)]
    keywords = dict(built.kwargs)
    if name == "cat":
        axis = keywords.get("dim", 0)
        return reach.mixed(both, [axis % out.rank])
    if len(fed) > 1:
        return reach.everything(both)
    if name == "flatten":
        start = values[0] if values else keywords.get("start_dim", 0)
        end = values[1] if len(values) > 1 else keywords.get("end_dim", -1)
        return reach.joined(first, start % type.rank, end % type.rank)
    if name == "permute":
        order = values[0] if values else keywords["dims"]
        return reach.moved(first, {axis % type.rank: place for place, axis in enumerate(order)})
    if name in _REDUCTIONS:
        return _reduced(values, keywords, first, type)
    if name in ("softmax", "log_softmax"):
        return _one_axis(_Work({"dim": keywords.get("dim", values[0] if values else None)}, first, type, out))
    if type.sizes == out.sizes and name in ("reshape", "contiguous", "detach"):
        return first
    if name == "reshape" and out.rank == 2 and type.has_batch and out.has_batch:
        return reach.joined(first, 1, type.rank - 1)
    return reach.everything(first)


def _aligned(part: Reach, type: TensorType, out: TensorType) -> Reach:
    """Axes are aligned at the end where sizes are spread against each other."""
    ahead = out.rank - type.rank
    return reach.moved(part, {axis: axis + ahead for axis in range(type.rank)}) if ahead else part


def _reduced(values: list[Any], keywords: Mapping[str, Any], first: Reach, type: TensorType) -> Reach:
    dims = keywords.get("dim", values[0] if values else None)
    if dims is None:
        return reach.everything(first)
    gone = {dim % type.rank for dim in _each(dims, 1)}
    found = reach.mixed(first, gone)
    if keywords.get("keepdim"):
        return found
    left = [axis for axis in range(type.rank) if axis not in gone]
    return reach.moved(found, {axis: place for place, axis in enumerate(left)})
