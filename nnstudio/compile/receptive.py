"""What each layer type does to receptive fields. Of layers that are not known here it cannot be told."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from nnstudio.compile import instantiate, reach
from nnstudio.compile.reach import Reach, Span
from nnstudio.compile.receptive_functions import compared, of_function
from nnstudio.compile.resampling import adaptive, resampled
from nnstudio.layers import Call, Function, Layer, TensorType


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
    """Embedding Identity SyncBatchNorm PReLU PositionalEncoding LearnedPositions Reparameterise""".split()
)
#: Modules that look at all places, of all their inputs.
_EVERYWHERE = frozenset(
    """RNN GRU LSTM MultiheadAttention ScaledDotProductAttention SqueezeExcitation Transformer TransformerEncoder
    TransformerDecoder TransformerEncoderLayer TransformerDecoderLayer MaskedPool FlipSequence""".split()
)
#: Modules that compare what lies along one axis of two tensors.
_COMPARING = frozenset(("CosineSimilarity", "PairwiseDistance"))
_IN_PLACE_FAMILIES = frozenset({"Activation", "Regularisation"})


def behind(
    layer: Layer, built: Call | Function, fed: list[tuple[Reach, TensorType]], out: TensorType, place: int = 0
) -> Reach:
    """What an output of a layer sees.

    Args:
        fed: what each wired input sees, and its type, in the order of the ports.
        out: the type of the output.
        place: which output it is; the parts of what is cut differ, all others see what the first sees.
    """
    if not any(part for part, _ in fed):
        return {}
    if isinstance(built, Function):
        return of_function(built, fed, out, place)
    name = built.target.rpartition(".")[2]
    first, type = fed[0]
    both = reach.union([part for part, _ in fed], out)
    if name in _EVERYWHERE or layer.role == "loss":
        return reach.everything(both)
    if name in _COMPARING:
        return compared(both, _arguments(built, layer).get("dim", -1) % type.rank, type.rank, out.rank)
    if len(fed) > 1 and name not in ("Bilinear", "InterpolateLike"):
        return both if name in _IN_PLACE else reach.untold(both)
    if name in _IN_PLACE or (layer.family.title in _IN_PLACE_FAMILIES and _rule(name) is None):
        return first
    if name == "Bilinear":
        first = reach.union([part for part, _ in fed], type)
    rule = _rule(name)
    if rule is None:
        return reach.untold(first)
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


def _along(at: _Work, change: Callable[[Span, int], Span], channels: Callable[[Span], Span] | None = None) -> Reach:
    """Change the spans along the axes after the channels: ``change(span, place)``, place from 0. A span whose axis is
    joined there sees everything. ``channels`` changes one whose places are the channels."""
    found = {}
    for key, span in at.reach.items():
        if span.axis is not None and span.axis >= 2:
            found[key] = change(span, span.axis - 2)
        elif span.joined is not None and span.joined >= 2:
            found[key] = span.all()
        else:
            found[key] = channels(span) if channels is not None and 1 in (span.axis, span.joined) else span
    return found


def _channels(at: _Work) -> Callable[[Span], Span]:
    """What a convolution does to places that lie in its channels."""
    return Span.all if at.given.get("groups", 1) == 1 else Span.untold


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

    return _along(at, change, _channels(at) if "out_channels" in at.given else None)


def _transposed(at: _Work) -> Reach:
    def change(span: Span, place: int) -> Span:
        kernel = _each(at.given["kernel_size"], at.axes)[place]
        stride = _each(at.given.get("stride") or kernel, at.axes)[place]
        padding, dilation = (
            _each(at.given.get("padding", 0), at.axes)[place],
            _each(at.given.get("dilation", 1), at.axes)[place],
        )
        return span.spread(kernel, stride, padding, dilation)

    return _along(at, change, _channels(at))


def _adaptive(at: _Work) -> Reach:
    return _along(at, lambda span, place: adaptive(span, at.type, at.out, place + 2))


def _upsampled(at: _Work) -> Reach:
    mode, corners = at.given.get("mode", "nearest"), bool(at.given.get("align_corners"))
    factors = at.given.get("scale_factor")

    def change(span: Span, place: int) -> Span:
        factor = _each(factors, at.axes)[place] if isinstance(factors, int | tuple) else None
        return resampled(span, mode, at.type, at.out, place + 2, corners=corners, factor=factor)

    return _along(at, change)


def _shuffled(at: _Work) -> Reach:
    factor = at.given["upscale_factor"]
    slack = 1 - Fraction(1, factor)
    return _along(at, lambda span, _: span.scaled(Fraction(1, factor), slack, slack), Span.untold)


def _unshuffled(at: _Work) -> Reach:
    factor = at.given["downscale_factor"]
    return _along(at, lambda span, _: span.windows(factor, factor), Span.untold)


def _padded(at: _Work) -> Reach:
    def change(span: Span, place: int) -> Span:
        sides = _each(at.given["padding"], 2 * at.axes)
        return _after_padding(span, sides[2 * (at.axes - 1 - place)])

    return _along(at, change)


def _after_padding(span: Span, before: int) -> Span:
    """With ``before`` places put in front."""
    return span.windows(1, 1, before)


def _unfolded(at: _Work) -> Reach:
    """Windows, which then lie end to end."""
    return reach.joined(_window(at), 2, at.type.rank - 1)


def _patches(at: _Work) -> Reach:
    """A convolution whose places then become steps."""
    size = at.given["patch_size"]
    work = _Work({"kernel_size": size, "stride": size}, at.reach, at.type, at.out)
    return reach.moved(_unfolded(work), {0: 0, 1: 2, 2: 1})


def _behind_token(at: _Work) -> Reach:
    return {key: _after_padding(span, 1) if span.axis == 1 else span for key, span in at.reach.items()}


def _across_channels(at: _Work) -> Reach:
    return reach.untold(at.reach, [1])


def _halved(at: _Work) -> Reach:
    axis = at.given["dim"] % at.type.rank
    return reach.untold(at.reach, [axis])


def _turned(at: _Work) -> Reach:
    """The features are turned in pairs."""
    return reach.untold(at.reach, [at.type.rank - 1])


def _unflattened(at: _Work) -> Reach:
    axis = at.given["dim"] % at.type.rank
    more = at.out.rank - at.type.rank
    kept = reach.untold(at.reach, [axis])
    return reach.moved(kept, {place: place + (more if place > axis else 0) for place in range(at.type.rank)})


def _last_axes(at: _Work) -> Reach:
    shape = at.given.get("normalized_shape", (0,))
    count = len(shape) if isinstance(shape, tuple | list) else 1
    return reach.mixed(at.reach, range(at.type.rank - count, at.type.rank))


def _places(at: _Work) -> Reach:
    return reach.mixed(at.reach, range(2, at.type.rank))


def _groups(at: _Work) -> Reach:
    seen = _places(at)
    return reach.mixed(seen, [1]) if at.given.get("num_groups") == 1 else reach.untold(seen, [1])


def _batch_norm(at: _Work) -> Reach:
    """Without running figures it looks at the whole batch when predicting, too."""
    return at.reach if at.given["track_running_stats"] else _places(at)


def _one_axis(at: _Work) -> Reach:
    axis = at.given.get("dim")
    return reach.mixed(at.reach, [axis % at.type.rank]) if isinstance(axis, int) else reach.untold(at.reach)


_RULES: Mapping[str, _Rule] = {
    "Conv": _window, "MaxPool": _window, "AvgPool": _window, "LPPool": _window,
    "ConvTranspose": _transposed, "AdaptiveAvgPool": _adaptive, "AdaptiveMaxPool": _adaptive,
    "Upsample": _upsampled, "UpsamplingNearest": _upsampled, "PixelShuffle": _shuffled, "PixelUnshuffle": _unshuffled,
    "ConstantPad": _padded, "ZeroPad": _padded, "ReflectionPad": _padded, "ReplicationPad": _padded,
    "CircularPad": _padded, "Unfold": _unfolded, "PatchEmbedding": _patches, "ClassToken": _behind_token,
    "InterpolateLike": _upsampled, "Unflatten": _unflattened, "RotaryEncoding": _turned,
    "LocalResponseNorm": _across_channels,
    "CrossMapLRN2d": _across_channels, "ChannelShuffle": _across_channels, "Softmax2d": _across_channels,
    "Linear": _last_axes, "Bilinear": _last_axes, "LayerNorm": _last_axes, "RMSNorm": _last_axes,
    "GroupNorm": _groups, "InstanceNorm": _places, "BatchNorm": _batch_norm,
    "Softmax": _one_axis, "LogSoftmax": _one_axis, "Softmin": _one_axis, "GLU": _halved,
}  # fmt: skip
