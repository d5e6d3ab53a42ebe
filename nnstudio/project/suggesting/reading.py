"""How each kind of input is read: a branch of layers that ends in a vector of features (`vector`) or in a picture of
them (`maps`)."""

from __future__ import annotations

from dataclasses import dataclass

from nnstudio.data.dataset import Dataset, Field
from nnstudio.graph.builder import PortHandle
from nnstudio.layers import TensorType
from nnstudio.project.suggesting.drawing import Drawing
from nnstudio.project.suggesting.hearing import heard_at, spectrogram

#: Rows from which a network may be wider, and below which it is narrow and drops more.
MANY, FEW = 20_000, 1_000
#: Multiply–adds that training may take in all, where narrower layers can help: about half an hour on two cores.
MOST_WORK = 5e13
#: Filters that a first layer for pictures has at least.
NARROW = 8
#: A text of more tokens than this, of so many different ones, is a long one in words.
LONG, WORDS = 64, 1_000
#: Numbers that stand for a code.
LEAST_VECTOR, MOST_VECTOR = 4, 64


@dataclass(frozen=True)
class Size:
    """How large a network the rows allow: a factor on its widths, and the share of values to drop. ``seen``: how many
    rows training goes through in all its epochs."""

    rows: int
    seen: int = 0

    @property
    def width(self) -> float:
        """1 for some thousand rows."""
        return 2.0 if self.rows >= MANY else 0.5 if self.rows < FEW else 1.0

    @property
    def dropout(self) -> float:
        """The fewer rows, the more."""
        return 0.1 if self.rows >= MANY else 0.3 if self.rows < FEW else 0.2

    def units(self, usual: int) -> int:
        """A width for these rows."""
        return max(4, round(usual * self.width))


def vector(drawing: Drawing, dataset: Dataset, field: Field, size: Size) -> PortHandle:
    """A branch that reads a field into a vector, N×F. KeyError where fields of this type cannot be read."""
    type_ = dataset.types[field.name]
    source = drawing.source(field.name)
    if type_.is_int and type_.rank == 3:
        source, type_ = layered(drawing, source, type_)
    if type_.is_int:
        return _codes(drawing, source, type_, field.name, size)
    match type_.rank - 1:
        case 1:
            return dense(drawing, source, type_.last(), size)
        case 2 if rate := heard_at(dataset, field):
            return _convolved(drawing, *spectrogram(drawing, source, type_, rate), size, 32)
        case 2 if type_.labels[1] == "C":
            return _wave(drawing, source, type_, size)
        case 2:
            return drawing.add("GRU", source, name="recurrent", hidden_size=size.units(64), bidirectional=True).last
        case 3:
            return _convolved(drawing, source, type_, size, 32)
        case 4:
            return _convolved(drawing, source, type_, size, 16)
    raise KeyError(field.name)


