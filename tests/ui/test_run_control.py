"""A run under way, as a person at the window steers it: by keys, the inspector's forms, and the list of checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton

from nnstudio.compile.lower import compile_network
from nnstudio.data import shipped_reference
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project import places
from nnstudio.project.files import save
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet
from nnstudio.project.weights import weights_of
from nnstudio.train.control import Control
from nnstudio.train.events import CheckpointSaved, NetworkChanged, PlanChanged, RunPaused, RunStarted, Steps
from nnstudio.train.loop import run
from nnstudio.train.plan import Plan
from nnstudio.train.run_folder import listed
from nnstudio.ui.checkpoints_dialog import CheckpointsDialog

LONG = 15_000
CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
PLAN = Plan(epochs=100_000, batch_size=1, learning_rate=0.01, optimizer="SGD", threads=1)


def network():
    net = NetworkBuilder()
    x, y = net.add("Input", field="x", name="x"), net.add("Input", field="y", name="y")
    hidden = net.add("Tanh", net.add("Linear", x, out_features=4, name="hidden"), name="bend")
    guess = net.add("Linear", hidden, out_features=1, name="guess")
    net.add("MSELoss", guess, y, name="loss")
    net.add("Output", guess, kind="number", name="answer")
    return net.network


class Driver:
    """Someone at the window with a small project open."""

    def __init__(self, window, qtbot, path: Path) -> None:
        self.window, self.qtbot, self.session, self.path = window, qtbot, window.session, path
        self.events = []
        self.session.events_arrived.connect(self.events.extend)

    def wait(self, condition) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=LONG)

    def open(self) -> None:
        self.window.file_actions.open_path(self.path)
        self.wait(lambda: self.window.in_workspace and self.session.dataset is not None and self.session.settled)

    def key(self, key, keys=Qt.KeyboardModifier.NoModifier) -> None:
        self.window.activateWindow()
        self.qtbot.waitUntil(self.window.isActiveWindow)
        self.window.actions_table.refresh()  # as it is a moment later, sooner than a person is
        self.qtbot.keyClick(self.window, key, keys)

    def start_and_pause(self, steps: int = 10) -> None:
        self.key(Qt.Key.Key_F5)
        self.wait(lambda: self.session.run_state == "running" and self.session.history.step > steps)
        self.key(Qt.Key.Key_F5)
        self.wait(lambda: self.session.run_state == "paused")

    def type_into(self, field: str, text: str) -> None:
        """Type a value into a field of the inspector's page."""
        forms = getattr(self.window.workspace.inspector.page, "forms", None) or [
            self.window.workspace.inspector.page.form
        ]
        line = next(form.fields[field] for form in forms if field in form.fields).line
        line.setFocus()
        line.selectAll()
        self.qtbot.keyClick(line, Qt.Key.Key_Backspace)
        self.qtbot.keyClicks(line, text)
        self.qtbot.keyClick(line, Qt.Key.Key_Return)

    def told(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def said(self) -> list[str]:
        return [notice.sentence for notice in self.window.notices.shown]

    def figures(self) -> str:
        """What the bar above says beside the progress."""
        return self.window.run_bar._figures.text()

    def checkpoints(self) -> CheckpointsDialog:
        self.key(Qt.Key.Key_H, CTRL | SHIFT)
        self.wait(lambda: self.window.findChild(CheckpointsDialog) is not None)
        return self.window.findChild(CheckpointsDialog)


@pytest.fixture
def person(window, qtbot, tmp_path):
    path = tmp_path / "bend.nnstudio"
    save(path, Sheet(network=network(), plan=PLAN, data=shipped_reference("line")), None)
    made = Driver(window, qtbot, path)
    made.open()
    yield made
    for dialog in window.findChildren(CheckpointsDialog):
        dialog.close()


def test_a_learning_rate_typed_while_a_run_goes_is_the_runs_and_undo_takes_it_back(person):
    person.key(Qt.Key.Key_F5)
    person.wait(lambda: person.session.history.step > 10)
    person.session.select(())
    person.type_into("learning_rate", "0.002")
    person.wait(lambda: person.told(PlanChanged))
    assert person.told(PlanChanged)[0].after == {"learning_rate": 0.002}
    assert any("learning rate 0.01 → 0.002" in said for said in person.said())
    person.key(Qt.Key.Key_Z, CTRL)
    person.wait(lambda: len(person.told(PlanChanged)) == 2)
    assert person.told(PlanChanged)[1].after == {"learning_rate": 0.01}
    assert person.session.run_state == "running"


def test_a_run_that_stands_still_has_no_speed(person):
    person.key(Qt.Key.Key_F5)
    person.wait(lambda: "steps/s" in person.figures())
    person.key(Qt.Key.Key_F5)
    person.wait(lambda: person.session.run_state == "paused")
    person.wait(lambda: "steps/s" not in person.figures())


def test_a_seed_typed_while_a_run_goes_counts_from_the_next_run_on(person):
    person.start_and_pause()
    person.session.do("Change seed", plan=person.session.plan.with_(seed=7, learning_rate=0.003))
    person.wait(lambda: person.told(PlanChanged))
    assert any("The seed of the run stays as it was; 7 counts from the next run on" in said for said in person.said())
    assert set(person.told(PlanChanged)[0].after) == {"learning_rate"}
    assert person.session.run_state == "paused"


def test_data_chosen_in_a_pause_is_told_to_count_from_the_next_run_on(person):
    person.start_and_pause()
    person.session.choose_data(shipped_reference("line").with_choice("x", scaling="none"))
    person.wait(lambda: any("The run goes on with the data that it began with" in said for said in person.said()))
    assert person.session.run_state == "paused"


def test_one_epoch_by_key_from_the_beginning_and_from_a_pause(person):
    person.key(Qt.Key.Key_F6, ALT)
    person.wait(lambda: person.session.run_state == "paused")
    each = person.session.history.started.steps_per_epoch
    assert person.session.history.step == each
    person.key(Qt.Key.Key_F6)
    person.wait(lambda: person.session.run_state == "paused" and person.session.history.step == each + 1)
    person.key(Qt.Key.Key_F6, ALT)
    person.wait(lambda: person.session.run_state == "paused" and person.session.history.step == 2 * each)


def test_a_network_edited_in_a_pause_is_trained_on_with_what_fits(person):
    person.session.document.do("Train slowly", plan=PLAN.with_(learning_rate=1e-4))  # a step changes little
    person.start_and_pause()
    run_id, step = person.session.history.started.run, person.session.history.step
    before = weights_of(person.session.training._worker.compiled)
    person.session.select({person.session.network.named("hidden").id})
    person.type_into("out_features", "6")
    person.wait(lambda: "edited network" in person.window.run_bar._figures.text())
    person.wait(lambda: person.session.settled)
    person.key(Qt.Key.Key_F6)
    person.wait(lambda: person.told(NetworkChanged) and person.session.run_state == "paused")
    (changed,) = person.told(NetworkChanged)
    started = person.told(RunStarted)[-1]
    assert (started.run, started.step, changed.step) == (run_id, step, step)
    assert set(changed.cut) == {"hidden.weight", "hidden.bias", "guess.weight"}
    assert changed.kept == ("guess.bias",)
    assert any("“hidden”, “guess” were fitted in part" in said for said in person.said())
    after = weights_of(person.session.training._worker.compiled)
    assert after["hidden.weight"].shape == (6, 1)
    assert np.allclose(after["hidden.weight"][:4], before["hidden.weight"], atol=0.05)  # one step later
    assert person.session.history.step == step + 1


def test_a_network_with_a_hole_is_not_taken_and_the_run_stands_still(person):
    person.start_and_pause()
    step = person.session.history.step
    person.session.select({person.session.network.named("guess").id})
    person.type_into("out_features", "3")
    person.session.do("Cut", lambda network: network.__class__(nodes=network.nodes, wires=network.wires[:-2]))
    person.wait(lambda: person.session.settled)
    person.key(Qt.Key.Key_F5)
    person.wait(person.said)
    assert person.session.run_state == "paused"
    assert "the edited network has a problem" in person.figures()
    person.key(Qt.Key.Key_Z, CTRL)
    person.key(Qt.Key.Key_Z, CTRL)
    person.wait(lambda: person.session.settled)
    person.key(Qt.Key.Key_F5)
    person.wait(lambda: person.session.history.step > step)
    assert not person.told(NetworkChanged)


def test_going_back_to_a_checkpoint_by_hand(person):
    person.start_and_pause()
    first, step = person.session.history.started.run, person.session.history.step
    person.key(Qt.Key.Key_S, CTRL | ALT)
    person.wait(lambda: person.told(CheckpointSaved))
    kept = weights_of(person.session.training._worker.compiled)
    person.key(Qt.Key.Key_F5)
    person.wait(lambda: person.session.history.step > step + 20)
    dialog = person.checkpoints()
    person.wait(lambda: dialog.rows.topLevelItemCount() > 0)
    item = dialog.rows.topLevelItem(dialog.rows.topLevelItemCount() - 1)
    assert item.text(0) == f"{step:,}"
    assert item.text(3) == "by hand"
    dialog.rows.setCurrentItem(item)
    person.qtbot.keyClick(dialog.rows, Qt.Key.Key_Return)
    person.wait(lambda: person.session.run_state == "paused" and person.session.history.started.run != first)
    history = person.session.history
    assert (history.started.parent, history.started.parent_step, history.step) == (first, step, step)
    assert len(history.losses) == step
    again = weights_of(person.session.training._worker.compiled)
    assert all(np.array_equal(value, kept[name]) for name, value in again.items())
    person.key(Qt.Key.Key_F6)
    person.wait(lambda: len(history.losses) == step + 1)


def test_a_checkpoint_is_deleted_after_a_question(person):
    person.start_and_pause()
    person.key(Qt.Key.Key_S, CTRL | ALT)
    person.wait(lambda: person.told(CheckpointSaved))
    dialog = person.checkpoints()
    person.wait(lambda: dialog.rows.topLevelItemCount() == 1)
    dialog.rows.setFocus()
    for answer, left in (("Keep", 1), ("Delete", 0)):
        person.qtbot.keyClick(dialog.rows, Qt.Key.Key_Delete)
        box = dialog.findChild(QMessageBox, "delete_checkpoints")
        button = next(each for each in box.buttons() if each.text().strip("&") == answer)
        person.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        person.wait(lambda: dialog.findChild(QMessageBox, "delete_checkpoints") is None)
        person.wait(lambda left=left: dialog.rows.topLevelItemCount() == left)  # type: ignore[misc]
        assert len(listed(person.session.checkpoints.folder)) == left
    assert dialog.empty.isVisible()


def cut_off(project: Path, plan: Plan, step: int) -> None:
    """What a process leaves that was killed while it trained: a checkpoint, and the lock of its run."""
    opened, control = Project.open(project), Control()
    compiled = compile_network(opened.network, opened.dataset.types, plan.seed)
    events = run(compiled, opened.dataset, plan, control, checkpoints=opened.runs / places.CHECKPOINTS)
    control.pause()
    for _ in range(step):
        control.step_once()
    for event in events:
        if isinstance(event, RunPaused) and event.step == step:
            control.checkpoint()
        if isinstance(event, CheckpointSaved):
            break
    events.close()


def test_a_run_that_was_cut_off_is_offered_and_goes_on_as_if_it_had_not_been(window, qtbot, tmp_path):
    path, plan = tmp_path / "bend.nnstudio", PLAN.with_(epochs=6, keep_best=False)
    sheet = Sheet(network=network(), plan=plan, data=shipped_reference("line"))
    save(path, sheet, None)
    cut_off(path, plan, 5)
    opened = Project.open(path)
    whole = compile_network(opened.network, opened.dataset.types, plan.seed)
    losses = np.concatenate([e.losses for e in run(whole, opened.dataset, plan) if isinstance(e, Steps)])
    person = Driver(window, qtbot, path)
    person.open()
    person.wait(lambda: window.findChild(QMessageBox, "interrupted") is not None)
    box = window.findChild(QMessageBox, "interrupted")
    assert "was cut off after step 5, epoch" in box.text()
    on = next(each for each in box.findChildren(QPushButton) if each.text().strip("&") == "Go on")
    qtbot.mouseClick(on, Qt.MouseButton.LeftButton)
    person.wait(lambda: person.session.run_state == "idle" and person.session.history.ended is not None)
    assert np.array_equal(np.asarray(person.session.history.losses)[5:], losses[5:])
    assert all(
        np.array_equal(value, person.session.training.weights[name]) for name, value in weights_of(whole).items()
    )
    person.wait(lambda: person.session.checkpoints.interrupted is None)


def test_a_run_that_was_cut_off_can_be_let_be(window, qtbot, tmp_path):
    path = tmp_path / "bend.nnstudio"
    save(path, Sheet(network=network(), plan=PLAN, data=shipped_reference("line")), None)
    cut_off(path, PLAN, 2)
    person = Driver(window, qtbot, path)
    person.open()
    person.wait(lambda: window.findChild(QMessageBox, "interrupted") is not None)
    box = window.findChild(QMessageBox, "interrupted")
    be = next(each for each in box.findChildren(QPushButton) if each.text().strip("&") == "Let it be")
    qtbot.mouseClick(be, Qt.MouseButton.LeftButton)
    person.wait(lambda: person.session.checkpoints.interrupted is None)
    assert len(person.session.checkpoints.shelf.saved) == 1
    assert person.session.run_state == "idle"
