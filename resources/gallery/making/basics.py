"""First lessons: a line, a small network, handwritten digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from making import sheet
from nnstudio.data import ColumnChoice, DataReference, Split
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

#: The columns of the breast cancer table that small-net looks at.
SMALL_NET = ("worst_radius", "worst_texture", "worst_smoothness", "worst_concavity")


def line() -> Sheet:
    """y = 4x: one weight that begins at 2 and has to find 4."""
    net = NetworkBuilder()
    x = net.add("Input", name="x", field="x")
    guess = net.add(
        "Linear", x, name="weight", out_features=1, bias=False, weight_init="constant", init_value=2.0
    )  # fmt: skip
    y = net.add("Input", name="y", field="y")
    net.add("MSELoss", guess, y, name="error")
    net.add("Output", guess, name="answer", kind="number")
    return sheet(
        net, {"x": (0, 0), "weight": (1, 0), "answer": (2, 0), "y": (1, 1), "error": (2, 1)},
        Plan.make({"epochs": 100, "batch_size": 5, "optimizer": "SGD", "learning_rate": 0.01, "momentum": 0.0}),
        DataReference("shipped:line", split=Split.everything()),
        "One weight", "y = 4x with a single weight: guess, measure the error, follow the slope.",
    )  # fmt: skip


def small_net() -> Sheet:
    """Four numbers, two hidden units, one answer."""
    net = NetworkBuilder()
    features = net.add("Input", name="features", field="features")
    hidden = net.add("Linear", features, name="hidden", out_features=2, weight_init="xavier uniform")
    squashed = net.add("Tanh", hidden, name="squash")
    score = net.add("Linear", squashed, name="score", out_features=1, weight_init="xavier uniform")
    diagnosis = net.add("Input", name="diagnosis", field="diagnosis")
    net.add("BCEWithLogitsLoss", score, diagnosis, name="loss")
    net.add("Accuracy", score, diagnosis, name="accuracy")
    net.add("Output", score, name="answer", kind="class scores")
    places = {
        "features": (0, 0), "hidden": (1, 0), "squash": (2, 0), "score": (3, 0), "answer": (4, 0),
        "diagnosis": (3, 1.5), "loss": (4, 1), "accuracy": (4, 2),
    }  # fmt: skip
    return sheet(
        net, places,
        Plan.make({"epochs": 60, "batch_size": 16, "learning_rate": 0.02, "schedule": "one-cycle"}),
        DataReference(
            "shipped:breast_cancer", fields=_only(SMALL_NET),
            split=Split.make({"train": 0.6, "validation": 0.15, "test": 0.25}),
        ),
        "A small network", "4 – 2 – 1: four measures of a tissue sample, two hidden units, benign or malignant.",
    )  # fmt: skip


def digits_mlp() -> Sheet:
    """Handwritten digits with two hidden layers."""
    net = NetworkBuilder()
    image = net.add("Input", name="image", field="image")
    flat = net.add("Flatten", image, name="flatten")
    x = net.add("Linear", flat, name="hidden1", out_features=128, weight_init="he normal")
    x = net.add("ReLU", x, name="relu1")
    x = net.add("Linear", x, name="hidden2", out_features=64, weight_init="he normal")
    x = net.add("ReLU", x, name="relu2")
    scores = net.add("Linear", x, name="scores", out_features=10)
    _classifier(net, scores)
    places = {
        "image": (0, 0), "flatten": (1, 0), "hidden1": (2, 0), "relu1": (3, 0),
        "hidden2": (0, 1.25), "relu2": (1, 1.25), "scores": (2, 1.25), "digit": (3, 1.25),
        "label": (2, 2.75), "loss": (3, 2.25), "accuracy": (3, 3.25),
    }  # fmt: skip
    return sheet(
        net, places,
        Plan.make({
            "epochs": 30, "batch_size": 32, "optimizer": "AdamW", "learning_rate": 0.01, "weight_decay": 0.01,
            "schedule": "one-cycle", "keep_best": False,
        }),
        DataReference("shipped:digits"),
        "Handwritten digits", "Two hidden layers tell ten digits apart, from 1,797 pictures of 8 × 8 pixels.",
    )  # fmt: skip


def digits_cnn_small() -> Sheet:
    """Handwritten digits with convolutions, batch normalisation and a skip connection."""
    net = NetworkBuilder()
    image = net.add("Input", name="image", field="image")
    x = net.add("Conv2d", image, name="conv1", out_channels=16, kernel_size=3, padding="same", weight_init="he normal")
    x = net.add("BatchNorm2d", x, name="bn1")
    first = net.add("ReLU", x, name="relu1")
    x = net.add("Conv2d", first, name="conv2", out_channels=16, kernel_size=3, padding="same", weight_init="he normal")
    x = net.add("ReLU", x, name="relu2")
    x = net.add("Add", x, first, name="skip")
    x = net.add("MaxPool2d", x, name="pool", kernel_size=2)
    x = net.add("Flatten", x, name="flatten")
    scores = net.add("Linear", x, name="scores", out_features=10)
    _classifier(net, scores)
    places = {
        "image": (0, 0), "conv1": (1, 0), "bn1": (2, 0), "relu1": (3, 0),
        "conv2": (0, 1.25), "relu2": (1, 1.25), "skip": (2, 1.25), "pool": (3, 1.25),
        "flatten": (0, 2.5), "scores": (1, 2.5), "digit": (2, 2.5),
        "label": (1, 4), "loss": (2, 3.5), "accuracy": (2, 4.5),
    }  # fmt: skip
    return sheet(
        net, places,
        Plan.make({"epochs": 15, "batch_size": 32, "optimizer": "AdamW", "learning_rate": 0.01, "weight_decay": 0.01,
                   "schedule": "one-cycle"}),
        DataReference("shipped:digits"),
        "Digits with convolutions", "Learned filters, batch normalisation and a skip connection on 8 × 8 pictures.",
    )  # fmt: skip


def _classifier(net: NetworkBuilder, scores: object) -> None:
    """Label, loss, accuracy and output for scores of digits."""
    label = net.add("Input", name="label", field="label")
    net.add("CrossEntropyLoss", scores, label, name="loss")  # type: ignore[arg-type]
    net.add("Accuracy", scores, label, name="accuracy")  # type: ignore[arg-type]
    net.add("Output", scores, name="digit", kind="class scores")  # type: ignore[arg-type]


def _only(columns: tuple[str, ...]) -> Mapping[str, ColumnChoice]:
    """Choices by which the breast cancer table has these inputs alone."""
    from nnstudio.resources import resource_path

    header = resource_path("datasets", "breast_cancer.csv").read_text("utf-8").partition("\n")[0].split(",")
    ignored = [name for name in header if name not in (*columns, "diagnosis")]
    return {name: ColumnChoice.make({"role": "ignored"}) for name in ignored}


PROJECTS: Mapping[str, Callable[[], Sheet]] = {
    "line": line, "small-net": small_net, "digits-mlp": digits_mlp, "digits-cnn-small": digits_cnn_small,
}  # fmt: skip
