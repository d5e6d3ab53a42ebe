"""The runs panel: the runs of a project, shown again, laid over one another, compared, described, deleted, restored."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLineEdit

from nnstudio.graph import Network, edits
from nnstudio.layers.catalogue import load
from nnstudio.project.drawings import drawing
from nnstudio.project.places import RUNS, runs_folder
from nnstudio.project.sheet import Sheet
from nnstudio.runs import Recorder, RunDatabase
from nnstudio.train.events import RunFinished, RunStarted, Steps
from nnstudio.train.plan import Plan
from nnstudio.ui.docks import RunsPanel, TrainingPanel
from nnstudio.ui.docks.run_curves import run_color
from nnstudio.ui.session import Session
from nnstudio.ui.shown_run import ShownRun

Key = Qt.Key


@pytest.fixture
def database(session: Session, tmp_path):
    """The database of a project with a file, in which three runs have ended."""
    session.files.path = tmp_path / "p.nnstudio"
    session.project_changed.emit()
    database = RunDatabase(runs_folder(session.path) / RUNS)
    yield database
    database.close()


def network(width: int, extra: bool = False) -> Network:
    layers = load()
    steps = [edits.add(layers["Linear"](out_features=width), name="hidden", id="h")]
    steps += [edits.add(layers["ReLU"](), name="bent", id="r")] if extra else []
    return edits.chain(*steps)(Network())


def recorded(database: RunDatabase, made, run: str, *, loss: float, epochs: int = 5, end: bool = True,
             width: int = 8, **plan) -> None:  # fmt: skip
    kept = drawing(network(width, extra=width > 8))
    database.keep_network(kept.hash, kept.content)
    started, *events = made.run(epochs=epochs)
    begun = dataclasses.replace(started, run=run, network=kept.hash, plan=Plan.make(plan).to_json())
    events = [
        dataclasses.replace(event, validation={"loss": loss + 1 / event.epoch}, best=True)
        if hasattr(event, "validation") else event for event in events
    ]  # fmt: skip
    database.write_all([begun, *events])
    if end:
        database.write(RunFinished(step=epochs * 10, time=2.0, reason="completed", epochs=epochs, best_epoch=epochs,
                                   seconds=2.0))  # fmt: skip


@pytest.fixture
def three(database, made) -> RunDatabase:
    recorded(database, made, "aaa", loss=0.5)
    recorded(database, made, "bbb", loss=0.3, learning_rate=0.01, width=16)
    recorded(database, made, "ccc", loss=0.4, learning_rate=0.1, epochs=8)
    database.describe("bbb", name="wider", tags=["good"])
    return database


@pytest.fixture
def panel(qtbot, session: Session, three, show) -> RunsPanel:
    assert three
    made = RunsPanel(session)
    show(made, 1500, 300)
    qtbot.waitUntil(lambda: len(made.model.shown) == 3 and quiet(made))
    return made


def quiet(panel: RunsPanel) -> bool:
    """Nothing is read or still to be drawn."""
    return not (panel.runs.background.busy or panel._stale or panel.plot._stale or panel.details._stale)


def titles(panel: RunsPanel) -> list[str]:
    return [panel.model.data(panel.model.index(row, 0)) for row in range(panel.model.rowCount())]


def cell(panel: RunsPanel, run: str, column: str) -> str:
    place = [each.title for each in panel.model.columns].index(column)
    return panel.model.data(panel.model.index(panel.model.place(run), place))


def click(panel: RunsPanel, run: str, keys=Qt.KeyboardModifier.NoModifier, column: int = 1) -> None:
    index = panel.model.index(panel.model.place(run), column)
    panel.table.scrollTo(index)
    at = panel.table.visualRect(index).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, keys, at)


def details(panel: RunsPanel) -> dict[str, tuple[str, str]]:
    tree, found = panel.details.tree, {}
    for place in range(tree.topLevelItemCount()):
        head = tree.topLevelItem(place)
        for row in range(head.childCount()):
            item = head.child(row)
            found[item.text(0)] = (item.text(1), item.text(2))
    return found


def test_without_runs_the_panel_invites_to_start_one(qtbot, session, show):
    made = RunsPanel(session)
    show(made, 1200, 300)
    qtbot.waitUntil(lambda: not made._stale)
    assert made.empty.isVisible()
    assert "Every training run" in made.empty.sentence.text()
    assert made.empty.button.isEnabled()


def test_the_table_tells_each_run_and_what_sets_it_apart(panel):
    assert titles(panel) == ["Run 3", "wider", "Run 1"]
    assert (cell(panel, "bbb", "loss"), cell(panel, "bbb", "Outcome")) == ("0.500", "completed")
    assert (cell(panel, "ccc", "Epochs"), cell(panel, "bbb", "Epochs")) == ("8 of 20", "5 of 20")
    assert cell(panel, "bbb", "Plan") == "learning rate 0.01"
    assert cell(panel, "bbb", "Tags") == "good"
    bold = panel.model.index(panel.model.place("bbb"), 3).data(Qt.ItemDataRole.FontRole)
    assert bold is not None
    assert panel.model.index(panel.model.place("aaa"), 3).data(Qt.ItemDataRole.FontRole) is None
    assert "3 runs" in panel.summary.text()


def test_words_filter_the_table_and_a_head_sorts_it(panel):
    QTest.keyClicks(panel.filter, "good")
    assert titles(panel) == ["wider"]
    panel.filter.clear()
    QTest.keyClicks(panel.filter, "learning 0.1")
    assert titles(panel) == ["Run 3"]
    panel.filter.clear()
    head = panel.table.horizontalHeader()
    at = head.sectionViewportPosition(3) + 10
    QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(at, 8))
    assert titles(panel) == ["wider", "Run 3", "Run 1"]


def test_an_old_run_is_shown_by_all_panels_and_the_live_one_comes_back(qtbot, session, panel, tell, made, show):
    tell(made.run(epochs=2))
    training, line = TrainingPanel(session), ShownRun(session)
    show(training)
    qtbot.addWidget(line)
    click(panel, "ccc")
    panel.table.setFocus()
    QTest.keyClick(panel.table, Key.Key_Return)
    qtbot.waitUntil(lambda: session.runs.shown == "ccc" and quiet(panel) and not training.loss._stale)
    assert len(session.history.epochs) == 8
    assert session.history.gradients
    assert training.loss.validation.getData()[0].tolist() == list(range(1, 9))
    assert "show Run 3" in line.text.text()
    assert len(session.training.history.epochs) == 2
    qtbot.mouseClick(line.back, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: quiet(panel) and not training.loss._stale)
    assert session.history is session.training.history
    assert not line.isVisible()


def test_runs_are_laid_over_the_loss_in_colours_of_their_own(qtbot, session, panel):
    panel.table.setFocus()
    for run in ("aaa", "bbb"):
        click(panel, run)
        QTest.keyClick(panel.table, Key.Key_Space)
        qtbot.waitUntil(lambda run=run: run in session.runs.overlaid)
    qtbot.waitUntil(lambda: quiet(panel))
    labels = {label.text: label.color for label in panel.plot.labels.labels}
    assert labels == {"Run 1": run_color(0), "wider": run_color(1)}
    assert run_color(0) != run_color(1)
    drawn = {id: run.made.validation[1] for id, run in panel.plot.others._runs.items()}
    assert drawn["bbb"] == pytest.approx([0.3 + 1 / epoch for epoch in range(1, 6)])
    box = panel.model.index(panel.model.place("aaa"), 0)
    assert box.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    panel.model.setData(box, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    qtbot.waitUntil(lambda: quiet(panel))
    assert [label.text for label in panel.plot.labels.labels] == ["wider"]


def write_a_fork(three, made) -> None:
    """A run “ddd” that was forked from “bbb” at step 20 and went on to step 30."""
    started, *_ = made.run(epochs=1)
    three.write_all([
        dataclasses.replace(started, run="ddd", step=20, parent="bbb", parent_step=20),
        Steps(step=30, time=3.0, first=20, losses=np.full(10, 2.0, np.float32), learning_rates=np.ones(10, np.float32)),
        RunFinished(step=30, time=3.0, reason="completed", epochs=3, best_epoch=0, seconds=1.0),
    ])  # fmt: skip


def test_a_fork_shows_the_curve_of_the_run_before_it_and_where_it_left_it(qtbot, session, panel, three, made, show):
    write_a_fork(three, made)
    training = TrainingPanel(session)
    show(training)
    qtbot.waitUntil(lambda: session.runs.record("ddd") is not None)
    session.runs.show("ddd")
    qtbot.waitUntil(lambda: session.runs.shown == "ddd" and quiet(panel) and bool(training.loss.marks.marks))
    assert len(session.history.losses) == 30
    assert np.isfinite(session.history.losses[:20]).all()
    mark = training.loss.marks.marks[0]
    assert (mark.step, mark.text) == (20, "forked here; before it, wider")
    line = ShownRun(session)
    show(line)
    session.runs.changed.emit()
    assert line.text.text() == "All panels and the canvas show Run 4; until step 20 it is wider"
    hover(training.loss, 1.5)
    assert training.loss.reader.heading == "epoch 1.50 of wider"
    hover(training.loss, 2.5)
    assert training.loss.reader.heading == "epoch 2.50"


def hover(plot, x: float) -> list[str]:
    """What the mouse reads at a place along x."""
    view = plot.frame.plot.view
    plot.frame.plot.hovered.emit(QPointF(x, sum(view.viewRange()[1]) / 2))
    return [reading.name for reading in plot.reader.readings]


def test_what_a_fork_has_of_the_run_before_it_is_drawn_once_and_under_that_ones_name(
    qtbot, session, panel, three, made
):
    write_a_fork(three, made)
    qtbot.waitUntil(lambda: session.runs.record("ddd") is not None)
    session.runs.overlay(["ddd"])
    qtbot.waitUntil(lambda: "ddd" in panel.plot.others._runs and quiet(panel))
    fork = panel.plot.others._runs["ddd"]
    inherited = fork.items[2].getData()[0]
    assert inherited.max() == 2.0  # epochs
    assert "wider, before Run 4" in hover(panel.plot, 1.2)
    assert "Run 4" in hover(panel.plot, 2.6)
    session.runs.overlay(["bbb"])
    qtbot.waitUntil(lambda: "bbb" in panel.plot.others._runs and quiet(panel))
    assert not len(fork.items[2].getData()[0] if fork.items[2].getData()[0] is not None else ())
    read = hover(panel.plot, 1.2)
    assert "wider" in read
    assert not any("Run 4" in name for name in read)


def test_two_runs_are_told_apart_by_plan_and_network(qtbot, panel):
    click(panel, "aaa")
    click(panel, "bbb", Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: quiet(panel) and "Learning rate" in details(panel))
    found = details(panel)
    assert panel.details.title.text() == "Run 1 and wider"
    assert found["Learning rate"] == ("0.001", "0.01")
    assert found["loss"] == ("0.7", "0.5")
    assert found["+ bent"] == ("–", "ReLU")
    assert found["~ hidden · out_features"] == ("8", "16")


def test_one_run_tells_its_plan_and_where_it_ran(qtbot, panel):
    assert panel.details.hint.isVisible()
    assert not panel.details.tree.isVisible()
    click(panel, "bbb")
    qtbot.waitUntil(lambda: quiet(panel) and "Learning rate" in details(panel))
    assert not panel.details.hint.isVisible()
    found = details(panel)
    assert found["Learning rate"][0] == "0.01"
    assert found["best epoch"][0] == "5 of 5"
    assert found["device"][0] == "cpu"


def test_a_run_is_renamed_in_its_place_and_tagged_and_noted(qtbot, panel, three, monkeypatch):
    click(panel, "aaa", column=0)
    panel.table.setFocus()
    QTest.keyClick(panel.table, Key.Key_F2)
    editor = panel.table.findChild(QLineEdit)
    QTest.keyClicks(editor, "plain")
    QTest.keyClick(editor, Key.Key_Return)
    qtbot.waitUntil(lambda: "plain" in titles(panel))
    answers = iter([("good, old", True), ("the first", True)])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: next(answers))
    panel.actions_of.tag()
    panel.actions_of.note()
    qtbot.waitUntil(lambda: cell(panel, "aaa", "Note") == "the first" and quiet(panel))
    record = next(record for record in three.runs() if record.id == "aaa")
    assert (record.name, record.tags, record.note) == ("plain", ("good", "old"), "the first")


def test_deleted_runs_come_back(qtbot, session, panel, three):
    panel.table.setFocus()
    click(panel, "aaa")
    QTest.keyClick(panel.table, Key.Key_Space)
    qtbot.waitUntil(lambda: session.runs.overlaid == ["aaa"])
    QTest.keyClick(panel.table, Key.Key_Delete)
    qtbot.waitUntil(lambda: titles(panel) == ["Run 3", "wider"] and quiet(panel))
    assert session.runs.overlaid == []
    assert "1 run deleted" in panel.summary.text()
    assert [record.id for record in three.runs(binned=True)] == ["aaa"]
    qtbot.mouseClick(panel.undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(titles(panel)) == 3 and quiet(panel))
    assert not panel.undo.isVisible()


def test_a_run_gives_back_its_network_and_plan_as_one_step(qtbot, session, panel):
    before = session.sheet
    click(panel, "bbb")
    qtbot.waitUntil(panel.buttons["restore_run"].isEnabled)
    qtbot.mouseClick(panel.buttons["restore_run"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.plan.learning_rate == 0.01)
    assert session.network == network(16, extra=True)
    assert session.document.undo_label == "Restore wider"
    session.undo()
    assert (session.network, session.plan) == (before.network, before.plan)


def test_a_runs_network_is_laid_over_the_drawing(qtbot, session, panel):
    asked: list[tuple[Sheet, str]] = []
    session.runs.compare_wanted.connect(lambda sheet, title: asked.append((sheet, title)))
    click(panel, "bbb")
    panel.actions_of.compare()
    qtbot.waitUntil(lambda: bool(asked))
    assert (asked[0][0].network, asked[0][1]) == (network(16, extra=True), "wider")


def test_a_run_without_a_network_says_why_it_cannot_be_restored(qtbot, session, panel, three, made):
    said: list[str] = []
    session.notice.connect(lambda _, sentence: said.append(sentence))
    three.write_all([dataclasses.replace(made.run_started("ddd"), network="")])
    qtbot.waitUntil(lambda: "Run 4" in titles(panel))
    session.runs.restore("ddd")
    qtbot.waitUntil(lambda: any("was not kept" in sentence for sentence in said))


def test_a_run_that_another_process_writes_is_followed(qtbot, session, panel, made):
    recorder = Recorder(runs_folder(session.path) / RUNS)
    recorder.put(dataclasses.replace(made.run_started("live"), plan=Plan.make({}).to_json()))
    recorder.put(made.steps(0, np.full(10, 2.0)))
    qtbot.waitUntil(lambda: "Run 4" in titles(panel) and cell(panel, "live", "Outcome") == "running")
    session.runs.show("live")
    session.runs.overlay(["live", "aaa"])
    qtbot.waitUntil(lambda: session.runs.shown == "live" and len(session.history.losses) == 10)
    recorder.put(made.steps(10, np.full(10, 1.0)))
    recorder.put(made.epoch(1, 1.0, 0.9))
    qtbot.waitUntil(lambda: len(session.history.losses) == 20 and len(session.history.epochs) == 1)
    session.runs.delete(["live"])
    recorder.put(RunFinished(step=20, time=1.0, reason="stopped", epochs=1, best_epoch=1, seconds=1.0))
    recorder.close()
    qtbot.waitUntil(lambda: cell(panel, "live", "Outcome") == "stopped")
    assert isinstance(session.history.ended, RunFinished)


def test_runs_are_written_as_files(qtbot, session, panel, tmp_path, monkeypatch):
    said: list[str] = []
    session.notice.connect(lambda _, sentence: said.append(sentence))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "out.csv"), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path / "board"))
    click(panel, "ccc")
    panel.actions_of.save_csv()
    qtbot.waitUntil(lambda: any("80 rows" in sentence for sentence in said))
    assert (tmp_path / "out.csv").read_text().count("Run 3") == 80
    panel.actions_of.save_tensorboard()
    qtbot.waitUntil(lambda: any("TensorBoard" in sentence or "tensorboard" in sentence for sentence in said))
    assert list((tmp_path / "board" / "Run 3").iterdir())
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: ("/nowhere/at/all.csv", ""))
    panel.actions_of.save_csv()
    qtbot.waitUntil(lambda: any("could not be saved" in sentence for sentence in said))


def test_a_screen_reader_hears_of_each_run(qtbot, session, panel):
    session.runs.overlay(["bbb"])
    qtbot.waitUntil(lambda: session.runs.overlaid == ["bbb"])
    heard = panel.model.index(panel.model.place("bbb"), 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert heard == "wider, laid over the curves"
    heard = panel.model.index(panel.model.place("bbb"), 3).data(Qt.ItemDataRole.AccessibleTextRole)
    assert heard == "loss 0.500, best of all"
    assert panel.table.accessibleName() == "Runs"


def test_a_project_without_a_file_has_its_own_runs_alone_and_takes_them_along(qtbot, session, made, show, tmp_path):
    elsewhere = RunDatabase(runs_folder(None) / RUNS)
    recorded(elsewhere, made, "stranger", loss=1.0)
    recorded(elsewhere, made, "mine", loss=1.0)
    panel = RunsPanel(session)
    show(panel, 1500, 300)
    session.history.feed(RunStarted(**{**_fields(made.run_started()), "run": "mine"}))
    session.run_changed.emit()
    qtbot.waitUntil(lambda: [record.id for record in session.runs.records] == ["mine"])
    session.files.path = tmp_path / "saved.nnstudio"
    session.project_changed.emit()
    qtbot.waitUntil(lambda: [record.id for record in session.runs.records] == ["mine"] and quiet(panel))
    elsewhere.close()
    with RunDatabase(runs_folder(session.path) / RUNS) as taken:
        (record,) = taken.runs()
        assert taken.network(record.network) is not None
        assert len(taken.events("mine")) > 5
    assert time.time() > record.started


def _fields(event: RunStarted) -> dict:
    return {each.name: getattr(event, each.name) for each in dataclasses.fields(event)}
