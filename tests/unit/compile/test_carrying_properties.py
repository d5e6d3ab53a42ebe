"""Whatever is edited: what was not touched keeps its weights to the bit, and what is told of the others is true.

Trained weights are whole numbers from 2 on, each of them once, so that a number tells where it comes from; the start
of a new weight holds none of them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnstudio.compile import features
from nnstudio.compile.carrying import Carried, carry
from nnstudio.compile.lower import Compiled, CompileError, compile_network
from nnstudio.compile.resolve import Resolution, resolve
from nnstudio.graph import EditError, Network, edits
from nnstudio.graph.blocks import make_block, unpack_block
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import ParameterError, load
from nnstudio.layers.blocks import Block
from tests.unit.compile.carried import FIELDS, answers, edited, inputs, trained, weights

VECTOR = ("Linear", "ReLU", "LayerNorm", "BatchNorm1d", "Concatenate", "Add", "Dropout", "PReLU")
IMAGE = ("Conv2d", "ReLU", "BatchNorm2d", "GroupNorm", "Concatenate", "Add", "ConvTranspose2d")
SERIES = ("Linear", "LSTM", "GRU", "LayerNorm", "Concatenate", "TransformerEncoderLayer", "MultiheadAttention")
KINDS = {"vector": VECTOR, "image": IMAGE, "series": SERIES}
#: What a layer is made with, so that all that follow fit.
PARAMS: dict[str, dict[str, Any]] = {
    "Conv2d": {"padding": "same"}, "ConvTranspose2d": {"kernel_size": 3, "stride": 1, "padding": 1},
    "Concatenate": {"axis": -1}, "GroupNorm": {"num_groups": 1}, "Dropout": {"p": 0.0},
    "TransformerEncoderLayer": {"nhead": 1, "dim_feedforward": 5, "dropout": 0.0},
    "MultiheadAttention": {"num_heads": 1},
}  # fmt: skip
#: Parameters that say how much there is of a layer.
WIDTHS = ("out_features", "out_channels", "hidden_size", "num_layers", "dim_feedforward", "kernel_size")
SWITCHES = ("bias", "bidirectional")
#: Edits after which a network does what it did; those that leave the order of what is joined; all.
SAME = "box box unpack unpack rename there_and_back"
ORDERED = f"{SAME} insert insert bridge widen bypass replace repeat share"
ALL = f"{ORDERED} rejoin rejoin"


def made(name: str, field: str, width: int) -> Any:
    values = dict(PARAMS.get(name, {}))
    if name == "Concatenate" and field == "image":
        values = {"axis": 1}
    layer = load()[name]
    values |= {each: width for each in ("out_features", "out_channels", "hidden_size") if each in layer.params}
    return layer(**values)


def drawing(chance: random.Random) -> Network:
    """Layers of a few kinds, each after one or several that were there before."""
    net, field = NetworkBuilder(), chance.choice(list(KINDS))
    handles = [net.add("Input", field=field, name=field)]
    for at in range(chance.randint(2, 8)):
        name = chance.choice(KINDS[field])
        joins = name in ("Concatenate", "Add")
        sources = [chance.choice(handles[-2:])]
        if joins and len(handles) == 1:
            continue
        if joins:
            sources = chance.sample(handles, chance.randint(2, min(3, len(handles))))
        elif name == "MultiheadAttention":
            sources *= 3
        layer = made(name, field, chance.choice((3, 4, 4, 4, 6)))
        handle = net.add(name, *sources, name=f"n{at}", **layer.values())
        handles.append(handle if not isinstance(handle, tuple) else handle[0])
    last = handles[-1]
    if chance.random() < 0.7:
        if field == "image":
            last = net.add("Flatten", last, name="flat")
        last = net.add("Linear", last, out_features=4, name="scores")
    net.add("Output", last, name="answer")
    return net.network


class Person:
    """Edits a drawing as a person might."""

    def __init__(self, chance: random.Random, network: Network) -> None:
        self.chance, self.network = chance, network
        self.field = network.of_role("input")[0].name

    def node(self) -> str:
        """A layer of the drawing."""
        return self.chance.choice([node.id for node in self.network.nodes.values() if node.layer.role != "input"])

    def insert(self) -> edits.Edit:
        layer = made(self.chance.choice(KINDS[self.field]), self.field, self.chance.choice((3, 4, 4)))
        return edits.insert_on(self.chance.choice(self.network.wires), layer)

    def bridge(self) -> edits.Edit:
        return edits.bridge([self.node()])

    def rejoin(self) -> edits.Edit:
        """Delete a layer's wire and draw it again."""
        wire = self.chance.choice(self.network.wires)
        return edits.chain(edits.disconnect([wire]), edits.connect(*wire))

    def box(self) -> edits.Edit:
        return make_block({self.node() for _ in range(self.chance.randint(1, 4))}, f"B{len(self.network.blocks)}")

    def unpack(self) -> edits.Edit:
        return unpack_block(self.block())

    def repeat(self) -> edits.Edit:
        return edits.set_params(self.block(), repeat=self.chance.randint(1, 3))

    def share(self) -> edits.Edit:
        return edits.set_params(self.block(), weights=self.chance.choice(("own", "shared")))

    def block(self) -> str:
        blocks = [node.id for node in self.network.nodes.values() if isinstance(node.layer, Block)]
        return self.chance.choice(blocks) if blocks else self.node()

    def widen(self) -> edits.Edit:
        node = self.network.nodes[self.node()]
        params = getattr(node.layer, "params", {})
        known = [name for name in (*WIDTHS, *SWITCHES) if name in params]
        name = self.chance.choice(known) if known else "bias"
        value = self.chance.random() < 0.5 if name in SWITCHES else self.chance.choice((1, 2, 3, 4, 5, 8))
        return edits.set_params(node.id, **{name: value})

    def bypass(self) -> edits.Edit:
        return edits.set_bypassed([self.node()], self.chance.random() < 0.7)

    def rename(self) -> edits.Edit:
        return edits.rename(self.node(), self.chance.choice(("a", "b", "n0", "n1", "scores")))

    def replace(self) -> edits.Edit:
        return edits.replace_layer(self.node(), made(self.chance.choice(KINDS[self.field]), self.field, 4))

    def there_and_back(self) -> edits.Edit:
        node = self.network.nodes[self.node()]
        other = made(self.chance.choice(KINDS[self.field]), self.field, 4)
        turn = edits.chain(edits.replace_layer(node.id, other), edits.replace_layer(node.id, node.layer))
        return turn if set(turn(self.network).wires) == set(self.network.wires) else edits.chain()


