"""Copies as text: readable, whole, and pasted from wherever the text has been."""

from __future__ import annotations

import json
import textwrap

import pytest
from hands import CTRL, Hands, small_network
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from nnstudio.graph import Network, edits, view
from nnstudio.graph.blocks import make_block
from nnstudio.graph.parameters import set_expression, set_network_parameter
from nnstudio.layers import load
from nnstudio.layers.blocks import Block


def copied(hands: Hands, *names: str) -> str:
    hands.session.select([hands.id(name) for name in names])
    hands.key(Qt.Key.Key_C, CTRL)
    return QGuiApplication.clipboard().text()


def pasted(hands: Hands, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    hands.key(Qt.Key.Key_V, CTRL)


def quoted(text: str) -> str:
    return "".join(f"> {line}\n" for line in text.splitlines())


def by_a_phone(text: str) -> str:
    opening = iter("\u201c\u201d" * text.count('"'))
    return "".join(next(opening) if letter == '"' else letter for letter in text)


def broken_at_60(text: str) -> str:
    return "\n".join("\n".join(textwrap.wrap(line, 60, break_on_hyphens=False)) for line in text.splitlines())


@pytest.mark.parametrize(
    "sent", [str, quoted, lambda text: quoted(quoted(text)), by_a_phone, broken_at_60,
             lambda text: f"See {{this}}:\n\n{text}\n\nBest {{regards}}", lambda text: json.dumps(json.loads(text))],
    ids=["as it is", "quoted", "quoted twice", "curly quotes", "broken lines", "text around it", "one line"],
)  # fmt: skip
def test_a_copy_is_pasted_from_an_email(hands: Hands, sent: object) -> None:
    text = copied(hands, "hidden", "active")
    hands.show(Network())
    pasted(hands, sent(text))  # type: ignore[operator]
    assert hands.names() == {"hidden", "active"}
    assert hands.wires() == {("hidden", "active", "input")}


def test_a_copy_keeps_flags_bends_frames_and_distances(hands: Hands) -> None:
    hidden, active = hands.id("hidden"), hands.id("active")
    wire = hands.session.network.incoming[active][0]
    hands.session.do("freeze", edits.set_frozen([hidden]))
    hands.session.do("bypass", edits.set_bypassed([active]))
    hands.session.do("bend", view=view.set_route(wire, [(1.0, 2.0)]))
    hands.session.do("frame", view=view.put_frame(view.Frame("f", "Head", frozenset({hidden, active}))))
    across = hands.place("active")[0] - hands.place("hidden")[0]
    text = copied(hands, "hidden", "active")
    hands.show(Network())
    pasted(hands, text)
    named = hands.session.network.named
    assert named("hidden").frozen
    assert named("active").bypassed
    (led,) = hands.session.view.routes
    assert (led.source, led.target) == (hands.id("hidden"), hands.id("active"))
    (frame,) = hands.session.view.frames.values()
    assert (frame.title, frame.members) == ("Head", frozenset({hands.id("hidden"), hands.id("active")}))
    assert hands.place("active")[0] - hands.place("hidden")[0] == across


def test_an_expression_is_pasted_where_its_parameter_is_known_and_else_its_value(hands: Hands) -> None:
    hands.session.do("width", set_network_parameter("width", 24))
    hands.session.do("use", set_expression(hands.id("hidden"), "out_features", "2*width"))
    text = copied(hands, "hidden")
    pasted(hands, text)
    assert hands.session.network.named("hidden2").expression("out_features") == "2*width"
    hands.show(Network())
    pasted(hands, text)
    node = hands.session.network.named("hidden")
    assert (node.expression("out_features"), node.layer.out_features) == ("", 48)


def test_a_block_brings_its_definition_into_another_window(hands: Hands) -> None:
    hands.session.do("block", make_block([hands.id("hidden"), hands.id("active")], "Head", id="b"))
    text = copied(hands, "head")
    hands.show(Network())
    pasted(hands, text)
    block = hands.session.network.named("head").layer
    assert isinstance(block, Block)
    assert {node.layer.type_name() for node in hands.session.network.blocks["Head"].nodes.values()} >= {
        "Linear",
        "ReLU",
    }
    assert list(block.inputs) == ["input"]


def test_a_block_of_a_name_that_means_something_else_here_is_called_otherwise(hands: Hands) -> None:
    hands.session.do("block", make_block([hands.id("hidden"), hands.id("active")], "Head", id="b"))
    text = copied(hands, "head")
    hands.show(small_network())
    hands.session.do("other", make_block([hands.id("scores")], "Head", id="c"))
    pasted(hands, text)
    assert set(hands.session.network.blocks) == {"Head", "Head2"}
    assert hands.session.network.named("head2").layer.definition == "Head2"
    pasted(hands, text)
    assert set(hands.session.network.blocks) >= {"Head", "Head2"}


def test_text_of_the_first_version_is_still_pasted(hands: Hands) -> None:
    layer = {"type": "Linear", "version": 1, "parameters": {"out_features": 5}}
    old = {
        "format": "nnstudio part", "version": 1, "wires": [["a", "output", "b", "input"]],
        "nodes": [{"id": id, "name": id, "at": [0, 0] if id == "a" else None, "layer": layer} for id in "ab"],
    }  # fmt: skip
    hands.show(Network())
    pasted(hands, json.dumps(old))
    assert hands.wires() == {("a", "b", "input")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no layers"),
        ("hello", "holds no layers"),
        ('{"format": "nnstudio part", "version": 99, "network": {}}', "newer"),
        ('{"format": "nnstudio part", "version": 2, "network": {"nodes": 3, "wires": []}}', "damaged"),
        ('{"format": "nnstudio part", "version": 2, "netw', "damaged"),
        ('{"format": "nnstudio part", "version": 1, "nodes": [{"id": 3}], "wires": []}', "damaged"),
        ('{"format": "nnstudio part", "version": 2, "network": {"nodes": [], "wires": []}}', "holds no layers"),
        ("{" * 100_000 + '"nnstudio part"', "damaged"),
    ],
)
def test_what_cannot_be_pasted_is_said_in_one_sentence(hands: Hands, qtbot: QtBot, text: str, said: str) -> None:
    before = hands.session.network
    with qtbot.waitSignal(hands.session.notice) as told:
        pasted(hands, text)
    assert said in told.args[1]
    assert hands.session.network is before


def test_every_layer_type_survives_a_copy(hands: Hands) -> None:
    types = [cls for cls in load() if cls.role not in ("block", "shared", "port")]
    network = Network()
    for cls in types:
        network = edits.add(cls.make({}))(network)
    hands.show(network)
    hands.session.select(network.nodes)
    hands.key(Qt.Key.Key_C, CTRL)
    text = QGuiApplication.clipboard().text()
    hands.show(Network())
    pasted(hands, text)
    assert [node.layer for node in hands.session.network.nodes.values()] == [cls.make({}) for cls in types]
