"""Lessons on what goes wrong in deep networks, and what mends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from making import rows, sheet
from making.vision_parts import classifier
from nnstudio.data import DataReference, Split
from nnstudio.data.opening import shipped_reference
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan


def batchnorm() -> Sheet:
    """The same three sigmoid layers twice, one of them normalised."""
    net = NetworkBuilder()
    image = net.add("Input", name="image", field="image")
    flat = net.add("Flatten", image, name="flatten")
    label = net.add("Input", name="label", field="label")
    for name, normalised in (("Plain", False), ("Normalised", True)):
        net.define(name, _sigmoids(normalised))
        x = net.add("Block", flat, name=name.lower(), definition=name, repeat=3, width=100)
        scores = net.add("Linear", x, name=f"scores_{name.lower()}", out_features=10)
        net.add("CrossEntropyLoss", scores, label, name=f"loss_{name.lower()}")
        net.add("Accuracy", scores, label, name=f"accuracy_{name.lower()}")
        net.add("Output", scores, name=f"digit_{name.lower()}", kind="class scores")
    return sheet(
        net, {
            "image": (0, 0.7), "flatten": (1, 0.7), "label": (1, 4.3),
            "plain": (2, 0), "scores_plain": (3, 0), "digit_plain": (4, 0), "loss_plain": (4, 0.95),
            "accuracy_plain": (4, 1.9),
            "normalised": (2, 1.4), "scores_normalised": (3, 1.4),
            "digit_normalised": (4, 2.85), "loss_normalised": (4, 3.8), "accuracy_normalised": (4, 4.75),
        },
        Plan.make({"epochs": 15, "batch_size": 60, "optimizer": "SGD", "learning_rate": 0.1, "momentum": 0.0,
                   "keep_best": False}),
        shipped_reference("mnist"),
        "With and without batch normalisation",
        "Three sigmoid layers learn twice, side by side; in one of them every batch is brought to spread 1.",
    )  # fmt: skip


def _sigmoids(normalised: bool) -> NetworkBuilder:
    block = NetworkBuilder(width=100)
    x = block.add("BlockInput", name="input", shape=(784,))
    x = block.add("Linear", x, name="linear", out_features="width", weight_init="normal")
    if normalised:
        x = block.add("BatchNorm1d", x, name="norm")
    block.add("BlockOutput", block.add("Sigmoid", x, name="sigmoid"), name="output")
    return block


def vanishing() -> Sheet:
    """Twenty sigmoid layers, through which no gradient comes back."""
    step = NetworkBuilder()
    x = step.add("BlockInput", name="input", shape=(64,))
    x = step.add("Linear", x, name="linear", out_features=64)
    step.add("BlockOutput", step.add("Sigmoid", x, name="sigmoid"), name="output")
    net = NetworkBuilder()
    net.define("Step", step)
    x = net.add("Flatten", net.add("Input", name="image", field="image"), name="flatten")
    x = net.add("Block", x, name="layers", definition="Step", repeat=20)
    classifier(net, net.add("Linear", x, name="scores", out_features=10), "digit")
    return sheet(
        net, rows("image flatten layers scores digit", ". . label loss", ". . . accuracy"),
        Plan.make({"epochs": 60, "batch_size": 32, "learning_rate": 0.003, "schedule": "one-cycle",
                   "keep_best": False}),
        shipped_reference("digits"),
        "Vanishing gradients",
        "Twenty sigmoid layers learn nothing: the gradient fades on its way back. Cures are a click each.",
    )  # fmt: skip


def thousand_layers() -> Sheet:
    """A thousand layers, each with a way past it."""
    step = NetworkBuilder()
    x = step.add("BlockInput", name="input", shape=(32,))
    y = step.add("ReLU", x, name="relu")
    y = step.add("Linear", y, name="linear", out_features=32, weight_init="constant", init_value=0.0)
    step.add("BlockOutput", step.add("Add", x, y, name="add"), name="output")
    net = NetworkBuilder()
    net.define("Step", step)
    x = net.add("Flatten", net.add("Input", name="image", field="image"), name="flatten")
    x = net.add("Linear", x, name="first", out_features=32)
    x = net.add("Block", x, name="layers", definition="Step", repeat=1000)
    classifier(net, net.add("Linear", x, name="scores", out_features=10), "digit")
    return sheet(
        net, rows("image flatten first layers scores", ". . . label digit", ". . . . loss", ". . . . accuracy"),
        Plan.make({"epochs": 20, "batch_size": 128, "learning_rate": 0.0003, "schedule": "one-cycle",
                   "keep_best": False}),
        shipped_reference("digits"),
        "A thousand layers",
        "A thousand layers learn, for each only adds to what came in: the way past carries the gradient.",
    )  # fmt: skip


def overfit() -> Sheet:
    """Far more weights than 200 pictures can fill."""
    step = NetworkBuilder()
    x = step.add("BlockInput", name="input", shape=(256,))
    x = step.add("Linear", x, name="linear", out_features=256, weight_init="he normal")
    step.add("BlockOutput", step.add("ReLU", x, name="relu"), name="output")
    net = NetworkBuilder()
    net.define("Hidden", step)
    x = net.add("Flatten", net.add("Input", name="image", field="image"), name="flatten")
    x = net.add("Block", x, name="layers", definition="Hidden", repeat=8)
    classifier(net, net.add("Linear", x, name="scores", out_features=10), "digit")
    return sheet(
        net, rows("image flatten layers scores digit", ". . label loss", ". . . accuracy"),
        Plan.make({"epochs": 80, "batch_size": 20, "learning_rate": 0.003, "keep_best": False}),
        DataReference("shipped:digits", split=Split.make({"train": 0.1113, "validation": 0.2226, "test": 0.6661})),
        "Too large, too little data",
        "Half a million weights learn 200 digits by heart; the gap to new ones is found and narrowed.",
    )  # fmt: skip


PROJECTS: Mapping[str, Callable[[], Sheet]] = {
    "batchnorm": batchnorm, "vanishing": vanishing, "thousand-layers": thousand_layers, "overfit": overfit,
}  # fmt: skip
