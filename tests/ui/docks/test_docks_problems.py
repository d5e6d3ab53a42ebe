"""The problems panel: what is wrong, where, and what mends it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt

from nnstudio.graph import edits
from nnstudio.graph.problems import Fix, Problem
from nnstudio.train.events import Diagnosis, RunFailed
from nnstudio.ui import theme
from nnstudio.ui.docks import ProblemsPanel


@pytest.fixture
def panel(session, show) -> ProblemsPanel:
    made = ProblemsPanel(session)
    show(made, 1000, 240)
    return made


def resolve(qtbot, session, panel, *problems: Problem) -> None:
    """Tell the session that these problems were found."""
    session.resolution = SimpleNamespace(problems=problems, in_flow=problems, network=session.network, errors=())
    session.resolved.emit(session.resolution)
    qtbot.waitUntil(lambda: not panel._stale)


UNUSED = Problem("r", "unused", "relu1 feeds nothing.", "Wire it on, or delete it.", severity="warning")
WRONG = Problem("f", "rank", "scores needs a vector; it is fed an image.", "Put a Flatten before it.")


def test_a_sound_network_has_no_problems(qtbot, session, panel):
    resolve(qtbot, session, panel)
    assert panel.empty.title.text() == "No problems"
    assert panel.empty.isVisible()


def test_until_the_network_is_worked_out_nothing_is_claimed(panel):
    assert panel.empty.title.text() == "Looking for problems"


def test_errors_come_before_warnings_with_node_message_and_hint(qtbot, session, panel):
    resolve(qtbot, session, panel, UNUSED, WRONG)
    assert panel.heading.text() == "1 error, 1 warning"
    assert [row.name.text() for row in panel.rows] == ["scores", "relu1"]
    assert panel.rows[0].message.text() == WRONG.message
    assert panel.rows[0].hint.text() == WRONG.hint
    assert theme.current().problem in panel.rows[0].dot.styleSheet()


def test_a_click_selects_the_node_and_has_the_canvas_show_it(qtbot, session, panel):
    resolve(qtbot, session, panel, WRONG)
    with qtbot.waitSignal(session.revealed) as revealed:
        qtbot.mouseClick(panel.rows[0], Qt.MouseButton.LeftButton)
    assert revealed.args == ["f"]
    assert session.selection == frozenset({"f"})


def test_the_keyboard_selects_as_well(qtbot, session, panel):
    resolve(qtbot, session, panel, WRONG)
    qtbot.keyClick(panel.rows[0], Qt.Key.Key_Return)
    assert session.selection == frozenset({"f"})


def test_a_fix_is_one_click_and_can_be_undone(qtbot, session, panel):
    fix = Fix("Delete relu1", edits.remove(["r"]))
    resolve(qtbot, session, panel, Problem("r", "unused", "relu1 feeds nothing.", fixes=(fix,)))
    assert panel.rows[0].buttons[0].text() == "Delete relu1"
    qtbot.mouseClick(panel.rows[0].buttons[0], Qt.MouseButton.LeftButton)
    assert "r" not in session.network.nodes
    assert session.document.undo_label == "Delete relu1"
    session.undo()
    assert "r" in session.network.nodes


def test_a_fix_that_no_longer_applies_is_a_notice(qtbot, session, panel):
    fix = Fix("Rename", edits.rename("r", "scores"))
    resolve(qtbot, session, panel, Problem("r", "name", "relu1 is badly named.", fixes=(fix,)))
    with qtbot.waitSignal(session.notice) as told:
        qtbot.mouseClick(panel.rows[0].buttons[0], Qt.MouseButton.LeftButton)
    assert told.args[0] == "warning"


def test_a_failed_run_and_its_diagnoses_are_listed(qtbot, panel, tell, made):
    dead = Diagnosis(step=3, time=1, code="dead", message="relu1 puts out zeros.", hint="Lower the rate.", node="r")
    failed = RunFailed(step=4, time=1, message="The loss became NaN at step 4.", hint="Clip gradients.", node="a")
    tell([made.run_started(), dead, failed])
    qtbot.waitUntil(lambda: len(panel.rows) == 2)
    assert [row.name.text() for row in panel.rows] == ["conv1", "relu1"]
    assert panel.heading.text() == "1 error, 1 warning"
    tell([made.run_started("second")])
    qtbot.waitUntil(lambda: not panel.rows)


def test_rows_are_not_made_anew_while_nothing_changes(qtbot, session, panel, tell, made):
    resolve(qtbot, session, panel, WRONG)
    before = panel.rows
    tell(made.run(epochs=1))
    qtbot.waitUntil(lambda: not panel._stale)
    assert panel.rows is before


def test_very_many_problems_are_counted_and_the_first_shown(qtbot, session, panel):
    resolve(qtbot, session, panel, *[Problem("r", "many", f"Number {number} is wrong.") for number in range(250)])
    assert len(panel.rows) == 200
    assert panel.more.text() == "and 50 more"
    assert panel.more.isVisible()
    assert panel.heading.text() == "250 errors"


def test_text_of_a_problem_is_never_taken_for_markup(qtbot, session, panel):
    resolve(qtbot, session, panel, Problem("r", "x", "<b>bold</b> is fed"))
    assert panel.rows[0].message.textFormat() == Qt.TextFormat.PlainText


def test_up_and_down_go_from_problem_to_problem_and_a_number_does_that_fix(qtbot, session, panel):
    fixes = (Fix("Delete relu1", edits.remove(["r"])), Fix("Rename it", edits.rename("r", "bend")))
    resolve(qtbot, session, panel, WRONG, Problem("r", "unused", "relu1 feeds nothing.", fixes=fixes))
    panel.rows[0].setFocus()
    qtbot.keyClick(panel.rows[0], Qt.Key.Key_Down)
    assert panel.focusWidget() is panel.rows[1]
    qtbot.keyClick(panel.rows[1], Qt.Key.Key_2)
    assert session.network.nodes["r"].name == "bend"


def test_ctrl_and_full_stop_does_the_best_fix(qtbot, session, panel):
    fixes = (Fix("Delete relu1", edits.remove(["r"])), Fix("Rename it", edits.rename("r", "bend")))
    resolve(qtbot, session, panel, Problem("r", "unused", "relu1 feeds nothing.", fixes=fixes))
    assert panel.rows[0].buttons[1].text() == "1 more"
    qtbot.keyClick(panel.rows[0], Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert "r" not in session.network.nodes
