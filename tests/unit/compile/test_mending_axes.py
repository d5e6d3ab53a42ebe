"""Axes that do not go together are mended where they can be: lengths known only at run time, groups, missing axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from nnstudio.compile.mending.ranking import ranked
from nnstudio.compile.resolve import resolve
from nnstudio.graph import Fix, Network, Problem
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType

FIELDS: Mapping[str, TensorType] = {
    "heard": TensorType.of("N T F", "N", "T", 4),
    "said": TensorType.of("N S F", "N", "S", 4),
    "codes": TensorType.of("N S", "N", "S", dtype="int64", classes=4),
    "vector": TensorType.of("N F", "N", 4),
    "line": TensorType.of("N S", "N", "S"),
    "image": TensorType.of("N C H W", "N", 4, 16, 16),
}


def told(network: Network) -> tuple[Problem, tuple[Fix, ...]]:
    """The first error and its fixes, each of which leaves none."""
    resolution = resolve(network, FIELDS)
    problem = resolution.errors[0]
    fixes = ranked(resolution, problem)
    for fix in fixes:
        assert not resolve(fix.edit(network), FIELDS).errors, fix.title
    return problem, fixes


def joined(type_name: str, one: str, other: str, **values: Any) -> Network:
    net = NetworkBuilder()
    first, second = net.add("Input", field=one), net.add("Input", field=other)
    net.add("Output", net.add(type_name, first, second, name="both", **values))
    return net.network


def depthwise(channels: int, filters: int, groups: int) -> Network:
    net = NetworkBuilder()
    before = net.add("Conv2d", net.add("Input", field="image"), out_channels=channels)
    net.add("Output", net.add("Conv2d", before, out_channels=filters, groups=groups, name="apart"), kind="image")
    return net.network


def test_of_sequences_of_different_length_one_may_be_averaged() -> None:
    _, fixes = told(joined("Add", "heard", "said"))
    assert "Insert the mean over its time on the wire from heard" in [fix.title for fix in fixes]
    assert not fixes[0].title.startswith("Delete")


def test_a_loss_of_sequences_of_different_length_tells_of_the_one_that_compares_them() -> None:
    net = NetworkBuilder()
    scores = net.add("Linear", net.add("Input", field="heard"), out_features=4)
    net.add("SequenceCrossEntropyLoss", scores, net.add("Input", field="codes"))
    net.add("Output", scores)
    problem, _ = told(net.network)
    assert problem.hint == "give both as many steps in the data; sequences of different length are compared by CTCLoss"


@pytest.mark.parametrize("type_name", ["Add", "Multiply", "Subtract"])
def test_a_missing_axis_is_said_and_put_in(type_name: str) -> None:
    problem, fixes = told(joined(type_name, "heard", "vector"))
    assert "different numbers of axes" in problem.message
    assert "samples" not in problem.message
    assert "Insert Unsqueeze on the wire from vector" in [fix.title for fix in fixes]


def test_a_number_for_each_channel_is_spread_over_the_picture() -> None:
    _, fixes = told(joined("Multiply", "image", "vector"))
    assert "Insert Reshape to 4×1×1 on the wire from vector" in [fix.title for fix in fixes]


def test_no_example_is_given_of_lengths_that_are_not_what_is_wrong() -> None:
    problem, _ = told(joined("Concatenate", "heard", "line"))
    assert "different numbers of axes: T×4, S" in problem.message
    assert "against" not in problem.message


def test_a_depthwise_convolution_follows_its_channels() -> None:
    problem, fixes = told(depthwise(48, 32, 32))
    assert "cannot split its input's channels (48) into 32 groups" in problem.message
    assert fixes[0].title == "Give apart 48 groups and 48 channels"
    assert all("and" not in fix.title for fix in told(depthwise(48, 64, 32))[1])


def test_the_most_groups_are_named_however_many_there_are() -> None:
    problem, _ = told(depthwise(240, 240, 7))
    assert problem.hint == "set its groups to one of 1, 2, 3, 4, 5, 6, 8, …, 240"
