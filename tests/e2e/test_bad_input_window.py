"""Bad input at the window: one clear sentence on a notice, the window goes on, and nothing is lost."""

from __future__ import annotations

import json
import sys
import zipfile

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton

from nnstudio.data import describe_file
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.files import load, save
from nnstudio.project.gallery import template
from nnstudio.project.sheet import Sheet
from nnstudio.train.events import RunFailed, RunFinished
from nnstudio.train.plan import Plan
from nnstudio.ui.panels import place_of

LONG = 60_000


@pytest.fixture
def line(window, qtbot):
    """A window with the line of the gallery, resolved and with its data."""
    window.file_actions.open_template(template("line"))
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=LONG)
    return window


def told(window):
    """What stands on the notices, which are then closed."""
    shown = [(notice.level, notice.sentence) for notice in window.notices.shown]
    for notice in window.notices.shown:
        notice.leave()
    return shown


def press(window, qtbot, name):
    button = next(found for found in window.findChildren(QPushButton, name) if found.isVisible())
    qtbot.waitUntil(button.isEnabled)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def trained(window, qtbot, epochs=20):
    """Train to the end of a run."""
    session = window.session
    session.do("Epochs", plan=session.plan.with_(epochs=epochs))
    press(window, qtbot, "start_button")
    qtbot.waitUntil(lambda: session.run_state == "idle" and session.history.ended is not None, timeout=LONG)
    return session.history.ended


def rewritten(path, edit):
    """Edit the JSON of a project file."""
    with zipfile.ZipFile(path) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    content = json.loads(members["project.json"])
    edit(content)
    members["project.json"] = json.dumps(content).encode()
    with zipfile.ZipFile(path, "w") as written:
        for name, data in members.items():
            written.writestr(name, data)


def test_projects_that_cannot_be_opened_are_told_and_what_is_open_stays(line, qtbot, tmp_path):
    good = template("line").path.read_bytes()
    newer = tmp_path / "newer.nnstudio"
    newer.write_bytes(good)
    rewritten(newer, lambda content: content.update(format=99))
    (tmp_path / "cut.nnstudio").write_bytes(good[:300])
    (tmp_path / "text.nnstudio").write_text("I am no zip")
    (tmp_path / "folder.nnstudio").mkdir()
    sheet = line.session.sheet
    expected = {
        "cut": "it ends before it should", "text": "it is not a NN Studio project", "newer": "newer",
        "folder": "is a folder", "gone": "is no longer there; open it from where it is now",
    }  # fmt: skip
    for name, said in expected.items():
        line.file_actions.open_path(tmp_path / f"{name}.nnstudio")
        qtbot.waitUntil(lambda: bool(line.notices.shown), timeout=LONG)
        ((level, sentence),) = told(line)
        assert level == "error"
        assert said in sentence
        assert f"{name}.nnstudio" in sentence
    assert line.session.sheet is sheet
    assert line.session.title == "line"
    assert not line.session.modified


def test_an_unknown_layer_and_weights_of_another_shape_open_with_a_sentence(line, qtbot, tmp_path):
    path = tmp_path / "odd.nnstudio"
    loaded = load(template("line").path)
    save(path, loaded.sheet, {"weight.weight": np.zeros((2, 7), np.float32)})

    def unknown(content):
        node = next(node for node in content["network"]["nodes"] if node["id"] == "error")
        node["layer"]["type"] = "Wormhole"

    rewritten(path, unknown)
    line.file_actions.open_path(path)
    qtbot.waitUntil(lambda: line.session.title == "odd" and line.session.settled, timeout=LONG)
    assert any("Wormhole" in sentence for _, sentence in told(line))
    assert any("Wormhole" in problem.message for problem in line.session.resolution.problems)
    note = " ".join(line.session.training.trained()().notes)
    assert "1×1 was expected, 2×7 came; train it again" in note
    line.session.save()
    qtbot.waitUntil(lambda: line.session.files.job is None)
    with zipfile.ZipFile(path) as opened:
        assert "Wormhole" in opened.read("project.json").decode()
    assert load(path).weights["weight.weight"].shape == (2, 7)
    told(line)


def test_dialogs_that_are_left_change_nothing(line, qtbot, monkeypatch):
    for kind in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, kind, lambda *_: ("", ""))
    line.session.do("Delete", edits.remove([line.session.network.named("answer").id]))
    sheet = line.session.sheet
    for action in ("open", "save", "save_as"):
        getattr(line.file_actions, action)()
    assert line.session.sheet is sheet
    assert line.session.modified
    assert line.session.path is None
    assert told(line) == []
    qtbot.waitUntil(lambda: line.session.settled, timeout=LONG)


