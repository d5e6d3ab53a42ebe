"""What several families ask of their inputs before torch is asked: windows that fit, axes that are there."""

from __future__ import annotations

from collections.abc import Sequence

from nnstudio.layers.base import BuildError
from nnstudio.layers.types import Size as AxisSize
from nnstudio.layers.types import Symbol, TensorType

#: The value of a parameter of kind ``size``: one number for all axes, or one for each.
Size = int | tuple[int, ...]


def each(size: Size, axes: int) -> tuple[int, ...]:
    """A ``size`` as one number for each of ``axes`` axes."""
    return size if isinstance(size, tuple) else (size,) * axes


def shown(sizes: Sequence[AxisSize]) -> str:
    """Sizes as a person writes them: ``3×3``."""
    return "×".join(map(str, sizes))


def listed(numbers: Sequence[int], most: int = 8) -> str:
    """Numbers as a person lists them, the last one always among them: ``1, 2, 3, 4, …, 240``."""
    if len(numbers) <= most:
        return ", ".join(map(str, numbers))
    return f"{', '.join(map(str, numbers[: most - 1]))}, …, {numbers[-1]}"


def check_window(input: TensorType, kernel: Size, padding: Size = 0, dilation: Size = 1) -> None:
    """Refuse a window that is larger than the padded axes over which it slides: those behind batch and channel.

    Raises:
        BuildError: no place is left for the window along one of the axes. Axes of unknown size are let pass.
    """
    sizes = input.sizes[2:]
    count = len(sizes)
    kernels, paddings, dilations = each(kernel, count), each(padding, count), each(dilation, count)
    for size, k, p, d in zip(sizes, kernels, paddings, dilations, strict=True):
        if isinstance(size, int) and d * (k - 1) + 1 > size + 2 * p:
            reach = tuple(b * (a - 1) + 1 for a, b in zip(kernels, dilations, strict=True))
            spread = f" (spread to {shown(reach)} by its dilation)" if reach != kernels else ""
            padded = f" padded by {shown(paddings)}" if max(paddings) else ""
            raise BuildError(
                f"has a kernel of {shown(kernels)}{spread}, which is larger than its input of {shown(sizes)}{padded}",
                "make the kernel smaller, add padding, or shrink the input less before it",
            )


def place_of(axis: int, input: TensorType, *, what: str) -> int:
    """The place (1 to rank − 1) of an axis counted from the batch at 0, or from the end where it is negative.

    Raises:
        BuildError: there is no such axis, or it is the batch.
    """
    place = axis + input.rank if axis < 0 else axis
    last = input.rank - 1
    if last < 1:
        raise BuildError(f"has no axis to {what}: it is fed one number a sample", "feed it something with more axes")
    if place == 0:
        raise BuildError(
            f"would {what} the batch, which mixes the samples with one another",
            f"choose an axis from 1 to {last}, or -1 for the last",
        )
    if not 0 < place <= last:
        raise BuildError(
            f"is to {what} axis {axis}, but its input {input.per_sample()} has axes 1 to {last}",
            f"choose an axis from 1 to {last}, or -1 for the last",
        )
    return place


def fixed(size: AxisSize, name: str) -> int:
    """A size that must be a number. BuildError where it is known only at run time."""
    if isinstance(size, Symbol):
        raise BuildError(
            f"needs a fixed {name}, but its input's is known only at run time ({size})",
            "choose a layer that works on any length, or give the input a fixed size",
        )
    return size


def check_codes(type: TensorType, what: str, allowed: tuple[str, ...] = ("int64",)) -> None:
    """Refuse integer codes of a width that torch does not take. BuildError."""
    if type.dtype not in allowed:
        raise BuildError(f"needs {what} of type {' or '.join(allowed)}; it is fed {type.dtype}",
                         f"set the input's type to {allowed[0]}")  # fmt: skip
