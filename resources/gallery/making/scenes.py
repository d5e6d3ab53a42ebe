"""Networks that find and outline objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from making import rows, sheet
from nnstudio.data import DataReference, open_data, shipped_reference
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

#: How the scores of cells start: most cells are empty.
_SELDOM = {"weight_init": "normal", "init_std": 0.01, "bias_value": -4.0}


def detect() -> Sheet:
    """A grid of cells, each of which says which digit has its middle there and how large it is."""
    net = NetworkBuilder()
    net.define("Convolve", _convolve())
    image = net.add("Input", name="image", field="image")
    x = _convolved(net, image, "edges", 16)
    x = net.add("MaxPool2d", x, name="halve", kernel_size=2)
    x = _convolved(net, x, "strokes", 32)
    x = net.add("MaxPool2d", x, name="quarter", kernel_size=2)
    x = _convolved(net, x, "shapes", 64)
    x = _convolved(net, x, "digits", 64, 3)
    scores = net.add("Conv2d", x, name="scores", out_channels=10, kernel_size=1, **_SELDOM)
    shape = net.add("Conv2d", x, name="shape", out_channels=4, kernel_size=1)
    found = net.add("PeakBoxes", scores=scores, shape=shape, name="peaks", most=12)
    boxes = net.add("Input", name="boxes", field="boxes")
    net.add("HeatmapLoss", scores, boxes, name="where")
    net.add("BoxLoss", shape, boxes, name="size")
    net.add("MeanAveragePrecision", found, boxes, name="map")
    net.add("Output", found, name="found", kind="boxes")
    places = {
        **rows("image edges halve strokes quarter", "shapes digits scores peaks found"),
        "shape": (2, 2.5), "boxes": (1, 3.75), "where": (3, 2.5), "size": (3, 3.75), "map": (4, 2.5),
    }  # fmt: skip
    return sheet(
        net, places,
        Plan.make({"epochs": 12, "batch_size": 32, "optimizer": "AdamW", "learning_rate": 0.004, "weight_decay": 0.01,
                   "schedule": "one-cycle", "keep_best": False}),
        _data("digit-scenes"),
        "Finding objects",
        "Every cell of a grid says which digit has its middle there and how large it is (composite scenes).",
    )  # fmt: skip


def segment() -> Sheet:
    """A U-Net that says of each pixel of a brain's slice which tissue it is."""
    net = NetworkBuilder()
    net.define("Convolve", _convolve())
    image = net.add("Input", name="image", field="image")
    fine = _convolved(net, image, "fine", 16, 2)
    x = net.add("MaxPool2d", fine, name="halve", kernel_size=2)
    middle = _convolved(net, x, "middle", 32, 2)
    x = net.add("MaxPool2d", middle, name="quarter", kernel_size=2)
    x = _convolved(net, x, "coarse", 64, 2)
    x = net.add("Upsample", x, name="twice", scale_factor=2)
    x = _convolved(net, net.add("Concatenate", x, middle, name="join"), "merge", 32)
    x = net.add("Upsample", x, name="full", scale_factor=2)
    x = _convolved(net, net.add("Concatenate", x, fine, name="rejoin"), "refine", 16)
    scores = net.add("Conv2d", x, name="scores", out_channels=4, kernel_size=1)
    mask = net.add("Input", name="mask", field="mask")
    net.add("CrossEntropyLoss", scores, mask, name="loss")
    net.add("MeanIoU", scores, mask, name="iou")
    net.add("Output", scores, name="tissue", kind="mask")
    places = rows(
        "image fine halve middle quarter", "coarse twice join merge full", "rejoin refine scores tissue .",
        ". . mask loss iou",
    )  # fmt: skip
    return sheet(
        net, places,
        Plan.make({"epochs": 60, "batch_size": 4, "optimizer": "AdamW", "learning_rate": 0.004, "weight_decay": 0.01,
                   "schedule": "one-cycle", "keep_best": False}),
        _data("brain"),
        "Outlining tissue",
        "A U-Net says of each pixel of a brain's slice whether it is grey matter, white matter or fluid.",
    )  # fmt: skip


def instances() -> Sheet:
    """Three maps: what is a digit, where digits have their middle, and where each pixel's digit has it."""
    net = NetworkBuilder()
    net.define("Convolve", _convolve())
    image = net.add("Input", name="image", field="image")
    edges = _convolved(net, image, "edges", 16)
    x = net.add("MaxPool2d", edges, name="halve", kernel_size=2)
    x = _convolved(net, x, "strokes", 32)
    x = net.add("MaxPool2d", x, name="quarter", kernel_size=2)
    x = _convolved(net, x, "shapes", 64, 4)
    foreground = net.add("Conv2d", edges, name="foreground", out_channels=1, kernel_size=3, padding="same")
    scores = net.add("Conv2d", x, name="middles", out_channels=1, kernel_size=1, **_SELDOM)
    x = net.add("Conv2d", x, name="ways", out_channels=2, kernel_size=1)
    offset = net.add("Upsample", x, name="offset", scale_factor=4, mode="bilinear")
    found = net.add("GroupPixels", foreground=foreground, scores=scores, offset=offset, name="group", most=12)
    digit, objects, boxes = (net.add("Input", name=name, field=name) for name in ("digit", "objects", "boxes"))
    net.add("FocalLoss", foreground, digit, name="what")
    net.add("HeatmapLoss", scores, boxes, name="where")
    net.add("OffsetLoss", offset, objects, name="whose", weight=0.2)
    net.add("InstancePrecision", found, objects, name="precision")
    net.add("Output", found, name="found", kind="mask")
    places = rows(
        "image edges halve strokes quarter", "shapes middles ways offset group", "foreground . . precision found",
        "digit what boxes where .", "objects whose . . .", height=1.15,
    )  # fmt: skip
    return sheet(
        net, places,
        Plan.make({"epochs": 5, "batch_size": 32, "optimizer": "AdamW", "learning_rate": 0.004, "weight_decay": 0.01,
                   "schedule": "one-cycle", "keep_best": False}),
        _data("digit-heaps"),
        "Separating objects",
        "Each pixel says where its digit has its middle, so that digits come apart (composite scenes).",
    )  # fmt: skip


def _convolve() -> Network:
    """A convolution, its normalisation and what bends it."""
    block = NetworkBuilder(width=16)
    x = block.add("BlockInput", name="input", shape=(16, 32, 32))
    x = block.add(
        "Conv2d", x, name="conv", out_channels="width", kernel_size=3, padding="same", bias=False,
        weight_init="he normal",
    )  # fmt: skip
    x = block.add("BatchNorm2d", x, name="norm")
    block.add("BlockOutput", block.add("ReLU", x, name="relu"), name="output")
    return block.network


def _convolved(net: NetworkBuilder, x: PortHandle, name: str, width: int, repeat: int = 1) -> PortHandle:
    return net.add("Block", x, name=name, definition="Convolve", repeat=repeat, width=width)


def _data(id: str) -> DataReference:
    """The reference to a shipped set, with its types, so that the drawing resolves without it."""
    reference = shipped_reference(id)
    return reference.with_(types=open_data(reference).types)


PROJECTS: Mapping[str, Callable[[], Sheet]] = {"detect": detect, "segment": segment, "instances": instances}
