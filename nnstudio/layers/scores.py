"""Scores and what they are compared with: which of them are classes, and what fills up short sequences."""

from __future__ import annotations

from nnstudio.layers.base import BuildError
from nnstudio.layers.types import TensorType

PADDING_HELP = "true where an entry only fills up a short sequence and does not count"


def check_padding(padding: TensorType | None, target: TensorType) -> None:
    """Refuse a padding that is not of the target's first axes. BuildError."""
    if padding is not None and padding.sizes != target.sizes[: padding.rank]:
        raise BuildError(
            f"gets a padding {padding.per_sample()} for a target {target.per_sample()}",
            "wire a padding of the same sizes as the target",
        )


def classes_of(target: TensorType, ignored: int | None) -> int | None:
    """How many classes a target has, without the last one where that does not count: no score is needed for it."""
    return None if target.classes is None else target.classes - (ignored == target.classes - 1)


def is_yes_or_no(prediction: TensorType, target: TensorType, ignored: int | None = None) -> bool:
    """Whether there is one score for each entry of the target. BuildError where the target has more classes, without
    one that is ignored."""
    if prediction.sizes not in (target.sizes, (*target.sizes, 1), (target.sizes[0], 1, *target.sizes[1:])):
        return False
    classes = classes_of(target, ignored)
    if classes is not None and classes > 2:
        raise BuildError(
            f"gets a single score but the target has {classes} classes", f"give the last Linear {classes} outputs"
        )
    return True


def class_axis(prediction: TensorType, target: TensorType, ignored: int | None = None) -> int:
    """Where the classes lie in scores for these codes: 1, or −1 where they are the last of several axes. BuildError
    where they are neither, and where there are fewer scores than classes (without one that is ignored).

    Where both would fit, the labels tell: an axis that the target has too is not that of the classes.
    """
    second = (prediction.sizes[0], *prediction.sizes[2:]) == target.sizes and prediction.rank > 1
    last = prediction.sizes[:-1] == target.sizes and prediction.rank > 2
    if not (second or last) or not target.is_int:
        raise BuildError(
            f"cannot compare {prediction.per_sample()} with a target {target.per_sample()} of {target.dtype}",
            "feed it a score for each class (second or last) and class codes, or two inputs of the same size",
        )
    if second and last:
        second = not prediction.labels[1] == target.labels[1] != prediction.labels[-1]
    axis = 1 if second else -1
    scores = prediction.sizes[axis]
    if not isinstance(scores, int):
        raise BuildError(f"gets {scores} scores, a number known only at run time", "give it a score for each class")
    classes = classes_of(target, ignored)
    if classes is not None and scores < classes:
        raise BuildError(
            f"gets {scores} scores but the target has {classes} classes", f"give the last Linear {classes} outputs"
        )
    return axis