def test_a_folder_that_cannot_be_written_is_told_and_the_work_stays_to_be_saved(line, qtbot, monkeypatch, tmp_path):
    assert isinstance(trained(line, qtbot), RunFinished)
    told(line)
    weights = line.session.training.weights
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "none" / "a.nnstudio"), ""))
    line.file_actions.save()
    qtbot.waitUntil(lambda: bool(line.notices.shown))
    ((level, sentence),) = told(line)
    assert level == "error"
    assert "could not be saved" in sentence
    assert "choose another place" in sentence
    assert line.session.modified
    assert line.session.training.weights is weights
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "a.nnstudio"), ""))
    line.file_actions.save()
    qtbot.waitUntil(lambda: not line.session.modified)
    assert np.array_equal(load(tmp_path / "a.nnstudio").weights["weight.weight"], weights["weight.weight"])
    told(line)


def test_start_says_what_is_missing(line, qtbot):
    session = line.session
    session.do("Remove data", data=None)
    press(line, qtbot, "start_button")
    qtbot.waitUntil(lambda: bool(line.notices.shown), timeout=LONG)
    assert told(line)[-1][1] == "Training needs data; choose some under Data › Choose data"
    session.undo()
    session.do("Delete", edits.remove([session.network.named("error").id]))
    press(line, qtbot, "start_button")
    qtbot.waitUntil(lambda: bool(line.notices.shown), timeout=LONG)
    assert "add a loss" in told(line)[-1][1]
    session.undo()
    session.do("Cut", edits.disconnect(session.network.incoming[session.network.named("weight").id]))
    press(line, qtbot, "start_button")
    qtbot.waitUntil(lambda: bool(line.notices.shown), timeout=LONG)
    assert told(line)[-1][1].startswith("The network has a problem: nothing is wired to the input of weight")
    assert session.run_state == "idle"
    session.undo()
    assert isinstance(trained(line, qtbot), RunFinished)
    told(line)


