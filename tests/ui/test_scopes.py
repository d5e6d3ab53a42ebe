"""What is inside a block is seen, edited and undone like the whole network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nnstudio.graph import Network, edits
from nnstudio.graph.blocks import make_block
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.view import place
from nnstudio.project.sheet import Sheet
from nnstudio.ui.scope import WHOLE, Scope
from nnstudio.ui.session import Session


def residual() -> tuple[Network, str]:
    """x → fc → act → +x → output, and the id of fc."""
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(8,))
    fc = net.add("Linear", x, out_features=8, name="fc")
    net.add("Output", net.add("Add", net.add("ReLU", fc, name="act"), x, name="plus"), name="result")
    return net.network, fc.node


@pytest.fixture
def session(qtbot):
    network, fc = residual()
    inside = [network.named(name).id for name in ("fc", "act", "plus")]
    session = Session()
    session.replace_sheet(Sheet(network=make_block(inside, "Residual", id="B")(network)))
    qtbot.waitUntil(lambda: session.settled)
    yield session, fc
    session.shut_down()


def test_a_block_that_is_opened_is_the_network_that_is_edited(session):
    session, fc = session
    session.open_block("B")
    assert session.scope == Scope("Residual", "B")
    assert set(session.network.by_name) == {"input", "fc", "act", "plus", "output"}
    assert session.do("Widen", edits.set_params(fc, bias=False))
    assert session.sheet.network.blocks["Residual"].nodes[fc].layer.bias is False
    assert session.do("Move", view=place({fc: (1.0, 2.0)}))
    assert session.sheet.view.blocks["Residual"].positions[fc] == (1.0, 2.0)
    assert session.sheet.view.positions == {}


def test_types_inside_a_block_are_those_of_the_place_from_which_it_was_opened(session, qtbot):
    session, fc = session
    session.open_block("B")
    qtbot.waitUntil(lambda: session.settled)
    assert session.resolution.nodes[fc].outputs["output"].sizes[1] == 8
    assert session.whole.nodes["B"].parameters == 72
    assert session.flat_ids(fc) == (f"B/{fc}",)


def test_an_undo_leads_to_where_the_step_was_made(session):
    session, fc = session
    session.open_block("B")
    session.do("Widen", edits.set_params(fc, bias=False))
    session.open_scope(WHOLE)
    session.undo()
    assert session.scope.block == "Residual"
    assert session.network.nodes[fc].layer.bias is True


def test_a_change_is_told_as_it_is_for_the_open_scope(session):
    session, fc = session
    session.open_block("B")
    told = []
    session.changed.connect(told.append)
    session.do("Rename", edits.rename(fc, "dense"))
    assert told[-1].before.network.nodes[fc].name == "fc"
    assert told[-1].after.network is session.network


def test_a_block_that_is_gone_is_left(session):
    network, fc = residual()
    session, _ = session
    session.replace_sheet(Sheet(network=network))
    session.do("Make block", make_block([fc], "Dense", id="D"))
    session.open_block("D")
    session.undo()
    assert session.scope == WHOLE
    assert session.scopes.tabs == (WHOLE,)


def test_what_is_selected_is_remembered_for_each_scope(session):
    session, fc = session
    session.select(["B"])
    session.open_block("B", tab=True)
    session.select([fc])
    session.open_scope(WHOLE)
    assert session.selection == {"B"}
    session.open_block("B")
    assert session.selection == {fc}
    session.close_scope(session.scope)
    assert session.scope == WHOLE


def test_the_way_to_an_open_block_is_named(session):
    session, _ = session
    session.do("Repeat", edits.set_params("B", repeat=3))
    session.open_block("B")
    assert session.scope.path == "B/0"
    assert [name for name, _ in session.scopes.around(session.sheet)] == ["residual"]


def test_a_port_renamed_inside_keeps_its_wires_outside(session):
    session, _ = session
    session.open_block("B")
    port = session.network.named("input").id
    session.do("Rename", edits.rename(port, "features"))
    assert [wire.input for wire in session.sheet.network.incoming["B"]] == ["features"]
    assert replace(session.sheet.network.nodes["B"].layer).inputs.keys() == {"features"}
