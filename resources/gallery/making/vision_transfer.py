"""Networks that learn from one set and use it for another, or learn without labels; and faces, two at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from making import rows, sheet
from making.vision_parts import classifier
from nnstudio.data import DataReference, Split
from nnstudio.data.opening import shipped_reference
from nnstudio.data.packages import packaged_reference
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

#: The types of the pairs of faces, so that the drawing has them where the package is not installed.
FACES = {
    "first": TensorType.of("N C H W", "N", 1, 56, 46), "second": TensorType.of("N C H W", "N", 1, 56, 46),
    "same": TensorType.of("N", "N", dtype="int64", classes=2),
    "who": TensorType.of("N", "N", dtype="int64", classes=29),
}  # fmt: skip


def faces() -> Sheet:
    """Two faces through one network: how far apart do they end?"""
    net = NetworkBuilder()
    net.define("Encoder", _face())
    first = net.add("Input", name="first", field="first")
    second = net.add("Input", name="second", field="second")
    here = net.add("Block", first, name="encoder", definition="Encoder")
    there = net.add("Shared", second, name="same_encoder", of=here.node)
    distance = net.add("PairwiseDistance", here, there, name="distance")
    same = net.add("Input", name="same", field="same")
    net.add("ContrastiveLoss", distance, same, name="loss", margin=1.4)
    scores = net.add("Linear", here, name="people", out_features=28, bias=False)
    who = net.add("Input", name="who", field="who")
    scores = net.add("Scale", scores, name="sharpness", factor=10.0)
    net.add("CrossEntropyLoss", scores, who, name="tell_people", ignore_index=28, weight=0.5)
    net.add("EqualErrorRate", distance, same, name="equal_error")
    net.add("Output", distance, name="apart", kind="values")
    return sheet(
        net, rows("first encoder distance apart", "second same_encoder same loss", ". who . equal_error",
                  ". . people sharpness tell_people"),
        Plan.make({"epochs": 8, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.002, "weight_decay": 0.01,
                   "schedule": "one-cycle", "keep_best": False}),
        packaged_reference("orl-faces").with_(types=FACES),
        "Faces", "One network looks at two faces: near one another is the same person, also of people never seen.",
    )  # fmt: skip


def _face() -> NetworkBuilder:
    """A face and its mirror image through one pair of eyes, and what both saw together."""
    block = NetworkBuilder()
    block.define("Look", _look())
    x = block.add("InstanceNorm2d", block.add("BlockInput", name="face", shape=(1, 56, 46)), name="even_light")
    x = block.add("RandomAffine", x, name="vary", degrees=8.0, shift=0.06, zoom=0.12, mirror=True)
    x = block.add("AvgPool2d", x, name="half", kernel_size=2)
    seen = block.add("Block", x, name="look", definition="Look")
    other = block.add("Shared", block.add("Flip", x, name="mirror", axis=-1), name="same_look", of=seen.node)
    sides = []
    for name in ("light", "shape"):
        both = block.add("Add", getattr(seen, name), getattr(other, name), name=f"{name}_of_both")
        sides.append(block.add("Normalize", both, name=f"{name}_on_sphere"))
    x = block.add("Normalize", block.add("Concatenate", *sides, name="together"), name="on_sphere")
    block.add("BlockOutput", x, name="place")
    return block


def _look() -> NetworkBuilder:
    """Where it is light and dark, and what shapes there are: 64 numbers each."""
    block = NetworkBuilder()
    picture = block.add("BlockInput", name="picture", shape=(1, 28, 23))
    x = block.add("Flatten", block.add("AvgPool2d", picture, name="quarter", kernel_size=2), name="pixels")
    x = block.add("Linear", block.add("Dropout", x, name="drop1", p=0.3), name="tones", out_features=64)
    block.add("BlockOutput", x, name="light")
    x = picture
    for number, channels in ((1, 16), (2, 32)):
        x = block.add("Conv2d", x, name=f"conv{number}", out_channels=channels, kernel_size=3, stride=2, padding=1,
                      bias=False)  # fmt: skip
        x = block.add("ReLU", block.add("BatchNorm2d", x, name=f"bn{number}"), name=f"relu{number}")
    x = block.add("Dropout", block.add("Flatten", x, name="flatten"), name="drop2")
    block.add("BlockOutput", block.add("Linear", x, name="forms", out_features=64), name="shape")
    return block


def self_supervised() -> Sheet:
    """Two views of each digit find one another; a hundred labels then do."""
    net = NetworkBuilder()
    net.define("Encoder", _encoder())
    net.define("Projection", _projection())
    image = net.add("Input", name="image", field="image")
    views = [net.add("RandomAffine", image, name=f"view{n}", degrees=20.0, shift=0.12, zoom=0.2) for n in (1, 2)]
    first = net.add("Block", views[0], name="encoder", definition="Encoder")
    second = net.add("Shared", views[1], name="same_encoder", of=first.node)
    left = net.add("Block", first, name="projection", definition="Projection")
    right = net.add("Shared", second, name="same_projection", of=left.node)
    net.add("NTXentLoss", left, right, name="find_other_view", temperature=0.5)
    kept = net.add("StopGradient", first, name="as_it_is")
    kept = net.add("BatchNorm1d", kept, name="levelled")
    scores = net.add("Linear", kept, name="probe", out_features=10)
    shown = net.add("Input", name="shown", field="shown")
    label = net.add("Input", name="label", field="label")
    net.add("CrossEntropyLoss", scores, shown, name="probe_loss", ignore_index=10)
    net.add("Accuracy", scores, label, name="accuracy")
    net.add("Output", scores, name="digit", kind="class scores")
    return sheet(
        net, rows("image view1 encoder projection", ". view2 same_encoder same_projection find_other_view",
                  ". as_it_is levelled probe digit", ". . . shown probe_loss", ". . . label accuracy", height=1.2),
        Plan.make({"epochs": 40, "batch_size": 125, "optimizer": "AdamW", "learning_rate": 0.002, "weight_decay": 0.01,
                   "schedule": "one-cycle", "keep_best": False}),
        shipped_reference("mnist-few-labels"),
        "Learning without labels", "Two views of each picture find one another; ten labels a class then suffice.",
    )  # fmt: skip


def transfer() -> Sheet:
    """What was learned from digits, for clothes: the first convolution stays, the head is new."""
    net = NetworkBuilder()
    x = net.add("Input", name="image", field="image")
    for number, channels in ((1, 16), (2, 32)):
        x = net.add("Conv2d", x, name=f"conv{number}", out_channels=channels, kernel_size=5, padding="same", bias=False,
                    weight_init="he normal")  # fmt: skip
        x = net.add("BatchNorm2d", x, name=f"bn{number}")
        x = net.add("ReLU", x, name=f"relu{number}")
        x = net.add("MaxPool2d", x, name=f"pool{number}", kernel_size=2)
    x = net.add("Flatten", x, name="flatten")
    classifier(net, net.add("Linear", x, name="new_scores", out_features=10), "article")
    made = sheet(
        net, rows("image conv1 bn1 relu1 pool1", "conv2 bn2 relu2 pool2 flatten", "new_scores article",
                  "label loss", ". accuracy", height=1.2),
        Plan.make({"epochs": 25, "batch_size": 20, "optimizer": "AdamW", "learning_rate": 0.003, "weight_decay": 0.01,
                   "schedule": "one-cycle", "keep_best": False}),
        DataReference("shipped:fashion", split=Split.make({"train": 0.02, "validation": 0.02, "test": 0.96})),
        "Transfer",
        "What a network learned from digits helps it with clothes, of which it sees 20 pictures of each kind.",
    )  # fmt: skip
    return replace(made, network=edits.set_frozen(["conv1", "bn1"])(made.network))


def weights_of_digits() -> Mapping[str, Any]:
    """The weights of digits-cnn, trained here as its project says, without those of its head."""
    from making.vision import digits_cnn
    from nnstudio.project.project import Project

    with tempfile.TemporaryDirectory() as folder:
        project = Project(digits_cnn(), Path(folder) / "digits.nnstudio")
        project.train()
    return {name: array for name, array in (project.weights or {}).items() if name.startswith(("conv", "bn"))}


def _encoder() -> NetworkBuilder:
    block = NetworkBuilder()
    x = block.add("BlockInput", name="picture", shape=(1, 28, 28))
    for number, channels in ((1, 24), (2, 48), (3, 96), (4, 128)):
        x = block.add("Conv2d", x, name=f"conv{number}", out_channels=channels, kernel_size=3, stride=2, padding=1,
                      bias=False)  # fmt: skip
        x = block.add("ReLU", block.add("BatchNorm2d", x, name=f"bn{number}"), name=f"relu{number}")
    block.add("BlockOutput", block.add("Flatten", x, name="flatten"), name="features")
    return block


def _projection() -> NetworkBuilder:
    block = NetworkBuilder()
    x = block.add("BlockInput", name="features", shape=(512,))
    x = block.add("ReLU", block.add("Linear", x, name="inner", out_features=128), name="bend")
    block.add("BlockOutput", block.add("Linear", x, name="outer", out_features=64), name="place")
    return block


PROJECTS: Mapping[str, Callable[[], Sheet]] = {
    "faces": faces, "self-supervised": self_supervised, "transfer": transfer,
}  # fmt: skip
#: Weights that come with a project.
WEIGHTS: Mapping[str, Callable[[], Mapping[str, Any]]] = {"transfer": weights_of_digits}
