"""Attention and transformers are torch's, with the batch first and masks that follow from a choice."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nnstudio import nn


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(5)


def causal(steps: int) -> torch.Tensor:
    return torch.ones(steps, steps, dtype=torch.bool).triu(1)


def test_one_sequence_looks_at_itself() -> None:
    module, x = nn.MultiheadAttention(8, 2), torch.randn(3, 5, 8)
    reference = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    reference.load_state_dict(module.state_dict())
    assert torch.allclose(module(x), reference(x, x, x)[0])


def test_another_sequence_is_looked_at_and_told_of() -> None:
    module = nn.MultiheadAttention(8, 2, need_weights=True, kdim=6, vdim=4)
    query, key, value = torch.randn(3, 5, 8), torch.randn(3, 7, 6), torch.randn(3, 7, 4)
    output, weights = module(query, key, value)
    assert output.shape == (3, 5, 8)
    assert weights.shape == (3, 5, 7)
    assert torch.allclose(weights.sum(-1), torch.ones(3, 5))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "made",
    [nn.MultiheadAttention(8, 2, causal=True), nn.TransformerEncoderLayer(8, 2, dropout=0.0, causal=True),
     nn.TransformerEncoder(8, 2, 2, dropout=0.0, causal=True)],
    ids=lambda module: type(module).__name__,
)  # fmt: skip
def test_a_causal_layer_does_not_see_what_follows(made: Any, training: bool) -> None:
    made.train(training)
    x = torch.randn(2, 6, 8)
    changed = x.clone()
    changed[:, 4:] += 1
    with torch.no_grad():
        before, after = made(x), made(changed)
    assert torch.allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert not torch.allclose(before[:, 4:], after[:, 4:])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "made",
    [nn.MultiheadAttention(8, 2), nn.TransformerEncoderLayer(8, 2, dropout=0.0),
     nn.TransformerEncoder(8, 2, 2, dropout=0.0)],
    ids=lambda module: type(module).__name__,
)  # fmt: skip
def test_padding_is_not_seen_and_the_length_stays(made: Any, training: bool) -> None:
    made.train(training)
    x, padding = torch.randn(2, 6, 8), torch.zeros(2, 6, dtype=torch.bool)
    padding[:, 4:] = True
    changed = x.clone()
    changed[:, 4:] += 1
    call = (lambda value: made(value, None, None, padding)) if isinstance(made, nn.MultiheadAttention) else (
        lambda value: made(value, padding))  # fmt: skip
    with torch.no_grad():
        before, after = call(x), call(changed)
    assert before.shape == x.shape
    assert torch.allclose(before[:, :4], after[:, :4], atol=1e-5)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("steps", [6, 9])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_it_gives_the_same_with_and_without_its_weights(causal: bool, steps: int, padded: bool, masked: bool) -> None:
    module, x = nn.MultiheadAttention(12, 3, causal=causal), torch.randn(2, 6, 12)
    seen = None if steps == 6 else torch.randn(2, steps, 12)
    padding = torch.arange(steps).expand(2, -1) >= 4 if padded else None
    mask = (torch.arange(steps) == 1).expand(2, 6, -1) if masked else None
    alone = module(x, seen, None, padding, mask)
    module.need_weights = True
    assert torch.allclose(alone, module(x, seen, None, padding, mask)[0], atol=1e-6)


@pytest.mark.parametrize("sizes", [{}, {"kdim": 6, "vdim": 4}])
def test_keys_of_another_size_are_torchs(sizes: dict[str, int]) -> None:
    module, reference = (
        nn.MultiheadAttention(8, 2, **sizes),
        torch.nn.MultiheadAttention(8, 2, batch_first=True, **sizes),
    )
    reference.load_state_dict(module.state_dict())
    query, key = torch.randn(3, 5, 8), torch.randn(3, 7, sizes.get("kdim", 8))
    value = torch.randn(3, 7, sizes.get("vdim", 8))
    assert torch.allclose(module(query, key, value), reference(query, key, value)[0], atol=1e-6)


def turned_by_hand(module: Any, x: torch.Tensor, base: float, first: int = 0) -> torch.Tensor:
    """Causal attention with pairs of features as complex numbers, each turned by its position (RoFormer, eq. 34)."""
    size = x.shape[-1] // module.num_heads
    rates = torch.tensor([base ** (-2 * i / size) for i in range(size // 2)], dtype=torch.float64)
    places = torch.arange(first, first + x.shape[1], dtype=torch.float64)
    turn = torch.polar(torch.ones(len(places), len(rates), dtype=torch.float64), places[:, None] * rates)
    q, k, v = torch.nn.functional.linear(x, module.in_proj_weight, module.in_proj_bias).chunk(3, -1)
    made = []
    for head in range(module.num_heads):
        of = slice(head * size, (head + 1) * size)
        a, b = (
            torch.complex(part[..., of][..., : size // 2], part[..., of][..., size // 2 :]) * turn for part in (q, k)
        )
        scores = (a @ b.conj().transpose(-2, -1)).real / size**0.5
        scores = scores.masked_fill(causal(x.shape[1]), -torch.inf)
        made.append(scores.softmax(-1) @ v[..., of])
    return module.out_proj(torch.cat(made, -1))  # type: ignore[no-any-return]


@pytest.mark.parametrize("base", [10000.0, 50.0])
def test_rotary_turns_queries_and_keys_of_each_head(base: float) -> None:
    module, x = nn.MultiheadAttention(12, 3, causal=True, rotary=base).double(), torch.randn(2, 7, 12).double()
    assert torch.allclose(module(x), turned_by_hand(module, x, base), atol=1e-6)
    plain = nn.MultiheadAttention(12, 3, causal=True).double()
    plain.load_state_dict(module.state_dict())
    assert not torch.allclose(module(x), plain(x))


def test_with_rotary_only_distances_count() -> None:
    module, x = nn.MultiheadAttention(12, 3, causal=True, rotary=100.0).double(), torch.randn(2, 7, 12).double()
    assert torch.allclose(module(x), turned_by_hand(module, x, 100.0, first=40), atol=1e-6)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("other", [True, False])
def test_rotary_gives_the_same_with_and_without_its_weights(causal: bool, masked: bool, other: bool) -> None:
    sizes = {"kdim": 6, "vdim": 6} if other else {}
    module, x = nn.MultiheadAttention(12, 3, causal=causal, rotary=1e4, **sizes), torch.randn(2, 6, 12)
    seen = torch.randn(2, 6, 6) if other else None
    padding = torch.arange(6).expand(2, -1) >= 4 if masked else None
    mask = (torch.arange(6) < 2).expand(2, 6, -1) if masked else None
    alone = module(x, seen, None, padding, mask)
    module.need_weights = True
    again, weights = module(x, seen, None, padding, mask)
    assert torch.allclose(alone, again, atol=1e-6)
    may = torch.ones(6, 6, dtype=torch.bool)
    may = may & ~(mask[0] | padding[0]) if mask is not None and padding is not None else may
    may = may.tril() if causal else may
    assert torch.equal(weights[0] > 0, may)
    assert torch.allclose(weights[0].sum(-1), may.any(-1).float())


def test_rotary_has_no_place_for_keys_behind_the_others() -> None:
    for option in ("add_bias_kv", "add_zero_attn"):
        with pytest.raises(ValueError, match="no position"):
            nn.MultiheadAttention(8, 2, rotary=1e4, **{option: True})


def test_a_mask_and_causal_add_up() -> None:
    module = nn.MultiheadAttention(8, 2, causal=True, need_weights=True)
    mask = torch.zeros(3, 5, 5, dtype=torch.bool)
    mask[:, 3, 1] = True
    weights = module(torch.randn(3, 5, 8), mask=mask)[1]
    assert torch.equal(weights == 0, (mask | causal(5)))


@pytest.mark.parametrize("heads", [(), (2,)])
def test_attention_without_weights(heads: tuple[int, ...]) -> None:
    query, key, value = torch.randn(3, *heads, 4, 6), torch.randn(3, *heads, 5, 6), torch.randn(3, *heads, 5, 2)
    mask = torch.zeros(3, 4, 5, dtype=torch.bool)
    mask[..., 2] = True
    scores = query @ key.transpose(-1, -2) / 6**0.5
    scores = scores.masked_fill(mask.reshape(3, *(1,) * len(heads), 4, 5), -torch.inf)
    found = nn.ScaledDotProductAttention()(query, key, value, mask)
    assert torch.allclose(found, scores.softmax(-1) @ value, atol=1e-6)


def test_layers_of_a_stack_start_differently_and_have_torchs_names() -> None:
    module = nn.TransformerEncoder(8, 2, 3, norm=True)
    first, second = module.layers[0].linear1.weight, module.layers[1].linear1.weight
    assert not torch.equal(first, second)
    layer = torch.nn.TransformerEncoderLayer(8, 2, batch_first=True)
    reference = torch.nn.TransformerEncoder(layer, 3, torch.nn.LayerNorm(8), enable_nested_tensor=False)
    assert list(module.state_dict()) == list(reference.state_dict())


def test_encoder_and_decoder_are_torchs_transformer() -> None:
    module = nn.Transformer(8, 2, 2, 2, dim_feedforward=16, dropout=0.0)
    reference = torch.nn.Transformer(8, 2, 2, 2, 16, 0.0, batch_first=True)
    reference.load_state_dict(module.state_dict())
    source, target = torch.randn(3, 5, 8), torch.randn(3, 4, 8)
    expected = reference(source, target, tgt_mask=causal(4), tgt_is_causal=True)
    assert torch.allclose(module(source, target), expected, atol=1e-6)


def test_a_decoder_looks_at_its_memory() -> None:
    module = nn.TransformerDecoder(8, 2, 2, dropout=0.0)
    x, memory, padding = torch.randn(2, 4, 8), torch.randn(2, 6, 8), torch.zeros(2, 6, dtype=torch.bool)
    padding[:, 5] = True
    changed = memory.clone()
    changed[:, 5] += 1
    assert torch.allclose(module(x, memory, None, padding), module(x, changed, None, padding), atol=1e-6)
    assert not torch.allclose(module(x, memory), module(x, changed))
