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

import images  # beside this file
import sequences

from nnstudio.graph import Network, View
from nnstudio.graph.arrange import arrange
from nnstudio.graph.builder import NetworkBuilder, with_names_as_ids
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


_RESNET = ("resnet", "skip connection", "shortcut")
_MOBILE = ("mobilenet", "depthwise", "mbconv", "linear bottleneck")
_TRANSFORMER = ("transformer", "self-attention", "attention block")
RECIPES = (
    Recipe("Residual", "Residual block", images.residual, (*_RESNET, "basic block", "identity block")),
    Recipe("ResidualProjection", "Residual block with projection", images.residual_projection,
           (*_RESNET, "basic block", "downsample", "residual down")),
    Recipe("Bottleneck", "Bottleneck block", images.bottleneck, (*_RESNET, "residual bottleneck")),
    Recipe("BottleneckProjection", "Bottleneck block with projection", images.bottleneck_projection,
           (*_RESNET, "bottleneck down", "downsample")),
    Recipe("InvertedResidual", "Inverted residual block", images.inverted_residual, (*_MOBILE, "skip connection")),
    Recipe("InvertedResidualProjection", "Inverted residual block with projection",
           images.inverted_residual_projection, (*_MOBILE, "inverted residual down")),
    Recipe("SeparableConv", "Depthwise separable convolution", images.separable_conv,
           ("mobilenet", "depthwise", "pointwise", "xception", "separable convolution", "depthwise separable",
            "SeparableConv2d", "DepthwiseConv2d")),
    Recipe("SqueezeExcitation", "Squeeze-and-excitation", images.squeeze_excitation,
           ("se", "channel attention", "senet", "gate", "recalibration")),
    Recipe("Inception", "Inception module", images.inception, ("googlenet", "branches", "multi-scale", "mixed")),
    Recipe("DenseLayer", "Layer of a dense block", images.dense_layer, ("densenet", "dense block", "growth")),
    Recipe("DenseTransition", "Transition between dense blocks", images.dense_transition, ("densenet", "downsample")),
    Recipe("ConvReLU", "Convolution and ReLU", images.conv_relu, ("vgg", "double conv", "conv block")),
    Recipe("UNetDown", "U-Net stage going down", images.unet_down, ("u-net", "unet", "encoder stage", "contracting")),
    Recipe("UNetUp", "U-Net stage going up", images.unet_up, ("u-net", "unet", "decoder stage", "expanding")),
    Recipe("TimeDistributed", "Time distributed convolution", images.time_distributed,
           ("time distributed", "each step", "video", "film", "per frame", "lrcn")),
    Recipe("TransformerEncoderBlock", "Transformer encoder layer", sequences.transformer_encoder,
           (*_TRANSFORMER, "encoder layer", "post-norm")),
    Recipe("TransformerDecoderBlock", "Transformer decoder layer", sequences.transformer_decoder,
           (*_TRANSFORMER, "decoder layer", "cross-attention")),
    Recipe("BERTBlock", "Encoder layer of BERT", sequences.bert_block, (*_TRANSFORMER, "encoder layer", "post-norm")),
    Recipe("GPTBlock", "Decoder layer of GPT-2", sequences.gpt_block,
           (*_TRANSFORMER, "gpt", "causal", "language model", "pre-norm", "decoder layer")),
    Recipe("ViTBlock", "Encoder layer of a vision transformer", sequences.vit_block,
           (*_TRANSFORMER, "vision transformer", "pre-norm", "encoder layer")),
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
    width = max(420.0, min(840.0, right - left))
    lines = sum(1 + len(line) * 6.5 // (width - 24) for line in text.split("\n\n"))
    note = Note("about", text, left, bottom + 48.0, width, 24.0 + 18.0 * lines)
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
