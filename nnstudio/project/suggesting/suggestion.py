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
from nnstudio.layers import TensorType
from nnstudio.project.sheet import Sheet
from nnstudio.project.suggesting import answering, reading, sequences
from nnstudio.project.suggesting.dating import with_dates
from nnstudio.project.suggesting.drawing import Drawing
from nnstudio.project.suggesting.hearing import heard_at
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
    if not inputs:
        raise DataError(
            f"“{dataset.title}” has no field that a network could read; give a column the role input and a kind such "
            "as number or category"
        )
    read, answer = _sequences(dataset, inputs, targets)
    told = []
    if read is not None and answer is not None:
        if sequences.side_by_side(dataset, read, answer):
            told = sequences.labelled(drawing, dataset, read, answer, size)
        else:
            dataset = sequences.with_ends(dataset, answer, reopen)
            told = sequences.written(drawing, dataset, read, dataset.fields[answer.name], size)
        told += [_left(field) for field in inputs if field not in (read, answer)]
    elif not targets:
        first = dataset.types[inputs[0].name]
        goes_on = first.is_int and first.rank == 2
        told = (continued if goes_on else _rebuilt)(drawing, dataset, inputs[0], size)
        told += [_left(field) for field in inputs[1:]]
    else:
        for field in targets:
            if sequences.sequence(dataset, field):
                dataset = sequences.with_ends(dataset, field, reopen)
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
        alone = len(targets) == 1 and sequences.sequence(dataset, targets[0])
        return (codes[0], targets[0]) if codes and alone else (None, None)
    return (codes[0], codes[-1]) if len(codes) > 1 and len(codes) == len(inputs) else (None, None)


def _plain(field: Field) -> bool:
    """Whether a field is a column itself, not a yes-or-no reading of one."""
    return field.kind in ("category", "mask", "boxes") or not field.classes


def _answered(
    drawing: Drawing, dataset: Dataset, inputs: list[Field], targets: list[Field], size: Size
) -> list[str]:  # fmt: skip
    """A target that stands beside an input place by place is answered from that; for all others, all inputs are read
    into one vector."""
    pairs = {target.name: next((f for f in inputs if _fits(dataset, f, target)), None) for target in targets}
    told: list[str] = []
    for target in targets:
        field = pairs[target.name]
        if field is not None:
            told += [_read(dataset, field), _painted(drawing, dataset, field, target, size)]
    others = [target for target in targets if pairs[target.name] is None]
    if others:
        told += _from_vector(drawing, dataset, inputs, others, size)
    else:
        told += [_left(field) for field in inputs if field not in pairs.values()]
    return list(dict.fromkeys(told))


def _from_vector(
    drawing: Drawing, dataset: Dataset, inputs: list[Field], targets: list[Field], size: Size
) -> list[str]:  # fmt: skip
    told, branches = [], []
    for field in inputs:
        drawing.line()
        try:
            branches.append(reading.vector(drawing, dataset, field, size))
            told.append(_read(dataset, field))
        except KeyError:
            told.append(_left(field))
    if not branches:
        raise DataError(told[0])
    joined = branches[0]
    if len(branches) > 1:
        drawing.line()
        joined = drawing.add("Concatenate", *branches, name="all inputs")
        joined = drawing.add("Linear", joined, name="hidden", out_features=size.units(64), weight_init="he normal")
        joined = drawing.add("ReLU", joined, name="relu")
    for field in targets:
        if field is not targets[0]:
            drawing.line(2)
        try:
            told.append(answering.answer(drawing, dataset, field, joined, size))
        except KeyError:
            raise DataError(
                f"No network is known that answers “{field.name}” ({dataset.types[field.name].per_sample()}); choose "
                "another target, or draw one"
            ) from None
    return told


def _left(field: Field) -> str:
    return f"“{field.name}” is not read; add layers for it"


def _places(type_: TensorType) -> tuple[object, ...]:
    """How many places there are: along time, or in height and width, or in depth too."""
    if type_.labels == ("N", "H", "W"):
        return type_.sizes[1:]
    if type_.is_float and type_.rank >= 3:
        return type_.sizes[1:2] if type_.labels[1] == "T" else type_.sizes[2:]
    return ()


