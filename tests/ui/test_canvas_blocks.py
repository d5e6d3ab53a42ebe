"""Blocks under the hand: opened in place, edited once for all, found and dropped like layers, exposing parameters."""

from __future__ import annotations

import pytest
from hands import Hands
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnstudio.graph import edits
from nnstudio.graph.blocks import in_block, make_block
from nnstudio.graph.parameters import expose
from nnstudio.ui.inspect_blocks import DefinitionName
from nnstudio.ui.offered import block_types, key_of, offered_types
from nnstudio.ui.palette import PalettePanel


@pytest.fixture
def blocky(hands: Hands) -> Hands:
    """The small network with ``hidden`` and ``active`` in a block named Head."""
    ids = [hands.id("hidden"), hands.id("active")]
    hands.session.do("block", make_block(ids, "Head", id="b"))
    hands.resolve()
    hands.view.fit()
    return hands


def palette_names(panel: PalettePanel) -> list[str]:
    rows = (panel.model.type_at(panel.model.index(row)) for row in range(panel.model.rowCount()))
    return [cls.type_name() for cls in rows if cls is not None]


def test_a_double_click_opens_a_block_in_place(blocky: Hands) -> None:
    blocky.double_click(blocky.at("head"))
    assert blocky.session.scope.block == "Head"
    assert {"hidden", "active"} < blocky.names()
    assert set(blocky.view.canvas.places) == set(blocky.session.network.nodes)
    assert blocky.view.seen().contains(blocky.view.canvas.content_rect())


def test_enter_opens_a_block_and_the_inside_is_edited_for_every_copy(blocky: Hands) -> None:
    blocky.click(blocky.at("head"))
    blocky.key(Qt.Key.Key_Return)
    blocky.click(blocky.at("active"))
    blocky.key(Qt.Key.Key_R)
    blocky.type("tanh")
    inside = blocky.session.sheet.network.blocks["Head"]
    assert "Tanh" in {node.layer.type_name() for node in inside.nodes.values()}
    assert blocky.session.sheet.network.by_name["head"].layer.definition == "Head"
    blocky.session.undo()
    inside = blocky.session.sheet.network.blocks["Head"]
    assert "Tanh" not in {node.layer.type_name() for node in inside.nodes.values()}


def test_a_block_is_found_by_name_and_typed_with_its_repeats(blocky: Hands) -> None:
    blocky.double_click(blocky.void())
    blocky.type("head x3")
    again = blocky.session.network.named("head2").layer
    assert (again.definition, again.repeat) == ("Head", 3)


def test_a_block_is_dropped_from_the_palette_onto_a_wire(blocky: Hands) -> None:
    (block,) = block_types(blocky.session.sheet.network)
    wire = blocky.session.network.incoming[blocky.id("scores")][0]
    x, y = blocky.view.canvas.wires.routes[wire].anchors[0]
    blocky.drop(key_of(block), blocky.view.mapFromScene(x, y))
    wires = {(a, b) for a, b, _ in blocky.wires()}
    assert {("head", "head2"), ("head2", "scores")} <= wires


def test_a_definition_is_not_offered_inside_itself(blocky: Hands) -> None:
    blocky.session.open_block("b")
    assert blocky.view.type_of("block:Head") is None
    blocky.double_click(blocky.void())
    QTest.keyClicks(blocky.view.quick_add_box.field, "block input")
    offered = blocky.view.quick_add_box.model
    assert "BlockInput" in {offered.data(offered.index(row)) for row in range(offered.rowCount())}


def test_the_palette_shows_the_projects_blocks(blocky: Hands, qtbot) -> None:  # type: ignore[no-untyped-def]
    panel = PalettePanel(blocky.session)
    qtbot.addWidget(panel)
    assert "Head" in palette_names(panel)
    assert "BlockInput" not in palette_names(panel)
    blocky.session.open_block("b")
    assert "Head" not in palette_names(panel)
    assert "BlockInput" in palette_names(panel)
    blocky.session.undo()
    assert "Head" not in palette_names(panel)


def test_what_stands_for_something_else_is_not_in_the_palette() -> None:
    assert not {"Block", "Shared"} & {cls.type_name() for cls in offered_types()}


def test_a_parameter_inside_is_exposed_on_the_block(blocky: Hands) -> None:
    blocky.session.open_block("b")
    blocky.click(blocky.at("hidden"))
    blocky.view.expose("out_features")
    field = blocky.view.name_field
    assert field.text() == "out_features"
    field.setText("width")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert blocky.session.network.named("hidden").expression("out_features") == "width"
    block = blocky.session.sheet.network.by_name["head"].layer
    assert "width" in block.params
    assert block.width == blocky.session.network.named("hidden").layer.out_features
    assert "out_features" not in blocky.view.blocks.exposable(blocky.id("hidden"))


def test_a_layer_inside_shows_the_sizes_of_the_copy_that_was_opened(blocky: Hands) -> None:
    session = blocky.session
    inside = session.network.blocks["Head"].named("hidden").id
    session.do("expose", in_block("Head", expose([(inside, "out_features")], "width")))
    session.do("widen", edits.set_params("b", width=96))
    blocky.resolve()
    session.open_block("b")
    assert blocky.view.canvas.face(blocky.id("hidden")).subtitle == "Linear · 96"


def test_the_name_of_a_new_block_stays_selected_until_it_is_typed_over(blocky: Hands, qtbot) -> None:  # type: ignore[no-untyped-def]
    field = DefinitionName(blocky.session, "Head")
    qtbot.addWidget(field)
    qtbot.addWidget(field.error)
    field.show()
    field.selectAll()
    field.show_name("Head")  # as after every resolution
    assert field.selectedText() == "Head"
    QTest.keyClicks(field, "Refine")
    assert field.text() == "Refine"
