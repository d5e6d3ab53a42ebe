"""What a network has worked out (wires by node, nodes by name) is taken over by the next one, and is right there."""

import random

import pytest

from nnstudio.graph import Document, EditError, Network, Node, View, Wire, edits, naming
from nnstudio.graph.changes import differing, exchanged, missing, swapped
from nnstudio.graph.rewiring import put_at, put_in_place, reconnect
from nnstudio.layers import load
from nnstudio.project.sheet import Sheet

KINDS = ("Linear", "ReLU", "Add", "Concatenate", "Input", "MSELoss")


def ask(network: Network) -> None:
    """Have it work out all that it can."""
    assert network.incoming is not None
    assert network.outgoing is not None
    assert network.by_name is not None
    network.look_up()


def is_true(network: Network) -> None:
    """What it says is what a network says that was made of the same nodes and wires."""
    fresh = Network(network.nodes, network.wires)
    assert dict(network.incoming) == dict(fresh.incoming)
    assert dict(network.outgoing) == dict(fresh.outgoing)
    assert dict(network.by_name) == dict(fresh.by_name)
    for role in ("layer", "input", "loss"):
        assert network.of_role(role) == tuple(node for node in network.nodes.values() if node.layer.role == role)
    for wanted in ("linear", "relu", "name3"):
        assert naming.free_name(network, wanted) == naming.name_free_of(fresh.by_name, wanted)
    for id in network.nodes:
        reached = fresh.descendants([id])
        assert {other for other in network.nodes if network.leads(id, other)} == reached


def some_edit(network: Network, chance: random.Random) -> edits.Edit:
    ids, kind = list(network.nodes), chance.choice(KINDS)
    layer = load()[kind].make({})
    if len(ids) < 4:
        return edits.add(layer)
    one, other = chance.sample(ids, 2)
    input = next(iter(network.nodes[other].layer.inputs), "none")
    choices = [
        edits.add(layer),
        edits.connect(one, "output", other, input),
        edits.connect(one, "output", other, input),
        edits.connect(one, "output", other, input),
        edits.rename(one, f"name{chance.randrange(30)}"),
        edits.set_bypassed([one], chance.random() < 0.5),
        edits.remove([one]),
        edits.bridge([one, other]),
        edits.swap(one, other),
        edits.replace_layer(one, layer),
        put_in_place(one, layer),
        edits.insert(network.part([one, other])),
    ]
    if network.wires:
        wire = chance.choice(network.wires)
        choices += [
            edits.disconnect([wire]),
            edits.insert_on(wire, layer),
            reconnect(wire, Wire(one, "output", wire.target, wire.input)),
            put_at(wire, chance.randrange(3)),
        ]
    return chance.choice(choices)


@pytest.mark.parametrize("seed", range(12))
def test_after_any_edit_wires_and_names_are_found_as_if_looked_for_anew(seed: int) -> None:
    chance, network = random.Random(seed), Network()
    for _ in range(60):
        ask(network)
        try:
            network = some_edit(network, chance)(network)
        except (EditError, KeyError):
            continue
        is_true(network)


@pytest.mark.parametrize("seed", range(4))
def test_after_undo_and_redo_too(seed: int) -> None:
    chance, document = random.Random(seed), Document(Sheet(Network(), View()))
    for _ in range(80):
        ask(document.network)
        if document.position and chance.random() < 0.4:
            document.go_to(chance.randrange(len(document.steps) + 1))
        else:
            try:
                document.do("Edit", some_edit(document.network, chance))
            except (EditError, KeyError):
                continue
        is_true(document.network)


def test_of_a_wire_that_is_there_twice_one_is_replaced_and_both_are_removed() -> None:
    wire, twin, other = (
        Wire("a", "output", "b", "input"),
        Wire("a", "output", "b", "input"),
        Wire("c", "o", "b", "input"),
    )
    network = Network({}, (wire, twin))
    assert network.with_wires({wire: (other,)}).wires == (other, twin)
    assert network.with_wires({wire: ()}).wires == ()


@pytest.mark.parametrize("seed", range(3))
def test_what_differs_between_two_large_networks_is_remembered_rightly(seed: int) -> None:
    chance, relu = random.Random(seed), load()["ReLU"]
    network = Network({str(at): Node(str(at), f"n{at}", relu.make({})) for at in range(600)})
    past = [network]
    for turn in range(60):
        ids = chance.sample(list(network.nodes), 3)
        network = chance.choice((
            edits.set_bypassed(ids[:2]), edits.remove(ids[:1]), edits.add(relu.make({}), id=f"new{turn}"),
            edits.remove(ids) if network.leads(ids[1], ids[0]) else edits.connect(ids[0], "output", ids[1], "input"),
            edits.chain(edits.set_frozen(ids, False), edits.set_bypassed(ids, False)),
        ))(network)  # fmt: skip
        past.append(network)
        old, new = chance.sample([*past[-6:], past[0]], 2)
        assert set(differing(old.nodes, new.nodes)) == {
            id for id, node in new.nodes.items() if old.nodes.get(id) is not node
        }
        assert set(missing(old.nodes, new.nodes)) == old.nodes.keys() - new.nodes.keys()


@pytest.mark.parametrize("seed", range(20))
def test_what_two_steps_exchange_in_all_is_remembered_rightly(seed: int) -> None:
    chance = random.Random(seed)
    first = tuple(object() for _ in range(600))

    def stepped(wires: tuple[object, ...]) -> tuple[object, ...]:
        gone = chance.sample(range(len(wires)), 3)
        new = [object(), object(), *chance.sample(first, 3)]
        came = [each for each in new if each not in wires]
        after = (*(each for place, each in enumerate(wires) if place not in gone), *came)
        exchanged(wires, after, [wires[place] for place in gone], came)
        return after

    second = stepped(first)
    third = stepped(second)
    gone, came = swapped(first, third)
    assert set(gone) == set(first) - set(third)
    assert set(came) == set(third) - set(first)
    back = swapped(third, first)
    assert (set(back[0]), set(back[1])) == (set(came), set(gone))
