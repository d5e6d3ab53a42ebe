"""Networks and data from which the labelled runs are made: those of the gallery, and a few of other kinds."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnstudio.data import open_data, shipped_reference
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder, PortHandle, with_names_as_ids
from nnstudio.layers import TensorType

Arrays = Mapping[str, np.ndarray[Any, Any]]


@dataclass
class Rows:
    """Data in memory: arrays of all rows in the order of the file, and which rows each split has."""

    whole: dict[str, np.ndarray[Any, Any]]
    splits: dict[str, np.ndarray[Any, Any]]
    classes: dict[str, int] = field(default_factory=dict)

    def count(self, split: str) -> int:
        return len(self.splits[split])

    def indices(self, split: str) -> np.ndarray[Any, Any]:
        return self.splits[split]

    def arrays(self, split: str) -> Arrays:
        return {name: np.ascontiguousarray(array[self.splits[split]]) for name, array in self.whole.items()}

    @property
    def types(self) -> dict[str, TensorType]:
        labels = {1: "N", 2: "N F", 3: "N T F", 4: "N C H W"}
        return {
            name: TensorType.of(
                labels[array.ndim], "N", *array.shape[1:], dtype=str(array.dtype), classes=self.classes.get(name)
            )
            for name, array in self.whole.items()
        }

    def with_(self, **arrays: np.ndarray[Any, Any]) -> Rows:
        """The same rows with other values."""
        return Rows({**self.whole, **arrays}, self.splits, self.classes)


def split(whole: dict[str, np.ndarray[Any, Any]], classes: dict[str, int], seed: int, validation: float = 0.2) -> Rows:
    count = len(next(iter(whole.values())))
    order = np.random.default_rng(seed).permutation(count)
    cut = round(count * validation)
    return Rows(whole, {"train": order[cut:], "validation": order[:cut], "test": order[:0]}, classes)


@functools.cache
def _shipped(id: str) -> Arrays:
    """The arrays of a set that comes with the program, in the order of its file."""
    data = open_data(shipped_reference(id))
    numbers = np.concatenate([data.indices(part) for part in ("train", "validation", "test")])
    order = np.argsort(numbers)
    return {
        name: np.concatenate([data.arrays(part)[name] for part in ("train", "validation", "test")])[order]
        for name in data.types
    }


def digits(seed: int = 0, rows: int = 1000) -> Rows:
    """``image`` N×1×8×8, ``vector`` N×64, ``lines`` N×8×8 (a sequence of rows), ``label``: ten classes."""
    known = _shipped("digits")
    image, label = known["image"][:rows], known["label"][:rows]
    flat = image.reshape(len(image), 64)
    whole = {"image": image, "vector": flat, "lines": image.reshape(len(image), 8, 8), "label": label}
    return split(whole, {"label": 10}, seed)


def cancer(seed: int = 0, *, raw: bool = False) -> Rows:
    """``features`` N×30 (standardised, or as they stand in the file), ``label``: two classes."""
    known = _shipped("breast_cancer")
    features = known["features"]
    if raw:
        data = open_data(shipped_reference("breast_cancer"))
        columns = data.fields["features"].columns
        features = np.stack([data.columns[name].values for name in columns], axis=1).astype(np.float32)
    return split({"features": features, "label": known["diagnosis"]}, {"label": 2}, seed)


def iris(seed: int = 0) -> Rows:
    """``features`` N×4 in cm, ``label``: three species."""
    known = _shipped("iris")
    name = next(name for name, array in known.items() if array.dtype.kind == "i")
    return split({"features": known["features"], "label": known[name]}, {"label": 3}, seed)


def line(scale: float = 1.0) -> Rows:
    """x = 0 … 4 and y = 4x: five rows, all to train on."""
    x = np.arange(5, dtype=np.float32)[:, None] * scale
    every = np.arange(5)
    return Rows({"x": x, "y": 4 * x / scale}, {"train": every, "validation": every[:0], "test": every[:0]})


def waves(seed: int = 0, rows: int = 600, noise: float = 0.1) -> Rows:
    """``x`` N×3 and a bent, noisy ``y`` N×1 of spread about 1."""
    drawn = np.random.default_rng(100 + seed)
    x = drawn.normal(size=(rows, 3))
    y = np.sin(1.5 * x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:] + noise * drawn.normal(size=(rows, 1))
    return split({"x": x.astype(np.float32), "y": y.astype(np.float32)}, {}, seed)


def rings(seed: int = 0, rows: int = 800, classes: int = 2) -> Rows:
    """Rings about the middle, one for each class: no straight line parts them."""
    drawn = np.random.default_rng(200 + seed)
    label = drawn.integers(0, classes, rows)
    angle, radius = drawn.uniform(0, 2 * np.pi, rows), 0.5 + label + 0.12 * drawn.normal(size=rows)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return split({"x": x.astype(np.float32), "label": label.astype(np.int64)}, {"label": classes}, seed)


def clusters(seed: int = 0) -> Rows:
    """Points in four clusters, for a GAN."""
    drawn = np.random.default_rng(seed)
    centres = 1.5 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    points = centres[drawn.integers(0, 4, 1024)] + 0.2 * drawn.normal(size=(1024, 2))
    every = np.arange(1024)
    return Rows({"point": points.astype(np.float32)}, {"train": every, "validation": every[:0], "test": every[:0]})


# Networks.


def ended(
    net: NetworkBuilder, scores: PortHandle, loss: str = "CrossEntropyLoss", target: str = "label", **more: Any
) -> Network:
    """The network with a loss on the target field, and an output."""
    net.add(loss, scores, net.add("Input", field=target, name=target), name="loss", **more)
    net.add("Output", scores, kind="class scores" if loss == "CrossEntropyLoss" else "values", name="out")
    return with_names_as_ids(net.network)


def hidden_layers(
    net: NetworkBuilder,
    x: PortHandle,
    widths: list[int],
    bend: str = "ReLU",
    norm: str = "",
    dropout: float = 0.0,
    skip: bool = False,
    **linear: Any,
) -> PortHandle:
    """Linear layers with what bends them behind; with ``skip``, past each where the width stays."""
    for place, width in enumerate(widths, 1):
        before = x
        x = net.add("Linear", x, out_features=width, name=f"hidden{place}", **linear)
        x = net.add(norm, x, name=f"norm{place}") if norm else x
        x = net.add(bend, x, name=f"bend{place}") if bend else x
        x = net.add("Dropout", x, p=dropout, name=f"drop{place}") if dropout else x
        if skip and place > 1 and widths[place - 2] == width:
            x = net.add("Add", before, x, name=f"skip{place}")
    return x


def mlp(
    field: str = "vector",
    widths: tuple[int, ...] = (64, 32),
    classes: int = 10,
    *,
    loss: str = "CrossEntropyLoss",
    target: str = "label",
    before_loss: str = "",
    head: Mapping[str, Any] | None = None,
    between: Callable[[NetworkBuilder, PortHandle], PortHandle] | None = None,
    options: Mapping[str, Any] | None = None,
    **hidden: Any,
) -> Network:
    net = NetworkBuilder()
    x = net.add("Input", field=field, name=field)
    x = between(net, x) if between is not None else x
    x = hidden_layers(net, x, list(widths), **hidden)
    x = net.add("Linear", x, out_features=classes, name="scores", **(head or {}))
    x = net.add(before_loss, x, name="squashed") if before_loss else x
    return ended(net, x, loss, target, **(options or {}))


def cnn(bend: str = "ReLU", norm: str = "BatchNorm2d", before_loss: str = "", **conv: Any) -> Network:
    """The gallery's digits-cnn-small, with a skip connection."""
    net = NetworkBuilder()
    image = net.add("Input", field="image", name="image")
    conv = {"out_channels": 8, "kernel_size": 3, "padding": "same", **conv}
    x = net.add("Conv2d", image, name="conv1", **conv)
    x = net.add(norm, x, name="norm1") if norm else x
    first = net.add(bend, x, name="bend1")
    second = net.add(bend, net.add("Conv2d", first, name="conv2", **conv), name="bend2")
    x = net.add("MaxPool2d", net.add("Add", first, second, name="skip"), name="pool")
    x = net.add("Linear", net.add("Flatten", x, name="flat"), out_features=10, name="scores")
    x = net.add(before_loss, x, name="squashed") if before_loss else x
    return ended(net, x)