def dense(drawing: Drawing, source: PortHandle, width: int, size: Size) -> PortHandle:
    """Two hidden layers for a vector."""
    first = size.units(128 if width > 8 else 32)
    x = source
    for place, units in enumerate((first, max(4, first // 2)), 1):
        x = drawing.add("Linear", x, name=f"hidden{place}", out_features=units, weight_init="he normal")
        x = drawing.add("ReLU", x, name=f"relu{place}")
    return drawing.add("Dropout", x, name="dropout", p=size.dropout)


def _codes(drawing: Drawing, source: PortHandle, type_: TensorType, name: str, size: Size) -> PortHandle:
    """A category becomes a learned vector; a sequence of codes is read from both ends, padding being 0; of a long text
    in words the gist is taken."""
    classes = type_.classes or 2
    if type_.rank == 1:
        return drawing.add("Embedding", source, name=f"{name} vector", embedding_dim=vector_size(classes))
    if type_.rank != 2:
        raise KeyError(name)
    if long_text(type_):
        return _gist(drawing, source, size)
    x = drawing.add("Embedding", source, name="embedding", embedding_dim=size.units(64), padding_idx=0)
    x = drawing.add("GRU", x, name="recurrent", hidden_size=size.units(64), bidirectional=True)
    x = drawing.add("Max", x, name="strongest", axes=(1,))
    return drawing.add("Dropout", x, name="dropout", p=size.dropout)


def long_text(type_: TensorType) -> bool:
    """Whether codes are those of a long text in words: what it is about is then told by which words occur, and a
    recurrent layer would take many times as long to say no more."""
    return type_.rank == 2 and type_.last() > LONG and (type_.classes or 0) >= WORDS


def _gist(drawing: Drawing, source: PortHandle, size: Size) -> PortHandle:
    """The mean of the vectors of the words, padding left out (Joulin et al., "Bag of tricks", 2016)."""
    x = drawing.add(
        "Embedding", source, name="words", embedding_dim=size.units(64), padding_idx=0, weight_init="normal",
        init_std=0.1,
    )  # fmt: skip
    padding = drawing.add("PaddingMask", source, name="padding")
    x = drawing.add("MaskedPool", x, name="gist", padding=padding)
    return drawing.add("Dropout", x, name="dropout", p=size.dropout)


def vector_size(classes: int) -> int:
    """How many numbers stand for a category of so many."""
    return int(min(MOST_VECTOR, max(LEAST_VECTOR, round(1.6 * classes**0.56))))


def _wave(drawing: Drawing, source: PortHandle, type_: TensorType, size: Size) -> PortHandle:
    """A sound or another signal, N×C×T: filters with strides until some dozen steps are left."""
    length, width, x, place = type_.last(), size.units(32), source, 1
    while length > 32 and place <= 6:
        stride = 4 if length > 128 else 2
        x = drawing.add(
            "Conv1d", x, name=f"conv{place}", out_channels=min(128, width * 2 ** (place // 2)),
            kernel_size=2 * stride + 1, stride=stride, padding=stride,
        )  # fmt: skip
        x = drawing.add("ReLU", x, name=f"relu{place}")
        length, place = length // stride, place + 1
    x = drawing.add("AdaptiveAvgPool1d", x, name="mean over time", output_size=1)
    return drawing.add("Flatten", x, name="flatten")


def layered(drawing: Drawing, source: PortHandle, type_: TensorType) -> tuple[PortHandle, TensorType]:
    """A mask, N×H×W, as a picture with a channel for each class, and the type of that."""
    classes = type_.classes or 2
    x = drawing.add("OneHot", source, name="a layer for each class", classes=classes)
    x = drawing.add("Permute", x, name="channels first", order=(3, 1, 2))
    return x, TensorType.of("N C H W", "N", classes, type_["H"], type_["W"])


def _convolved(drawing: Drawing, source: PortHandle, type_: TensorType, size: Size, usual: int) -> PortHandle:
    """Convolutions that halve a picture, or a volume, N×C×D×H×W, until it is small, then the mean over what is left."""
    flat = type_.rank == 4
    kind = "2d" if flat else "3d"
    edge = min(type_[label] for label in type_.labels[2:])
    width, x = size.units(usual), source
    while width > NARROW and 3 * size.seen * _work(type_, _filters(edge, width)) > MOST_WORK:  # forwards, and backwards
        width //= 2
    filters = _filters(edge, width)
    for place, channels in enumerate(filters or ([] if flat else [width]), 1):
        x = drawing.add(
            f"Conv{kind}", x, name=f"conv{place}", out_channels=channels, kernel_size=3, padding="same",
            weight_init="he normal",
        )  # fmt: skip
        x = drawing.add(f"BatchNorm{kind}", x, name=f"bn{place}")
        x = drawing.add("ReLU", x, name=f"relu{place}")
        if filters:
            x = drawing.add(f"MaxPool{kind}", x, name=f"pool{place}", kernel_size=2)
            edge //= 2
    if not flat or edge > 4 or len(filters) == 5:
        x = drawing.add(f"AdaptiveAvgPool{kind}", x, name="mean over space", output_size=1)
    x = drawing.add("Flatten", x, name="flatten")
    return drawing.add("Dropout", x, name="dropout", p=size.dropout)


def _filters(edge: int, width: int) -> list[int]:
    """How many filters each convolution has for a picture whose shorter side is so long."""
    count = sum(edge >> halved >= 6 for halved in range(5))
    return [min(256, width * 2**place) for place in range(count)]


def _work(type_: TensorType, filters: list[int]) -> float:
    """Multiply–adds of such convolutions for one picture or volume, each half as large as the one before."""
    deep = type_["D"] if type_.rank == 5 else 1
    places, channels, found = float(deep * type_["H"] * type_["W"]), type_["C"], 0.0
    for each in filters:
        found += places * (9 if type_.rank == 4 else 27) * channels * each
        places, channels = places / (4 if type_.rank == 4 else 8), each
    return found


def grid(drawing: Drawing, source: PortHandle, size: Size) -> PortHandle:
    """Convolutions that halve the picture twice: a grid of cells, each of which sees what is around it, N×C×H×W."""
    x, width = source, size.units(24)
    for place, factor in enumerate((1, 2, 4, 4, 4), 1):
        x = _normed(drawing, x, f"conv{place}", min(128, width * factor))
        if place <= 2:
            x = drawing.add("MaxPool2d", x, name=f"pool{place}", kernel_size=2)
    return x


def maps(drawing: Drawing, source: PortHandle, size: Size, edge: int) -> PortHandle:
    """A small U-Net: a picture of features as large as the picture that comes in, N×C×H×W. edge: of the picture."""
    width, kept, x = size.units(16), [], source
    levels = 2 if edge % 4 == 0 else 1 if edge % 2 == 0 else 0
    for place in range(levels):
        x = _normed(drawing, x, f"down{place + 1}", width * 2**place)
        kept.append(x)
        x = drawing.add("MaxPool2d", x, name=f"pool{place + 1}", kernel_size=2)
    x = _normed(drawing, x, "middle", width * 2**levels)
    for place in reversed(range(levels)):
        x = drawing.add("Upsample", x, name=f"grow{place + 1}", scale_factor=2)
        x = drawing.add("Concatenate", x, kept[place], name=f"skip{place + 1}", axis=1)
        x = _normed(drawing, x, f"up{place + 1}", width * 2**place)
    return x


def alongside(drawing: Drawing, source: PortHandle, type_: TensorType, wanted: TensorType, size: Size) -> PortHandle:
    """What is guessed beside each place of a sequence, a sound or a volume: as long, with the features (or channels)
    that are wanted."""
    if type_.labels[1] == "T":
        x = drawing.add("GRU", source, name="recurrent", hidden_size=size.units(64), bidirectional=True)
        return drawing.add("Linear", x, name="guess", out_features=wanted.last())
    kind, x = f"Conv{type_.rank - 2}d", source
    for place in (1, 2, 3):
        x = drawing.add(
            kind, x, name=f"conv{place}", out_channels=size.units(16), kernel_size=9 if kind == "Conv1d" else 3,
            padding="same", weight_init="he normal",
        )  # fmt: skip
        x = drawing.add("ReLU", x, name=f"relu{place}")
    return drawing.add(kind, x, name="guess", out_channels=wanted["C"], kernel_size=1)


def _normed(drawing: Drawing, x: PortHandle, name: str, channels: int) -> PortHandle:
    x = drawing.add(
        "Conv2d", x, name=name, out_channels=channels, kernel_size=3, padding="same", weight_init="he normal"
    )
    x = drawing.add("BatchNorm2d", x, name=f"{name} bn")
    return drawing.add("ReLU", x, name=f"{name} relu")
