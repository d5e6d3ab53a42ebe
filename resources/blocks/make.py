"""Makes the classical blocks of the library: `python resources/blocks/make.py [FOLDER]`.

Each is a function that builds its definition; what it says of itself stands in its docstring: the first line is its
summary, the rest (with its source) goes into a note of its drawing.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nnstudio.graph import Network, View
from nnstudio.graph.arrange import arrange
from nnstudio.graph.builder import NetworkBuilder, PortHandle, with_names_as_ids
from nnstudio.graph.places import around, box_of, node_size
from nnstudio.graph.view import Note
from nnstudio.project.library import part_of_block
from nnstudio.project.part import to_text


@dataclass(frozen=True)
class Recipe:
    """How a block is built, and how it is called and found."""

    name: str
    title: str
    build: Callable[[], NetworkBuilder]
    synonyms: tuple[str, ...] = ()


# -- parts of them ----------------------------------------------------------------------------------------------------


def conv_bn(
    net: NetworkBuilder, x: PortHandle, number: str, out_channels: int | str, kernel_size: int = 3,
    activation: str = "ReLU", **more: object,
) -> PortHandle:  # fmt: skip
    """A convolution without bias, batch normalisation, and an activation ("" for none)."""
    x = net.add("Conv2d", x, name=f"conv{number}", out_channels=out_channels, kernel_size=kernel_size,
                padding=kernel_size // 2, bias=False, **more)  # fmt: skip
    x = net.add("BatchNorm2d", x, name=f"bn{number}")
    return net.add(activation, x, name=f"{activation.lower()}{number}") if activation else x


def _image(net: NetworkBuilder, channels: int = 64, side: int = 56) -> PortHandle:
    return net.add("BlockInput", name="input", shape=(channels, side, side))


# -- residual blocks --------------------------------------------------------------------------------------------------


def residual() -> NetworkBuilder:
    """Two 3×3 convolutions whose result is added to what came in.

    The plain block of ResNet-18 and ResNet-34. What comes in must have **width** channels; to change channels or size
    put a *ResidualProjection* first.

    Source: He et al., "Deep residual learning for image recognition" (2015), figure 2.
    """
    net = NetworkBuilder(width=64)
    x = _image(net)
    y = conv_bn(net, x, "1", "width")
    y = conv_bn(net, y, "2", "width", activation="")
    y = net.add("Add", y, x, name="add")
    y = net.add("ReLU", y, name="relu2")
    net.add("BlockOutput", y, name="output")
    return net


def residual_projection() -> NetworkBuilder:
    """A residual block that changes channels and size: its skip wire has a 1×1 convolution.

    The first block of each stage of ResNet-18 and ResNet-34. It gives **width** channels and is **stride** times
    smaller than what comes in.

    Source: He et al., "Deep residual learning for image recognition" (2015), section 3.3, option B.
    """
    net = NetworkBuilder(width=64, stride=2)
    x = _image(net)
    y = conv_bn(net, x, "1", "width", stride="stride")
    y = conv_bn(net, y, "2", "width", activation="")
    skip = conv_bn(net, x, "_skip", "width", 1, activation="", stride="stride")
    y = net.add("Add", y, skip, name="add")
    y = net.add("ReLU", y, name="relu2")
    net.add("BlockOutput", y, name="output")
    return net


def bottleneck() -> NetworkBuilder:
    """1×1, 3×3 and 1×1 convolutions whose result is added to what came in.

    The block of ResNet-50 and deeper ones: the 3×3 convolution works on **width** channels, and the block takes and
    gives **expansion** times as many. To change channels or size put a *BottleneckProjection* first.

    Source: He et al., "Deep residual learning for image recognition" (2015), figure 5.
    """
    net = NetworkBuilder(width=64, expansion=4)
    x = _image(net, 256)
    y = conv_bn(net, x, "1", "width", 1)
    y = conv_bn(net, y, "2", "width", 3)
    y = conv_bn(net, y, "3", "expansion*width", 1, activation="")
    y = net.add("Add", y, x, name="add")
    y = net.add("ReLU", y, name="relu3")
    net.add("BlockOutput", y, name="output")
    return net


def bottleneck_projection() -> NetworkBuilder:
    """A bottleneck block that changes channels and size: its skip wire has a 1×1 convolution.

    The first block of each stage of ResNet-50 and deeper ones. It gives **expansion** times **width** channels and is
    **stride** times smaller than what comes in; as in torchvision, the 3×3 convolution has the stride (ResNet 1.5).

    Source: He et al., "Deep residual learning for image recognition" (2015), section 3.3, option B.
    """
    net = NetworkBuilder(width=64, stride=1, expansion=4)
    x = _image(net)
    y = conv_bn(net, x, "1", "width", 1)
    y = conv_bn(net, y, "2", "width", 3, stride="stride")
    y = conv_bn(net, y, "3", "expansion*width", 1, activation="")
    skip = conv_bn(net, x, "_skip", "expansion*width", 1, activation="", stride="stride")
    y = net.add("Add", y, skip, name="add")
    y = net.add("ReLU", y, name="relu3")
    net.add("BlockOutput", y, name="output")
    return net


_RESNET = ("resnet", "skip connection", "shortcut")
RECIPES = (
    Recipe("Residual", "Residual block", residual, (*_RESNET, "basic block", "identity block")),
    Recipe("ResidualProjection", "Residual block with projection", residual_projection,
           (*_RESNET, "basic block", "downsample", "residual down")),
    Recipe("Bottleneck", "Bottleneck block", bottleneck, (*_RESNET, "residual bottleneck")),
    Recipe("BottleneckProjection", "Bottleneck block with projection", bottleneck_projection,
           (*_RESNET, "bottleneck down", "downsample")),
)  # fmt: skip


# -- making -----------------------------------------------------------------------------------------------------------


def definition(name: str) -> Network:
    """A classical block's definition, with those that it uses in its ``blocks``."""
    recipe = next(recipe for recipe in RECIPES if recipe.name == name)
    return with_names_as_ids(recipe.build().network)


