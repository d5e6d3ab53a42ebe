"""Matching tensor types against the patterns of ports, and naming the axes of what comes out."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nnstudio.layers import Axis, Port, TensorType
from nnstudio.layers.disagreement import example
from nnstudio.layers.types import AXIS_NAMES, FLOAT_DTYPES, INT_DTYPES, Size

#: Labels for the axes of a tensor of which nothing but the rank is known.
_USUAL_LABELS: Mapping[int, tuple[str, ...]] = {
    1: ("N",), 2: ("N", "F"), 3: ("N", "T", "F"), 4: ("N", "C", "H", "W"), 5: ("N", "C", "D", "H", "W"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed port pattern: labels (or exact sizes) before and after the star; ``star`` is its name or None."""

    before: tuple[str | int, ...]
    star: str | None
    after: tuple[str | int, ...]

    @property
    def fixed(self) -> int:
        """How many axes it names."""
        return len(self.before) + len(self.after)

    def takes_rank(self, rank: int) -> bool:
        """Whether a tensor of so many axes, the batch among them, can match."""
        return rank == self.fixed if self.star is None else rank >= self.fixed

    def described(self) -> str:
        """In a person's words, without the batch: ``an image (channel, height, width)``."""
        tokens = [*self.before, *(["…"] if self.star is not None else []), *self.after]
        if tokens and tokens[0] == "N":
            tokens = tokens[1:]
        names = tuple(AXIS_NAMES.get(_label(t), _label(t)) if t != "…" else "…" for t in tokens)
        what = {
            ("channel", "height", "width"): "an image",
            ("channel", "depth", "height", "width"): "a volume",
            ("time", "feature"): "a sequence",
            ("channel", "time"): "a signal",
            ("feature",): "a vector",
            (): "one number a sample",
        }.get(names, "a tensor")
        return f"{what} ({', '.join(names)})" if names else what


def _label(token: str | int) -> str:
    return token.rstrip("'") if isinstance(token, str) else ""


@functools.cache
def parse(text: str) -> Pattern:
    """Parse a port pattern. ValueError where it has more than one star."""
    tokens = [int(token) if token.isdigit() else token for token in text.split()]
    stars = [place for place, token in enumerate(tokens) if isinstance(token, str) and token.startswith("*")]
    if len(stars) > 1:
        raise ValueError(f"the port pattern {text!r} has more than one star")
    if not stars:
        return Pattern(tuple(tokens), None, ())
    star = stars[0]
    return Pattern(tuple(tokens[:star]), str(tokens[star])[1:], tuple(tokens[star + 1 :]))


@dataclass
class Bindings:
    """Sizes that the input ports of one layer agreed on: by label, and by the name of a star."""

    sizes: dict[str, Size] = field(default_factory=dict)
    stars: dict[str, tuple[Axis, ...]] = field(default_factory=dict)


