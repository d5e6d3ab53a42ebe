"""A layer used again with the same weights: by key, menu and word, with mouse and without."""

from __future__ import annotations

import pytest
from hands import FIELDS, Hands, small_network
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from nnstudio.compile.lower import compile_network
from nnstudio.graph import Network, edits
from nnstudio.layers import load
from nnstudio.layers.blocks import Shared
from nnstudio.project.sheet import Sheet
from nnstudio.ui.canvas.menus import menu_for
from nnstudio.ui.canvas.scene import Hit

Key = Qt.Key
#: Words for it, as people know it.
WORDS = ("shared", "siamese", "weight sharing", "tied")


def shared(hands: Hands) -> list[str]:
    """Names of the nodes whose weights are used again."""
    nodes = hands.session.network.nodes
    return [nodes[node.layer.of].name for node in nodes.values() if isinstance(node.layer, Shared)]


def test_the_selected_layer_is_used_again_and_is_ready_to_be_wired(hands: Hands) -> None:
    hands.session.select([hands.id("hidden")])
    hands.view.use_again()
    assert shared(hands) == ["hidden"]
    assert hands.selected() == {"hidden_again"}
    (x, y), (below_x, below_y) = hands.place("hidden"), hands.place("hidden_again")
    assert below_x == x
    assert below_y > y
    hands.resolve()
    hands.drag(hands.at("features", "outputs", "output"), hands.at("hidden_again", "inputs", "input"))
    assert ("features", "hidden_again", "input") in hands.wires()
    hands.session.undo()
    hands.session.undo()
    assert shared(hands) == []


def test_both_calls_use_the_same_parameters(hands: Hands) -> None:
    hands.session.select([hands.id("hidden")])
    hands.view.use_again()
    hands.resolve()
    hands.drag(hands.at("features", "outputs", "output"), hands.at("hidden_again", "inputs", "input"))
    assert hands.session.do("join", edits.chain(
        edits.add(load()["Add"].make({}), id="sum"),
        edits.connect(hands.id("hidden"), "output", "sum", "input"),
        edits.connect(hands.id("hidden_again"), "output", "sum", "input"),
        edits.connect("sum", "output", hands.id("active"), "input"),
    ))  # fmt: skip
    compiled = compile_network(hands.session.network, FIELDS, seed=0)
    names = {name.rpartition(".")[0] for name in compiled.training.state_dict()}
    assert names == {"hidden", "scores"}
    called = [str(node.target) for node in compiled.training.graph.nodes if node.op == "call_module"]
    assert called.count("hidden") == 2


def test_one_that_is_used_again_can_be_used_once_more(hands: Hands) -> None:
    hands.session.select([hands.id("hidden")])
    hands.view.use_again()
    hands.view.use_again()
    assert shared(hands) == ["hidden", "hidden"]


@pytest.mark.parametrize("word", WORDS)
def test_quick_add_finds_it_by_the_words_that_people_know(hands: Hands, word: str) -> None:
    hands.session.select([hands.id("hidden")])
    hands.key(Key.Key_Tab)
    hands.type(word)
    assert shared(hands) == ["hidden"]


def test_where_nothing_is_selected_it_is_asked_whose_weights(hands: Hands) -> None:
    hands.session.select(())
    hands.key(Key.Key_Tab)
    hands.type("siamese")
    assert shared(hands) == []
    choice = hands.view.sharing.list
    assert choice is not None
    QTest.keyClicks(choice.field, "scores")
    QTest.keyClick(choice.field, Key.Key_Return)
    assert shared(hands) == ["scores"]
    assert hands.selected() == {"scores_again"}


def test_pulled_out_of_a_port_it_is_wired_to_that(hands: Hands) -> None:
    hands.drag(hands.at("features", "outputs", "output"), hands.void())
    hands.type("shared")
    choice = hands.view.sharing.list
    assert choice is not None
    QTest.keyClicks(choice.field, "hidden")
    QTest.keyClick(choice.field, Key.Key_Return)
    assert ("features", "hidden_again", "input") in hands.wires()


def test_dropped_from_the_palette_it_stands_where_it_was_dropped(hands: Hands) -> None:
    at = hands.void()
    hands.drop("Shared", at)
    choice = hands.view.sharing.list
    assert choice is not None
    QTest.keyClicks(choice.field, "active")
    QTest.keyClick(choice.field, Key.Key_Return)
    assert shared(hands) == ["active"]
    assert (hands.at("active_again") - at).manhattanLength() < 60


def test_where_there_is_nothing_to_share_it_says_so(hands: Hands, qtbot) -> None:  # type: ignore[no-untyped-def]
    hands.show(Network())
    with qtbot.waitSignal(hands.session.notice) as said:
        hands.view.use_again()
    assert "weights" in said.args[1]


def test_the_window_offers_it_in_menu_and_search(window) -> None:  # type: ignore[no-untyped-def]
    session = window.session
    session.new(Sheet(network=small_network()))
    window.show_workspace()
    view = window.workspace.canvas
    session.select([session.network.named("hidden").id])
    menu = menu_for(view, Hit(session.network.named("hidden").id), QPoint(5, 5))
    entries = {action.text() for action in menu.actions()}
    menu.deleteLater()
    assert "Use again with the same weights" in entries
    session.select([session.network.named("loss").id])
    menu = menu_for(view, Hit(session.network.named("loss").id), QPoint(5, 5))
    assert "Use again with the same weights" not in {action.text() for action in menu.actions()}
    menu.deleteLater()
    session.select([session.network.named("hidden").id])
    for word in WORDS:
        window.view_actions.show_command_palette()
        palette = window._palette
        QTest.keyClicks(palette.field, word)
        found = [palette.list.item(row).text() for row in range(palette.list.count())]
        assert "Use again with the same weights" in found
        palette.close()
    QTest.keyClick(view, Key.Key_W, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    assert "hidden_again" in session.network.by_name
