"""Makes the classical networks: `python resources/templates/make.py [FOLDER]`.

Each is drawn with the Python builder out of the library's blocks where these fit. They stand in rows, read as text is;
a row with a title stands in a frame of that name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nnstudio.graph import View
from nnstudio.graph.arrange import COLUMN
from nnstudio.graph.builder import NetworkBuilder, PortHandle, with_names_as_ids
from nnstudio.graph.places import FRAME_MARGIN, FRAME_TITLE, node_size
from nnstudio.graph.view import Frame
from nnstudio.project import library
from nnstudio.project.files import save
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

#: Free height between two rows.
GAP = 56.0


@dataclass
class Page:
    """A network that is being drawn: its builder, the view inside its blocks, and where its nodes stand."""

    net: NetworkBuilder = field(default_factory=NetworkBuilder)
    view: View = field(default_factory=View)
    rows: list[tuple[str, str, Sequence[str]]] = field(default_factory=list)

    def use(self, *names: str) -> None:
        """Take blocks out of the library."""
        for name in names:
            brought = library.bring(library.block(f"classical/{name}"), self.net.network)
            self.net.network, self.view = brought.edit(self.net.network), brought.view(self.view)

    def add(self, layer: str, *inputs: PortHandle, name: str, **parameters: Any) -> PortHandle:
        """Place a layer, or a block that was taken out of the library."""
        if layer in self.net.network.blocks:
            parameters, layer = {"definition": layer, **parameters}, "Block"
        return self.net.add(layer, *inputs, name=name, **parameters)

    def row(self, names: str, title: str = "", color: str = "") -> None:
        """Put nodes into the next row; "." leaves a column free."""
        self.rows.append((title, color, names.split()))

    def sheet(self, title: str, summary: str, plan: Mapping[str, Any]) -> Sheet:
        """What was drawn."""
        network = with_names_as_ids(self.net.network)
        places, frames, top = {}, {}, 0.0
        for heading, color, names in self.rows:
            tallest = max(node_size(network.nodes[name].layer)[1] for name in names if name != ".")
            top += FRAME_TITLE + FRAME_MARGIN if heading else 0.0
            for column, name in enumerate(names):
                if name != ".":
                    places[name] = (column * COLUMN, top + tallest / 2)
            if heading:
                members = frozenset(name for name in names if name != ".")
                frames[heading] = Frame(heading, heading, members, color)
            top += tallest + GAP + (FRAME_MARGIN if heading else 0.0)
        if places.keys() != network.nodes.keys():
            raise SystemExit(f"{title}: {places.keys() ^ network.nodes.keys()} lack a place or a node")
        return Sheet(
            network, replace(self.view, positions=places, frames=frames), Plan.make(plan), None, title, summary
        )


def classifier(page: Page, scores: PortHandle, classes: int = 1000) -> None:
    """Label, loss, accuracy and output for the scores of pictures."""
    page.add("Output", scores, name="output", kind="class scores")
    label = page.add("Input", name="label", dtype="int64", classes=classes)
    page.add("CrossEntropyLoss", scores, label, name="loss")
    page.add("Accuracy", scores, label, name="accuracy")


def _stem(page: Page) -> PortHandle:
    """What every ResNet begins with."""
    x = page.add("Input", name="image", shape=(3, 224, 224))
    x = page.add("Conv2d", x, name="conv1", out_channels=64, kernel_size=7, stride=2, padding=3, bias=False)
    x = page.add("BatchNorm2d", x, name="bn1")
    x = page.add("ReLU", x, name="relu")
    return page.add("MaxPool2d", x, name="maxpool", kernel_size=3, stride=2, padding=1)


def _resnet_head(page: Page, x: PortHandle) -> None:
    x = page.add("AdaptiveAvgPool2d", x, name="avgpool", output_size=1)
    x = page.add("Flatten", x, name="flatten")
    classifier(page, page.add("Linear", x, name="fc", out_features=1000))


_SGD = {"epochs": 90, "batch_size": 64, "optimizer": "SGD", "learning_rate": 0.025, "momentum": 0.9,
        "weight_decay": 1e-4, "schedule": "cosine"}  # fmt: skip


def resnet_50() -> Sheet:
    """Bottleneck blocks with skip wires, 50 layers deep."""
    page = Page()
    page.use("BottleneckProjection", "Bottleneck")
    x = _stem(page)
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), start=1):
        x = page.add(
            "BottleneckProjection", x, name=f"layer{stage}_projection", width=width, stride=1 if stage == 1 else 2
        )
        x = page.add("Bottleneck", x, name=f"layer{stage}", width=width, repeat=blocks - 1)
    _resnet_head(page, x)
    page.row("image conv1 bn1 relu maxpool")
    page.row("layer1_projection layer1 layer2_projection layer2")
    page.row("layer3_projection layer3 layer4_projection layer4")
    page.row("avgpool flatten fc output")
    page.row(". label loss accuracy")
    return page.sheet(
        "ResNet-50", "50 layers with skip wires, in 16 bottleneck blocks; pictures of 1,000 kinds of things. "
        "25,557,032 parameters. He et al., “Deep residual learning for image recognition” (2015).", _SGD,
    )  # fmt: skip


TEMPLATES: Mapping[str, Callable[[], Sheet]] = {"resnet-50": resnet_50}


def main(folder: Path) -> None:
    """Write every network into a folder."""
    for id, make in TEMPLATES.items():
        save(folder / f"{id}.nnstudio", make())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
