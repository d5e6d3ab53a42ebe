"""How each kind of target is answered: the last layer, its loss, its metrics, and the Output."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstudio.data.dataset import Dataset, Field
from nnstudio.data.errors import DataError
from nnstudio.graph.builder import PortHandle
from nnstudio.layers import TensorType
from nnstudio.project.suggesting import sequences
from nnstudio.project.suggesting.drawing import Drawing
from nnstudio.project.suggesting.reading import Size

#: The rarest class has at most this share of what it would have were all alike: then classes are weighted.
RARE = 0.5
#: Numbers that one Linear guesses, at most.
MOST_NUMBERS = 1 << 18


def answer(drawing: Drawing, dataset: Dataset, field: Field, features: PortHandle, size: Size) -> str:
    """The head for a field from a vector, N×F; a sentence on it. KeyError where such a target has no head."""
    type_ = dataset.types[field.name]
    if field.kind == "category":
        return _classes(drawing, dataset, field, features)
    if sequences.sequence(dataset, field):
        return sequences.told_from(drawing, dataset, field, features, size)
    if type_.is_float and type_.rank == 2:
        return _numbers(drawing, field, features, type_.last())
    numbers = (type_.numel_per_sample() or MOST_NUMBERS + 1) * ((type_.classes or 2) if type_.is_int else 1)
    if field.kind == "boxes" or numbers > MOST_NUMBERS:
        raise KeyError(field.name)
    guess = drawing.add("Linear", features, name="guess", out_features=numbers)
    if type_.is_int:
        shape = (type_.classes or 2, *type_.shape({"N": 1})[1:])
        return _mask(drawing, field, drawing.add("Reshape", guess, name="scores", shape=shape), type_)
    shape = type_.shape({"N": 1})[1:]
    return filled(drawing, field, drawing.add("Reshape", guess, name="shape", shape=shape), type_)


def filled(drawing: Drawing, field: Field, guess: PortHandle, type_: TensorType) -> str:
    """What follows numbers that were guessed for all of a field; a sentence on it."""
    drawing.add("Output", guess, name="answer", kind=kind_of(field, type_))
    drawing.line(2)
    target = drawing.source(field.name)
    drawing.add("MSELoss", guess, target, name="loss")
    drawing.add("MAE", guess, target, name="mean error")
    return f"“{field.name}” is {type_.per_sample()}: each number is guessed, compared by the squared difference"


def kind_of(field: Field, type_: TensorType) -> str:
    """What an Output of numbers like a field's is."""
    if field.kind == "sound":
        return "sound"
    return "image" if type_.rank == 4 and type_["C"] in (1, 3) else "values"


def _classes(drawing: Drawing, dataset: Dataset, field: Field, features: PortHandle) -> str:
    if len(field.classes) < 2:
        raise DataError(
            f"“{field.name}” is “{''.join(field.classes)}” in every row, so there is nothing to tell apart; add rows "
            "of another class or choose another target"
        )
    weights = class_weights(dataset, field)
    scores = drawing.add("Linear", features, name="scores", out_features=len(field.classes))
    drawing.add("Output", scores, name="answer", kind="class scores")
    drawing.line(2)
    target = drawing.source(field.name)
    drawing.add("CrossEntropyLoss", scores, target, name="loss", class_weights=weights)
    drawing.add("Accuracy", scores, target, name="accuracy")
    told = f"“{field.name}” is one of {len(field.classes)} classes: a score for each, compared by cross entropy"
    return told + ("; rare classes count more, as some are much rarer than others" if weights else "")


def _numbers(drawing: Drawing, field: Field, features: PortHandle, width: int) -> str:
    guess = drawing.add("Linear", features, name="guess", out_features=width)
    drawing.add("Output", guess, name="answer", kind="number")
    drawing.line(2)
    target = drawing.source(field.name)
    drawing.add("MSELoss", guess, target, name="loss")
    drawing.add("MAE", guess, target, name="mean error")
    drawing.add("R2", guess, target, name="explained")
    what = "a number" if width == 1 else f"{width} numbers"
    return f"“{field.name}” is {what}: guessed as such, compared by the squared difference"