def test_data_that_is_gone_is_told_and_found_again(window, qtbot, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,b,y\n" + "\n".join(f"{i}.5,{i * i}.1,{3 * i}.2" for i in range(40)))
    net = NetworkBuilder()
    x, y = net.add("Input", field="features"), net.add("Input", field="y")
    net.add("MSELoss", net.add("Linear", x, out_features=1, name="guess"), y)
    save(tmp_path / "p.nnstudio", Sheet(network=net.network, plan=Plan(epochs=2), data=describe_file(table, tmp_path)))
    content = table.read_bytes()
    table.unlink()
    window.file_actions.open_path(tmp_path / "p.nnstudio")
    qtbot.waitUntil(lambda: window.in_workspace and window.session.data_error != "", timeout=LONG)
    qtbot.waitUntil(lambda: window.session.settled, timeout=LONG)
    ((level, sentence),) = told(window)
    assert level == "error"
    assert "“table.csv” is not at" in sentence
    assert "move it back there or choose it again" in sentence
    assert window.session.resolution.errors == ()  # the types are remembered
    press(window, qtbot, "start_button")
    qtbot.waitUntil(lambda: bool(window.notices.shown), timeout=LONG)
    assert told(window)[-1][1] == sentence
    table.write_bytes(content)
    window.session.reload_data()
    qtbot.waitUntil(lambda: window.session.dataset is not None and window.session.settled, timeout=LONG)
    assert isinstance(trained(window, qtbot, 2), RunFinished)
    told(window)


def out_of_memory(monkeypatch, after):
    """The loss breaks after so many steps, as where a GPU is full."""
    import torch

    calls = []
    forward = torch.nn.MSELoss.forward

    def broken(self, *given):
        calls.append(1)
        if len(calls) > after:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return forward(self, *given)

    monkeypatch.setattr(torch.nn.MSELoss, "forward", broken)


def test_memory_that_runs_out_leaves_the_window_usable_and_the_trained_weights(line, qtbot, monkeypatch, tmp_path):
    session = line.session
    assert isinstance(trained(line, qtbot), RunFinished)
    session.save(tmp_path / "line.nnstudio")
    qtbot.waitUntil(lambda: not session.modified)
    told(line)
    weights = session.training.weights
    with monkeypatch.context() as patch:
        out_of_memory(patch, 0)
        assert isinstance(trained(line, qtbot), RunFailed)
    said = told(line)
    assert said[-1][0] == "error"
    assert said[-1][1].startswith("Memory ran out while training with batches of ")
    assert "; try a batch size of" in said[-1][1]
    assert not any("Trained" in sentence for _, sentence in said)
    assert session.training.weights is weights
    assert not session.training.unsaved_weights
    assert line.workspace.panels.tabs.tabText(place_of("Problems")) == "Problems · 1"
    line.workspace.panels.show_panel(place_of("Problems"))
    panel = line.workspace.panels.panel(place_of("Problems"))
    qtbot.waitUntil(lambda: any("Memory ran out" in row.finding.message for row in panel.rows))
    assert session.do("Delete", edits.remove([session.network.named("answer").id]))
    assert isinstance(trained(line, qtbot), RunFinished)
    told(line)


def test_a_run_that_fails_late_keeps_its_last_good_weights_to_be_saved(line, qtbot, monkeypatch, tmp_path):
    session = line.session
    with monkeypatch.context() as patch:
        out_of_memory(patch, 60)
        failed = trained(line, qtbot, 1000)
    assert isinstance(failed, RunFailed)
    assert session.history.epochs
    assert np.isfinite(session.training.weights["weight.weight"]).all()
    assert session.modified
    session.save(tmp_path / "line.nnstudio")
    qtbot.waitUntil(lambda: not session.modified)
    assert set(load(tmp_path / "line.nnstudio").weights) == {"weight.weight"}
    told(line)


def test_without_torch_networks_are_drawn_and_saved_and_one_sentence_says_why_not_trained(
    window, qtbot, monkeypatch, tmp_path, expected_log
):
    expected_log.append("torch could not be imported")
    monkeypatch.setitem(sys.modules, "torch", None)
    session = window.session
    window.file_actions.open_template(template("line"))
    qtbot.waitUntil(lambda: window.in_workspace and session.torch_error != "", timeout=LONG)
    ((level, reason),) = told(window)
    assert level == "error"
    assert reason.startswith("PyTorch could not be loaded (")
    assert "can be drawn and saved but not checked or trained; install it again" in reason
    assert session.do("Delete", edits.remove([session.network.named("answer").id]))
    press(window, qtbot, "start_button")
    qtbot.waitUntil(lambda: bool(window.notices.shown), timeout=LONG)
    assert told(window)[-1][1] == reason
    session.save(tmp_path / "line.nnstudio")
    qtbot.waitUntil(lambda: not session.modified)
    told(window)


def test_what_is_wrong_with_a_training_stands_under_problems_and_in_the_runs(line, qtbot, tmp_path):
    from nnstudio.runs.database import RunDatabase
    from nnstudio.train.events import Diagnosis

    session = line.session
    session.save(tmp_path / "dead.nnstudio")
    qtbot.waitUntil(lambda: session.path is not None)
    net = NetworkBuilder()
    x, y = net.add("Input", field="x"), net.add("Input", field="y")
    dead = net.add("ReLU", net.add("Linear", x, out_features=4, weight_init="constant"), name="dead")
    net.add("MSELoss", net.add("Linear", dead, out_features=1), y)
    session.do("Build", lambda _: net.network)
    session.do("Longer", plan=session.plan.with_(epochs=1_000_000))
    qtbot.waitUntil(lambda: session.settled, timeout=LONG)
    line.workspace.panels.show_panel(place_of("Problems"))
    panel = line.workspace.panels.panel(place_of("Problems"))
    press(line, qtbot, "start_button")
    qtbot.waitUntil(lambda: any("“dead” puts out is zero" in row.finding.message for row in panel.rows), timeout=LONG)
    assert session.run_state == "running"
    node = net.network.named("dead").id
    row = next(row for row in panel.rows if row.finding.node == node)
    assert "use LeakyReLU" in row.finding.hint
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert session.selection == {node}
    session.stop()
    qtbot.waitUntil(lambda: session.run_state == "idle", timeout=LONG)
    told_once = [one for one in session.history.diagnoses if one.node == node]
    assert len(told_once) == 1

    def stored():
        with RunDatabase(tmp_path / "dead.runs" / "runs.sqlite") as database:
            events = database.events(session.history.started.run)
        return [event.code for event in events if isinstance(event, Diagnosis)]

    qtbot.waitUntil(lambda: "dead-output" in stored())
    told(line)
