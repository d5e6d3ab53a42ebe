"""Parts that several networks on texts have: how their data is prepared, and blocks of transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstudio.data import DataReference
from nnstudio.data.opening import open_data, shipped_reference
from nnstudio.data.steps import STEPS
from nnstudio.graph.builder import NetworkBuilder, PortHandle


def prepared(id: str, *steps: Mapping[str, Any]) -> DataReference:
    """A shipped set with these steps, and the types that they lead to."""
    reference = shipped_reference(id)
    made = tuple(STEPS[step["kind"]].make({k: v for k, v in step.items() if k != "kind"}) for step in steps)
    return open_data(reference.with_(steps=made)).reference


def tokens(column: str, by: str, length: int = 0, **values: Any) -> dict[str, Any]:
    """The step that makes codes of a column's texts."""
    return {"kind": "tokens", "column": column, "by": by, "length": length, **values}


def vocabulary(reference: DataReference, column: str) -> tuple[str, ...]:
    """The tokens of a column in the order of their codes."""
    return open_data(reference).prepared.columns[column].categories


def chunks(length: int) -> dict[str, Any]:
    """The step that cuts the plays into rows of so many characters."""
    return {"kind": "chunks", "column": "text", "length": length}


def told_apart(net: NetworkBuilder, scores: PortHandle, target: PortHandle, feeds: str, **output: Any) -> None:
    """Loss and output for scores of tokens N×T×V; ``<pad>`` does not count. feeds: the Input that is written on, or
    nothing where each place is answered by itself."""
    x = net.add("Permute", scores, name="classes_first", order=(2, 1))
    net.add("CrossEntropyLoss", x, target, name="loss", ignore_index=0)
    net.add("Output", x, name="answer", kind="tokens", feeds=feeds, **output)


def reading_block(net: NetworkBuilder, width: int) -> None:
    """A transformer block that looks everywhere but at padding; norms come first."""
    block = NetworkBuilder(width=width, heads=3)
    x = block.add("BlockInput", name="input", shape=(16, width))
    pads = block.add("BlockInput", name="padding", shape=(16,), dtype="bool")
    y = block.add("LayerNorm", x, name="norm1")
    x = block.add("Add", x, block.add("MultiheadAttention", y, name="attention", num_heads="heads", padding=pads),
                  name="add1")  # fmt: skip
    block.add("BlockOutput", _thinking(block, x, "norm2", "add2"), name="output")
    net.define("ReadingBlock", block)


def gpt_block(net: NetworkBuilder, width: int) -> None:
    """A transformer block as today's language models have it: positions turn queries and keys (Su et al., 2021), and a
    gate says how much of each feature goes on (SwiGLU; Shazeer, 2020)."""
    block = NetworkBuilder(width=width, heads=3)
    x = block.add("BlockInput", name="input", shape=(16, width))
    y = block.add("LayerNorm", x, name="norm1")
    y = block.add("MultiheadAttention", y, name="attention", num_heads="heads", is_causal=True, rotary=True)
    x = block.add("Add", x, y, name="add1")
    y = block.add("LayerNorm", x, name="norm2")
    gate = block.add("SiLU", block.add("Linear", y, name="gate", out_features="8*width/3"), name="silu")
    y = block.add("Multiply", gate, block.add("Linear", y, name="wider", out_features="8*width/3"), name="gated")
    y = block.add("Linear", y, name="back", out_features="width")
    block.add("BlockOutput", block.add("Add", x, y, name="add2"), name="output")
    net.define("GPTBlock", block)


def writing_block(net: NetworkBuilder, width: int) -> None:
    """A transformer block that looks at what came before, and at what an encoder has read."""
    block = NetworkBuilder(width=width, heads=3)
    x = block.add("BlockInput", name="input", shape=(16, width))
    y = block.add("LayerNorm", x, name="norm1")
    y = block.add("MultiheadAttention", y, name="attention", num_heads="heads", is_causal=True)
    x = block.add("Add", x, y, name="add1")
    read = block.add("BlockInput", name="memory", shape=(16, width))
    pads = block.add("BlockInput", name="padding", shape=(16,), dtype="bool")
    y = block.add("LayerNorm", x, name="norm2")
    y = block.add("MultiheadAttention", y, read, name="looking_back", num_heads="heads", padding=pads)
    x = block.add("Add", x, y, name="add2")
    block.add("BlockOutput", _thinking(block, x, "norm3", "add3"), name="output")
    net.define("WritingBlock", block)


def _thinking(block: NetworkBuilder, x: PortHandle, norm: str, add: str) -> PortHandle:
    """Two Linear layers, added to what came in."""
    y = block.add("Linear", block.add("LayerNorm", x, name=norm), name="wider", out_features="4*width")
    y = block.add("Linear", block.add("GELU", y, name="gelu"), name="back", out_features="width")
    return block.add("Add", x, y, name=add)