def recurrent(kind: str = "LSTM", units: int = 32, **options: Any) -> Network:
    """Reads a digit row by row."""
    net = NetworkBuilder()
    x = net.add(kind, net.add("Input", field="lines", name="lines"), hidden_size=units, name="memory", **options)
    return ended(net, net.add("Linear", x.last, out_features=10, name="scores"))


def transformer() -> Network:
    net = NetworkBuilder()
    x = net.add("Linear", net.add("Input", field="lines", name="lines"), out_features=16, name="embed")
    x = net.add("PositionalEncoding", x, name="places")
    x = net.add("TransformerEncoderLayer", x, nhead=2, dim_feedforward=32, name="encoder")
    x = net.add("Mean", x, axes=(1,), name="pooled")
    return ended(net, net.add("Linear", x, out_features=10, name="scores"))


def autoencoder(code: int = 12, last: str = "Sigmoid") -> Network:
    net = NetworkBuilder()
    image = net.add("Input", field="vector", name="vector")
    x = net.add("ReLU", net.add("Linear", image, out_features=32, name="down1"), name="bend1")
    x = net.add("Linear", x, out_features=code, name="code")
    x = net.add("ReLU", net.add("Linear", x, out_features=32, name="up1"), name="bend2")
    x = net.add("Linear", x, out_features=64, name="up2")
    x = net.add(last, x, name="picture") if last else x
    net.add("MSELoss", x, image, name="loss")
    net.add("Output", x, kind="values", name="out")
    return with_names_as_ids(net.network)


