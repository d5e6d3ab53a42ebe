"""Each place of a list may be an expression; × and commas set sizes apart, and * multiplies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.export.python_source import written
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.computed import as_typed, normal, standing, value_of
from nnstudio.graph.expressions import ExpressionError, renamed
from nnstudio.graph.parameters import rename_network_parameter, set_expression, set_network_parameter
from nnstudio.layers import Param, load

KERNEL = load()["Conv2d"].params["kernel_size"]
SHAPE = load()["Reshape"].params["shape"]


@pytest.mark.parametrize(
    ("param", "text", "held", "value"),
    [
        (KERNEL, "k × 3", "k, 3", (5, 3)), (KERNEL, "k×3", "k, 3", (5, 3)), (KERNEL, "k x 3", "k, 3", (5, 3)),
        (KERNEL, "2*3x5", "2*3, 5", (6, 5)), (KERNEL, "k*3", "k*3", 15), (KERNEL, "(k, 3)", "k, 3", (5, 3)),
        (KERNEL, "k, k", "k, k", 5), (KERNEL, "max(k, 3) × 3", "max(k, 3), 3", (5, 3)),
        (KERNEL, "(1+2)*3", "(1+2)*3", 9), (KERNEL, "size1x2 × 3", "size1x2, 3", (4, 3)),
        (SHAPE, "3, 2*k, -1", "3, 2*k, -1", (3, 10, -1)), (SHAPE, "2*k", "2*k", (10,)), (SHAPE, "2*k,", "2*k", (10,)),
    ],
)  # fmt: skip
def test_sizes_are_set_apart_and_products_are_products(param: Param, text: str, held: str, value: Any) -> None:
    assert normal(param, text) == held
    assert value_of(param, held, {"k": 5, "size1x2": 4}) == value


@given(st.lists(st.sampled_from(["3", "k", "2*k", "max(k, 4)", "(1 + k)*2", "-1", "k//2"]), min_size=1, max_size=4))
def test_what_a_field_shows_is_read_as_the_same(items: list[str]) -> None:
    held = ", ".join(items)
    for param in (KERNEL, SHAPE):
        assert normal(param, as_typed(param, held)) == held


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("(k × 3), 5", "× stands between two sizes"), ("2*k 3", "set them apart by × or a comma"),
        ("k/2 × 3", "must be a whole number, and this gives 2.5"), ("k × ", "write a number"),
    ],
)  # fmt: skip
def test_what_could_be_either_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ExpressionError, match=sentence):
        value_of(KERNEL, normal(KERNEL, text), {"k": 5})


@pytest.fixture
def network() -> Any:
    net = NetworkBuilder(k=3)
    x = net.add("Input", shape="1, 4*k, 12", name="x")
    x = net.add("Conv2d", x, out_channels="2*k", kernel_size="k × 1", padding="k//2", name="conv")
    net.add("Output", net.add("Reshape", x, shape="2*k, -1", name="flat"), name="result")
    return net.network


def values(network: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = network.by_name[name].layer.values()
    return found


def test_places_of_lists_follow_the_named_parameter_and_its_name(network: Any) -> None:
    assert values(network, "x")["shape"] == (1, 12, 12)
    assert values(network, "conv")["kernel_size"] == (3, 1)
    moved = rename_network_parameter("k", "kernel")(set_network_parameter("k", 5)(network))
    assert values(moved, "x")["shape"] == (1, 20, 12)
    assert {key: values(moved, "conv")[key] for key in ("out_channels", "kernel_size", "padding")} == {
        "out_channels": 10, "kernel_size": (5, 1), "padding": 2,
    }  # fmt: skip
    assert moved.by_name["conv"].expression("kernel_size") == "kernel, 1"
    assert renamed("max(k, 3), k", "k", "w") == "max(w, 3), w"


def test_plain_sizes_make_a_plain_value_again(network: Any) -> None:
    id = network.by_name["conv"].id
    plain = set_expression(id, "kernel_size", "5 × 3")(network)
    assert plain.nodes[id].expression("kernel_size") == ""
    assert values(plain, "conv")["kernel_size"] == (5, 3)
    same = edits.set_params(id, padding=1)(network)
    assert same.nodes[id].expression("padding") == "", "the value that it has, and follows nothing any more"


def test_a_layer_of_other_axes_keeps_only_what_still_holds(network: Any) -> None:
    conv = load()["Conv1d"].make({"kernel_size": 3, "out_channels": 6})
    said = network.by_name["conv"].expressions
    assert dict(standing(conv, said, network.parameters)) == {"out_channels": "2*k"}


def test_code_has_sizes_that_follow_a_constant(network: Any) -> None:
    from nnstudio.compile.resolve import resolve

    text = written(resolve(network)).text
    assert "nn.Conv2d(1, 2*K, kernel_size=(K, 1), padding=K//2)" in text
    compile(text, "net", "exec")


def test_sizes_that_are_written_in_code_become_expressions() -> None:
    from nnstudio.compile.resolve import resolve
    from nnstudio.export.code_editing import edited

    net = NetworkBuilder(k=3)
    x = net.add("Conv2d", net.add("Input", shape=(1, 12, 12), name="x"), kernel_size="k, 1", name="conv")
    net.add("Output", x, name="result")
    source = written(resolve(net.network))
    assert edited(source, source.text).network == net.network
    network = edited(source, source.text.replace("(K, 1)", "(2*K, K)")).network
    assert network.by_name["conv"].expression("kernel_size") == "2 * k, k"
    assert values(network, "conv")["kernel_size"] == (6, 3)
