"""Transformers as torch has them: a layer, a stack, and encoder and decoder together."""

from __future__ import annotations

from typing import Any

from nnstudio.layers.attention import PADDING_HELP, causal_param, check_heads, heads_param
from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.types import TensorType

_SYNONYMS = ("transformer", "self-attention", "attention", "language model")
_MEMORY_HELP = "what an encoder made of the other sequence"


def _wide() -> Any:
    return param(2048, min=1, title="Width inside", help="how many numbers stand between its two Linear layers")


def _dropout() -> Any:
    return param(0.1, min=0.0, max=1.0, title="Dropout", help="share dropped while training")


def _activation() -> Any:
    return param("relu", choices=("relu", "gelu"), title="Activation", help="the bend between its two Linear layers")


def _eps() -> Any:
    return param(
        1e-5,
        min=1e-12,
        max=1.0,
        title="Epsilon",
        help="added to the variance in its norms so that nothing divides by 0",
    )


def _norm_first() -> Any:
    return param(
        False, title="Norm first", help="normalise before attention and Linear, which trains deep stacks more easily"
    )


def _bias() -> Any:
    return param(True, title="Bias", help="add learned offsets")


def _layers(title: str = "Layers") -> Any:
    return param(6, min=1, max=256, title=title, help="how many are stacked, each with weights of its own")


def _norm() -> Any:
    return param(
        False, title="Norm at the end", help="add a LayerNorm behind the last layer, usual where norms come first"
    )


def _transformer(kind: str, layer: Any, input: TensorType, *counts: int, **more: Any) -> Call:
    features = input.last()
    check_heads(features, layer.nhead)
    return Call(
        f"nnstudio.nn.{kind}", features, layer.nhead, *counts, causal=layer.is_causal,
        dim_feedforward=layer.dim_feedforward, dropout=layer.dropout, activation=layer.activation,
        layer_norm_eps=layer.layer_norm_eps, norm_first=layer.norm_first, bias=layer.bias, **more,
    )  # fmt: skip


@layer(family="Attention", telling=("nhead",), synonyms=(*_SYNONYMS, "encoder block", "bert", "vit"))
class TransformerEncoderLayer(Layer):
    r"""Let each step look at all others, then think about what it found: one block of a transformer.

    Use it several times, one behind another, on embeddings with positions to read text, pictures in patches or any
    sequence. Switched to causal it is a block of GPT.

    ```math
    u = \operatorname{norm}(x + \operatorname{attention}(x, x, x)), \qquad
    y = \operatorname{norm}(u + W_2\, \phi(W_1 u + b_1) + b_2)
    ```

    With the norms first: `u = x + attention(norm(x))`, `y = u + …(norm(u))`.

    Shapes: `N×T×F` (time, feature), which stays; the heads must divide F.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.1; PyTorch
    `torch.nn.TransformerEncoderLayer`.
    """

    input = Port("N T F")
    padding = Port("N T", dtype="bool", optional=True, help=PADDING_HELP)
    output = Port("N T F")

    nhead: int = heads_param()
    dim_feedforward: int = _wide()
    dropout: float = _dropout()
    activation: str = _activation()
    is_causal: bool = causal_param(False)
    norm_first: bool = _norm_first()
    layer_norm_eps: float = _eps()
    bias: bool = _bias()

    def build(self, input: TensorType, padding: TensorType | None) -> Call:
        return _transformer("TransformerEncoderLayer", self, input)


@layer(family="Attention", telling=("nhead", "num_layers"), synonyms=(*_SYNONYMS, "encoder stack", "bert", "vit"))
class TransformerEncoder(Layer):
    r"""Stack several transformer encoder layers.

    Use it to read text, pictures in patches or any sequence behind embeddings with positions. Draw a block of
    TransformerEncoderLayer and repeat it to change what is inside.

    ```math
    y = \operatorname{layer}_L(\dots \operatorname{layer}_1(x))
    ```

    Shapes: `N×T×F` (time, feature), which stays; the heads must divide F.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.1; PyTorch `torch.nn.TransformerEncoder`.
    """

    input = Port("N T F")
    padding = Port("N T", dtype="bool", optional=True, help=PADDING_HELP)
    output = Port("N T F")

    num_layers: int = _layers()
    nhead: int = heads_param()
    dim_feedforward: int = _wide()
    dropout: float = _dropout()
    activation: str = _activation()
    is_causal: bool = causal_param(False)
    norm_first: bool = _norm_first()
    norm: bool = _norm()
    layer_norm_eps: float = _eps()
    bias: bool = _bias()

    def build(self, input: TensorType, padding: TensorType | None) -> Call:
        return _transformer("TransformerEncoder", self, input, self.num_layers, norm=self.norm)