def small_net(bend: str = "Tanh", field: str = "features", **linear: Any) -> Network:
    """The gallery's small-net: two hidden units and one score."""
    net = NetworkBuilder()
    x = net.add("Linear", net.add("Input", field=field, name=field), out_features=2, name="hidden", **linear)
    x = net.add("Linear", net.add(bend, x, name="squash"), out_features=1, name="score")
    return ended(net, x, "BCEWithLogitsLoss")


def line_net(**linear: Any) -> Network:
    """The gallery's line: one weight."""
    net = NetworkBuilder()
    x = net.add("Linear", net.add("Input", field="x", name="x"), out_features=1, bias=False, name="weight", **linear)
    return ended(net, x, "MSELoss", "y")


def code_then_classes(width: int = 32) -> Network:
    """An autoencoder, and a classifier that reads its code and sends no gradient back into it: for two phases."""
    net = NetworkBuilder()
    image = net.add("Input", field="vector", name="vector")
    x = net.add("ReLU", net.add("Linear", image, out_features=32, name="down"), name="bend1")
    code = net.add("Linear", x, out_features=16, name="squeeze")
    x = net.add("ReLU", net.add("Linear", code, out_features=32, name="up"), name="bend2")
    net.add("MSELoss", net.add("Linear", x, out_features=64, name="picture"), image, name="likeness")
    x = net.add("StopGradient", code, name="stop")
    x = net.add("ReLU", net.add("Linear", x, out_features=width, name="read"), name="bend3")
    return ended(net, net.add("Linear", x, out_features=10, name="scores"))


def gan() -> Network:
    block = NetworkBuilder()
    x = block.add("BlockInput", name="point")
    for _ in range(2):
        x = block.add("LeakyReLU", block.add("Linear", x, out_features=32), negative_slope=0.2)
    block.add("BlockOutput", block.add("Linear", x, out_features=1, name="score"), name="score")
    net = NetworkBuilder()
    net.define("Discriminator", block)
    made = net.add("Noise", shape=(4,), name="z")
    for name in ("first", "second"):
        made = net.add("ReLU", net.add("Linear", made, out_features=32, name=name))
    made = net.add("Linear", made, out_features=2, name="made")
    score = net.add("Block", net.add("Input", field="point", name="point"), definition="Discriminator", name="judge")
    again = net.add("Shared", made, of=score.node, name="again")
    yes, no, fooled = (net.add("Constant", of, value=value) for of, value in ((score, 1.0), (again, 0.0), (again, 1.0)))
    net.add("BCEWithLogitsLoss", score, yes, name="real")
    net.add("BCEWithLogitsLoss", again, no, name="fake")
    net.add("BCEWithLogitsLoss", again, fooled, name="fool")
    net.add("Output", made, kind="values", name="out")
    return with_names_as_ids(net.network)