def drawing(network: Network, text: str) -> View:
    """Where the layers of a definition stand, and a note on it below them."""
    places = arrange(network)
    left, _, right, bottom = around(box_of(places[id], node_size(node.layer)) for id, node in network.nodes.items())
    width = max(420.0, min(720.0, right - left))
    lines = sum(1 + len(line) * 7.0 // (width - 32) for line in text.split("\n\n"))
    note = Note("about", text, left, bottom + 56.0, width, 40.0 + 30.0 * lines)
    return View(places, notes={note.id: note})


def words(recipe: Recipe) -> tuple[str, str]:
    """The summary of a block, and the text of its note."""
    paragraphs = inspect.cleandoc(recipe.build.__doc__ or "").split("\n\n")
    flowing = [" ".join(paragraph.split()) for paragraph in paragraphs]
    return flowing[0], "\n\n".join((f"**{recipe.title}.** {flowing[0]}", *flowing[1:]))


def texts() -> Iterable[tuple[str, str]]:
    """(name, content) of each file."""
    for recipe in RECIPES:
        summary, note = words(recipe)
        network = definition(recipe.name)
        inner = dict(network.blocks)
        definitions = {**inner, recipe.name: Network(network.nodes, network.wires, {}, network.parameters)}
        views = {known: drawing(inner[known], "") for known in inner} | {recipe.name: drawing(network, note)}
        about = {"title": recipe.title, "summary": summary, "synonyms": list(recipe.synonyms)}
        yield recipe.name, json.dumps(json.loads(to_text(part_of_block(recipe.name, definitions, views), about)),
                                      indent=1, ensure_ascii=False) + "\n"  # fmt: skip


def main(folder: Path) -> None:
    """Write every block into a folder."""
    for name, text in texts():
        (folder / f"{name}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
