"""A layer whose outputs follow from a parameter: what happens to its wires when there are fewer or more."""

from __future__ import annotations

from nnstudio.compile.resolve import resolve
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import layer_from_json, layer_to_json, load


def three_parts() -> tuple[NetworkBuilder, str]:
    net = NetworkBuilder()
    made = net.add("Chunk", net.add("Input", shape=(12,)), parts=3, name="chunk")
    for place in (1, 2, 3):
        net.add("Output", PortHandle(made.node, f"part{place}", ()), name=f"out{place}")
    return net, made.node


def test_wires_of_outputs_that_went_are_gone_and_the_others_stay() -> None:
    net, id = three_parts()
    fewer = edits.set_params(id, parts=2)(net.network)
    assert [wire.output for wire in fewer.outgoing[id]] == ["part1", "part2"]
    assert list(fewer.nodes[id].layer.outputs) == ["part1", "part2"]


def test_more_outputs_leave_every_wire_where_it_is() -> None:
    net, id = three_parts()
    more = edits.set_params(id, parts=4)(net.network)
    assert more.wires == net.network.wires
    resolution = resolve(more)
    assert not resolution.errors
    assert [type.per_sample() for type in resolution.nodes[id].outputs.values()] == ["3", "3", "3", "3"]


def test_outputs_are_there_again_when_a_file_is_read() -> None:
    split = load()["Split"](sizes=(1, 2, -1))
    read = layer_from_json(layer_to_json(split))
    assert read == split
    assert list(read.outputs) == ["part1", "part2", "part3"]
    assert list(split.with_(axis=2).outputs) == list(split.outputs)
