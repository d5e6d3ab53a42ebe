"""Receptive fields: from how far around each number of a tensor comes.

Along one axis of the data, the number at place i of a tensor depends at most on the places ``start + i·jump`` to
``start + i·jump + size − 1`` (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016;
Araujo et al., "Computing receptive fields of convolutional neural networks", Distill 2019). Layers that enlarge have
jumps below 1; start and size then are those of the real interval around the places, and a size is rounded down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from nnstudio.layers.types import Size, TensorType

#: Labels of axes along which things have places.
SPATIAL = frozenset("DHWTL")


@dataclass(frozen=True, slots=True)
class Span:
    """What a tensor sees along one axis of the data.

    extent: the size of that axis. axis: the tensor's axis along which i counts; None where that axis is joined with
    others or gone, so that nothing can move along it any more. ``joined`` is the axis into which it went.
    whole: everything is seen. unknown: it cannot be told what is seen; whatever follows cannot tell either.
    """

    extent: Size
    axis: int | None
    start: Fraction = Fraction(0)
    size: Fraction = Fraction(1)
    jump: Fraction = Fraction(1)
    joined: int | None = None
    whole: bool = False
    unknown: bool = False

    @property
    def places(self) -> int | None:
        """How many places of the data one number sees at most; None where that is not known, or all of an unknown
        length."""
        if self.unknown:
            return None
        extent = self.extent if isinstance(self.extent, int) else None
        if self.whole:
            return extent
        seen = math.floor(self.size)
        return seen if extent is None else min(seen, extent)

    @property
    def is_whole(self) -> bool:
        """Whether one number may see everything."""
        if self.unknown:
            return False
        return self.whole or (isinstance(self.extent, int) and self.size >= self.extent)

    def all(self) -> Span:
        """The span that sees everything; of what cannot be told it cannot be told either."""
        return replace(self, whole=not self.unknown, axis=None, joined=None)

    def untold(self) -> Span:
        """The span of which it cannot be told what it sees."""
        return replace(self, whole=False, unknown=True, axis=None, joined=None)

    def windows(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Span:
        """Behind windows that slide over it, as a convolution's."""
        return replace(
            self,
            start=self.start - padding * self.jump,
            size=self.size + (kernel - 1) * dilation * self.jump,
            jump=self.jump * stride,
        )

    def spread(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Span:
        """Behind a transposed convolution: output o comes from inputs i with o = i·stride − padding + dilation·k."""
        wide = Fraction(dilation * (kernel - 1), stride)
        return replace(
            self,
            start=self.start + self.jump * (Fraction(padding, stride) - wide),
            size=self.size + self.jump * wide,
            jump=self.jump / stride,
        )

    def scaled(self, ratio: Fraction, before: Fraction, width: Fraction) -> Span:
        """Behind something whose output o comes from input o·ratio − before, as far as ``width`` farther."""
        return replace(
            self, start=self.start - self.jump * before, size=self.size + self.jump * width, jump=self.jump * ratio
        )


#: What a tensor sees, by the axis of the data: (label, size).
Reach = Mapping[tuple[str, Size], Span]


def of_source(type: TensorType) -> Reach:
    """What an input sees: each place itself. Nothing where its axes have no places (a vector of features)."""
    return {
        (axis.label, axis.size): Span(axis.size, place)
        for place, axis in enumerate(type.axes)
        if axis.label in SPATIAL and place
    }


def moved(reach: Reach, places: Mapping[int, int | None]) -> Reach:
    """The same where the tensor's axes went elsewhere; an axis that is not named is gone, and so is the place on it."""
    found = {}
    for key, span in reach.items():
        at = span.axis if span.axis is not None else span.joined
        to = places.get(at) if at is not None else None
        kept = replace(span, axis=to, joined=None) if span.axis is not None else replace(span, joined=to)
        found[key] = kept
    return found


def joined(reach: Reach, first: int, last: int) -> Reach:
    """The same where the axes ``first`` to ``last`` are laid end to end."""
    found = {}
    for key, span in reach.items():
        at = span.axis if span.axis is not None else span.joined
        if at is None or at < first:
            found[key] = span
        elif at > last:
            to = at - (last - first)
            found[key] = replace(span, axis=to) if span.axis is not None else replace(span, joined=to)
        elif first == last:
            found[key] = span
        else:
            found[key] = replace(span, axis=None, joined=first)
    return found


def mixed(reach: Reach, axes: Iterable[int]) -> Reach:
    """The same where each number comes from everything along these axes."""
    over = set(axes)
    return {key: span.all() if {span.axis, span.joined} & over else span for key, span in reach.items()}


def untold(reach: Reach, axes: Iterable[int] | None = None) -> Reach:
    """The same where it cannot be told what is seen, or not along these axes."""
    over = None if axes is None else set(axes)
    return {
        key: span.untold() if over is None or {span.axis, span.joined} & over else span for key, span in reach.items()
    }


def everything(reach: Reach) -> Reach:
    """The same where each number comes from everything."""
    return {key: span.all() for key, span in reach.items()}


def union(parts: Iterable[Reach], type: TensorType) -> Reach:
    """What is seen where branches meet in a tensor of this type."""
    found: dict[tuple[str, Size], Span] = {}
    for part in parts:
        for key, span in part.items():
            found[key] = _both(found[key], span, type) if key in found else span
    return found


def _both(a: Span, b: Span, type: TensorType) -> Span:
    if a == b:
        return a
    if a.unknown or b.unknown:
        return a.untold()
    if a.whole or b.whole or a.axis != b.axis or a.joined != b.joined:
        return a.all()
    if a.jump != b.jump:
        count = type.axes[a.axis].size if a.axis is not None and a.axis < len(type.axes) else None
        if not isinstance(count, int):
            return a.all()
        drift = (b.jump - a.jump) * (count - 1)
        b = replace(b, start=b.start + min(drift, Fraction(0)), size=b.size + abs(drift), jump=a.jump)
    start = min(a.start, b.start)
    end = max(a.start + a.size, b.start + b.size)
    return replace(a, start=start, size=end - start)
