"""Tensor types: axes with sizes and labels, and a dtype."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

#: What a person calls an axis of the given one-letter label.
AXIS_NAMES: Mapping[str, str] = {
    "N": "batch",
    "C": "channel",
    "D": "depth",
    "H": "height",
    "W": "width",
    "T": "time",
    "F": "feature",
    "E": "embedding",
    "L": "layer",
    "G": "feature",
    "R": "row",
    "K": "column",
    "P": "row",
    "Q": "column",
    "S": "position",
    "B": "patch",
    "V": "code",
    "M": "sample",
    "": "axis",
}

FLOAT_DTYPES = frozenset({"float16", "bfloat16", "float32", "float64"})
INT_DTYPES = frozenset({"uint8", "int8", "int16", "int32", "int64"})
DTYPES = FLOAT_DTYPES | INT_DTYPES | {"bool"}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A size that is known only at run time: ``times · ⌊scale · name + offset⌋ + plus``, as in ``N``, ``2N+1``, or
    ``⌊T/2⌋`` behind a pooling.

    It is kept in one form, so that symbols that are the same number at every length are equal: ``times`` and ``plus``
    only where something is rounded down, and the rest in ``scale`` and ``offset``.

    by: sizes that it is multiplied by, where each step of each sample is a sample of its own: ``N·T``.
    """

    name: str
    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    times: int = 1
    plus: int = 0
    by: tuple[Symbol, ...] = ()

    def __post_init__(self) -> None:
        if self.scale.denominator == 1 and self.times == 1 and not self.plus and self.offset.denominator == 1:
            return  # what is most often made
        scale, times, plus = self.scale, self.times, self.plus
        whole = scale.denominator  # ⌊(aT + b) / c⌋ with whole numbers is as with ⌊b⌋
        offset = Fraction(math.floor(self.offset * whole), whole)
        if whole == 1:
            scale, offset, times, plus = scale * times, offset * times + plus, 1, 0
        elif times == 1:
            offset, plus = offset + plus, 0
        else:
            low = math.floor(offset)
            offset, plus = offset - low, plus + times * low
        for name, value in (("scale", scale), ("offset", offset), ("times", times), ("plus", plus)):
            object.__setattr__(self, name, value)

    def __hash__(self) -> int:
        return hash(self.name)  # a fraction's own hash is slow, and symbols that differ in nothing else are rare

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that it depends on, its own first."""
        return (self.name, *(name for other in self.by for name in other.names))

    def __str__(self) -> str:
        if self.by:
            alone = Symbol(self.name, self.scale, self.offset, self.times, self.plus)
            return "·".join(_factor(str(part)) for part in (alone, *self.by))
        if self.scale.denominator == 1:
            return _term(self.scale.numerator, self.name, int(self.offset))
        under, low = self.scale.denominator, math.floor(self.offset)
        if -1 < self.offset < 0:
            low = 0
        over = self.offset - low
        up = over == Fraction(under - 1, under)  # ⌊(T + c − 1) / c⌋ is T / c rounded up
        inner = _term(self.scale.numerator, self.name, 0 if up else int(over * under))
        inner = f"({inner})" if not up and over else inner
        rounded = f"{'⌈' if up else '⌊'}{inner}/{under}{'⌉' if up else '⌋'}"
        return _term(self.times, rounded, self.plus + self.times * low)

    def at(self, values: Mapping[str, int]) -> int:
        """The size where each symbol has the given value. KeyError where the symbol has none."""
        scale, offset = self.scale, self.offset
        whole = scale.numerator * offset.denominator * values[self.name] + offset.numerator * scale.denominator
        size = self.times * (whole // (scale.denominator * offset.denominator)) + self.plus
        for other in self.by:
            size *= other.at(values)
        return size

    def of(self, inner: Symbol) -> Symbol | None:
        """This size where its name stands for another symbol: ``T−2`` of ``⌊T/2⌋``. None where that has no such form.

        ⌊(a·k⌊y⌋ + e) / c⌋ is one again where k⌊y⌋ is whole anyway, or where a·k and c leave only one of them.
        """
        if self.by or inner.by:
            return _many(self.scale.numerator, inner) if self.is_multiple else None
        if self.scale.denominator == 1:
            scale = self.scale.numerator
            if inner.scale.denominator == 1:
                return Symbol(inner.name, scale * inner.scale, scale * inner.offset + self.offset)
            plus = scale * inner.plus + int(self.offset)
            return Symbol(inner.name, inner.scale, inner.offset, scale * inner.times, plus)
        under = self.scale.denominator
        extra = self.scale.numerator * inner.plus + int(self.offset * under)
        if inner.scale.denominator == 1:
            over = self.scale.numerator * inner.scale
            offset = Fraction(self.scale.numerator * int(inner.offset) + int(self.offset * under), under)
            return Symbol(inner.name, over / under, offset, self.times, self.plus)
        factor = self.scale.numerator * inner.times
        shared = math.gcd(factor, under)
        factor, under, extra = factor // shared, under // shared, math.floor(Fraction(extra, shared))
        if under == 1:
            times = self.times * factor
            return Symbol(inner.name, inner.scale, inner.offset, times, self.times * extra + self.plus)
        if factor == 1:
            return Symbol(inner.name, inner.scale / under, (inner.offset + extra) / under, self.times, self.plus)
        return None

    @property
    def is_multiple(self) -> bool:
        """Whether it is its name so many times, and nothing else."""
        return self.scale.denominator == 1 and not self.offset and not self.by

    def to_json(self) -> list[Any]:
        """A JSON value: the name and what differs from it; :meth:`from_json` reads it back."""
        written: list[Any] = [self.name, str(self.scale), str(self.offset)]
        if self.by:
            return [*written, self.times, self.plus, [other.to_json() for other in self.by]]
        return written if self.times == 1 and not self.plus else [*written, self.times, self.plus]

    @classmethod
    def from_json(cls, data: Any) -> Symbol:
        """Read what :meth:`to_json` wrote. TypeError, IndexError or ValueError where it is nothing of the kind."""
        name, scale, offset, *more = data
        times, plus = (int(value) for value in more[:2]) if more else (1, 0)
        by = tuple(map(cls.from_json, more[2])) if len(more) > 2 else ()
        return cls(str(name), Fraction(scale), Fraction(offset), times, plus, by)


def _factor(text: str) -> str:
    """A size as one part of a product: ``(T+1)``."""
    return f"({text})" if any(sign in text[1:] for sign in "+−") and not text.startswith(("⌊", "⌈")) else text


def _term(times: int, name: str, plus: int) -> str:
    """``2T+1``."""
    scaled = {1: name, -1: f"−{name}"}.get(times, f"{times}{name}")
    return f"{scaled}{'+' if plus > 0 else '−'}{abs(plus)}" if plus else scaled


Size = int | Symbol


def product(first: Size, second: Size) -> Size:
    """One size times another: ``5N`` of N and 5, ``N·T`` of N and T."""
    if isinstance(first, int):
        return first * second if isinstance(second, int) else _many(first, second)
    if isinstance(second, int):
        return _many(second, first)
    return replace(first, by=(*first.by, replace(second, by=()), *second.by))


def _many(count: int, size: Symbol) -> Symbol:
    many = Symbol(size.name, Fraction(count)).of(replace(size, by=()))
    assert many is not None  # a whole multiple always has that form
    return replace(many, by=size.by)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a tensor: its one-letter label ("" where it has none) and its size."""

    label: str
    size: Size

    @property
    def name(self) -> str:
        """What a person calls this axis: ``channel`` for ``C``."""
        return AXIS_NAMES.get(self.label, self.label.lower())


