"""What is wrong is mended by one click: fixes were tried, the best comes first, and none breaks anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnstudio.compile.mending.ranking import ranked
from nnstudio.compile.resolve import Resolution, resolve
from nnstudio.graph import Fix, Network, Problem, Wire, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.edits import Edit, EditError
from nnstudio.layers import Layer, ParameterError, Placeholder, TensorType, load

FIELDS: Mapping[str, TensorType] = {
    "image": TensorType.of("N C H W", "N", 3, 32, 32),
    "grey": TensorType.of("N C H W", "N", 1, 28, 28),
    "vector": TensorType.of("N F", "N", 20),
    "number": TensorType.of("N F", "N", 1),
    "signal": TensorType.of("N C T", "N", 2, 128),
    "series": TensorType.of("N T F", "N", "T", 6),
    "tokens": TensorType.of("N T", "N", "T", dtype="int64", classes=500),
    "label": TensorType.of("N", "N", dtype="int64", classes=10),
    "binary": TensorType.of("N", "N", dtype="int64", classes=2),
}


def mlp() -> Network:
    net = NetworkBuilder()
    x = net.add("Flatten", net.add("Input", field="grey"), name="flatten")
    for width in (64, 32):
        x = net.add("ReLU", net.add("Linear", x, out_features=width))
        x = net.add("Dropout", x)
    scores = net.add("Linear", x, out_features=10, name="scores")
    _classify(net, scores, "label")
    return net.network


def _classify(net: NetworkBuilder, scores: object, field: str) -> None:
    label = net.add("Input", field=field)
    net.add("CrossEntropyLoss", scores, label, name="loss")  # type: ignore[arg-type]
    net.add("Accuracy", scores, label, name="accuracy")  # type: ignore[arg-type]
    net.add("Output", scores, name="answer")  # type: ignore[arg-type]


def residual() -> Network:
    net = NetworkBuilder()
    x = net.add("Conv2d", net.add("Input", field="image"), out_channels=16, padding=1, name="stem")
    x = net.add("ReLU", net.add("BatchNorm2d", x))
    y = net.add("ReLU", net.add("BatchNorm2d", net.add("Conv2d", x, out_channels=16, padding=1)))
    y = net.add("BatchNorm2d", net.add("Conv2d", y, out_channels=16, padding=1))
    x = net.add("ReLU", net.add("Add", x, y, name="sum1"))
    y = net.add("ReLU", net.add("Conv2d", x, out_channels=32, stride=2, padding=1))
    y = net.add("Conv2d", y, out_channels=32, padding=1)
    short = net.add("Conv2d", x, out_channels=32, kernel_size=1, stride=2, name="short")
    x = net.add("ReLU", net.add("Add", short, y, name="sum2"))
    x = net.add("Flatten", net.add("AdaptiveAvgPool2d", x))
    _classify(net, net.add("Linear", x, out_features=10, name="scores"), "label")
    return net.network


def cnn() -> Network:
    net = NetworkBuilder()
    x = net.add("Conv2d", net.add("Input", field="grey"), out_channels=6, kernel_size=5, padding=2)
    x = net.add("MaxPool2d", net.add("Tanh", x))
    x = net.add("MaxPool2d", net.add("Tanh", net.add("Conv2d", x, out_channels=16, kernel_size=5)))
    x = net.add("Tanh", net.add("Conv2d", x, out_channels=120, kernel_size=5))
    x = net.add("Tanh", net.add("Linear", net.add("Flatten", x), out_features=84))
    _classify(net, net.add("Linear", x, out_features=10, name="scores"), "label")
    return net.network


def autoencoder() -> Network:
    net = NetworkBuilder()
    image = net.add("Input", field="grey")
    x = net.add("ReLU", net.add("Conv2d", image, out_channels=8, stride=2, padding=1))
    x = net.add("ReLU", net.add("Conv2d", x, out_channels=16, stride=2, padding=1))
    x = net.add("ReLU", net.add("Linear", net.add("Flatten", x), out_features=24, name="code"))
    x = net.add("Reshape", net.add("Linear", x, out_features=784), shape=(16, 7, 7))
    x = net.add("ReLU", net.add("ConvTranspose2d", x, out_channels=8, kernel_size=2, stride=2))
    x = net.add("ConvTranspose2d", x, out_channels=1, kernel_size=2, stride=2)
    net.add("MSELoss", x, image, name="error")
    net.add("Output", net.add("Sigmoid", x), kind="image", name="picture")
    return net.network


def unet() -> Network:
    net = NetworkBuilder()
    image = net.add("Input", field="image")
    a = net.add("ReLU", net.add("Conv2d", image, out_channels=8, padding=1))
    b = net.add("ReLU", net.add("Conv2d", net.add("MaxPool2d", a), out_channels=16, padding=1))
    c = net.add("ReLU", net.add("Conv2d", net.add("MaxPool2d", b), out_channels=32, padding=1))
    up = net.add("ConvTranspose2d", c, out_channels=16)
    x = net.add("ReLU", net.add("Conv2d", net.add("Concatenate", b, up), out_channels=16, padding=1))
    x = net.add("Concatenate", a, net.add("Upsample", x))
    x = net.add("Conv2d", x, out_channels=3, kernel_size=1)
    net.add("L1Loss", x, image, name="error")
    net.add("Output", x, kind="image", name="picture")
    return net.network


def text() -> Network:
    net = NetworkBuilder()
    x = net.add("Embedding", net.add("Input", field="tokens"), embedding_dim=24)
    read = net.add("LSTM", x, hidden_size=32, num_layers=2)
    x = net.add("Dropout", read.last)
    score = net.add("Linear", x, out_features=1, name="score")
    truth = net.add("Input", field="binary")
    net.add("BCEWithLogitsLoss", score, truth, name="loss")
    net.add("Accuracy", score, truth, name="accuracy")
    net.add("Output", score, name="answer")
    return net.network


def tagger() -> Network:
    net = NetworkBuilder()
    tokens = net.add("Input", field="tokens")
    x = net.add("Embedding", tokens, embedding_dim=16)
    first = net.add("GRU", x, hidden_size=20)
    second = net.add("GRU", first.sequence, first.hidden, hidden_size=20)
    x = net.add("LayerNorm", second.sequence)
    x = net.add("Permute", net.add("Linear", x, out_features=500))
    net.add("CrossEntropyLoss", x, tokens, name="loss")
    net.add("Output", x, name="answer")
    return net.network


def signal() -> Network:
    net = NetworkBuilder()
    x = net.add("Conv1d", net.add("Input", field="signal"), out_channels=16, kernel_size=7, stride=2, padding=3)
    x = net.add("ReLU", net.add("BatchNorm1d", x))
    x = net.add("GELU", net.add("GroupNorm", net.add("Conv1d", x, out_channels=24, groups=2), num_groups=4))
    x = net.add("Flatten", net.add("AdaptiveAvgPool1d", x))
    _classify(net, net.add("Linear", x, out_features=10, name="scores"), "label")
    return net.network


def regression() -> Network:
    net = NetworkBuilder()
    vector = net.add("Input", field="vector")
    left = net.add("Tanh", net.add("Linear", vector, out_features=12))
    right = net.add("Sigmoid", net.add("Linear", vector, out_features=12))
    x = net.add("Concatenate", net.add("Multiply", left, right), vector)
    y = net.add("Linear", x, out_features=1, name="guess")
    truth = net.add("Input", field="number")
    net.add("MSELoss", y, truth, name="error")
    net.add("MAE", y, truth, name="mae")
    net.add("Output", y, kind="number", name="answer")
    return net.network


def attention() -> Network:
    net = NetworkBuilder()
    series = net.add("Input", field="series")
    q, k, v = (net.add("Linear", series, out_features=16, name=name) for name in ("query", "key", "value"))
    weights = net.add("Softmax", net.add("MatMul", q, k, transpose_right=True))
    x = net.add("Add", net.add("MatMul", weights, v), v)
    x = net.add("LSTM", net.add("LayerNorm", x), hidden_size=12).last
    _classify(net, net.add("Linear", x, out_features=10, name="scores"), "label")
    return net.network


SOUND: tuple[Callable[[], Network], ...] = (
    mlp, residual, cnn, autoencoder, unet, text, tagger, signal, regression, attention,
)  # fmt: skip


def breaking(network: Network) -> Iterator[Edit]:
    """Edits that a person might make by mistake: a parameter's value, a node deleted, a wire drawn from elsewhere,
    a wire cut, a layer of another type. Many of them break the network."""
    for node in network.nodes.values():
        assert isinstance(node.layer, Layer)
        for name, param in node.layer.params.items():
            now = getattr(node.layer, name)
            values: list[object] = []
            if param.kind in ("int", "size") or (param.kind == "choice" and param.axes):
                first = now if isinstance(now, int) else 2
                values = [first + 1, first * 2, max(1, first // 2), 1, 7, 40]
            elif param.kind == "bool":
                values = [not now]
            elif param.kind == "ints":
                values = [now[:-1], (*now, 2), tuple(reversed(now))]
            elif name == "field":
                values = [*FIELDS, "lable"]
            for value in values:
                if value != now:
                    yield edits.set_params(node.id, **{name: value})
        yield edits.remove([node.id])
        yield edits.bridge([node.id])
    for wire in network.wires:
        yield edits.disconnect([wire])
        for other in network.nodes.values():
            for output in other.layer.outputs:
                moved = Wire(other.id, output, wire.target, wire.input)
                if moved != wire and other.layer.role not in ("loss", "metric"):
                    yield _redrawn(wire, moved)


def _redrawn(wire: Wire, moved: Wire) -> Edit:
    return edits.chain(edits.disconnect([wire]), edits.connect(moved.source, moved.output, moved.target, moved.input))


def applied(edit: Edit, network: Network) -> Network | None:
    """The network after an edit; None where it cannot be made."""
    try:
        return edit(network)
    except (EditError, ParameterError):
        return None


def first(network: Network, code: str = "") -> tuple[Resolution, Problem, tuple[Fix, ...]]:
    """The first problem (of this code), and its fixes."""
    resolution = resolve(network, FIELDS)
    problem = next(each for each in resolution.problems if code in ("", each.code))
    return resolution, problem, ranked(resolution, problem)


def titles(network: Network, code: str = "") -> list[str]:
    return [fix.title for fix in first(network, code)[2]]


def changed(network: Network, name: str, **values: object) -> Network:
    return edits.set_params(network.named(name).id, **values)(network)


def errors(network: Network) -> set[tuple[str, str, str]]:
    return {(each.node, each.code, each.port) for each in resolve(network, FIELDS).errors}


@pytest.mark.parametrize("make", SOUND)
def test_the_networks_that_are_broken_are_sound_before(make: Callable[[], Network]) -> None:
    assert not resolve(make(), FIELDS).errors


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_fix_that_is_offered_mends_its_problem_and_breaks_nothing(data: st.DataObject) -> None:
    network = data.draw(st.sampled_from(SOUND))()
    broken = applied(data.draw(st.sampled_from(list(breaking(network)))), network)
    resolution = resolve(broken, FIELDS) if broken is not None else None
    if broken is None or resolution is None or not resolution.errors:
        return
    problem = resolution.errors[0]
    sound = {id for id, node in resolution.nodes.items() if node.ok}
    before = errors(broken)
    for fix in ranked(resolution, problem):
        left = errors(fix.edit(broken))
        assert (problem.node, problem.code, problem.port) not in left, fix.title
        assert not {key for key in left - before if key[0] in sound}, fix.title
        assert fix.leaves == len(left)


@pytest.mark.parametrize(
    ("make", "edit", "title"),
    [
        (mlp, ("flatten", None), "Insert Flatten"),
        (mlp, ("scores", {"out_features": 7}), "Give scores 10 outputs"),
        (residual, ("short", {"out_channels": 16}), "Give "),
        (residual, ("short", None), "Insert a 1×1 convolution 16 → 32 with stride 2"),
        (cnn, ("conv2d3", {"kernel_size": 6}), "Change kernel of conv2d3 to 5 (its input is 5×5)"),
        (autoencoder, ("reshape", {"shape": (15, 7, 7)}), "Change"),
        (tagger, ("embedding", {"num_embeddings": 7}), "Leave codes of embedding empty"),
        (text, ("score", {"out_features": 3}), "Give score 1 output"),
        (regression, ("linear", {"out_features": 7}), "Give linear"),
    ],
)
def test_the_cure_of_the_book_comes_first(
    make: Callable[[], Network], edit: tuple[str, dict[str, object] | None], title: str
) -> None:
    network, (name, values) = make(), edit
    broken = changed(network, name, **values) if values else edits.bridge([network.named(name).id])(network)
    problem = next(iter(resolve(broken, FIELDS).problems))
    found = titles(broken)
    assert found, problem
    assert found[0].startswith(title), found


def test_a_class_code_as_input_is_embedded() -> None:
    net = NetworkBuilder()
    net.add("Output", net.add("Linear", net.add("Input", field="binary")), name="out")
    assert titles(net.network, "dtype")[0] == "Insert Embedding"


def test_two_classes_and_one_score_offer_the_binary_loss() -> None:
    net = NetworkBuilder()
    score = net.add("Linear", net.add("Input", field="vector"), out_features=1, name="score")
    net.add("CrossEntropyLoss", score, net.add("Input", field="binary"), name="loss")
    net.add("Output", score)
    found = titles(net.network, "size")
    assert "Use BCEWithLogitsLoss: one output, binary target" in found
    assert "Give score 2 outputs" in found


def test_a_number_as_target_of_a_loss_for_classes_offers_the_loss_for_numbers() -> None:
    network = regression()
    loss = network.named("error")
    broken = edits.replace_layer(loss.id, load()["CrossEntropyLoss"]())(network)
    assert titles(broken, "dtype")[0] == "Use MSELoss"


def test_a_label_that_both_loss_and_metric_lack_comes_back_to_both() -> None:
    network = mlp()
    broken = edits.remove([network.named("label").id])(network)
    _, _, found = first(broken, "unconnected")
    assert found[0].title == "Add an Input for the field label"
    assert not resolve(found[0].edit(broken), FIELDS).errors


def test_a_port_is_fed_from_what_was_cut_off() -> None:
    network = cnn()
    node = network.named("tanh2")
    broken = edits.remove([node.id])(network)
    assert titles(broken, "unconnected")[0] == "Connect conv2d2"


def test_a_loop_is_cut_where_nothing_else_breaks() -> None:
    network = residual()
    late, early = network.named("conv2d4"), network.named("sum1")
    looped = replace(network, wires=(*network.wires, Wire(late.id, "output", early.id, "input")))
    _, problem, found = first(looped, "cycle")
    mended = resolve(found[0].edit(looped), FIELDS)
    assert not mended.errors, found[0].title
    assert problem.code == "cycle"


def test_a_layer_type_that_is_missing_offers_one_of_a_like_name() -> None:
    network = mlp()
    node = network.named("relu")
    odd = Placeholder({"type": "ReLU7", "version": 1, "parameters": {}}, "this program has no layer type 'ReLU7'")
    lacking = replace(network, nodes={**network.nodes, node.id: replace(node, layer=odd)})
    assert titles(lacking, "unknown-layer")[0] == "Put a ReLU in its place"


def test_a_network_without_a_loss_gets_one_for_its_data_with_its_target() -> None:
    network = mlp()
    bare = edits.remove([network.named("loss").id])(network)
    resolution, _, found = first(bare, "no-loss")
    assert found[0].title == "Add CrossEntropyLoss on label"
    assert not resolve(found[0].edit(bare), FIELDS, resolution).errors


def test_a_branch_that_goes_nowhere_is_taken_away_whole() -> None:
    network = mlp()
    dead = edits.chain(
        edits.add(network.named("scores").layer, id="a", name="side"),
        edits.add(network.named("relu").layer, id="b", name="bend"),
        edits.connect(network.named("flatten").id, "output", "a", "input"),
        edits.connect("a", "output", "b", "input"),
    )(network)
    _, problem, found = first(dead, "unused")
    assert problem.node == "b"
    assert found[0].title == "Delete the branch of 2 layers that ends in bend"
    assert found[0].edit(dead).nodes.keys() == network.nodes.keys()


def test_a_misspelt_field_is_mended_by_the_nearest_name() -> None:
    assert titles(changed(mlp(), "grey", field="gray"), "no-field")[0] == "Use the field grey"


def test_sizes_that_disagree_at_run_time_are_told_with_an_example() -> None:
    net = NetworkBuilder()
    x = net.add("Permute", net.add("Input", field="series"))
    short = net.add("Conv1d", x, out_channels=6, stride=2, padding=1, name="short")
    net.add("Output", net.add("Add", short, net.add("MaxPool1d", x), name="sum"))
    _, problem, found = first(net.network, "size")
    assert "6×⌈T/2⌉, 6×⌊T/2⌋" in problem.message
    assert "(for a sequence of length 7: 4 against 3)" in problem.message
    assert found


def test_a_softmax_before_a_loss_that_has_its_own_is_a_warning_that_taking_it_away_mends() -> None:
    network = mlp()
    (wire,) = (wire for wire in network.incoming[network.named("loss").id] if wire.input == "prediction")
    bent = edits.insert_on(wire, load()["Softmax"](), name="softmax")(network)
    _, problem, found = first(bent, "softmax-before-loss")
    assert "loss (CrossEntropyLoss) has a softmax of its own and is fed by softmax (Softmax)" in problem.message
    assert found[0].title == "Remove softmax"
    assert not resolve(found[0].edit(bent), FIELDS).problems


def test_a_network_that_is_frozen_whole_is_a_warning_that_one_click_ends() -> None:
    network = mlp()
    still = edits.set_frozen([node.id for node in network.nodes.values() if node.name.startswith(("linear", "scores"))])
    _, problem, found = first(still(network), "frozen")
    assert problem.severity == "warning"
    assert [fix.title for fix in found] == ["Let scores learn", "Let all layers learn"]
