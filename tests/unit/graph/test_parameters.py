"""Named parameters: one number that many layers follow."""

from __future__ import annotations

import pytest

from nnstudio.graph import EditError, Network, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.parameters import (
    expose,
    remove_network_parameter,
    rename_network_parameter,
    set_expression,
    set_network_parameter,
    users,
)
from nnstudio.layers import ParameterError


@pytest.fixture
def network() -> Network:
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(8,))
    a = net.add("Linear", x, out_features=16, name="a")
    net.add("Linear", net.add("Dropout", a, name="drop"), out_features=4, name="b")
    return set_network_parameter("width", 16)(net.network)


def ids(network, *names):
    return [network.named(name).id for name in names]


def test_layers_follow_a_parameter(network):
    a, b = ids(network, "a", "b")
    network = set_expression(a, "out_features", "2*width")(network)
    network = set_expression(b, "out_features", "width // 4")(network)
    assert (network.nodes[a].layer.out_features, network.nodes[b].layer.out_features) == (32, 4)
    network = set_network_parameter("width", 40)(network)
    assert (network.nodes[a].layer.out_features, network.nodes[b].layer.out_features) == (80, 10)
    assert set(users(network, "width")) == {(a, "out_features"), (b, "out_features")}


def test_a_value_that_a_layer_cannot_have_changes_nothing(network):
    (a,) = ids(network, "a")
    network = set_expression(a, "out_features", "width - 8")(network)
    with pytest.raises(EditError, match="a: out_features must be a whole number of at least 1"):
        set_network_parameter("width", 8)(network)
    with pytest.raises(EditError, match="whole number"):
        set_network_parameter("width", 9.5)(network)
    with pytest.raises(EditError, match="nothing is called depth"):
        set_expression(a, "out_features", "depth")(network)


def test_a_plain_number_is_a_plain_value_again(network):
    (a,) = ids(network, "a")
    network = set_expression(a, "out_features", "width")(network)
    network = set_expression(a, "out_features", "12")(network)
    assert network.nodes[a].expressions == ()
    assert network.nodes[a].layer.out_features == 12
    with pytest.raises(ParameterError):
        set_expression(a, "out_features", "-1")(network)


def test_setting_a_value_by_hand_lets_go_of_the_expression(network):
    (a,) = ids(network, "a")
    network = set_expression(a, "out_features", "width")(network)
    network = edits.set_params(a, out_features=99)(network)
    assert network.nodes[a].expressions == ()


def test_a_parameter_that_goes_leaves_its_values_behind(network):
    (a,) = ids(network, "a")
    network = set_expression(a, "out_features", "3*width")(network)
    network = remove_network_parameter("width")(network)
    assert network.parameters == {}
    assert network.nodes[a].expressions == ()
    assert network.nodes[a].layer.out_features == 48


def test_expressions_follow_a_new_name(network):
    (a,) = ids(network, "a")
    network = set_expression(a, "out_features", "3*width")(network)
    network = rename_network_parameter("width", "hidden")(network)
    assert network.nodes[a].expression("out_features") == "3 * hidden"
    assert set_network_parameter("hidden", 2)(network).nodes[a].layer.out_features == 6
    with pytest.raises(EditError, match="cannot be named"):
        rename_network_parameter("hidden", "2x")(network)


def test_one_parameter_can_be_made_of_many(network):
    a, b = ids(network, "a", "b")
    network = expose([(a, "out_features"), (b, "out_features")], "units")(network)
    assert network.parameters["units"] == 16
    assert network.nodes[b].layer.out_features == 16
    with pytest.raises(EditError, match="is not a number"):
        expose([(a, "bias")], "flag")(network)


def test_floats_stay_floats(network):
    (drop,) = ids(network, "drop")
    network = expose([(drop, "p")], "rate")(network)
    network = set_network_parameter("rate", 0.25)(network)
    assert network.nodes[drop].layer.p == 0.25
