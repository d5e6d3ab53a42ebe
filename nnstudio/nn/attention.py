"""Attention and transformers with the batch first and masks that follow from a choice (``causal``) or come as an input.

A mask is true where something is left out, as in torch.nn.MultiheadAttention.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from nnstudio.nn.positions import turned


def later(queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """T×S, true where a key comes after the query: what a causal layer may not see. queries: …×T×F; keys: …×S×F."""
    steps = (queries.shape[-2], keys.shape[-2])
    return torch.ones(steps, dtype=torch.bool, device=queries.device).triu(1)


class MultiheadAttention(torch.nn.MultiheadAttention):
    """torch.nn.MultiheadAttention on query N×T×F, key N×S×G (else the query), value N×S×E (else the key).

    padding: N×S and mask: N×T×S, true where a key is left out. Returns N×T×F; where weights are asked for also
    N×T×S, the mean over the heads, or N×heads×T×S. rotary: the base by which each head's queries and keys are turned
    by their positions, as RotaryEncoding does it; None for none. ValueError where it is asked for with what torch
    puts behind the keys.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        *,
        causal: bool = False,
        need_weights: bool = False,
        average_attn_weights: bool = True,
        rotary: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(embed_dim, num_heads, batch_first=True, **options)
        if rotary is not None and (self.bias_k is not None or self.add_zero_attn):
            raise ValueError("a key that is put behind the others has no position that it could be turned by")
        self.causal, self.need_weights, self.average, self.rotary = causal, need_weights, average_attn_weights, rotary

    def forward(  # type: ignore[override]
        self,
        query: torch.Tensor,
        key: torch.Tensor | None = None,
        value: torch.Tensor | None = None,
        padding: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> Any:
        key = query if key is None else key
        value = key if value is None else value
        if self.rotary is not None or (not self.need_weights and self.bias_k is None and not self.add_zero_attn):
            return self._attended(query, key, value, padding, mask)
        hidden = later(query, key) if self.causal else None
        if mask is not None:
            hidden = mask if hidden is None else mask | hidden
            hidden = hidden.repeat_interleave(self.num_heads, 0)
        output, weights = super().forward(
            query, key, value, key_padding_mask=padding, need_weights=self.need_weights, attn_mask=hidden,
            average_attn_weights=self.average,
        )  # fmt: skip
        return (output, weights) if self.need_weights else output

    def _attended(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        padding: torch.Tensor | None,
        mask: torch.Tensor | None,
    ) -> Any:
        """The same with the heads as views, where torch's way copies each of them with the batch in second place."""
        q, k, v = self._heads(query, key, value)
        if self.rotary is not None:
            q, k = turned(q, self.rotary), turned(k, self.rotary)
        hidden = None if mask is None else mask[:, None]
        if padding is not None:
            hidden = padding[:, None, None] if hidden is None else hidden | padding[:, None, None]
        if self.causal and (self.need_weights or hidden is not None or query.shape[1] != key.shape[1]):
            hidden = later(query, key) if hidden is None else hidden | later(query, key)
        dropout = self.dropout if self.training else 0.0
        if not self.need_weights:
            seen = functional.scaled_dot_product_attention(
                q, k, v, attn_mask=None if hidden is None else ~hidden, dropout_p=dropout,
                is_causal=self.causal and hidden is None,
            )  # fmt: skip
            return self.out_proj(seen.transpose(1, 2).flatten(2))
        scores = q @ k.transpose(-2, -1) * self.head_dim**-0.5
        if hidden is not None:
            scores = scores.masked_fill(hidden, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1)
        if hidden is not None:
            weights = weights.masked_fill(hidden, 0.0)  # a step that may look at nothing
        weights = functional.dropout(weights, dropout)
        output = self.out_proj((weights @ v).transpose(1, 2).flatten(2))
        return output, weights.mean(1) if self.average else weights

    def _heads(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Queries, keys and values of each head, N×heads×T×F."""
        if query is key and key is value and self._qkv_same_embed_dim:
            three = functional.linear(query, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        else:
            biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
            apart = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
            weights = self.in_proj_weight.chunk(3) if self._qkv_same_embed_dim else apart
            three = tuple(map(functional.linear, (query, key, value), weights, biases))
        heads = (self.num_heads, self.head_dim)
        return tuple(each.unflatten(-1, heads).transpose(1, 2) for each in three)  # type: ignore[no-untyped-call]


class ScaledDotProductAttention(torch.nn.Module):
    """``softmax(q kᵀ · scale) v``, without weights of its own.

    query: N×*h×T×F; key: N×*h×S×F; value: N×*h×S×E; mask: N×T×S, true where a key is left out. Returns N×*h×T×E.
    """

    def __init__(self, dropout: float = 0.0, causal: bool = False, scale: float | None = None) -> None:
        super().__init__()
        self.dropout, self.causal, self.scale = dropout, causal, scale

    def forward(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        if query.dim() == 3:  # as one head: exporters know no other form
            query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
            return self.forward(query, key, value, mask).squeeze(1)
        hidden = later(query, key) if self.causal else None
        if mask is not None:
            mask = mask.reshape(mask.shape[0], *(1,) * (query.dim() - 3), *mask.shape[1:])
            hidden = mask if hidden is None else mask | hidden
        return functional.scaled_dot_product_attention(
            query, key, value, attn_mask=None if hidden is None else ~hidden,
            dropout_p=self.dropout if self.training else 0.0, scale=self.scale,
        )  # fmt: skip


class TransformerEncoderLayer(torch.nn.TransformerEncoderLayer):
    """torch.nn.TransformerEncoderLayer on N×T×F. padding: N×T, true where a step is left out."""

    def __init__(self, d_model: int, nhead: int, *, causal: bool = False, **options: Any) -> None:
        super().__init__(d_model, nhead, batch_first=True, **options)
        self.causal = causal

    def forward(  # type: ignore[override]
        self, input: torch.Tensor, padding: torch.Tensor | None = None
    ) -> torch.Tensor:
        mask = later(input, input) if self.causal else None
        return super().forward(input, src_mask=mask, src_key_padding_mask=padding, is_causal=self.causal)


class TransformerDecoderLayer(torch.nn.TransformerDecoderLayer):
    """torch.nn.TransformerDecoderLayer on N×T×F and memory N×S×F. Paddings: N×T and N×S, true where left out."""

    def __init__(self, d_model: int, nhead: int, *, causal: bool = True, **options: Any) -> None:
        super().__init__(d_model, nhead, batch_first=True, **options)
        self.causal = causal

    def forward(  # type: ignore[override]
        self,
        input: torch.Tensor,
        memory: torch.Tensor,
        padding: torch.Tensor | None = None,
        memory_padding: torch.Tensor | None = None,
    ) -> torch.Tensor:
        return super().forward(
            input, memory, tgt_mask=later(input, input) if self.causal else None, tgt_key_padding_mask=padding,
            memory_key_padding_mask=memory_padding, tgt_is_causal=self.causal,
        )  # fmt: skip


class TransformerEncoder(torch.nn.TransformerEncoder):
    """A stack of torch.nn.TransformerEncoderLayer on N×T×F, each with weights that start by themselves (torch's own
    starts as so many copies of one), with a LayerNorm at the end where ``norm`` is on. padding: N×T."""

    def __init__(
        self, d_model: int, nhead: int, num_layers: int, *, causal: bool = False, norm: bool = False, **options: Any
    ) -> None:
        options["batch_first"] = True
        layers = [torch.nn.TransformerEncoderLayer(d_model, nhead, **options) for _ in range(num_layers)]
        eps, bias = options.get("layer_norm_eps", 1e-5), options.get("bias", True)
        last = torch.nn.LayerNorm(d_model, eps=eps, bias=bias) if norm else None
        super().__init__(layers[0], 0, last, enable_nested_tensor=False)  # no copies, which it would start with
        self.layers, self.num_layers, self.causal = torch.nn.ModuleList(layers), num_layers, causal

    def forward(  # type: ignore[override]
        self, input: torch.Tensor, padding: torch.Tensor | None = None
    ) -> torch.Tensor:
        mask = later(input, input) if self.causal else None
        return super().forward(input, mask=mask, src_key_padding_mask=padding, is_causal=self.causal)


class TransformerDecoder(torch.nn.TransformerDecoder):
    """A stack of torch.nn.TransformerDecoderLayer on N×T×F and memory N×S×F, each with weights that start by
    themselves, with a LayerNorm at the end where ``norm`` is on. Paddings: N×T and N×S, true where left out."""

    def __init__(
        self, d_model: int, nhead: int, num_layers: int, *, causal: bool = True, norm: bool = False, **options: Any
    ) -> None:
        options["batch_first"] = True
        layers = [torch.nn.TransformerDecoderLayer(d_model, nhead, **options) for _ in range(num_layers)]
        eps, bias = options.get("layer_norm_eps", 1e-5), options.get("bias", True)
        last = torch.nn.LayerNorm(d_model, eps=eps, bias=bias) if norm else None
        super().__init__(layers[0], 0, last)
        self.layers, self.num_layers, self.causal = torch.nn.ModuleList(layers), num_layers, causal

    def forward(  # type: ignore[override]
        self,
        input: torch.Tensor,
        memory: torch.Tensor,
        padding: torch.Tensor | None = None,
        memory_padding: torch.Tensor | None = None,
    ) -> torch.Tensor:
        return super().forward(
            input, memory, tgt_mask=later(input, input) if self.causal else None, tgt_key_padding_mask=padding,
            memory_key_padding_mask=memory_padding, tgt_is_causal=self.causal,
        )  # fmt: skip


class Transformer(torch.nn.Transformer):
    """torch.nn.Transformer on source N×S×F and target N×T×F. Paddings: N×S and N×T, true where left out.

    Both stacks are ours: torch fills its own with copies of a layer, which fails where only shapes are tried.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        *,
        causal: bool = True,
        layer_norm_eps: float = 1e-5,
        bias: bool = True,
        **options: Any,
    ) -> None:
        options.update(layer_norm_eps=layer_norm_eps, bias=bias)
        super().__init__(
            d_model, nhead, num_encoder_layers, num_decoder_layers, batch_first=True,
            custom_encoder=TransformerEncoder(d_model, nhead, num_encoder_layers, norm=True, **options),
            custom_decoder=TransformerDecoder(d_model, nhead, num_decoder_layers, norm=True, causal=causal, **options),
        )  # fmt: skip

    def forward(  # type: ignore[override]
        self,
        source: torch.Tensor,
        target: torch.Tensor,
        source_padding: torch.Tensor | None = None,
        target_padding: torch.Tensor | None = None,
    ) -> torch.Tensor:
        made: torch.Tensor = self.decoder(target, self.encoder(source, source_padding), target_padding, source_padding)
        return made
