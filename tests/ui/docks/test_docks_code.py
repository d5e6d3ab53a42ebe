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


def type_over(panel: CodePanel, old: str, new: str) -> None:
    """Put the cursor behind a text, delete it and type another in its place."""
    cursor = panel.page.document().find(old)
    assert not cursor.isNull()
    panel.page.setTextCursor(cursor)
    panel.page.insertPlainText(new)


def test_a_number_that_is_typed_is_drawn_after_a_pause(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    type_over(panel, "(8, 6)", "(8, 12)")
    qtbot.waitUntil(lambda: panel.session.network.nodes["fc"].layer.out_features == 12)
    assert panel.session.document.undo_label == "Edit code"
    panel.session.undo()
    qtbot.waitUntil(shows(panel, "nn.Linear(8, 6)"))


def test_a_new_line_is_a_node_beside_what_feeds_it(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    type_over(panel, "        self.act = nn.ReLU()", "        self.act = nn.ReLU()\n        self.more = nn.Tanh()")
    type_over(panel, "        return act", "        more = self.more(act)\n        return more")
    panel.page.apply_wanted.emit()
    qtbot.waitUntil(lambda: "more" in panel.session.network.by_name)
    network = panel.session.network
    assert network.incoming["out"][0].source == network.named("more").id
    assert network.named("more").id in panel.session.view.positions
    qtbot.waitUntil(shows(panel, "# N×6\n        return more"))


def test_what_cannot_be_drawn_is_underlined_and_kept_until_it_is_mended(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    before = panel.session.network
    type_over(panel, "nn.ReLU()", "nn.Frobnicate()")
    panel.page.apply_wanted.emit()
    qtbot.waitUntil(lambda: panel.strip.isVisible())
    line = line_of(panel, "Frobnicate")
    assert panel.page.wrong_line == line
    assert f"Line {line + 1}: nn.Frobnicate is no layer" in panel.wrong.text()
    assert panel.session.network is before
    type_over(panel, "Frobnicate", "Tanh")
    qtbot.waitUntil(lambda: panel.session.network.nodes["act"].layer.type_name() == "Tanh")
    assert not panel.strip.isVisible()


def test_what_is_drawn_not_quite_as_torch_has_it_is_told_below_the_code(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    type_over(panel, "        return act", "        y = act ** 0.5\n        return y")
    panel.page.apply_wanted.emit()
    qtbot.waitUntil(lambda: panel.remark.isVisible())
    assert panel.remark.text().startswith("Power counts numbers below 1e-06 as 1e-06")
    panel.session.do("Widen", edits.set_params("fc", out_features=9))
    qtbot.waitUntil(lambda: not panel.remark.isVisible())


def test_a_button_goes_back_to_the_code_of_the_drawing(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    type_over(panel, "nn.ReLU()", "nn.Frobnicate()")
    panel.page.apply_wanted.emit()
    qtbot.waitUntil(lambda: panel.strip.isVisible())
    panel.back.click()
    assert panel.page.toPlainText() == panel.source.text
    assert not panel.strip.isVisible()


def test_what_is_typed_is_not_lost_when_the_drawing_changes_meanwhile(panel: CodePanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    type_over(panel, "nn.ReLU()", "nn.Frobnicate()")
    panel.session.do("Widen", edits.set_params("fc", out_features=9))
    qtbot.waitUntil(lambda: "drawing has changed" in panel.wrong.text())
    assert "Frobnicate" in panel.page.toPlainText()
    panel.back.click()
    assert "nn.Linear(8, 9)" in panel.page.toPlainText()
