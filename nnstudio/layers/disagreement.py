"""Sizes that are not the same, in a person's words: the axis is named, and unknown sizes get an example in numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nnstudio.layers.types import Axis, Size, Symbol, TensorType

#: The batch of an example, the least of its other sizes, and the largest that are tried.
_SAMPLES, _LEAST, _MOST = 3, 7, 200
_EXAMPLE = re.compile(r"\((?:for|with) [^()]+: \d+ against \d+\)")
_ORDINALS = ("the first", "the second", "the third", "the fourth", "the fifth")


def example(one: Size, other: Size) -> str:
    """Two sizes that are not the same, in numbers, where one is known only at run time: `` (for a sequence of length 7:
    4 against 3)``; "" where both are numbers, or where they are never apart."""
    names = sorted({name for size in (one, other) if isinstance(size, Symbol) for name in size.names})
    if not names:
        return ""
    for least in range(_LEAST, _MOST):
        values = {name: least + place for place, name in enumerate(each for each in names if each != "N")}
        values["N"] = _SAMPLES + least - _LEAST
        first, second = (size if isinstance(size, int) else size.at(values) for size in (one, other))
        if first != second and first > 0 and second > 0:
            return f" ({_given({name: values[name] for name in names})}: {first} against {second})"
    return ""


def has_example(text: str) -> bool:
    """Whether a message gives such an example already."""
    return _EXAMPLE.search(text) is not None


def _given(values: dict[str, int]) -> str:
    """``with 3 samples of length 7``, ``for a sequence of length 7``, ``with H = 7 and W = 8``."""
    samples = f"{values['N']} samples" if "N" in values else ""
    others = [name for name in values if name != "N"]
    if others == ["T"]:
        return f"with {samples} of length {values['T']}" if samples else f"for a sequence of length {values['T']}"
    *most, last = [*([samples] if samples else []), *(f"{name} = {values[name]}" for name in others)]
    return f"with {', '.join(most)} and {last}" if most else f"with {last}"


def apart(inputs: Sequence[TensorType], *, along: int | None = None) -> str:
    """Which axes of inputs differ: ``axis 1 (channel) is 128 in the first and 64 in the second``, with an example where
    sizes are known only at run time. "" where none does.

    Args:
        along: an axis that may differ, the inputs having as many axes each; None where the axes are aligned at the end,
            and one of size 1 goes with any other.
    """
    longest = max(inputs, key=lambda each: each.rank)
    told, shown = [], ""
    for place in range(longest.rank):
        at = [(which, type.axes[place - longest.rank]) for which, type in enumerate(inputs)
              if longest.rank - place <= type.rank and place != along]  # fmt: skip
        differing = [(which, axis) for which, axis in at if along is not None or axis.size != 1]
        pair = next(((one, other) for one in differing for other in differing if one[1].size != other[1].size), None)
        if pair is None:
            continue
        (first, one), (second, other) = pair
        if len(inputs) > len(_ORDINALS):
            told.append(f"{_named(longest, place, one, other)} is {one.size} in one and {other.size} in another")
        else:
            told.append(
                f"{_named(longest, place, one, other)} is {one.size} in {_ORDINALS[first]} and {other.size} in "
                f"{_ORDINALS[second]}"
            )
        shown = shown or example(one.size, other.size)
    return ", ".join(told) + shown


def _named(type: TensorType, place: int, *axes: Axis) -> str:
    """``axis 1 (channel)``; where the axes are called differently, both names."""
    if place == 0 and type.has_batch:
        return "the batch"
    names = dict.fromkeys(axis.name for axis in axes if axis.label)
    return f"axis {place if type.has_batch else place + 1}" + (f" ({' or '.join(names)})" if names else "")
