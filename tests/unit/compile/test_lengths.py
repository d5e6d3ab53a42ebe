"""Sizes that are known only at run time: what is said of them holds at every length."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.compile.lower import compile_network
from nnstudio.compile.resolve import resolve
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import Symbol, TensorType
from nnstudio.layers.types import Axis

SIGNAL = {"signal": TensorType.of("N C T", "N", 4, "T")}


def chain(*layers: tuple[str, dict[str, Any]]) -> Network:
    net = NetworkBuilder()
    x = net.add("Input", field="signal")
    for place, (kind, values) in enumerate(layers):
        x = net.add(kind, x, name=f"layer{place}", **values)
    net.add("Output", x, name="out")
    return net.network


def length_of(network: Network) -> Symbol | int:
    resolution = resolve(network, SIGNAL)
    assert not resolution.errors, resolution.errors
    last = [node for node in network.nodes.values() if node.name.startswith("layer")][-1]
    return resolution.nodes[last.id].outputs["output"].sizes[2]


CONV = st.tuples(
    st.just("Conv1d"),
    st.fixed_dictionaries(
        {
            "out_channels": st.just(4), "kernel_size": st.integers(1, 7), "stride": st.integers(1, 5),
            "padding": st.integers(0, 3), "dilation": st.integers(1, 3),
        }
    ),
)  # fmt: skip
POOL = st.tuples(
    st.sampled_from(["MaxPool1d", "AvgPool1d"]),
    st.fixed_dictionaries(
        {"kernel_size": st.integers(1, 4), "stride": st.integers(1, 4), "ceil_mode": st.booleans()}
    ),
)  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(layers=st.lists(st.one_of(CONV, POOL), min_size=1, max_size=3), more=st.lists(st.integers(60, 400), max_size=6))
def test_the_length_that_is_said_is_the_length_that_comes_at_every_length(layers: Any, more: list[int]) -> None:
    network = chain(*layers, ("ReLU", {}))
    said = length_of(network)
    model = compile_network(network, SIGNAL, 0).model.eval()
    for length in (*range(60, 76), *more):
        with torch.no_grad():
            came = model(torch.zeros(1, 4, length))
        assert (said if isinstance(said, int) else said.at({"T": length})) == came.shape[2]


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        ([("MaxPool1d", {"kernel_size": 2})], "⌊T/2⌋"),
        ([("Conv1d", {"kernel_size": 3, "stride": 2, "padding": 1})], "⌈T/2⌉"),
        ([("Conv1d", {"kernel_size": 3})], "T−2"),
        ([("MaxPool1d", {"kernel_size": 2}), ("MaxPool1d", {"kernel_size": 2})], "⌊T/4⌋"),
        ([("Conv1d", {"kernel_size": 1, "stride": 3})], "⌊(T+2)/3⌋"),
    ],
)
def test_it_is_written_as_a_person_writes_it(layers: Any, text: str) -> None:
    said = str(length_of(chain(*layers)))
    assert said == ("⌈T/3⌉" if text == "⌊(T+2)/3⌋" else text)


def test_two_ways_to_the_same_length_are_the_same_size() -> None:
    once = length_of(chain(("MaxPool1d", {"kernel_size": 4})))
    twice = length_of(chain(("MaxPool1d", {"kernel_size": 2}), ("ReLU", {}), ("MaxPool1d", {"kernel_size": 2})))
    assert once == twice


@settings(max_examples=200, deadline=None)
@given(
    over=st.integers(-6, 6), under=st.integers(1, 6), offset=st.fractions(-9, 9, max_denominator=7),
    times=st.integers(1, 4), plus=st.integers(-9, 9),
)  # fmt: skip
def test_symbols_that_are_equal_at_every_length_are_equal(
    over: int, under: int, offset: Fraction, times: int, plus: int
) -> None:
    symbol = Symbol("T", Fraction(over, under), offset, times, plus)
    for length in range(40):
        plain = times * (
            (over * length * offset.denominator + offset.numerator * under) // (under * offset.denominator)
        )
        assert symbol.at({"T": length}) == plain + plus
    same = Symbol("T", Fraction(over, under), offset + (plus if times == 1 else 0), times, plus if times > 1 else 0)
    assert symbol == same
    axis = TensorType((Axis("T", symbol),))
    assert TensorType.from_json(axis.to_json()) == axis


def test_a_length_that_cannot_be_followed_is_said_and_not_guessed() -> None:
    resolution = resolve(chain(("MaxPool1d", {"kernel_size": 31})), SIGNAL)
    assert "cannot be told before it runs" in resolution.errors[0].message
    assert "3 at T = 96" in resolution.errors[0].message


def test_the_sizes_of_other_axes_are_left_alone() -> None:
    resolution = resolve(chain(("Conv1d", {"out_channels": 6, "stride": 2})), SIGNAL)
    types = [made.outputs["output"] for made in resolution.nodes.values() if made.outputs]
    assert str(types[-1]).startswith("N×6×⌊(T−1)/2⌋")


def test_codes_stay_codes_of_as_many_kinds_where_they_are_only_moved_about() -> None:
    net = NetworkBuilder()
    tokens = net.add("Input", field="tokens")
    kept = net.add("Slice", net.add("Roll", tokens), end=-1, axis=1)
    joined = net.add("Concatenate", kept, tokens, axis=1)
    vectors = net.add("Embedding", joined)
    counted = net.add("Positions", tokens)
    found = resolve(net.network, {"tokens": TensorType.of("N T", "N", 9, dtype="int64", classes=40)})
    assert all(problem.severity != "error" for problem in found.problems)
    assert found.nodes[joined.node].outputs["output"].classes == 40
    assert found.nodes[vectors.node].outputs["output"].sizes[1:] == (17, 32)
    assert found.nodes[counted.node].outputs["output"].classes is None


# -- steps as samples of their own


def film(steps: int | str) -> tuple[NetworkBuilder, Any, dict[str, TensorType]]:
    """Pictures over time, and each step of them as a sample."""
    net = NetworkBuilder()
    pictures = net.add("Input", field="film")
    return net, pictures, {"film": TensorType.of("N T C H W", "N", steps, 1, 6, 6)}


@pytest.mark.parametrize(("steps", "said"), [(5, "5N×4×4×4"), ("T", "N·T×4×4×4")])
def test_layers_between_the_two_see_each_step_as_a_sample(steps: int | str, said: str) -> None:
    net, pictures, fields = film(steps)
    inside = net.add("Conv2d", net.add("FoldTime", pictures), out_channels=4, name="conv")
    made = net.add("UnfoldTime", net.add("Flatten", inside), like=pictures)
    net.add("Output", net.add("GRU", made, hidden_size=3).last, kind="values")
    compiled = compile_network(net.network, fields, seed=0)
    resolution = compiled.resolution
    assert resolution.errors == ()
    found = resolution.nodes[inside.node].outputs["output"]
    assert (str(found).split()[0], found.per_sample()) == (said, "4×4×4")
    assert resolution.nodes[made.node].outputs["output"] == TensorType.of("N T F", "N", steps, 64)
    model = compiled.model.eval()
    shown = torch.randn(3, 5, 1, 6, 6)
    apart = torch.stack([model.get_submodule("conv")(shown[:, step]).flatten(1) for step in range(5)], 1)
    assert torch.allclose(model(shown), model.get_submodule("gru")(apart)[1], atol=1e-6)


def test_a_sequence_of_rounded_length_is_folded_and_unfolded() -> None:
    net = NetworkBuilder()
    halved = net.add("Permute", net.add("MaxPool1d", net.add("Input", field="signal"), kernel_size=2))
    inside = net.add("Linear", net.add("FoldTime", halved), out_features=3)
    made = net.add("UnfoldTime", inside, like=halved)
    net.add("Output", made, kind="values")
    resolution = resolve(net.network, SIGNAL)
    assert not resolution.errors
    assert str(resolution.nodes[inside.node].outputs["output"]) == "N·⌊T/2⌋×3 (batch, feature) float32"
    assert resolution.nodes[made.node].outputs["output"].sizes[1] == Symbol("T", Fraction(1, 2))


def test_steps_are_unfolded_as_what_they_were_folded_from_alone() -> None:
    net, pictures, fields = film(5)
    fields["other"] = TensorType.of("N T F", "N", 4, 2)
    folded = net.add("Flatten", net.add("FoldTime", pictures))
    net.add("UnfoldTime", folded, like=net.add("Input", field="other"), name="unfold")
    (problem,) = [each for each in resolve(net.network, fields).errors if "unfold" in each.message]
    assert "needs a sample for each step of 4×2, 4N in all; it is fed 5N" in problem.message


def test_a_loss_is_not_fed_steps_nor_mixed_with_samples() -> None:
    net, pictures, fields = film("T")
    answers = net.add("Flatten", net.add("FoldTime", pictures))
    fields["target"] = TensorType.of("N F", "N", 36)
    target = net.add("Input", field="target")
    net.add("MSELoss", answers, target, name="loss")
    net.add("Add", answers, target, name="both")
    net.add("Output", answers, kind="values", name="out")
    resolution = resolve(net.network, fields)
    assert {net.network.nodes[problem.node].name for problem in resolution.errors} == {"loss", "both"}
    (warned,) = resolution.problems_of(net.network.by_name["out"].id)
    assert "UnfoldTime" in warned.hint


def test_a_type_of_steps_is_written_and_read_back() -> None:
    type = TensorType((Axis("N", Symbol("N", by=(Symbol("T", Fraction(1, 2)),))), Axis("F", 3)))
    assert TensorType.from_json(type.to_json()) == type
    assert type.shape({"N": 2, "T": 7}) == (6, 3)