class MismatchError(ValueError):
    """A type does not fit a port. ``code`` is ``rank``, ``size`` or ``dtype``; the text is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def dtype_fits(port: Port, dtype: str) -> bool:
    """Whether a port takes this dtype."""
    match port.dtype:
        case "any":
            return True
        case "float":
            return dtype in FLOAT_DTYPES
        case "int":
            return dtype in INT_DTYPES
        case "number":
            return dtype in FLOAT_DTYPES or dtype in INT_DTYPES
    return dtype == port.dtype


def match(name: str, port: Port, type: TensorType, bindings: Bindings | None = None) -> TensorType:
    """``type`` with its axes labelled as the port's pattern says. MismatchError where it does not fit.

    With ``bindings``, sizes must also agree with those that the layer's other ports have bound.
    """
    if not dtype_fits(port, type.dtype):
        raise MismatchError("dtype", f"port {name} {_wanted(port)}; it is fed {_offered(type)}")
    pattern = parse(port.pattern)
    if not pattern.takes_rank(type.rank):
        raise MismatchError("rank", f"needs {pattern.described()}; it is fed {described(type)}")
    cut = type.rank - len(pattern.after)
    middle = type.axes[len(pattern.before) : cut]
    tokens = (*pattern.before, *(axis.label for axis in middle), *pattern.after)
    axes = tuple(Axis(_label(token) or axis.label, axis.size) for token, axis in zip(tokens, type.axes, strict=True))
    for token, axis in zip(tokens, axes, strict=True):
        if isinstance(token, int) and axis.size != token:
            shown = example(axis.size, token)
            raise MismatchError("size", f"port {name} needs {token} on that axis; it is fed {described(type)}{shown}")
    if bindings is not None:
        _bind(name, pattern, axes, middle, bindings)
    return TensorType(axes, type.dtype, type.classes)


def _bind(name: str, pattern: Pattern, axes: tuple[Axis, ...], middle: tuple[Axis, ...], bindings: Bindings) -> None:
    fixed = (*axes[: len(pattern.before)], *axes[len(axes) - len(pattern.after) :])
    for token, axis in zip((*pattern.before, *pattern.after), fixed, strict=True):
        label = _label(token)
        known = bindings.sizes.setdefault(label, axis.size) if label else axis.size
        if known != axis.size:
            shown = example(known, axis.size)
            raise MismatchError("size", f"{axis.name} is {known} at one input but {axis.size} at {name}{shown}")
    if pattern.star:
        known_axes = bindings.stars.setdefault(pattern.star, middle)
        if [axis.size for axis in known_axes] != [axis.size for axis in middle]:
            one = "×".join(str(axis.size) for axis in known_axes) or "nothing more"
            other = "×".join(str(axis.size) for axis in middle) or "nothing more"
            both = list(zip(known_axes, middle, strict=False)) if len(known_axes) == len(middle) else []
            unlike = [(mine, its) for mine, its in both if mine.size != its.size]
            named = ", ".join(f"{its.name} is {mine.size} and {its.size}" for mine, its in unlike if its.label)
            shown = next((told for mine, its in unlike if (told := example(mine.size, its.size))), "")
            raise MismatchError(
                "size",
                f"its inputs must have the same sizes; one has {one}, {name} has {other}"
                f"{': ' * bool(named)}{named}{shown}",
            )


def disagreements(types: Sequence[TensorType]) -> str:
    """The first example among the axes of several types that mean the same, by label; the batch is no such axis. ""
    where two have different numbers of axes: what is wrong is that, and not how long one of them is."""
    for place, one in enumerate(types):
        for other in types[place + 1 :]:
            for axis in one.axes if one.rank == other.rank else ():
                for its in other.axes:
                    told = (
                        example(axis.size, its.size) if axis.label not in ("", "N") and axis.label == its.label else ""
                    )
                    if told:
                        return told
    return ""


def labels_out(port: Port, rank: int, inputs: tuple[TensorType, ...], bindings: Bindings) -> tuple[str, ...]:
    """Labels for the axes of an output of this rank."""
    pattern = parse(port.pattern)
    first = inputs[0] if inputs else None
    usual = first.labels if first is not None and first.rank == rank else _USUAL_LABELS.get(rank, ("",) * rank)
    if not pattern.takes_rank(rank):
        return usual
    count = rank - pattern.fixed
    known = bindings.stars.get(pattern.star or "", ())
    middle = tuple(axis.label for axis in known) if pattern.star and len(known) == count else None
    if middle is None:
        middle = usual[len(pattern.before) : len(pattern.before) + count]
    return (*map(_label, pattern.before), *middle, *map(_label, pattern.after))


def described(type: TensorType) -> str:
    """What is fed, in a person's words: ``a vector of 64``, ``an image 16×28×28``."""
    sizes = type.axes[1:] if type.has_batch else type.axes
    what = {1: "a vector of", 2: "a table", 3: "an image", 4: "a volume"}.get(len(sizes), "a tensor")
    if not sizes:
        return type.described()
    if len(sizes) == 2 and sizes[0].label == "T":
        what = "a sequence"
    return f"{what} {type.per_sample()}"


def _wanted(port: Port) -> str:
    return {
        "float": "takes real numbers (float32)",
        "int": "takes whole numbers (class codes or token ids, int64)",
        "number": "takes numbers",
    }.get(port.dtype, f"takes {port.dtype}")


def _offered(type: TensorType) -> str:
    if type.classes:
        return f"class codes (0 to {type.classes - 1}, {type.dtype})"
    return f"{described(type)} of type {type.dtype}"
