"""Receptive fields are what gradients of the real modules say."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from nnstudio.compile.costs import Regime, costs
from nnstudio.compile.lower import compile_network
from nnstudio.compile.reach import Span
from nnstudio.compile.resolve import resolve
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import TensorType

SIZE = 64
SIGNAL = TensorType.of("N C T", "N", 1, SIZE)
IMAGE = TensorType.of("N C H W", "N", 3, 32, 24)
WINDOWS = st.tuples(
    st.sampled_from(["Conv1d", "MaxPool1d", "AvgPool1d"]), st.integers(1, 4), st.integers(1, 3), st.integers(0, 1),
    st.integers(1, 2),
)  # fmt: skip


def span_of(net: NetworkBuilder, end: PortHandle, type: TensorType, axis: int = -1) -> Span:
    """What a node sees along an axis of the field ``x``."""
    resolution = resolve(net.network, {"x": type})
    assert not resolution.errors, resolution.errors
    reach = costs(resolution, Regime(batch_size=1)).nodes[end.node].reach
    return reach[type.axes[axis].label, type.axes[axis].size]


def seen(net: NetworkBuilder, end: PortHandle, type: TensorType, place: int | None, axis: int = -1) -> set[int]:
    """The places of the input on which an output really depends: of one place, or of all."""
    net.add("Output", end, kind="values")
    model = compile_network(net.network, {"x": type}, seed=0).model.double().eval()
    found: set[int] = set()
    for seed in range(3):  # what a maximum takes depends on the numbers
        torch.manual_seed(seed)
        data = torch.randn(type.shape({"N": 1}), dtype=torch.float64, requires_grad=True)
        out = model(data)
        part = out if place is None else out.movedim(axis, 0)[place]
        weights = torch.randn_like(part)
        (gradient,) = torch.autograd.grad((part * weights).sum(), data)
        others = [each for each in range(gradient.dim()) if each != gradient.dim() + axis]
        found |= set(gradient.abs().sum(others).nonzero().flatten().tolist())
    return found


def stack(layers: list[tuple[str, int, int, int, int]]) -> tuple[NetworkBuilder, PortHandle]:
    net = NetworkBuilder()
    end = net.add("Input", field="x")
    for kind, kernel, stride, padding, dilation in layers:
        padding = min(padding, kernel // 2)
        given: dict[str, Any] = {"kernel_size": kernel, "stride": stride, "padding": padding}
        if kind == "Conv1d":
            given |= {"dilation": dilation, "out_channels": 3}
        end = net.add(kind, end, **given)
    return net, end


@settings(max_examples=40, deadline=None)
@given(st.lists(WINDOWS, min_size=1, max_size=4))
def test_stacks_of_windows_see_exactly_what_gradients_say(layers: list[tuple[str, int, int, int, int]]) -> None:
    net, end = stack(layers)
    resolution = resolve(net.network, {"x": SIGNAL})
    if resolution.errors:
        return
    length = resolution.nodes[end.node].outputs["output"]["T"]
    span, place = span_of(net, end, SIGNAL), length // 2
    first = int(span.start + place * span.jump)
    expected = {at for at in range(first, first + int(span.size)) if 0 <= at < SIZE}
    found = seen(net, end, SIGNAL, place)
    assert found <= expected
    if "MaxPool1d" not in [kind for kind, *_ in layers] and all(d == 1 for *_, d in layers):
        reached = {min(expected, default=0), max(expected, default=0)}
        skips = any(stride > kernel for _, kernel, stride, _, _ in layers)
        assert skips or reached <= found or not expected


@settings(max_examples=25, deadline=None)
@given(st.lists(
    st.one_of(
        st.tuples(st.just("ConvTranspose2d"), st.integers(1, 4), st.integers(1, 3)),
        st.tuples(st.just("Upsample"), st.sampled_from(["nearest", "bilinear", "bicubic"]), st.integers(1, 3)),
        st.tuples(st.just("Conv2d"), st.integers(1, 3), st.integers(1, 2)),
        st.tuples(st.just("AdaptiveAvgPool2d"), st.integers(2, 9), st.just(0)),
    ), min_size=1, max_size=3,
))  # fmt: skip
def test_where_a_network_enlarges_nothing_is_seen_beyond_the_field(layers: list[tuple[str, Any, int]]) -> None:
    small = TensorType.of("N C H W", "N", 1, 9, 9)
    net = NetworkBuilder()
    end = net.add("Input", field="x")
    for kind, first, second in layers:
        if kind == "Upsample":
            end = net.add(kind, end, mode=first, scale_factor=second)
        elif kind == "AdaptiveAvgPool2d":
            end = net.add(kind, end, output_size=first)
        else:
            end = net.add(kind, end, out_channels=2, kernel_size=first, stride=second)
    resolution = resolve(net.network, {"x": small})
    if resolution.errors:
        return
    length = resolution.nodes[end.node].outputs["output"]["W"]
    span, place = span_of(net, end, small), length // 2
    found = seen(net, end, small, place)
    assert span.places is not None
    assert len(found) <= span.places
    if not span.whole:
        low = span.start + place * span.jump
        assert all(low <= at <= low + span.size - 1 for at in found)


def test_branches_see_what_the_widest_of_them_sees() -> None:
    net = NetworkBuilder()
    x = net.add("Input", field="x")
    wide = net.add("Conv1d", x, out_channels=1, kernel_size=7, padding=3)
    narrow = net.add("Conv1d", x, out_channels=1, kernel_size=3, padding=1)
    end = net.add("Add", wide, narrow)
    span = span_of(net, end, SIGNAL)
    assert (span.places, span.start, span.jump) == (7, -3, 1)
    assert seen(net, end, SIGNAL, 30) == set(range(27, 34))


def test_the_two_axes_of_a_picture_have_fields_of_their_own() -> None:
    net = NetworkBuilder()
    end = net.add("Conv2d", net.add("Input", field="x"), kernel_size=(5, 3), stride=(2, 1))
    end = net.add("MaxPool2d", end)
    rows, columns = span_of(net, end, IMAGE, -2), span_of(net, end, IMAGE, -1)
    assert (rows.places, rows.jump) == (7, 4)
    assert (columns.places, columns.jump) == (4, 2)


@pytest.mark.parametrize(
    "mixing",
    [
        [("AdaptiveAvgPool2d", {"output_size": 1})], [("Flatten", {}), ("Linear", {})], [("GroupNorm", {})],
        [("Permute", {"order": (2, 3, 1)}), ("LayerNorm", {"axes": 3})],
    ],
)  # fmt: skip
def test_what_mixes_all_places_sees_everything(mixing: list[tuple[str, dict[str, Any]]]) -> None:
    net = NetworkBuilder()
    end = net.add("Conv2d", net.add("Input", field="x"), out_channels=2)
    for kind, parameters in mixing:
        end = net.add(kind, end, **parameters)
    assert span_of(net, end, IMAGE, -1).places == 24
    assert span_of(net, end, IMAGE, -2).is_whole


def test_a_linear_on_the_channels_of_a_sequence_sees_one_step_and_an_lstm_all() -> None:
    sequence = TensorType.of("N T F", "N", 40, 3)
    net = NetworkBuilder()
    one = net.add("Linear", net.add("Input", field="x"))
    every = net.add("LSTM", one)
    assert span_of(net, one, sequence, 1).places == 1
    assert span_of(net, every, sequence, 1).places == 40


def test_a_flattened_picture_still_has_the_field_of_its_convolution() -> None:
    net = NetworkBuilder()
    end = net.add("Flatten", net.add("Conv2d", net.add("Input", field="x"), kernel_size=5))
    assert span_of(net, end, IMAGE).places == 5


def test_a_vector_of_features_has_no_receptive_field() -> None:
    net = NetworkBuilder()
    end = net.add("Linear", net.add("Input", field="x"))
    resolution = resolve(net.network, {"x": TensorType.of("N F", "N", 4)})
    assert costs(resolution).nodes[end.node].reach == {}
