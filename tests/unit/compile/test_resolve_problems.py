"""What is wrong with a network is a problem on a node, in a person's words, with a fix where one is known."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from nnstudio.compile.resolve import resolve
from nnstudio.graph import Network, Node, Problem, Wire, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import Placeholder, TensorType, load

IMAGE = TensorType.of("N C H W", "N", 1, 8, 8)
LABEL = TensorType.of("N", "N", dtype="int64", classes=10)
FIELDS = {"image": IMAGE, "label": LABEL}


def problem(network: Network, code: str, fields: dict[str, TensorType] | None = None) -> Problem:
    """The one problem of this code."""
    found = [each for each in resolve(network, FIELDS if fields is None else fields).problems if each.code == code]
    assert len(found) == 1, resolve(network, FIELDS).problems
    return found[0]


def classifier(outputs: int = 10) -> NetworkBuilder:
    net = NetworkBuilder()
    image = net.add("Input", field="image")
    label = net.add("Input", field="label")
    flat = net.add("Flatten", image, name="flatten")
    scores = net.add("Linear", flat, out_features=outputs, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="loss")
    net.add("Output", scores, name="digit")
    return net


def test_a_sound_network_has_no_problems_and_a_type_on_every_wire() -> None:
    network = classifier().network
    resolution = resolve(network, FIELDS)
    assert resolution.problems == ()
    types = {network.nodes[w.source].name: resolution.wire_type(w) for w in network.wires}
    assert types["flatten"] is not None
    assert str(types["flatten"]) == "N×64 (batch, feature) float32"
    assert types["scores"] is not None
    assert types["scores"].per_sample() == "10"
    assert resolution.parameters == 64 * 10 + 10


def test_an_image_layer_that_is_fed_a_vector_asks_for_a_reshape_and_the_fix_mends_it() -> None:
    net = NetworkBuilder()
    x = net.add("Input", shape=(64,), name="x")
    net.add("Output", net.add("Conv2d", x, name="conv"), name="out")
    found = problem(net.network, "rank", {})
    assert "conv (Conv2d) needs an image (channel, height, width); it is fed a vector of 64" in found.message
    assert "Reshape" in found.hint
    mended = resolve(found.fixes[0].edit(net.network), {})
    assert not mended.errors
    assert "1×8×8" in found.fixes[0].title


def test_a_linear_layer_on_an_image_is_a_warning_that_a_flatten_mends() -> None:
    net = NetworkBuilder()
    net.add("Output", net.add("Linear", net.add("Input", field="image"), name="fc"), name="out")
    found = problem(net.network, "linear-on-image")
    assert found.severity == "warning"
    mended = resolve(found.fixes[0].edit(net.network), FIELDS)
    assert not [each for each in mended.problems if each.code == "linear-on-image"]


def test_too_few_scores_for_the_classes_name_both_numbers_and_the_fix_gives_the_last_layer_enough() -> None:
    network = classifier(outputs=5).network
    found = problem(network, "size")
    assert "5" in found.message
    assert "10" in found.message
    mended = found.fixes[0].edit(network)
    assert mended.named("scores").layer.out_features == 10  # type: ignore[union-attr]
    assert not resolve(mended, FIELDS).errors


def test_class_codes_for_a_regression_loss_offer_cross_entropy() -> None:
    network = classifier().network
    loss = network.named("loss")
    wrong = edits.replace_layer(loss.id, load()["MSELoss"]())(network)
    found = problem(wrong, "dtype")
    assert "CrossEntropyLoss" in found.hint
    assert not resolve(found.fixes[0].edit(wrong), FIELDS).errors


def test_codes_fed_to_a_layer_of_real_numbers_offer_an_embedding() -> None:
    net = NetworkBuilder()
    tokens = net.add("Input", shape=(12,), dtype="int64", classes=50, name="tokens")
    net.add("Output", net.add("Linear", tokens, name="fc"), name="out")
    found = problem(net.network, "dtype", {})
    assert found.fixes[0].title == "Insert Embedding"
    assert not resolve(found.fixes[0].edit(net.network), {}).errors


def test_nothing_wired_to_a_port_names_the_port_and_offers_what_fits() -> None:
    network = classifier().network
    loss = network.named("loss")
    wire = next(w for w in network.incoming[loss.id] if w.input == "target")
    cut = edits.disconnect([wire])(network)
    found = problem(cut, "unconnected")
    assert found.node == loss.id
    assert "target of loss" in found.message
    assert [fix.title for fix in found.fixes] == ["Connect label"]
    assert resolve(found.fixes[0].edit(cut), FIELDS).problems == ()


def test_two_wires_into_one_port_are_a_problem_and_either_can_be_removed() -> None:
    network = classifier().network
    scores, label = network.named("scores"), network.named("label")
    doubled = Network(network.nodes, (*network.wires, Wire(label.id, "output", scores.id, "input")))
    found = problem(doubled, "doubled")
    assert found.node == scores.id
    assert len(found.fixes) == 2
    assert not resolve(found.fixes[1].edit(doubled), FIELDS).errors


def test_a_loop_is_a_problem_on_its_nodes_and_the_rest_still_resolves() -> None:
    network = classifier().network
    flatten, scores = network.named("flatten"), network.named("scores")
    loop = Network(network.nodes, (*network.wires, Wire(scores.id, "output", flatten.id, "input")))
    resolution = resolve(loop, FIELDS)
    looped = {each.node for each in resolution.problems if each.code == "cycle"}
    assert looped == {flatten.id, scores.id}
    assert resolution.nodes[network.named("image").id].outputs
    mended = loop
    for each in resolution.problems:
        if each.code == "cycle" and each.fixes and each.node == flatten.id:
            mended = each.fixes[0].edit(mended)
    assert not resolve(mended, FIELDS).errors


def test_a_network_without_loss_or_output_is_told_so_on_its_last_layer() -> None:
    net = NetworkBuilder()
    last = net.add("Linear", net.add("Input", shape=(4,), name="x"), name="fc")
    assert problem(net.network, "no-loss", {}).node == last.node
    found = problem(net.network, "no-output", {})
    assert found.node == last.node
    assert "no-output" not in [each.code for each in resolve(found.fixes[0].edit(net.network), {}).problems]


def test_an_input_whose_field_the_data_lacks_offers_the_fields_that_are_there() -> None:
    net = NetworkBuilder()
    net.add("Output", net.add("Input", field="pixels"), name="out")
    found = problem(net.network, "no-field")
    assert "pixels" in found.message
    assert "image" in found.hint
    assert not resolve(found.fixes[0].edit(net.network), FIELDS).errors


def test_an_unknown_layer_type_is_a_problem_and_what_lies_behind_it_waits_in_silence() -> None:
    network = classifier().network
    flatten = network.named("flatten")
    strange = Placeholder({"type": "Warp", "parameters": {}}, "this program has no layer type 'Warp'")
    nodes = {**network.nodes, flatten.id: Node(flatten.id, "flatten", strange)}
    resolution = resolve(Network(nodes, network.wires), FIELDS)
    assert [each.code for each in resolution.errors] == ["unknown-layer"]
    assert "Warp" in resolution.errors[0].message


@pytest.mark.parametrize("sizes", [(8, 8), (4, 6)])
def test_sizes_that_must_agree_are_named(sizes: tuple[int, int]) -> None:
    net = NetworkBuilder()
    x = net.add("Input", shape=(sizes[0],), name="x")
    y = net.add("Input", shape=(sizes[1],), name="y")
    net.add("MSELoss", x, y, name="loss")
    resolution = resolve(net.network, {})
    if sizes[0] == sizes[1]:
        assert not resolution.errors
    else:
        assert "4" in resolution.errors[0].message
        assert "6" in resolution.errors[0].message


def test_an_edit_at_the_end_works_out_only_what_lies_behind_it() -> None:
    net = NetworkBuilder()
    x = net.add("Input", shape=(16,), name="x")
    for number in range(20):
        x = net.add("Linear", x, out_features=16, name=f"fc{number}")
    first = resolve(net.network, {})
    edited = edits.set_params(net.network.named("fc17").id, out_features=8)(net.network)
    second = resolve(edited, {}, first)
    # fc18 is fed something else, but puts out what it did, so fc19 is not touched
    assert {edited.nodes[id].name for id in second.computed} == {"fc17", "fc18"}
    assert resolve(edited, {}).problems == second.problems


def test_a_type_that_changes_nothing_downstream_stops_the_work() -> None:
    net = NetworkBuilder()
    x = net.add("Input", shape=(16,), name="x")
    a = net.add("Linear", x, out_features=16, name="a")
    net.add("Output", net.add("Linear", a, name="b"), name="out")
    first = resolve(net.network, {})
    edited = edits.set_params(a.node, bias=False)(net.network)
    assert resolve(edited, {}, first).computed == {a.node}


def test_sizes_known_only_at_run_time_stay_symbolic() -> None:
    tokens = TensorType.of("N T", "N", "T", dtype="int64", classes=30)
    net = NetworkBuilder()
    x = net.add("Input", field="tokens")
    e = net.add("Embedding", x, num_embeddings=30, embedding_dim=8, name="embed")
    net.add("Output", net.add("LSTM", e, hidden_size=5, name="lstm"), name="out")
    resolution = resolve(net.network, {"tokens": tokens})
    assert not resolution.errors
    outputs = resolution.nodes[net.network.named("lstm").id].outputs
    assert str(outputs["sequence"]).startswith("N×T×5")
    assert str(outputs["last"]).startswith("N×5")


def steps(work: Callable[[], object]) -> int:
    """How many lines of Python are run while this is done."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> Callable[..., object]:
        nonlocal count
        count += event == "line"
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def unwired(count: int, *, fed: bool, bypassed: bool) -> Network:
    net = NetworkBuilder()
    if fed:
        net.add("Input", shape=(64,), name="x")
    for index in range(count):
        net.add("ReLU", name=f"relu{index}")
    ids = list(net.network.nodes)
    return edits.set_bypassed(ids[-1:], True)(net.network) if bypassed else net.network


