"""The code beside the drawing follows every edit, and what is selected in one is selected in the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from PySide6.QtGui import QGuiApplication, QTextCursor

from nnstudio.graph import Network, edits
from nnstudio.graph.blocks import make_block
from nnstudio.layers import load
from nnstudio.project.sheet import Sheet
from nnstudio.ui.docks.code import CodePanel
from nnstudio.ui.session import Session


def drawn() -> Network:
    """x → fc → act → out, with ids as names."""
    types = load()
    layers = {
        "x": types["Input"](field="x", shape=(8,)),
        "fc": types["Linear"](out_features=6),
        "act": types["ReLU"](),
        "out": types["Output"](),
    }
    ids = list(layers)
    made = [edits.add(layer, name=id, id=id) for id, layer in layers.items()]
    wired = [edits.connect(one, "output", two, "input") for one, two in pairwise(ids)]
    return edits.chain(*made, *wired)(Network())


@pytest.fixture
def awake(qapp) -> Iterator[Session]:  # type: ignore[no-untyped-def]
    """A session that works things out."""
    made = Session(qapp)
    yield made
    made.shut_down()
    made.deleteLater()


@pytest.fixture
def panel(awake: Session, show: Callable, qtbot) -> Iterator[CodePanel]:  # type: ignore[no-untyped-def]
    """The code of a small network."""
    made = CodePanel(awake)
    made.resize(520, 400)
    show(made)
    awake.replace_sheet(Sheet(network=drawn()))
    qtbot.waitUntil(lambda: made.source is not None, timeout=20_000)
    yield made
    qtbot.waitUntil(lambda: awake.settled, timeout=20_000)


def shows(panel: CodePanel, text: str) -> Callable[[], bool]:
    return lambda: text in panel.page.toPlainText()


def line_of(panel: CodePanel, text: str) -> int:
    return next(at for at, line in enumerate(panel.page.toPlainText().split("\n")) if text in line)


def click(panel: CodePanel, text: str) -> None:
    """Put the cursor on the line that holds this text."""
    block = panel.page.document().findBlockByNumber(line_of(panel, text))
    panel.page.setTextCursor(QTextCursor(block))


def test_every_edit_of_the_drawing_is_in_the_code_soon(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    assert "self.fc = nn.Linear(8, 6)" in panel.page.toPlainText()
    panel.session.do("Widen", edits.set_params("fc", out_features=9))
    qtbot.waitUntil(shows(panel, "self.fc = nn.Linear(8, 9)"))
    panel.session.undo()
    qtbot.waitUntil(shows(panel, "self.fc = nn.Linear(8, 6)"))


def test_the_cursor_stays_where_it_was_when_other_lines_change(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    click(panel, "return act")
    panel.session.do("Add", edits.insert_on(drawn().wires[0], load()["ReLU"](), name="early", id="early"))
    qtbot.waitUntil(shows(panel, "self.early = nn.ReLU()"))
    assert "return act" in panel.page.textCursor().block().text()


def test_the_line_that_the_cursor_is_on_selects_its_node(panel: CodePanel) -> None:
    click(panel, "self.fc(x)")
    assert panel.session.selection == {"fc"}
    click(panel, "self.act = nn.ReLU")
    assert panel.session.selection == {"act"}


def test_a_selected_node_has_its_lines_marked(panel: CodePanel) -> None:
    panel.session.select({"act"})
    assert panel.page.marked_lines == {line_of(panel, "self.act = nn.ReLU"), line_of(panel, "self.act(fc)")}


def test_a_line_far_below_is_brought_into_sight(panel: CodePanel) -> None:
    panel.page.setFixedHeight(90)
    panel.session.select({"act"})
    first = line_of(panel, "self.act = nn.ReLU")
    assert panel.page.firstVisibleBlock().blockNumber() <= first < panel.page.firstVisibleBlock().blockNumber() + 6


def test_inside_a_block_the_lines_of_its_class_are_marked(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    session = panel.session
    session.do("Make block", make_block(["fc", "act"], "Part", id="B"))
    qtbot.waitUntil(shows(panel, "class Part(nn.Module):"))
    click(panel, "self.act(fc)")
    assert session.scope.block == ""  # nothing is opened
    assert session.selection == {"B"}
    session.open_block("B")
    session.select({"act"})
    assert line_of(panel, "self.act(fc)") in panel.page.marked_lines


def test_what_cannot_be_made_is_left_out_and_that_is_said(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    panel.session.do("Add", edits.insert_on(drawn().wires[2], load()["Conv2d"](), name="unfit", id="unfit"))
    qtbot.waitUntil(lambda: "Without 1 layer" in panel.state.text())
    assert "self.act(fc)" in panel.page.toPlainText()
    panel.session.undo()
    qtbot.waitUntil(lambda: not panel.state.text())


def test_an_empty_drawing_says_what_to_do(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    panel.session.do("Delete", edits.remove(drawn().nodes))
    qtbot.waitUntil(lambda: panel.stack.currentWidget() is panel.empty)
    assert "Ctrl+L" in panel.empty.sentence.text()
    panel.session.undo()
    qtbot.waitUntil(lambda: panel.stack.currentWidget() is not panel.empty)


def test_the_code_is_copied_whole(panel: CodePanel) -> None:
    panel.copy_button.click()
    assert QGuiApplication.clipboard().text() == panel.source.text
