"""Going to a layer by its name, wherever it is."""

from __future__ import annotations

import pytest
from hands import Hands, small_network
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnstudio.graph.blocks import in_block, make_block
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet
from nnstudio.ui import going
from nnstudio.ui.session import Session

Key = Qt.Key


@pytest.fixture
def nested(window):  # type: ignore[no-untyped-def]
    """A window with ``hidden`` in the block Inner, which with ``active`` is in the block Outer."""
    session = window.session
    session.new(Sheet(network=small_network()))
    window.show_workspace()
    hidden, active = (session.network.named(name).id for name in ("hidden", "active"))
    session.do("outer", make_block([hidden, active], "Outer", id="o"))
    session.do("inner", in_block("Outer", make_block([hidden], "Inner", id="i")))
    return window


def titles(session: Session) -> list[str]:
    return [command.title for command in going.commands(session)]


def test_layers_inside_blocks_are_found_under_their_path(nested) -> None:  # type: ignore[no-untyped-def]
    found = titles(nested.session)
    assert "scores" in found
    assert "outer › active" in found
    assert "outer › inner › hidden" in found
    assert found.index("scores") < found.index("outer › active") < found.index("outer › inner › hidden")


def test_what_is_chosen_is_shown_in_its_blocks_tab(nested) -> None:  # type: ignore[no-untyped-def]
    session = nested.session
    nested.actions_table.trigger("go_to_node")
    QTest.keyClicks(nested._palette.field, "hidden")
    QTest.keyClick(nested._palette.field, Key.Key_Return)
    assert session.scope.block == "Inner"
    assert {session.network.nodes[id].name for id in session.selection} == {"hidden"}
    assert len(session.scopes.tabs) == 2
    assert [name for name, _ in session.scopes.around(session.sheet)] == ["outer", "inner"]


def test_from_inside_a_block_the_way_leads_out_too(nested) -> None:  # type: ignore[no-untyped-def]
    session = nested.session
    session.open_block("o")
    found = titles(session)
    assert found[0] not in ("features", "label")
    assert "scores" in found
    assert found.count("active") == 1
    assert "outer › active" not in found
    nested.actions_table.trigger("go_to_node")
    QTest.keyClicks(nested._palette.field, "scores")
    QTest.keyClick(nested._palette.field, Key.Key_Return)
    assert not session.scope.block
    assert {session.network.nodes[id].name for id in session.selection} == {"scores"}


def test_of_a_resnet_every_inner_layer_is_found(hands: Hands) -> None:
    session = hands.session
    session.replace_sheet(Project.new("resnet-50").sheet)
    inner = {node.name for block in session.sheet.network.blocks.values() for node in block.nodes.values()}
    assert inner
    assert inner <= {title.rpartition(going.INTO)[2] for title in titles(session)}
