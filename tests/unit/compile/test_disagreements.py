"""Sizes that disagree: the axis is named, and where sizes are known only at run time there is an example in numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import pytest

from nnstudio.compile.resolve import resolve
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import Symbol, TensorType
from nnstudio.layers.disagreement import example

FIELDS: Mapping[str, TensorType] = {
    "series": TensorType.of("N T F", "N", "T", 4),
    "other": TensorType.of("N T F", "N", "S", 4),
    "film": TensorType.of("N T C H W", "N", 5, 1, 6, 6),
    "image": TensorType.of("N C H W", "N", 3, "H", "W"),
    "vector": TensorType.of("N F", "N", 4),
}


def said(draw: Callable[[NetworkBuilder], object], fields: Mapping[str, TensorType] = FIELDS) -> str:
    """What is wrong with a network of one problem."""
    net = NetworkBuilder()
    draw(net)
    (problem,) = resolve(net.network, fields).errors
    return problem.message


def field(net: NetworkBuilder, name: str) -> PortHandle:
    return net.add("Input", field=name, name=name)


def test_steps_as_samples_against_samples_are_told_in_numbers() -> None:
    def draw(net: NetworkBuilder) -> None:
        steps = net.add("Flatten", net.add("FoldTime", field(net, "film")))
        net.add("Add", steps, net.add("Linear", field(net, "vector"), out_features=36))

    message = said(draw)
    assert "the batch is 5N in the first and N in the second" in message
    assert message.endswith("(with 3 samples: 15 against 3)")


def test_two_lengths_that_have_nothing_to_do_with_each_other_get_a_number_each() -> None:
    message = said(lambda net: net.add("Add", field(net, "series"), field(net, "other")))
    assert message.endswith("axis 1 (time) is T in the first and S in the second (with S = 7 and T = 8: 8 against 7)")


def test_columns_and_rows_that_do_not_meet_are_told_in_numbers() -> None:
    def draw(net: NetworkBuilder) -> None:
        signal = net.add("Permute", field(net, "series"), order=(2, 1))
        shorter = net.add("Conv1d", signal, out_channels=4, padding=0)
        net.add("MatMul", signal, net.add("Permute", shorter, order=(2, 1)), name="product")

    message = said(draw)
    assert "left has T columns, right T−2 rows (for a sequence of length 7: 7 against 5)" in message
    assert message.count(" against ") == 1


@pytest.mark.parametrize("kind", ["Add", "Concatenate"])
def test_rounded_heights_are_told_in_numbers_and_both_axes_are_named(kind: str) -> None:
    def draw(net: NetworkBuilder) -> None:
        image = field(net, "image")
        net.add(kind, net.add("Upsample", net.add("MaxPool2d", image)), image)

    message = said(draw)
    assert "axis 2 (height) is 2⌊H/2⌋ in the first and H in the second, axis 3 (width) is 2⌊W/2⌋" in message
    assert message.endswith("(with H = 7: 6 against 7)")


def test_the_axis_that_disagrees_is_named_where_all_sizes_are_known() -> None:
    def draw(net: NetworkBuilder) -> None:
        image = net.add("Input", shape=(64, 16, 16))
        net.add("Add", net.add("Conv2d", image, out_channels=128, padding=1), image)

    assert said(draw, {}).endswith("128×16×16, 64×16×16; axis 1 (channel) is 128 in the first and 64 in the second")


def test_what_is_joined_names_the_axis_beside_the_one_it_is_joined_along() -> None:
    def draw(net: NetworkBuilder) -> None:
        image = net.add("Input", shape=(8, 16, 16))
        net.add("Concatenate", net.add("Conv2d", image, out_channels=4, padding=0), image)

    message = said(draw, {})
    assert "axis 2 (height) is 14 in the first and 16 in the second" in message
    assert "channel" not in message


def test_inputs_that_must_be_alike_name_the_axis() -> None:
    def draw(net: NetworkBuilder) -> None:
        series = field(net, "series")
        signal = net.add("Conv1d", net.add("Permute", series, order=(2, 1)), out_channels=4, padding=0)
        net.add("MSELoss", net.add("Permute", signal, order=(2, 1)), series)
        net.add("Output", signal)

    assert "time is T−2 and T (for a sequence of length 7: 5 against 7)" in said(draw)


def test_a_port_of_a_set_size_tells_when_the_length_is_another() -> None:
    def draw(net: NetworkBuilder) -> None:
        turned = net.add("Permute", field(net, "series"), order=(2, 1))
        net.add("CrossProduct", turned, turned)

    assert said(draw).endswith("(for a sequence of length 7: 7 against 3)")


def test_an_example_is_given_wherever_sizes_are_ever_apart() -> None:
    steps = Symbol("N", by=(Symbol("T"),))
    assert example(steps, Symbol("N")) == " (with 3 samples of length 7: 21 against 3)"
    assert example(steps, Symbol("N", by=(Symbol("S"),))) == " (with 3 samples, S = 7 and T = 8: 24 against 21)"
    assert example(Symbol("T", Fraction(1, 2)), 3) == " (for a sequence of length 8: 4 against 3)"
    assert example(Symbol("N"), 3) == " (with 4 samples: 4 against 3)"
    assert example(4, 3) == ""