#: The label of the axis of samples' weights.
WEIGHT = "weight"


@dataclass(frozen=True, slots=True)
class TensorType:
    """What flows along a wire: ``N×3×32×32 (batch, channel, height, width) float32``.

    ``classes`` says, for a tensor of integer class codes, how many classes there are.
    """

    axes: tuple[Axis, ...]
    dtype: str = "float32"
    classes: int | None = None

    @classmethod
    def of(cls, labels: str, *sizes: Size | str, dtype: str = "float32", classes: int | None = None) -> TensorType:
        """``TensorType.of("N C H W", "N", 3, 32, 32)``; a size given as a string is a symbol."""
        names = labels.split()
        if len(names) != len(sizes):
            raise ValueError(f"{len(names)} labels but {len(sizes)} sizes")
        axes = tuple(
            Axis(name, Symbol(size) if isinstance(size, str) else size) for name, size in zip(names, sizes, strict=True)
        )
        return cls(axes, dtype, classes)

    @classmethod
    def of_weights(cls) -> TensorType:
        """Of a field that says how much each sample counts in the losses."""
        return cls.of(f"N {WEIGHT}", "N", 1)

    @property
    def is_weights(self) -> bool:
        """Whether it says how much each sample counts in the losses."""
        return self.labels[1:] == (WEIGHT,)

    @property
    def rank(self) -> int:
        """The number of axes, the batch among them."""
        return len(self.axes)

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Sizes in the order of the axes; a symbol where one is known only at run time."""
        return tuple(axis.size for axis in self.axes)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the axes are called, in their order: ``("N", "C", "H", "W")``."""
        return tuple(axis.label for axis in self.axes)

    @property
    def is_float(self) -> bool:
        """Whether it holds floating-point numbers."""
        return self.dtype in FLOAT_DTYPES

    @property
    def is_int(self) -> bool:
        """Whether it holds whole numbers."""
        return self.dtype in INT_DTYPES

    @property
    def symbols(self) -> frozenset[str]:
        """Names of the sizes that are known only at run time, such as ``N``."""
        return frozenset(name for axis in self.axes if isinstance(axis.size, Symbol) for name in axis.size.names)

    def __getitem__(self, label: str) -> int:
        """The size of the axis with this label, which must be a number. KeyError where there is none."""
        for axis in self.axes:
            if axis.label == label:
                if not isinstance(axis.size, int):
                    raise KeyError(f"the size of axis {label} is not fixed, it is {axis.size}")
                return axis.size
        raise KeyError(label)

    def last(self) -> int:
        """The size of the last axis, which must be a number. KeyError where it is not."""
        size = self.axes[-1].size if self.axes else None
        if not isinstance(size, int):
            raise KeyError("the last axis has no fixed size")
        return size

    def shape(self, values: Mapping[str, int]) -> tuple[int, ...]:
        """The concrete shape where each symbol has the given value."""
        return tuple(axis.size if isinstance(axis.size, int) else axis.size.at(values) for axis in self.axes)

    def numel_per_sample(self) -> int | None:
        """Product of the sizes after the batch axis; None where one of them is symbolic."""
        total = 1
        for axis in self.axes[1:] if self.has_batch else self.axes:
            if not isinstance(axis.size, int):
                return None
            total *= axis.size
        return total

    @property
    def has_batch(self) -> bool:
        """Whether the first axis is the batch: N, or N·T where each step is a sample."""
        return bool(self.axes) and (self.axes[0].size == Symbol("N") or self.is_folded)

    @property
    def is_folded(self) -> bool:
        """Whether each step of each sample is a sample of its own: the first axis is several times the batch."""
        first = self.axes[0].size if self.axes else None
        if not isinstance(first, Symbol) or first.name != "N" or first == Symbol("N"):
            return False
        return bool(first.by) or first.is_multiple

    def per_sample(self) -> str:
        """The sizes without the batch axis, for a wire's pill: ``3×32×32``; ``scalar`` where nothing is left."""
        axes = self.axes[1:] if self.has_batch else self.axes
        return "×".join(str(axis.size) for axis in axes) or "scalar"

    def described(self) -> str:
        """In a person's words: ``16×28×28 (channel, height, width)``."""
        axes = self.axes[1:] if self.has_batch else self.axes
        if not axes:
            kind = f"one of {self.classes} classes" if self.classes else "one number"
            return kind + (" a sample" if self.has_batch else "")
        named = ", ".join(axis.name for axis in axes)
        return f"{self.per_sample()} ({named})"

    def __str__(self) -> str:
        sizes = "×".join(str(axis.size) for axis in self.axes) or "scalar"
        names = ", ".join(axis.name for axis in self.axes)
        return f"{sizes} ({names}) {self.dtype}" if names else f"{sizes} {self.dtype}"

    def to_json(self) -> dict[str, Any]:
        """A JSON value; :meth:`from_json` reads it back."""
        return {
            "labels": [axis.label for axis in self.axes],
            "sizes": [axis.size if isinstance(axis.size, int) else axis.size.to_json() for axis in self.axes],
            "dtype": self.dtype,
            "classes": self.classes,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TensorType:
        """Read what :meth:`to_json` wrote. ValueError where it is not a tensor type."""
        try:
            sizes: Iterable[Size] = [
                size if isinstance(size, int) else Symbol.from_json(size) for size in data["sizes"]
            ]
            axes = tuple(Axis(str(label), size) for label, size in zip(data["labels"], sizes, strict=True))
            dtype, classes = data["dtype"], data.get("classes")
            if dtype not in DTYPES or not (classes is None or isinstance(classes, int)):
                raise ValueError(dtype)
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise ValueError(f"not a tensor type: {data!r}") from error
        return cls(axes, dtype, classes)