def paint(drawing: Drawing, dataset: Dataset, field: Field, maps: PortHandle) -> str:
    """The head for a mask or a picture from a picture of features, N×C×H×W."""
    type_ = dataset.types[field.name]
    if type_.is_int:
        classes = type_.classes or 2
        scores = drawing.add("Conv2d", maps, name="scores", out_channels=classes, kernel_size=1)
        return _mask(drawing, field, scores, type_, "by a small U-Net, ")
    if "C" not in type_.labels:
        raise DataError(f"“{field.name}” holds numbers by row and column; choose image or mask as its kind")
    guess = drawing.add("Conv2d", maps, name="guess", out_channels=type_["C"], kernel_size=1)
    drawing.add("Output", guess, name="answer", kind="image")
    drawing.line(2)
    target = drawing.source(field.name)
    drawing.add("MSELoss", guess, target, name="loss")
    drawing.add("MAE", guess, target, name="mean error")
    return f"“{field.name}” is a picture: painted by a small U-Net, compared pixel by pixel"


def _mask(drawing: Drawing, field: Field, scores: PortHandle, type_: TensorType, how: str = "") -> str:
    """What follows the scores of a mask's pixels. how: what works them out, for the sentence."""
    drawing.add("Output", scores, name="answer", kind="mask")
    drawing.line(2)
    target = drawing.source(field.name)
    drawing.add("CrossEntropyLoss", scores, target, name="loss")
    drawing.add("MeanIoU", scores, target, name="overlap")
    drawing.add("Accuracy", scores, target, name="accuracy")
    return (
        f"“{field.name}” is a mask of {type_.classes or 2} classes: a score for each at every pixel, {how}judged by "
        "how well areas overlap"
    )


def boxes(drawing: Drawing, dataset: Dataset, field: Field, maps: PortHandle) -> str:
    """The head for boxes from a coarse picture of features, N×C×H×W: for each cell what has its middle there."""
    kinds = max(1, len(field.classes))
    scores = drawing.add(
        "Conv2d", maps, name="scores", out_channels=kinds, kernel_size=1, weight_init="normal", init_std=0.01,
        bias_value=-4.0,
    )  # fmt: skip
    shape = drawing.add("Conv2d", maps, name="shape", out_channels=4, kernel_size=1)
    most = dataset.types[field.name].shape({"N": 1})[1]
    found = drawing.add("PeakBoxes", name="peaks", scores=scores, shape=shape, most=max(10, 2 * most))
    drawing.add("Output", found, name="answer", kind="boxes")
    drawing.line(1)
    target = drawing.source(field.name)
    drawing.add("HeatmapLoss", scores, target, name="where")
    drawing.add("BoxLoss", shape, target, name="size")
    drawing.add("MeanAveragePrecision", found, target, name="precision")
    what = f"one of {kinds} kinds" if kinds > 1 else "an object"
    return (
        f"“{field.name}” are boxes: each cell of a grid says whether {what} has its middle there, and how large it is"
    )


def class_weights(dataset: Dataset, field: Field) -> tuple[float, ...] | None:
    """What each class counts, so that all together count alike; None where they are common enough."""
    column = dataset.fed[field.columns[0]]
    codes = np.asarray(column.values[dataset.indices("train")])
    counts = np.bincount(codes[codes >= 0], minlength=len(field.classes)).astype(float)
    present = counts > 0
    if len(field.classes) < 2 or not present.any() or counts[present].min() >= RARE * counts.sum() / len(counts):
        return None
    weights: Any = np.where(present, counts.sum() / (present.sum() * np.maximum(counts, 1)), 1.0)
    return tuple(float(f"{weight:.3g}") for weight in weights)
