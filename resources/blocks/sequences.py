"""Classical blocks of networks that read sequences: transformers."""

from __future__ import annotations

from typing import Any

from nnstudio.graph.builder import NetworkBuilder, PortHandle


def transformer_encoder() -> NetworkBuilder:
    """Attention, then two Linear layers, each added to what came in and normalised.

    The encoder layer of the first transformer. What comes in must have **width** features; between the two Linear
    layers are **expansion** times as many.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.1.
    """
    net = NetworkBuilder(width=512, heads=8, expansion=4, dropout=0.1)
    x = _sequence(net, "input", 512)
    y = _attended(net, x, "self_attn", "norm1")
    net.add("BlockOutput", _fed_forward(net, y, "norm2", "ReLU"), name="output")
    return net


def transformer_decoder() -> NetworkBuilder:
    """Attention to what it has written itself, then to what an encoder has read, then two Linear layers.

    The decoder layer of the first transformer. It sees of **input** only what came before each step; wire the encoder's
    output to **memory**.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.1.
    """
    net = NetworkBuilder(width=512, heads=8, expansion=4, dropout=0.1)
    x = _sequence(net, "input", 512)
    memory = _sequence(net, "memory", 512)
    y = _attended(net, x, "self_attn", "norm1", is_causal=True)
    y = _attended(net, y, "cross_attn", "norm2", key=memory)
    net.add("BlockOutput", _fed_forward(net, y, "norm3", "ReLU"), name="output")
    return net


def bert_block() -> NetworkBuilder:
    """The encoder layer of BERT: as the first transformer's, with GELU.

    **padding** is true where a step only fills up a short text, so that nothing looks there.

    Source: Devlin et al., "BERT: pre-training of deep bidirectional transformers" (2018), section 3.
    """
    net = NetworkBuilder(width=768, heads=12, expansion=4, dropout=0.1)
    x = _sequence(net, "input", 768)
    padding = net.add("BlockInput", name="padding", shape=(128,), dtype="bool")
    y = _attended(net, x, "attention", "norm1", eps=1e-12, padding=padding)
    net.add("BlockOutput", _fed_forward(net, y, "norm2", "GELU", eps=1e-12), name="output")
    return net


def gpt_block() -> NetworkBuilder:
    """The decoder layer of GPT-2: it normalises first, and each step sees only what came before it.

    What comes in must have **width** features.

    Source: Radford et al., "Language models are unsupervised multitask learners" (2019), section 2.3.
    """
    net = NetworkBuilder(width=768, heads=12, expansion=4, dropout=0.1)
    x = _sequence(net, "input", 768)
    _pre_norm(net, x, ("ln_1", "attn", "ln_2"), {"approximate": "tanh"}, 1e-5, is_causal=True)
    return net


def vit_block() -> NetworkBuilder:
    """The encoder layer of a vision transformer: it normalises first.

    What comes in must have **width** features.

    Source: Dosovitskiy et al., "An image is worth 16x16 words" (2020), figure 1.
    """
    net = NetworkBuilder(width=768, heads=12, expansion=4, dropout=0.0)
    x = _sequence(net, "input", 768)
    _pre_norm(net, x, ("ln_1", "self_attention", "ln_2"), {}, 1e-6)
    return net


def _sequence(net: NetworkBuilder, name: str, features: int, steps: int = 128) -> PortHandle:
    return net.add("BlockInput", name=name, shape=(steps, features))


def _attended(net: NetworkBuilder, x: PortHandle, name: str, norm: str, eps: float = 1e-5, **more: Any) -> PortHandle:
    """Attention, added to what came in, then normalised."""
    y = net.add("MultiheadAttention", x, name=name, num_heads="heads", dropout="dropout", **more)
    y = net.add("Dropout", y, name=f"{name}_dropout", p="dropout")
    y = net.add("Add", x, y, name=f"{name}_add")
    return net.add("LayerNorm", y, name=norm, eps=eps)


def _fed_forward(net: NetworkBuilder, x: PortHandle, norm: str, activation: str, eps: float = 1e-5) -> PortHandle:
    """Two Linear layers, added to what came in, then normalised."""
    y = _two_linear(net, x, activation, {})
    y = net.add("Add", x, y, name="mlp_add")
    return net.add("LayerNorm", y, name=norm, eps=eps)


def _two_linear(net: NetworkBuilder, x: PortHandle, activation: str, bend: dict[str, Any]) -> PortHandle:
    y = net.add("Linear", x, name="fc1", out_features="expansion*width")
    y = net.add(activation, y, name=activation.lower(), **bend)
    y = net.add("Linear", y, name="fc2", out_features="width")
    return net.add("Dropout", y, name="mlp_dropout", p="dropout")


def _pre_norm(
    net: NetworkBuilder, x: PortHandle, names: tuple[str, str, str], bend: dict[str, Any], eps: float, **more: Any
) -> None:
    """Norm, attention, addition; norm, two Linear layers, addition."""
    first, attention, second = names
    y = net.add("LayerNorm", x, name=first, eps=eps)
    y = net.add("MultiheadAttention", y, name=attention, num_heads="heads", dropout="dropout", **more)
    y = net.add("Dropout", y, name=f"{attention}_dropout", p="dropout")
    x = net.add("Add", x, y, name=f"{attention}_add")
    y = net.add("LayerNorm", x, name=second, eps=eps)
    y = net.add("Add", x, _two_linear(net, y, "GELU", bend), name="mlp_add")
    net.add("BlockOutput", y, name="output")