def _fits(dataset: Dataset, field: Field, target: Field) -> bool:
    """Whether a target stands beside an input: as a picture or a mask as large, or as many steps or a volume of the
    same size, or as boxes in a picture."""
    type_, wanted = dataset.types[field.name], dataset.types[target.name]
    if target.kind == "boxes":
        return type_.is_float and type_.rank == 4
    if field.kind == "boxes" or not _places(wanted) or _places(type_) != _places(wanted):
        return False
    return len(_places(wanted)) == 2 or type_.labels == wanted.labels


def _painted(drawing: Drawing, dataset: Dataset, field: Field, target: Field, size: Size) -> str:
    """A picture is answered by a picture of the same size, from a small U-Net, or by boxes, from a grid of cells; a
    sequence, a sound or a volume by one as long."""
    type_, wanted = dataset.types[field.name], dataset.types[target.name]
    drawing.line()
    source = drawing.source(field.name)
    if target.kind == "boxes":
        return answering.boxes(drawing, dataset, target, reading.grid(drawing, source, size))
    if len(_places(wanted)) == 2:
        if type_.is_int:
            source, type_ = reading.layered(drawing, source, type_)
        features = reading.maps(drawing, source, size, math.gcd(type_["H"], type_["W"]))
        return answering.paint(drawing, dataset, target, features)
    guess = reading.alongside(drawing, source, type_, wanted, size)
    return answering.filled(drawing, target, guess, wanted)


def _rebuilt(drawing: Drawing, dataset: Dataset, field: Field, size: Size) -> list[str]:
    """An autoencoder: nothing is to be predicted, so the input itself is, through a narrow middle."""
    type_ = dataset.types[field.name]
    drawing.line()
    source = drawing.source(field.name)
    mask = type_ if type_.labels == ("N", "H", "W") and type_.is_int else None
    if mask is not None:
        source, type_ = reading.layered(drawing, source, type_)
    numbers = type_.numel_per_sample()
    if not type_.is_float or numbers is None or field.kind == "boxes":
        raise DataError(f"Nothing of “{dataset.title}” is to be predicted; give a column the role target")
    flat: PortHandle = source if type_.rank == 2 else drawing.add("Flatten", source, name="flatten")
    width = max(4, min(size.units(256), numbers))
    narrow = max(2, min(32, numbers // 4))
    x = drawing.add("Linear", flat, name="encode", out_features=width, weight_init="he normal")
    x = drawing.add("ReLU", x, name="relu1")
    x = drawing.add("Linear", x, name="code", out_features=narrow)
    drawing.line()
    x = drawing.add("Linear", x, name="decode", out_features=width, weight_init="he normal")
    x = drawing.add("ReLU", x, name="relu2")
    told = [f"Nothing is to be predicted, so “{field.name}” is pressed into {narrow} numbers and rebuilt from them"]
    if mask is not None:
        answering.answer(drawing, dataset, field, x, size)
        return told
    x = drawing.add("Linear", x, name="rebuilt", out_features=numbers)
    if type_.rank > 2:
        x = drawing.add("Reshape", x, name="shape", shape=type_.shape({"N": 1})[1:])
    drawing.add("Output", x, name="answer", kind=answering.kind_of(field, type_))
    drawing.line(2)
    drawing.add("MSELoss", x, source, name="loss")
    drawing.add("MAE", x, source, name="mean error")
    return told


def _read(dataset: Dataset, field: Field) -> str:
    """How a field is read, as a sentence."""
    type_ = dataset.types[field.name]
    if field.kind == "category":
        return f"“{field.name}” is one of {len(field.classes)}: a learned vector stands for each"
    if type_.labels == ("N", "H", "W") and type_.is_int:
        return f"“{field.name}” is a mask: a layer for each class, convolutions"
    if type_.is_int and reading.long_text(type_):
        return f"“{field.name}” is a long text: a learned vector for each word, and the mean of them"
    if type_.is_int:
        return f"“{field.name}” is a sequence of codes: read from both ends by a GRU"
    if field.kind == "sound":
        how = "its pitches over time, convolutions" if heard_at(dataset, field) else "filters over time"
        return f"“{field.name}” is a sound: {how}"
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