@pytest.mark.parametrize("bypassed", [False, True])
@pytest.mark.parametrize("fed", [False, True])
def test_the_work_grows_with_the_number_of_layers_that_nothing_is_wired_to(fed: bool, bypassed: bool) -> None:
    few, many = unwired(100, fed=fed, bypassed=bypassed), unwired(400, fed=fed, bypassed=bypassed)
    resolve(few)
    assert steps(lambda: resolve(many)) < 5 * steps(lambda: resolve(few))


def test_three_proposals_are_enough_for_a_layer_that_nothing_is_wired_to() -> None:
    net = NetworkBuilder()
    for index in range(5):
        net.add("Input", shape=(64,), name=f"x{index}")
    net.add("ReLU", name="relu")
    fixes = problem(net.network, "unconnected", {}).fixes
    assert [fix.title for fix in fixes] == ["Connect x0", "Connect x1", "Connect x2"]


def test_a_bypassed_layer_into_which_nothing_comes_is_a_problem_where_something_follows() -> None:
    network = classifier().network
    flatten = network.named("flatten").id
    cut = edits.disconnect(network.incoming[flatten])(edits.set_bypassed([flatten])(network))
    found = problem(cut, "unconnected")
    assert found.node == flatten
    assert found.message == "nothing is wired to the input of flatten, which is bypassed"


def test_a_port_that_a_bypassed_layer_cannot_feed_is_a_problem() -> None:
    net = NetworkBuilder()
    lstm = net.add("LSTM", net.add("Input", field="image"), name="lstm")
    net.add("Identity", lstm, name="after")
    network = net.network
    ids = network.named("lstm").id, network.named("after").id
    network = edits.disconnect(network.incoming[ids[1]])(network)
    network = edits.connect(ids[0], "hidden", ids[1], "input")(network)
    found = problem(edits.set_bypassed([ids[0]])(network), "bypassed")
    assert "hidden" in found.message
