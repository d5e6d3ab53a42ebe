"""Axes of a sample, as tensor operations name them: 1 is the first after the batch, −1 the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnstudio.layers.base import BuildError, param
from nnstudio.layers.checks import place_of
from nnstudio.layers.disagreement import apart
from nnstudio.layers.types import TensorType


def axis_param(default: int = -1, what: str = "along which it works") -> Any:
    """A parameter that names one axis."""
    return param(default, min=-8, max=8, title="Axis", help=f"{what}: 1 is the first after the batch, -1 the last")


def axes_param(default: tuple[int, ...] = (-1,), what: str = "are gathered up") -> Any:
    """A parameter that names several axes; none means all axes of a sample."""
    return param(default, min=-8, max=8, title="Axes", help=f"which {what}; -1 is the last, none means all of a sample")


def places(axes: Sequence[int], input: TensorType, *, what: str) -> tuple[int, ...]:
    """The places of the axes, all of a sample's where none is named.

    Raises:
        BuildError: one of them is not there, is the batch, or is named twice; or a sample has no axes.
    """
    if not axes:
        place_of(-1, input, what=what)
        return tuple(range(1, input.rank))
    found = tuple(place_of(axis, input, what=what) for axis in axes)
    if len(set(found)) < len(found):
        raise BuildError(f"is to {what} an axis twice ({', '.join(map(str, axes))})", "name each axis once")
    return found


def dropped(input: TensorType, gone: Sequence[int]) -> Mapping[str, tuple[str, ...]]:
    """Labels of the output where the axes at these places are gone."""
    return {"output": tuple(label for place, label in enumerate(input.labels) if place not in gone)}


def inserted(input: TensorType, place: int) -> Mapping[str, tuple[str, ...]]:
    """Labels of the output where an axis is new at this place."""
    labels = input.labels
    return {"output": (*labels[:place], "", *labels[place:])}


def check_broadcast(types: Sequence[TensorType]) -> None:
    """Refuse sizes that neither agree nor are 1, axes aligned at the end. BuildError."""
    told = apart(types)
    sizes = ", ".join(type.per_sample() for type in types)
    longest = max(type.rank for type in types)
    if told and any(type.has_batch and 1 < type.rank < longest for type in types):
        raise BuildError(
            f"gets inputs with different numbers of axes, which do not go together aligned at the end: {sizes}",
            "make them the same; an Unsqueeze gives the one with fewer axes another, along which it is repeated",
        )
    if told:
        raise BuildError(
            f"gets sizes that do not go together: {sizes}; {told}",
            "make them the same (an axis of size 1 is repeated as needed)",
        )


def check_several(inputs: Sequence[TensorType]) -> None:
    """Refuse fewer than two inputs. BuildError."""
    if len(inputs) < 2:
        raise BuildError("needs at least two inputs; it is fed one", "wire another layer to it")


def broadcast_labels(types: Sequence[TensorType]) -> Mapping[str, tuple[str, ...]]:
    """Labels of the output where inputs are spread against each other: those of the one with most axes."""
    return {"output": max(types, key=lambda each: each.rank).labels}