def after(network: Network, chance: random.Random, count: int, kinds: str) -> Network:
    """The network after a few edits of these kinds that can be made."""
    for _ in range(count):
        try:
            network = getattr(Person(chance, network), chance.choice(kinds.split()))()(network)
        except (EditError, ParameterError, IndexError):  # or there is nothing of what it takes
            continue
    return network


def numbered(compiled: Compiled) -> dict[str, Any]:
    """Weights in which each number stands once."""
    state, at = {}, 2
    for key, value in weights(compiled).items():
        if value.dtype == np.float32:
            state[key] = np.arange(at, at + value.size, dtype=np.float32).reshape(value.shape)
            at += value.size
        else:
            state[key] = value
    return state


def check_what_is_told(
    carried: Carried, now: Mapping[str, Any], old: Mapping[str, Any], start: Mapping[str, Any]
) -> None:
    """Compare what is told of each weight with its numbers."""
    where = {number: key for key, value in old.items() if value.dtype == np.float32 for number in value.flat}
    used: set[str] = set()
    for part in carried.parts:
        came: set[str] = set()
        for key, what in part.weights.items():
            if now[key].dtype != np.float32:
                continue
            numbers = [number for number in now[key].flat if number in where]
            origins = {where[number] for number in numbers}
            came |= origins
            if what == "fresh":
                assert np.array_equal(now[key], start[key]), key
                continue
            assert len(origins) == 1, (key, what, origins)
            source = old[origins.pop()]
            assert len(set(numbers)) == len(numbers), key
            whole = set(numbers) == set(source.flat)
            assert what == ("cut" if not whole else "kept" if now[key].size == len(numbers) else "grown"), key
            assert what != "kept" or now[key].shape == source.shape, key
        used |= came
        owners = {key.removesuffix(f".{end}") for key in came for end in ends(part, now) if key.endswith(f".{end}")}
        assert len(owners) <= 1, owners
        whats = {what for key, what in part.weights.items() if now[key].dtype == np.float32}
        if part.state == "kept":
            assert whats <= {"kept"}, part
        elif part.state in ("fresh", "grown"):
            assert "cut" not in whats, part
            assert part.state != "fresh" or whats <= {"fresh"}, part
        if part.state in ("kept", "grown"):
            owned = {
                key for owner in owners for key in old if key.startswith(f"{owner}.") and old[key].dtype == np.float32
            }
            assert owned == came, part
        assert (part.detail == "") == (part.state == "kept")
        if part.state not in ("kept", "fresh", "lost"):
            named = [key for key, what in part.weights.items() if what == "fresh" and now[key].dtype == np.float32]
            assert all(key.removeprefix(f"{part.name}.") in part.detail for key in named), part
    for part in carried.of("lost"):
        assert not {key for key in used if key.startswith(f"{part.name}.")}, part


