"""Phases and groups of a plan, set in the window; a GAN comes out of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from nnstudio.compile.resolve import resolve
from nnstudio.data.reference import DataReference
from nnstudio.graph import Network, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan
from nnstudio.ui.inspect_project import ProjectPage
from nnstudio.ui.inspector import Inspector
from nnstudio.ui.picking import Picker
from nnstudio.ui.planned import phase_of_selected
from nnstudio.ui.session import Session
from nnstudio.ui.window import MainWindow

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def gan() -> Network:
    """z → wide → made; a block judges the points, and its weights judge what is made."""
    block = NetworkBuilder()
    hidden = block.add("ReLU", block.add("Linear", block.add("BlockInput", name="point"), out_features=8))
    block.add("BlockOutput", block.add("Linear", hidden, out_features=1, name="score"), name="judged")
    net = NetworkBuilder()
    net.define("Judge", block)
    wide = net.add("Linear", net.add("Noise", shape=(4,), name="z"), out_features=8, name="wide")
    made = net.add("Linear", net.add("ReLU", wide, name="bent"), out_features=2, name="made")
    points = net.add("Input", field="features", shape=(2,), name="point")
    score = net.add("Block", points, definition="Judge", name="judge")
    again = net.add("Shared", made, of=score.node, name="again")
    yes, no, fooled = (net.add("Constant", of, value=value) for of, value in ((score, 1.0), (again, 0.0), (again, 1.0)))
    net.add("BCEWithLogitsLoss", score, yes, name="real")
    net.add("BCEWithLogitsLoss", again, no, name="fake")
    net.add("BCEWithLogitsLoss", again, fooled, name="fool")
    net.add("Output", made, name="out")
    return net.network


class Person:
    """Sets the plan with mouse and keyboard."""

    def __init__(self, session: Session, inspector: Inspector, qtbot: QtBot) -> None:
        self.session, self.inspector, self.qtbot = session, inspector, qtbot

    @property
    def page(self) -> ProjectPage:
        page = self.inspector.page
        assert isinstance(page, ProjectPage)
        return page

    def find(self, kind: type, name: str) -> QWidget:
        found = self.inspector.page.findChild(kind, name)
        assert found is not None, name
        return found

    def click(self, widget: QWidget) -> None:
        for area in self.inspector.findChildren(QScrollArea):
            if area.widget() is not None and area.widget().isAncestorOf(widget):
                QApplication.processEvents()
                area.ensureWidgetVisible(widget)
        self.qtbot.waitUntil(widget.isVisible)
        QTest.mouseClick(widget, LEFT, NONE, QPoint(8, widget.height() // 2))

    def press(self, name: str) -> None:
        self.click(self.find(QPushButton, name))

    def pick(self, name: str, *words: str, last: bool = False) -> None:
        """Open a list of names, check what these words find, and close it."""
        self.press(name)
        (picker,) = self.find(QPushButton, name).findChildren(Picker)
        if last:
            QTest.mouseClick(picker.findChild(QPushButton, "use_selected"), LEFT)
        for word in words:
            picker.search.clear()
            QTest.keyClicks(picker.search, word)
            QTest.keyClick(picker.search, Qt.Key.Key_Return)
        QTest.keyClick(picker, Qt.Key.Key_Escape)
        picker.close()

    def open_sections(self) -> None:
        for section, _ in self.page._sections:
            self.click(section.head)

    def name(self, place: int, text: str) -> None:
        field = self.find(QLineEdit, f"phase_name_{place}")
        field.selectAll()
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)

    def ids(self, *names: str) -> tuple[str, ...]:
        return tuple(self.session.sheet.network.named(name).id for name in names)


@pytest.fixture
def person(qtbot: QtBot) -> Iterator[Person]:
    """At the inspector alone."""
    session = Session(asleep=True)
    session.replace_sheet(Sheet(network=gan(), plan=Plan.make({})))
    session._take_resolution(resolve(session.network, {"features": TensorType.of("N F", "N", 2)}))
    inspector = Inspector(session)
    inspector.resize(340, 900)
    qtbot.addWidget(inspector)
    inspector.show()
    made = Person(session, inspector, qtbot)
    made.open_sections()
    yield made
    session.shut_down()


def test_a_gan_is_set_up_and_trained_in_the_window(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    session = window.session
    plan = Plan(epochs=3, batch_size=32, device="cpu", threads=1)
    session.new(Sheet(network=gan(), plan=plan), "gan")
    window.show_workspace()
    qtbot.waitUntil(lambda: window.in_workspace and session.settled, timeout=60_000)
    person = Person(session, window.workspace.inspector, qtbot)
    person.open_sections()
    drawn = np.random.default_rng(0).normal(2.0, 0.1, (256, 2)).astype(np.float32)
    np.savez(tmp_path / "points.npz", features=drawn)
    session.choose_data(DataReference(f"file:{(tmp_path / 'points.npz').as_posix()}"))
    person.qtbot.waitUntil(lambda: session.dataset is not None and session.settled, timeout=30_000)

    person.press("add_phase")
    person.name(0, "judging")
    person.pick("phase_losses_0", "real", "fake")
    person.pick("phase_trains_0", "judge")
    person.press("add_phase")
    person.name(1, "making")
    person.pick("phase_losses_1", "fool")
    session.select(person.ids("wide", "made"))
    session.select(())
    person.pick("phase_trains_1", last=True)
    judging, making = session.plan.phases
    assert (judging.name, judging.losses, judging.trains) == (
        "judging",
        person.ids("real", "fake"),
        person.ids("judge"),
    )
    assert (making.name, making.losses, set(making.trains)) == (
        "making", person.ids("fool"), set(person.ids("wide", "made")),
    )  # fmt: skip

    session.start()
    person.qtbot.waitUntil(lambda: session.history.ended is not None, timeout=60_000)
    person.qtbot.waitUntil(lambda: session.run_state == "idle")
    assert session.history.epochs, session.history.ended
    figures = session.history.epochs[-1].phases
    assert set(figures) == {"judging", "making"}
    assert all(math.isfinite(value) and value > 0 for value in figures.values())
    seen = session.history.parts
    assert all(np.isfinite(seen[id]).any() for id in person.ids("real", "fake", "fool"))
    person.qtbot.waitUntil(lambda: len(window.workspace.canvas.canvas.magnitudes.shares) > 0)
    _chosen_and_remembered(window)


def _chosen_and_remembered(window: MainWindow) -> None:
    """What the canvas shows is chosen by actions too, and is shown again at the next start."""
    table, magnitudes = window.actions_table, window.workspace.canvas.canvas.magnitudes
    for action in ("colour_time", "colour_whole", "colour_wires"):
        table.trigger(action)
    assert (magnitudes.quantity.title, magnitudes.tinted, magnitudes.flowing) == ("Time spent", True, False)
    assert table.qt("colour_time").isChecked()
    assert not table.qt("colour_gradient").isChecked()
    magnitudes.quantity, magnitudes.tinted, magnitudes.flowing = None, False, True
    type(window.living_actions)(window).restore(window.workspace.canvas)
    assert (magnitudes.quantity.title, magnitudes.tinted, magnitudes.flowing) == ("Time spent", True, False)
    assert {"Colour by dead units", "Wires by what flows"} <= {found.title for found in window.view_actions.commands()}


def test_every_edit_of_the_plan_is_a_named_step_of_undo(person: Person) -> None:
    session = person.session
    person.press("add_phase")
    person.press("add_phase")
    person.name(1, "second")
    steps = person.page.phases.cards[1].steps.fields["steps"].line
    steps.selectAll()
    QTest.keyClicks(steps, "12")
    person.press("phase_own_1")
    rate = person.page.phases.cards[1].own.fields["learning_rate"].line
    QTest.keyClicks(rate, "0.5")
    QTest.keyClick(rate, Qt.Key.Key_Tab)
    assert (session.plan.phases[1].steps, session.plan.phases[1].learning_rate) == (12, 0.5)
    person.click(person.page.phases.cards[1].up)
    assert [phase.name for phase in session.plan.phases] == ["second", "phase 1"]
    person.click(person.page.phases.cards[1].remove)
    assert session.document.steps == (
        "Add phase", "Add phase", "Rename phase phase 2", "Change steps of second", "Change learning rate of second",
        "Move phase second up", "Remove phase phase 1",
    )  # fmt: skip
    session.undo()
    session.undo()
    assert [phase.name for phase in session.plan.phases] == ["phase 1", "second"]
    assert [card.name.text() for card in person.page.phases.cards] == ["phase 1", "second"]


def test_a_name_that_is_taken_is_refused_in_a_sentence(person: Person) -> None:
    person.press("add_phase")
    person.press("add_phase")
    person.name(1, "phase 1")
    card = person.page.phases.cards[1]
    assert "must have different names" in card.wrong.text()
    assert card.name.text() == "phase 2"


def test_layers_get_a_rate_of_their_own(person: Person) -> None:
    session = person.session
    session.select(person.ids("wide"))
    person.qtbot.waitUntil(lambda: person.inspector.page.findChild(QPushButton, "own_rate") is not None)
    person.press("own_rate")
    form = person.inspector.page.trained.form
    line = form.fields["learning_rate"].line
    line.selectAll()
    QTest.keyClicks(line, "0.1")
    assert [(group.nodes, group.learning_rate) for group in session.plan.groups] == [(person.ids("wide"), 0.1)]
    assert session.document.undo_label == "Change learning rate factor of wide"
    session.select(())
    person.press("add_group")
    person.pick("group_nodes_1", "made", "wide")
    assert [group.nodes for group in session.plan.groups] == [(), person.ids("wide", "made")]


def test_the_inspector_shows_and_changes_which_phase_trains_a_layer(person: Person) -> None:
    session = person.session
    person.press("add_phase")
    session.select(person.ids("made", "fool"))
    phase_of_selected(session)
    assert session.plan.phases[1].trains == person.ids("made")
    assert session.plan.phases[1].losses == person.ids("fool")
    session.select(person.ids("wide"))
    box = lambda: person.inspector.page.findChild(QCheckBox, "trained_in_1")  # noqa: E731
    person.qtbot.waitUntil(lambda: box() is not None and box().isVisible())
    assert not box().isChecked()
    person.click(box())
    assert session.plan.phases[1].trains == person.ids("made", "wide")
    assert session.document.undo_label == "Train wide in phase 2"
    person.click(box())
    assert session.plan.phases[1].trains == person.ids("made")


def test_deleting_what_a_phase_is_about_is_one_step_and_is_told(person: Person) -> None:
    session, told = person.session, []
    session.notice.connect(lambda _, sentence: told.append(sentence))
    session.select(person.ids("made"))
    phase_of_selected(session)
    before = session.plan
    session.select(person.ids("made"))
    session.do("Delete made", edits.remove(person.ids("made")))
    assert session.plan.phases == ()
    assert told == ["The phase phase 1 went with what it named; undo brings it back"]
    session.undo()
    assert session.plan == before
    assert "made" in session.network.by_name