@layer(family="Attention", telling=("nhead",), synonyms=(*_SYNONYMS, "decoder block", "cross-attention"))
class TransformerDecoderLayer(Layer):
    r"""Let each step look at those before it and at another sequence: one block of a decoder.

    Use it to write a sequence that depends on one that was read: translation, captions, speech to text.

    ```math
    u = \operatorname{norm}(x + \operatorname{attention}(x, x, x)), \quad
    v = \operatorname{norm}(u + \operatorname{attention}(u, m, m)), \quad
    y = \operatorname{norm}(v + W_2\, \phi(W_1 v + b_1) + b_2)
    ```

    Here m is the memory.

    Shapes: `N×T×F` and memory `N×S×F` (time, feature) become `N×T×F`; the heads must divide F.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.1; PyTorch
    `torch.nn.TransformerDecoderLayer`.
    """

    input = Port("N T F", help="what is being written")
    memory = Port("N S F", help=_MEMORY_HELP)
    padding = Port("N T", dtype="bool", optional=True, help=PADDING_HELP)
    memory_padding = Port("N S", dtype="bool", optional=True, help=PADDING_HELP)
    output = Port("N T F")

    nhead: int = heads_param()
    dim_feedforward: int = _wide()
    dropout: float = _dropout()
    activation: str = _activation()
    is_causal: bool = causal_param(True)
    norm_first: bool = _norm_first()
    layer_norm_eps: float = _eps()
    bias: bool = _bias()

    def build(
        self, input: TensorType, memory: TensorType, padding: TensorType | None, memory_padding: TensorType | None
    ) -> Call:
        return _transformer("TransformerDecoderLayer", self, input)


@layer(family="Attention", telling=("nhead", "num_layers"), synonyms=(*_SYNONYMS, "decoder stack", "cross-attention"))
class TransformerDecoder(Layer):
    r"""Stack several transformer decoder layers, which all look at the same memory.

    Use it behind a TransformerEncoder to write a sequence that depends on one that was read.

    ```math
    y = \operatorname{layer}_L(\dots \operatorname{layer}_1(x, m) \dots, m)
    ```

    Here m is the memory.

    Shapes: `N×T×F` and memory `N×S×F` (time, feature) become `N×T×F`; the heads must divide F.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.1; PyTorch `torch.nn.TransformerDecoder`.
    """

    input = Port("N T F", help="what is being written")
    memory = Port("N S F", help=_MEMORY_HELP)
    padding = Port("N T", dtype="bool", optional=True, help=PADDING_HELP)
    memory_padding = Port("N S", dtype="bool", optional=True, help=PADDING_HELP)
    output = Port("N T F")

    num_layers: int = _layers()
    nhead: int = heads_param()
    dim_feedforward: int = _wide()
    dropout: float = _dropout()
    activation: str = _activation()
    is_causal: bool = causal_param(True)
    norm_first: bool = _norm_first()
    norm: bool = _norm()
    layer_norm_eps: float = _eps()
    bias: bool = _bias()

    def build(
        self, input: TensorType, memory: TensorType, padding: TensorType | None, memory_padding: TensorType | None
    ) -> Call:
        return _transformer("TransformerDecoder", self, input, self.num_layers, norm=self.norm)


@layer(family="Attention", telling=("nhead",), synonyms=(*_SYNONYMS, "encoder-decoder", "translation", "seq2seq"))
class Transformer(Layer):
    r"""Read one sequence and write another: encoder and decoder of a transformer in one.

    Use it for translation. Feed it embeddings with positions; `target` is what is to be written, one step behind.

    ```math
    y = \operatorname{decoder}(\text{target}, \operatorname{encoder}(\text{source}))
    ```

    Shapes: source `N×S×F` and target `N×T×F` (time, feature) become `N×T×F`; the heads must divide F.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3; PyTorch `torch.nn.Transformer`.
    """

    source = Port("N S F", help="what is read")
    target = Port("N T F", help="what is written, one step behind")
    source_padding = Port("N S", dtype="bool", optional=True, help=PADDING_HELP)
    target_padding = Port("N T", dtype="bool", optional=True, help=PADDING_HELP)
    output = Port("N T F")

    num_encoder_layers: int = _layers("Encoder layers")
    num_decoder_layers: int = _layers("Decoder layers")
    nhead: int = heads_param()
    dim_feedforward: int = _wide()
    dropout: float = _dropout()
    activation: str = _activation()
    is_causal: bool = causal_param(True, "a step of the target")
    norm_first: bool = _norm_first()
    layer_norm_eps: float = _eps()
    bias: bool = _bias()

    def build(
        self,
        source: TensorType,
        target: TensorType,
        source_padding: TensorType | None,
        target_padding: TensorType | None,
    ) -> Call:
        if source.last() != target.last():
            raise BuildError(f"reads {source.last()} features and writes {target.last()}",
                             "give both embeddings the same size")  # fmt: skip
        return _transformer("Transformer", self, source, self.num_encoder_layers, self.num_decoder_layers)
