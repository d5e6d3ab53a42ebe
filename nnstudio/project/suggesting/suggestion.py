"""The suggestion itself: which fields are read, which are answered, and with what plan."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from nnstudio.data.dataset import Dataset, Field
from nnstudio.data.errors import DataError
from nnstudio.data.opening import open_data
from nnstudio.data.reference import DataReference
from nnstudio.graph.builder import PortHandle
from nnstudio.project.sheet import Sheet
from nnstudio.project.suggesting import answering, reading, sequences
from nnstudio.project.suggesting.dating import with_dates
from nnstudio.project.suggesting.drawing import Drawing
from nnstudio.project.suggesting.reading import Size
from nnstudio.project.suggesting.writing import continued, with_tokens
from nnstudio.train.plan import Plan

#: Steps that a first training should take, about, and the epochs between which that is held.
STEPS, LEAST_EPOCHS, MOST_EPOCHS = 2000, 5, 60


@dataclass(frozen=True)
class Suggestion:
    """A sheet ready to be trained, sentences on why it is so, and the data that it names, as it was read for it."""

    sheet: Sheet
    told: tuple[str, ...]
    dataset: Dataset


def suggest(dataset: Dataset, reopen: Callable[[DataReference], Dataset] = open_data) -> Suggestion:
    """A sound first network for a data set: what is to be predicted is answered from all inputs; where nothing is, the
    inputs are compressed and rebuilt, a text is continued or a series forecast. Texts that nothing reads yet become
    tokens, dates become numbers.

    reopen: reads the data again, with steps that prepare it. DataError, saying what to choose, where no field can be
    read or none of the targets answered.
    """
    dataset, dated = with_dates(dataset, reopen)
    dataset = with_tokens(dataset, reopen)
    planned, rows = plan(dataset), dataset.count("train")
    drawing, size = Drawing(), Size(rows, planned.epochs * rows)
    inputs, targets = _inputs(dataset), _targets(dataset)
    read, answer = _sequences(dataset, inputs, targets)
    if not inputs:
        raise DataError(
            f"“{dataset.title}” has no field that a network could read; give a column the role input and a kind such "
            "as number or category"
        )
    spatial = [field for field in targets if dataset.types[field.name].rank >= 3]
    if read is not None and answer is not None:
        if sequences.side_by_side(dataset, read, answer):
            told = sequences.labelled(drawing, dataset, read, answer, size)
        else:
            dataset = sequences.with_ends(dataset, answer, reopen)
            told = sequences.written(drawing, dataset, read, dataset.fields[answer.name], size)
    elif not targets and dataset.types[inputs[0].name].is_int:
        told = continued(drawing, dataset, inputs[0], size)
    elif not targets:
        told = _rebuilt(drawing, dataset, inputs[0], size)
    elif spatial:
        told = _painted(drawing, dataset, inputs, spatial[0], size)
    else:
        told = _answered(drawing, dataset, inputs, targets, size)
    sheet = Sheet(drawing.network, drawing.view, planned, dataset.reference)
    return Suggestion(sheet, (*dated, *told), dataset)


def _inputs(dataset: Dataset) -> list[Field]:
    """The fields to be read: of a table all its columns side by side and categories of very many; else each input."""
    fields = [field for field in dataset.fields.values() if field.role == "input"]
    vectors = [field for field in fields if field.kind == "features"]
    inside = {column for field in vectors for column in field.columns}
    rest = [field for field in fields if field.kind != "features" and not inside & set(field.columns)]
    return [*vectors, *(field for field in rest if _plain(field))]


def _targets(dataset: Dataset) -> list[Field]:
    return [field for field in dataset.fields.values() if field.role == "target" and _plain(field)]


def _sequences(dataset: Dataset, inputs: list[Field], targets: list[Field]) -> tuple[Field | None, Field | None]:
    """The sequence that is read and the one that answers it: the first target, or the last of several where nothing is
    said to be the target. None where the answer is of another kind."""
    codes = [field for field in inputs if sequences.sequence(dataset, field)]
    if targets:
        answer = targets[0] if sequences.sequence(dataset, targets[0]) else None
        return (codes[0] if codes and answer else None), answer
    return (codes[0], codes[-1]) if len(codes) > 1 and len(codes) == len(inputs) else (None, None)


def _plain(field: Field) -> bool:
    """Whether a field is a column itself, not a yes-or-no reading of one."""
    return field.kind in ("category", "mask", "boxes") or not field.classes


def _answered(
    drawing: Drawing, dataset: Dataset, inputs: list[Field], targets: list[Field], size: Size
) -> list[str]:  # fmt: skip
    """All inputs are read into one vector, from which each target is answered."""
    told, branches = [], []
    for field in inputs:
        drawing.line()
        try:
            branches.append(reading.vector(drawing, dataset, field, size))
        except KeyError:
            told.append(f"“{field.name}” ({dataset.types[field.name].described()}) is not read; add layers for it")
    if not branches:
        raise DataError(told[0])
    joined = branches[0]
    if len(branches) > 1:
        drawing.line()
        joined = drawing.add("Concatenate", *branches, name="all inputs")
        joined = drawing.add("Linear", joined, name="hidden", out_features=size.units(64), weight_init="he normal")
        joined = drawing.add("ReLU", joined, name="relu")
    told += [_read(dataset, field) for field in inputs]
    for field in targets:
        if field is not targets[0]:
            drawing.line(2)
        try:
            told.append(answering.answer(drawing, dataset, field, joined))
        except KeyError:
            raise DataError(
                f"No network is known that answers “{field.name}” ({dataset.types[field.name].described()}); choose "
                "another target, or draw one"
            ) from None
    return told


def _painted(drawing: Drawing, dataset: Dataset, inputs: list[Field], target: Field, size: Size) -> list[str]:
    """A picture is answered by a picture of the same size, from a small U-Net, or by boxes, from a grid of cells."""
    wanted = dataset.types[target.name]
    for field in inputs:
        type_ = dataset.types[field.name]
        alike = target.kind == "boxes" or type_.shape({"N": 1})[2:] == wanted.shape({"N": 1})[-2:]
        if type_.rank == 4 and type_.is_float and alike:
            drawing.line()
            source = drawing.add("Input", name=field.name, field=field.name)
            if target.kind == "boxes":
                features = reading.grid(drawing, source, size)
                return [_read(dataset, field), answering.boxes(drawing, dataset, target, features)]
            features = reading.maps(drawing, source, size, _edge(dataset, field))
            return [_read(dataset, field), answering.paint(drawing, dataset, target, features)]
    raise DataError(
        f"“{target.name}” is {wanted.described()}, and no input is a picture of that size; choose another target, or "
        "draw a network"
    )


def _edge(dataset: Dataset, field: Field) -> int:
    """A number by whose halves both edges of a picture can be halved."""
    type_ = dataset.types[field.name]
    return math.gcd(type_["H"], type_["W"])


def _rebuilt(drawing: Drawing, dataset: Dataset, field: Field, size: Size) -> list[str]:
    """An autoencoder: nothing is to be predicted, so the input itself is, through a narrow middle."""
    type_ = dataset.types[field.name]
    numbers = type_.numel_per_sample()
    if not type_.is_float or numbers is None:
        raise DataError(f"Nothing of “{dataset.title}” is to be predicted; give a column the role target")
    drawing.line()
    source = drawing.add("Input", name=field.name, field=field.name)
    flat: PortHandle = source if type_.rank == 2 else drawing.add("Flatten", source, name="flatten")
    width = max(4, min(size.units(256), numbers))
    narrow = max(2, min(32, numbers // 4))
    x = drawing.add("Linear", flat, name="encode", out_features=width, weight_init="he normal")
    x = drawing.add("ReLU", x, name="relu1")
    x = drawing.add("Linear", x, name="code", out_features=narrow)
    drawing.line()
    x = drawing.add("Linear", x, name="decode", out_features=width, weight_init="he normal")
    x = drawing.add("ReLU", x, name="relu2")
    x = drawing.add("Linear", x, name="rebuilt", out_features=numbers)
    if type_.rank > 2:
        x = drawing.add("Reshape", x, name="shape", shape=type_.shape({"N": 1})[1:])
    drawing.add("Output", x, name="answer", kind="image" if type_.rank == 4 else "values")
    drawing.line(2)
    drawing.add("MSELoss", x, source, name="loss")
    drawing.add("MAE", x, source, name="mean error")
    return [f"Nothing is to be predicted, so “{field.name}” is pressed into {narrow} numbers and rebuilt from them"]


def _read(dataset: Dataset, field: Field) -> str:
    """How a field is read, as a sentence."""
    type_ = dataset.types[field.name]
    if field.kind == "category":
        return f"“{field.name}” is one of {len(field.classes)}: a learned vector stands for each"
    if type_.is_int:
        return f"“{field.name}” is a sequence of codes: read from both ends by a GRU"
    kinds = {
        1: "numbers side by side: two hidden layers",
        2: "a sequence: read over time",
        3: "a picture: convolutions",
        4: "a volume: convolutions in three directions",
    }
    return f"“{field.name}” is {kinds.get(type_.rank - 1, type_.described())}"


def plan(dataset: Dataset) -> Plan:
    """A first plan: AdamW under a one-cycle schedule, as many epochs as give some thousand steps."""
    rows = dataset.count("train")
    batch = 16 if rows < 500 else 32 if rows < 5_000 else 64 if rows < 50_000 else 256
    epochs = max(LEAST_EPOCHS, min(MOST_EPOCHS, round(STEPS * batch / max(1, rows))))
    return Plan.make(
        {
            "epochs": epochs, "batch_size": batch, "optimizer": "AdamW", "learning_rate": 0.003, "weight_decay": 0.01,
            "schedule": "one-cycle",
        }
    )  # fmt: skip
