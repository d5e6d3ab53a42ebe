"""Cards of diagnoses: the evidence, the nodes, the help, and cures that are one step each."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from nnstudio.diagnose.cures import Cure
from nnstudio.graph import edits
from nnstudio.train.events import Diagnosis
from nnstudio.ui import theme
from nnstudio.ui.docks import ProblemsPanel
from nnstudio.ui.docks.diagnosis_card import DiagnosisCard

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(session, show) -> ProblemsPanel:
    made = ProblemsPanel(session)
    show(made, 1000, 420)
    return made


VANISHING = Diagnosis(
    step=40, time=1.0, code="vanishing-gradient", node="a", message="The gradient of “conv1” vanishes",
    hint="use ReLU",
    evidence={"nodes": ["a", "b"], "by_node": {"conv1": 1e-7, "bn1": 1e-4, "scores": 0.4}, "log": True,
              "measure": "gradient, lately", "explains": [["chance", "The loss does not fall below chance"]]},
)  # fmt: skip
HIGH = Diagnosis(
    step=40, time=1.0, code="learning-rate-high", message="The learning rate of 3 is too high", hint="lower it",
    evidence={"series": [2.3, 9.1, 4.0, 2.8], "measure": "training loss", "rate": 3.0},
)  # fmt: skip


def card_of(qtbot, panel, tell, made, *found: Diagnosis) -> DiagnosisCard:
    tell([made.run_started(), *found])
    qtbot.waitUntil(lambda: len(panel.rows) == len(found))
    assert isinstance(panel.rows[0], DiagnosisCard)
    return panel.rows[0]


def offer(session, panel, code: str, *cures: Cure) -> None:
    """As if they had been worked out."""
    session.doctoring._cures[code] = cures
    session.doctoring.found.emit()
    panel.catch_up()


def test_a_card_has_a_title_the_message_the_nodes_and_what_it_explains(qtbot, panel, tell, made):
    card = card_of(qtbot, panel, tell, made, VANISHING)
    assert card.title.text() == "Vanishing gradient"
    assert card.message.text() == "The gradient of “conv1” vanishes"
    assert [link.text() for link in card.links] == ["conv1", "bn1"]
    assert card.explains.text() == "This also explains: a loss at chance."


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_evidence_is_drawn_and_said_in_words(qtbot, panel, tell, made, name):
    theme.set_theme(name)
    card = card_of(qtbot, panel, tell, made, VANISHING)
    assert card.plot.isVisible()
    assert card.plot.accessibleDescription() == "gradient, lately: conv1 1.0e-7, bn1 1.0e-4, scores 0.400"
    picture = card.plot.grab().toImage()
    colors = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
    assert theme.current().training.lower() in colors


def test_a_series_is_told_from_where_to_where(qtbot, panel, tell, made):
    card = card_of(qtbot, panel, tell, made, HIGH)
    assert card.plot.said() == "training loss from 2.300 to 2.800"
    assert card.plot.isVisible()


def test_a_click_on_a_node_shows_it_on_the_canvas(qtbot, session, panel, tell, made):
    card = card_of(qtbot, panel, tell, made, VANISHING)
    with qtbot.waitSignal(session.revealed) as revealed:
        qtbot.mouseClick(card.links[1], LEFT)
    assert revealed.args == ["b"]
    assert session.selection == frozenset({"b"})


def test_why_opens_the_help_at_the_findings_section(qtbot, panel, tell, made):
    from nnstudio.ui.help import HelpDialog

    card = card_of(qtbot, panel, tell, made, VANISHING)
    qtbot.mouseClick(card.why, LEFT)
    (dialog,) = panel.window().findChildren(HelpDialog)
    assert dialog.tree.currentItem().text(0) == "What training can suffer from"
    assert dialog.text.verticalScrollBar().value() > 0
    dialog.close()


def test_a_cure_of_the_network_is_one_step_that_can_be_undone(qtbot, session, panel, tell, made):
    card = card_of(qtbot, panel, tell, made, VANISHING)
    cure = Cure("Start the weights with He initialisation", "…", edits.set_params("a", weight_init="he uniform"))
    offer(session, panel, "vanishing-gradient", cure)
    qtbot.mouseClick(card.cure_buttons[0], LEFT)
    assert session.network.nodes["a"].layer.weight_init == "he uniform"
    assert session.document.undo_label == "Start the weights with He initialisation"
    session.undo()
    assert session.network.nodes["a"].layer.weight_init == "default"


def test_a_cure_of_the_plan_is_one_step_that_can_be_undone(qtbot, session, panel, tell, made):
    card = card_of(qtbot, panel, tell, made, HIGH)
    before = session.plan.learning_rate
    offer(session, panel, "learning-rate-high", Cure("Lower the learning rate", "…", plan={"learning_rate": 3e-4}))
    qtbot.mouseClick(card.cure_buttons[0], LEFT)
    assert session.plan.learning_rate == 3e-4
    session.undo()
    assert session.plan.learning_rate == before


def test_the_keyboard_does_the_best_cure_or_one_by_its_number(qtbot, session, panel, tell, made):
    card = card_of(qtbot, panel, tell, made, HIGH)
    cures = (Cure("Lower it", "…", plan={"learning_rate": 3e-4}), Cure("Clip", "…", plan={"clip_norm": 1.0}))
    offer(session, panel, "learning-rate-high", *cures)
    qtbot.keyClick(card, Qt.Key.Key_2)
    assert session.plan.clip_norm == 1.0
    session.undo()
    offer(session, panel, "learning-rate-high", *cures)
    qtbot.keyClick(panel.rows[0], Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    assert session.plan.learning_rate == 3e-4


def test_a_cure_that_no_longer_fits_is_a_notice(qtbot, session, panel, tell, made):
    card = card_of(qtbot, panel, tell, made, VANISHING)
    offer(session, panel, "vanishing-gradient", Cure("Delete it twice", "…", edits.rename("r", "conv1")))
    with qtbot.waitSignal(session.notice) as told:
        qtbot.mouseClick(card.cure_buttons[0], LEFT)
    assert told.args[0] == "warning"


def test_a_cure_that_goes_on_with_the_run_can_be_tried_first(qtbot, monkeypatch, session, panel, tell, made):
    asked = []
    monkeypatch.setattr("nnstudio.ui.contest.commands.try_cure", lambda *given: asked.append(given))
    card = card_of(qtbot, panel, tell, made, HIGH)
    lower = Cure("Lower the learning rate", "…", plan={"learning_rate": 3e-4})
    other = Cure("Shuffle the data", "…", data=lambda reference: reference)
    offer(session, panel, "learning-rate-high", lower, other)
    (tried,) = card.try_buttons  # another reading of the data cannot go on with the run
    before = session.plan.learning_rate
    qtbot.mouseClick(tried, LEFT)
    (_, cure, apply, _), = asked  # fmt: skip
    assert cure is lower
    assert session.plan.learning_rate == before
    apply()
    assert session.plan.learning_rate == 3e-4
    session.undo()
    assert session.plan.learning_rate == before


def test_a_widget_can_be_put_beside_a_cure(qtbot, session, panel, tell, made):
    card = card_of(qtbot, panel, tell, made, HIGH)
    cure = Cure("Lower the learning rate", "…", plan={"learning_rate": 3e-4})
    offer(session, panel, "learning-rate-high", cure)
    button = QPushButton("Try it")
    card.put_beside(cure, button)
    qtbot.waitUntil(button.isVisible)
    left, right = card.cure_buttons[0].geometry(), button.geometry()
    assert right.left() >= left.right()


def test_of_what_follows_from_another_finding_there_is_no_card(qtbot, panel, tell, made):
    dead = Diagnosis(step=20, time=1.0, code="dead-output", node="r", message="zeros", hint="h")
    tell([made.run_started(), dead, HIGH])
    qtbot.waitUntil(lambda: len(panel.rows) == 1)
    assert panel.rows[0].title.text() == "Learning rate too high"


def test_each_code_has_a_section_in_the_help():
    from nnstudio.diagnose.titles import PAGE, TITLES
    from nnstudio.ui.help import pages

    text = dict(pages())[PAGE]
    headings = {line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")}
    assert headings == set(TITLES.values())
