"""What one output of a resampling sees along an axis: exact bounds, by torch's own rules for where it looks."""

from __future__ import annotations

import math
from fractions import Fraction

from nnstudio.compile.reach import Span
from nnstudio.layers import TensorType


def adaptive(span: Span, type: TensorType, out: TensorType, axis: int) -> Span:
    """Behind a pooling to a given size: output o comes from inputs floor(o·r) to ceil((o + 1)·r)."""
    size, target = type.axes[axis].size, out.axes[axis].size
    if target == 1:
        return span.all()
    if not isinstance(size, int) or not isinstance(target, int):
        return span.untold()
    ratio = Fraction(size, target)
    slack = Fraction(0) if size % target == 0 else 1 - Fraction(1, target)
    return span.scaled(ratio, slack, ratio - 1 + 2 * slack)


def resampled(
    span: Span, mode: str, type: TensorType, out: TensorType, axis: int, *, corners: bool = False,
    factor: int | None = None,
) -> Span:  # fmt: skip
    """Behind an interpolation: nearest sees one place, linear the two around a point, bicubic four.

    corners: the first and the last places stay where they are. factor: by how much it enlarges, where sizes do not say.
    """
    size, target = type.axes[axis].size, out.axes[axis].size
    if mode == "area":
        return adaptive(span, type, out, axis)
    if isinstance(size, int) and isinstance(target, int):
        if corners and target == 1:
            return span.untold()
        ratio = Fraction(size - 1, target - 1) if corners else Fraction(size, target)
    elif factor and not corners:
        ratio = 1 / Fraction(factor)
    else:
        return span.untold()
    if mode == "nearest":
        slack = 1 - Fraction(1, ratio.denominator)
        return span.scaled(ratio, slack, slack)
    middle = Fraction(0) if corners else (ratio - 1) / 2  # the point that output 0 lies at
    slack = 1 - Fraction(1, math.lcm(ratio.denominator, middle.denominator))  # points lie so far from a place at most
    if mode == "nearest-exact":
        slack = 1 - Fraction(1, math.lcm(ratio.denominator, (ratio / 2).denominator))
        return span.scaled(ratio, slack - ratio / 2, slack)
    rows = 1 if mode == "bicubic" else 0  # beyond the two around it
    return span.scaled(ratio, slack + rows - middle, 2 * (slack + rows))