def ends(part: Any, now: Mapping[str, Any]) -> set[str]:
    return {key.removeprefix(f"{part.name}.") for key in part.weights if now[key].dtype == np.float32}


def fed(resolution: Resolution, id: str) -> list[Any]:
    """The sizes of all that arrives at a node, and of the pieces that they are joined of."""
    wires = resolution.flat.incoming.get(id, ())
    types = [resolution.nodes[wire.source].outputs[wire.output] for wire in wires]
    pieces = [features.leaving(resolution, w.source, w.output, axis) for w in wires for axis in (1, types[0].rank - 1)]
    return [*(type.sizes for type in types), *([piece.size for piece in each] for each in pieces)]


def untouched(was: Compiled, now: Compiled) -> list[tuple[str, str]]:
    """Ids, before and now, of nodes with weights that are surely the same and read as much as they did: their own id is
    there once before and once now, wherever they stand."""
    before: dict[str, list[str]] = {}
    present: dict[str, list[str]] = {}
    for ids, compiled in ((before, was), (present, now)):
        for id in compiled.network.nodes:
            ids.setdefault(id.rpartition("/")[2], []).append(id)
    pairs = [(before[end][0], ids[0]) for end, ids in present.items() if len(ids) == len(before.get(end, ())) == 1]
    return [
        (old, new)
        for old, new in pairs
        if old in was.modules and new in now.modules and new not in now.resolution.expansion.shared
        if was.network.nodes[old].layer == now.network.nodes[new].layer
        if fed(was.resolution, old) == fed(now.resolution, new)
    ]


QUICK = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 6))
def test_what_is_told_of_each_weight_is_what_happened_and_untouched_layers_keep_theirs(seed: int, count: int) -> None:
    chance = random.Random(seed)
    network = drawing(chance)
    rejoins = chance.random() < 0.4
    edit = after(network, chance, count, ALL if rejoins else ORDERED)
    try:
        before, compiled = (compile_network(each, FIELDS, number) for number, each in ((1, network), (2, edit)))
    except CompileError:
        return
    old, start = numbered(before), weights(compiled)
    carried = carry(compiled, old, resolve(network, FIELDS))
    now = weights(compiled)
    check_what_is_told(carried, now, old, start)
    for first, then in untouched(before, compiled):
        had = before.name(first)
        for key, value in compiled.modules[then].state_dict().items():
            found, was = value.numpy(), old[f"{had}.{key}"]
            if rejoins:  # columns follow what they read
                found, was = np.sort(found, axis=None), np.sort(was, axis=None)
            assert np.array_equal(found, was), (had, key)


@QUICK
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 5), times=st.integers(1, 3))
def test_blocks_names_and_a_change_that_is_taken_back_leave_every_answer(seed: int, count: int, times: int) -> None:
    chance = random.Random(seed)
    network = drawing(chance)
    network = after(network, chance, 2, SAME)
    for node in network.nodes.values():
        if isinstance(node.layer, Block) and len(node.layer.inputs) == len(node.layer.outputs) == 1:
            network = edits.set_params(node.id, repeat=times, weights=chance.choice(("own", "shared")))(network)
    edit = after(network, chance, count, SAME)
    if resolve(network, FIELDS).errors:
        return
    old = trained(network)
    compiled, carried = edited(network, old, lambda _: edit)
    assert carried.whole, carried.notes()
    given = inputs(network)
    was, _ = edited(network, old, edits.chain())
    assert torch.equal(answers(compiled, given), answers(was, given))
