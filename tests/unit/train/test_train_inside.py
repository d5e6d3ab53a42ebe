"""Looking inside: what comes out is torch's own, and nothing is changed by looking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph.builder import NetworkBuilder, PortHandle, with_names_as_ids
from nnstudio.layers import TensorType
from nnstudio.train.events import Inside
from nnstudio.train.inside import CHANNELS, ENTRIES, PIXELS, PLACES, STEPS, insides, rows_needed

IMAGE = TensorType.of("N C H W", "N", 3, 12, 10)
SEQUENCE = TensorType.of("N T F", "N", "T", 8)
TOKENS = TensorType.of("N T", "N", "T", dtype="int64", classes=30)
VECTOR = TensorType.of("N F", "N", 6)


def network(body: Callable[[NetworkBuilder, PortHandle], PortHandle], **fields: TensorType) -> Compiled:
    """The first field through a body to an output; other fields are inputs too."""
    net = NetworkBuilder()
    ends = [net.add("Input", field=name, name=name) for name in fields]
    net.add("Output", body(net, *ends), name="answer")
    return compile_network(with_names_as_ids(net.network), fields, seed=0)


def look(compiled: Compiled, *inputs: torch.Tensor) -> dict[str, Inside]:
    return insides(compiled, inputs, compiled.network.nodes)


def seen(compiled: Compiled, node: str, *inputs: torch.Tensor) -> np.ndarray[Any, Any]:
    """What a node really puts out for the first row when predicting."""
    compiled.training.eval()
    with torch.no_grad():
        _, values = compiled.observed(*inputs)
    return values[node][0].numpy()


def test_an_image_layer_shows_its_feature_maps() -> None:
    compiled = network(lambda net, x: net.add("Conv2d", x, out_channels=5, name="conv"), image=IMAGE)
    batch = torch.randn(2, 3, 12, 10)
    found = look(compiled, batch)
    assert found["conv"].kind == found["image"].kind == found["answer"].kind == "maps"
    np.testing.assert_array_equal(found["image"].values, batch[0].numpy())
    np.testing.assert_array_equal(found["conv"].values, seen(compiled, "conv", batch))
    assert found["conv"].total == 5


def test_large_images_and_many_channels_are_given_in_part_and_smaller() -> None:
    type = TensorType.of("N C H W", "N", 1, 200, 100)
    compiled = network(lambda net, x: net.add("Conv2d", x, out_channels=80, name="conv"), image=type)
    found = look(compiled, torch.ones(1, 1, 200, 100))
    assert found["conv"].values.shape == (CHANNELS, PIXELS, PIXELS)
    assert found["conv"].total == 80
    assert found["image"].values == pytest.approx(np.ones((1, PIXELS, PIXELS)), abs=1e-6)


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"need_weights": True}, {"add_zero_attn": True}])
def test_attention_shows_what_torch_says_of_every_head(options: Mapping[str, Any]) -> None:
    def body(net: NetworkBuilder, x: PortHandle) -> PortHandle:
        made = net.add("MultiheadAttention", x, num_heads=2, name="attention", **options)
        return made.output if options.get("need_weights") else made

    compiled = network(body, words=SEQUENCE)
    x = torch.randn(3, 5, 8)
    module = compiled.modules["attention"]
    hidden = torch.ones(5, 5, dtype=torch.bool).triu(1) if options.get("is_causal") else None
    _, weights = nn.MultiheadAttention.forward(
        module.eval(), x, x, x, need_weights=True, average_attn_weights=False, attn_mask=hidden
    )
    found = look(compiled, x)["attention"]
    assert found.kind == "attention"
    np.testing.assert_allclose(found.values, weights[0].detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(found.values.sum(-1), 1, atol=1e-5)


def test_rotary_attention_shows_the_weights_that_it_used() -> None:
    compiled = network(
        lambda net, x: net.add("MultiheadAttention", x, num_heads=2, name="attention", rotary=True, is_causal=True),
        words=SEQUENCE,
    )
    x, module = torch.randn(3, 5, 8), compiled.modules["attention"].eval()
    found = look(compiled, x)["attention"]
    assert found.kind == "attention"
    values = torch.nn.functional.linear(x, module.in_proj_weight, module.in_proj_bias)[:1, :, 16:]
    heads = torch.from_numpy(found.values) @ values.unflatten(-1, (2, 4)).transpose(1, 2)[0]
    again = module.out_proj(heads.transpose(0, 1).flatten(1))
    np.testing.assert_allclose(again.detach().numpy(), module(x)[0].detach().numpy(), atol=1e-6)


def test_attention_by_hand_shows_its_softmax_with_masks_and_heads() -> None:
    def body(net: NetworkBuilder, q: PortHandle, k: PortHandle, mask: PortHandle) -> PortHandle:
        return net.add(
            "ScaledDotProductAttention", name="attention", query=q, key=k, value=k, mask=mask, is_causal=True
        )

    mask = TensorType.of("N T S", "N", 4, 4, dtype="bool")
    sides = {name: TensorType.of("N T F", "N", 4, 8) for name in ("q", "k")}
    compiled = network(body, **sides, mask=mask)
    q, k = torch.randn(2, 4, 8), torch.randn(2, 4, 8)
    hidden = torch.zeros(2, 4, 4, dtype=torch.bool)
    hidden[0, 2, 0] = True
    scores = q[0] @ k[0].T / 8**0.5
    expected = scores.masked_fill(hidden[0] | torch.ones(4, 4).triu(1).bool(), -torch.inf).softmax(-1)
    found = look(compiled, q, k, hidden)
    np.testing.assert_allclose(found["attention"].values, expected[None].numpy(), atol=1e-6)
    np.testing.assert_allclose(found["answer"].values, (expected @ k[0]).numpy(), atol=1e-5)


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_stack_of_transformer_layers_shows_the_heads_of_each(norm_first: bool) -> None:
    compiled = network(
        lambda net, x: net.add(
            "TransformerEncoder", x, num_layers=2, nhead=2, dim_feedforward=16, norm_first=norm_first, name="stack"
        ),
        words=SEQUENCE,
    )
    x, expected = torch.randn(1, 5, 8), []
    value = x
    for layer in compiled.modules["stack"].eval().layers:
        fed = layer.norm1(value) if norm_first else value
        expected.append(layer.self_attn(fed, fed, fed, need_weights=True, average_attn_weights=False)[1][0])
        value = layer(value)
    found = look(compiled, x)["stack"]
    assert (found.kind, found.total) == ("attention", 4)
    np.testing.assert_allclose(found.values, torch.cat(expected).detach().numpy(), atol=1e-5)


def test_a_decoder_shows_how_it_looks_at_itself_and_then_at_the_memory() -> None:
    def body(net: NetworkBuilder, x: PortHandle, memory: PortHandle) -> PortHandle:
        return net.add("TransformerDecoderLayer", input=x, memory=memory, nhead=2, dim_feedforward=16, name="decoder")

    compiled = network(
        body, x=TensorType.of("N T F", "N", 3, 8), memory=TensorType.of("N S F", "N", 5, 8)
    )  # fmt: skip
    found = look(compiled, torch.randn(1, 3, 8), torch.randn(1, 5, 8))["decoder"]
    assert found.values.shape == (4, 3, 5)
    itself, other = found.values[:2], found.values[2:]
    assert not itself[:, :, 3:].any()  # filled up
    np.testing.assert_allclose(itself.sum(-1), 1, atol=1e-5)
    assert not np.triu(itself[:, :, :3], 1).any()  # it is causal
    np.testing.assert_allclose(other.sum(-1), 1, atol=1e-5)
    assert (other > 0).all()


def test_long_attention_is_averaged() -> None:
    compiled = network(lambda net, x: net.add("MultiheadAttention", x, num_heads=1, name="attention"), words=SEQUENCE)
    found = look(compiled, torch.randn(1, 2 * PLACES, 8))["attention"]
    assert found.values.shape == (1, PLACES, PLACES)
    np.testing.assert_allclose(found.values.sum(-1), 0.5, atol=1e-5)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("both", [False, True])
def test_a_recurrent_layer_shows_its_state_over_time(kind: str, both: bool) -> None:
    compiled = network(
        lambda net, x: net.add(kind, x, hidden_size=7, bidirectional=both, name="memory").last, words=SEQUENCE
    )
    batch = torch.randn(2, 6, 8)
    found = look(compiled, batch)["memory"]
    assert found.kind == "states"
    assert found.values.shape == (6, 14 if both else 7)
    np.testing.assert_allclose(found.values, seen(compiled, "memory", batch), atol=1e-6)
    assert len(look(compiled, torch.randn(1, STEPS + 100, 8))["memory"].values) == STEPS


def test_a_cell_shows_its_one_state_and_sequences_of_other_layers_are_states_too() -> None:
    compiled = network(lambda net, x: net.add("LSTMCell", x, hidden_size=5, name="cell").hidden, x=VECTOR)
    assert look(compiled, torch.randn(2, 6))["cell"].values.shape == (1, 5)
    signal = TensorType.of("N C T", "N", 2, 20)
    compiled = network(lambda net, x: net.add("Conv1d", x, out_channels=4, name="conv"), signal=signal)
    batch = torch.randn(1, 2, 20)
    found = look(compiled, batch)["conv"]
    assert found.kind == "states"
    np.testing.assert_array_equal(found.values, seen(compiled, "conv", batch).T)


def test_an_embedding_shows_its_table_and_no_vector_is_shortened_by_looking() -> None:
    compiled = network(
        lambda net, x: net.add("Embedding", x, embedding_dim=4, num_embeddings=2000, max_norm=0.5, name="words"),
        tokens=TOKENS,
    )
    table = compiled.modules["words"].weight
    before = table.detach().clone()
    found = look(compiled, torch.tensor([[1, 2, 3, 1999]]))
    assert torch.equal(table, before)
    assert (found["words"].kind, found["words"].total) == ("embedding", 2000)
    np.testing.assert_array_equal(found["words"].values, before[:ENTRIES].numpy())
    vectors = found["answer"].values
    np.testing.assert_allclose(
        vectors, functional.embedding(torch.tensor([1, 2, 3, 1999]), before.clone(), max_norm=0.5)
    )


def test_anything_else_shows_as_a_vector_and_what_is_not_there_is_left_out() -> None:
    compiled = network(lambda net, x: net.add("Linear", x, out_features=3, name="scores"), x=VECTOR)
    batch = torch.randn(4, 6)
    found = insides(compiled, [batch], ["scores", "x", "no such node"])
    assert found.keys() == {"scores", "x"}
    assert found["scores"].kind == "vector"
    np.testing.assert_array_equal(found["scores"].values, seen(compiled, "scores", batch))


def test_only_what_is_needed_is_run() -> None:
    def body(net: NetworkBuilder, x: PortHandle) -> PortHandle:
        return net.add("Linear", net.add("Linear", x, out_features=4, name="near"), out_features=2, name="far")

    compiled, called = network(body, x=VECTOR), []
    compiled.modules["far"].register_forward_hook(lambda *_: called.append("far"))
    assert insides(compiled, [torch.randn(1, 6)], ["near"]).keys() == {"near"}
    assert not called


def test_where_one_row_is_too_few_what_came_before_is_shown() -> None:
    def body(net: NetworkBuilder, x: PortHandle) -> PortHandle:
        x = net.add("Linear", x, out_features=4, name="linear")
        return net.add("BatchNorm1d", x, track_running_stats=False, name="norm")

    compiled = network(body, x=VECTOR)
    assert look(compiled, torch.randn(1, 6)).keys() == {"x", "linear"}
    assert rows_needed(compiled) > 1
    assert look(compiled, torch.randn(rows_needed(compiled), 6)).keys() == {"x", "linear", "norm", "answer"}


def test_looking_changes_nothing(make_two_headed: Callable[..., Compiled], bodies: dict[str, Any]) -> None:
    compiled = make_two_headed(bodies["rich"], frozen=("hidden",))
    compiled.train()
    batch = (torch.randn(6, 4), torch.tensor([0, 1, 0, 1, 1, 0]), torch.randn(6, 1))
    compiled.training(*batch)["entropy"].backward()
    kept = {name: tensor.clone() for name, tensor in compiled.training.state_dict().items()}
    gradients = [None if p.grad is None else p.grad.clone() for p in compiled.training.parameters()]
    modes = [module.training for module in compiled.training.modules()]
    random = torch.get_rng_state()
    assert look(compiled, *batch).keys() >= {"hidden", "norm", "relu", "dropout", "scores", "entropy", "answer"}
    assert all(torch.equal(kept[name], tensor) for name, tensor in compiled.training.state_dict().items())
    assert [module.training for module in compiled.training.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random)
    for parameter, gradient in zip(compiled.training.parameters(), gradients, strict=True):
        assert (parameter.grad is None) == (gradient is None)
        assert gradient is None or torch.equal(parameter.grad, gradient)
