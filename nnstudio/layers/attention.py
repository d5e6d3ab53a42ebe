"""Attention: each step of a sequence looks at the others and takes what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.disagreement import example
from nnstudio.layers.types import TensorType

_SYNONYMS = ("self-attention", "attention", "transformer", "query key value")
PADDING_HELP = "true where a step only fills up a short sequence"


def heads_param(title: str = "Heads") -> Any:
    return param(4, min=1, title=title, help="how many look at once, each at a share of the features")


def causal_param(default: bool, what: str = "a step") -> Any:
    return param(default, title="Causal", help=f"{what} sees itself and what came before it, not what follows")


def wave_base(**when: Any) -> Any:
    return param(
        10000.0, min=2.0, max=1e7, title="Base", help="the slowest wave is so many times longer than the fastest",
        **when,
    )  # fmt: skip


def check_heads(features: int, heads: int) -> None:
    """Refuse heads that do not share the features evenly. BuildError."""
    if features % heads:
        divisors = [n for n in range(1, features + 1) if features % n == 0]
        raise BuildError(
            f"cannot share {features} features among {heads} heads",
            f"set its heads to one of {', '.join(map(str, divisors[:8]))}",
        )


@layer(
    family="Attention", telling=("num_heads",), synonyms=(*_SYNONYMS, "multi-head attention", "mha", "cross-attention")
)
class MultiheadAttention(Layer):
    r"""Let each step of a sequence look at all steps, several heads at once.

    Use it wherever steps should look at one another; it is the heart of transformers. With only `query` wired it is
    self-attention; wire another sequence to `key` for cross-attention, and to `value` too where what is found
    differs from what is looked for. `weights` says who looked at whom.

    ```math
    y = \operatorname{concat}_h \Big( \operatorname{softmax} \Big( \frac{Q_h K_h^{\top}}{\sqrt{F / \text{heads}}} \Big)
    V_h \Big) W_o, \qquad Q_h = q W_h^Q, \; K_h = k W_h^K, \; V_h = v W_h^V
    ```

    With `rotary` on, the queries and keys of each head are turned by their positions first, so that it matters how far
    apart two steps are; it then needs no positions added to its input, and often learns faster.

    Shapes: query `N×T×F`, key `N×S×G`, value `N×S×E` (time, feature) become `N×T×F`; weights are `N×T×S`, or
    `N×heads×T×S`.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.2.2; Su et al., "RoFormer" (2021), section
    3.2, for `rotary`; PyTorch `torch.nn.MultiheadAttention`.
    """

    query = Port("N T F", help="the sequence that looks")
    key = Port("N S G", optional=True, help="the sequence that is looked at; not wired, the query itself")
    value = Port("N S E", optional=True, help="what is taken from where it looks; not wired, the key itself")
    padding = Port("N S", dtype="bool", optional=True, help=PADDING_HELP)
    mask = Port("N T S", dtype="bool", optional=True, help="true where a step may not look")
    output = Port("N T F")
    weights = Port("N *", help="how much each step looks at each")

    num_heads: int = heads_param()
    dropout: float = param(0.0, min=0.0, max=1.0, title="Dropout", help="share of the weights dropped while training")
    is_causal: bool = causal_param(False)
    need_weights: bool = param(False, title="Weights", help="also put out who looks at whom; takes more memory")
    average_attn_weights: bool = param(
        True, title="Mean of heads", help="put out the mean weights of all heads, not each head's",
        when=("need_weights", (True,)),
    )  # fmt: skip
    rotary: bool = param(
        False, title="Rotary", help="turn queries and keys by their positions, so that distances matter (RoPE)"
    )
    rotary_base: float = wave_base(when=("rotary", (True,)))
    bias: bool = param(True, title="Bias", help="add learned offsets to queries, keys, values and the result")
    add_bias_kv: bool = param(False, title="Learned step", help="add a learned key and value to what is looked at")
    add_zero_attn: bool = param(False, title="Empty step", help="add a key and value of zeros to what is looked at")

    def changed_ports(self) -> Mapping[str, Port | None]:
        return {} if self.need_weights else {"weights": None}

    def build(
        self,
        query: TensorType,
        key: TensorType | None,
        value: TensorType | None,
        padding: TensorType | None,
        mask: TensorType | None,
    ) -> Call:
        features = query.last()
        check_heads(features, self.num_heads)
        key = query if key is None else key
        value = key if value is None else value
        for other, name in ((value, "value"), (padding, "padding"), (mask, "mask")):
            steps = None if other is None else other.sizes[2 if name == "mask" else 1]
            if steps is not None and steps != key.sizes[1]:
                raise BuildError(
                    f"looks at {key.sizes[1]} steps, and its {name} has {steps}{example(key.sizes[1], steps)}",
                    f"wire a {name} with as many steps as the key has (the query, where no key is wired)",
                )
        if self.rotary:
            self._check_turning(features // self.num_heads)
        sizes = {"kdim": key.last(), "vdim": value.last()}
        extra = {name: size for name, size in sizes.items() if size != features}
        return Call(
            "nnstudio.nn.MultiheadAttention", features, self.num_heads, causal=self.is_causal,
            need_weights=self.need_weights, average_attn_weights=self.average_attn_weights, dropout=self.dropout,
            bias=self.bias, add_bias_kv=self.add_bias_kv, add_zero_attn=self.add_zero_attn, **extra,
            **({"rotary": self.rotary_base} if self.rotary else {}),
        )  # fmt: skip

    def _check_turning(self, features: int) -> None:
        if features % 2:
            raise BuildError(
                f"turns features in pairs, and each of its heads has {features}",
                "set its heads so that each has an even number of features, or turn its parameter Rotary off",
            )
        for on, title in ((self.add_bias_kv, "Learned step"), (self.add_zero_attn, "Empty step")):
            if on:
                raise BuildError(
                    "turns keys by their positions, and a step that is added to them has none",
                    f"turn its parameter {title} or its parameter Rotary off",
                )

    def output_labels(self, inputs: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
        labels = ("N", "T", "S") if self.average_attn_weights else ("N", "", "T", "S")
        return {"weights": labels} if self.need_weights else {}


@layer(family="Attention", synonyms=(*_SYNONYMS, "sdpa", "flash attention", "dot product"))
class ScaledDotProductAttention(Layer):
    r"""Let queries look at keys and take the values: attention without weights of its own.

    Use it to build attention by hand, with your own Linear layers for queries, keys and values.

    ```math
    y = \operatorname{softmax}(s\, Q K^{\top})\, V
    ```

    Here s is the scale, by default 1/√F.

    Shapes: query `N×*×T×F`, key `N×*×S×F`, value `N×*×S×E` become `N×*×T×E`; what stands for * may be heads.

    Source: Vaswani et al., "Attention is all you need" (2017), section 3.2.1; PyTorch
    `torch.nn.functional.scaled_dot_product_attention`.
    """

    query = Port("N *h T F", help="what looks")
    key = Port("N *h S F", help="what is looked at")
    value = Port("N *h S E", help="what is taken from where it looks")
    mask = Port("N T S", dtype="bool", optional=True, help="true where a step may not look")
    output = Port("N *h T E")

    dropout: float = param(0.0, min=0.0, max=1.0, title="Dropout", help="share of the weights dropped while training")
    is_causal: bool = causal_param(False)
    scale: float | None = param(
        None, kind="float", exclusive_min=0.0, title="Scale", help="multiplies the scores; left empty, 1/√features"
    )

    def build(self, query: TensorType, key: TensorType, value: TensorType, mask: TensorType | None) -> Call:
        return Call(
            "nnstudio.nn.ScaledDotProductAttention", dropout=self.dropout, causal=self.is_causal, scale=self.scale
        )
