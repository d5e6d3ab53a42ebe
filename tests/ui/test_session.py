"""The session: editing, resolving in the background, training, data and files."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtGui import QImage

from nnstudio.data import describe_file, shipped_reference
from nnstudio.graph import edits, view
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import load
from nnstudio.project.files import load_sheet, thumbnail
from nnstudio.project.gallery import template
from nnstudio.train.events import RunFailed, RunFinished
from nnstudio.ui import resolver as resolver_module
from nnstudio.ui.loading import TorchUnavailableError
from nnstudio.ui.session import Session

CATALOGUE = load()


def line_network():
    net = NetworkBuilder()
    x, y = net.add("Input", field="x"), net.add("Input", field="y")
    guess = net.add("Linear", x, out_features=1, bias=False, name="guess")
    net.add("MSELoss", guess, y, name="loss")
    net.add("Output", guess, kind="number")
    return net.network


@pytest.fixture
def notices(session):
    said = []
    session.notice.connect(lambda level, text: said.append((level, text)))
    return said


@pytest.fixture
def ready(session, qtbot):
    """A session with the one-weight network on its data, resolved."""
    session.do("Build", lambda _: line_network(), data=shipped_reference("line"), plan=session.plan.with_(epochs=30))
    qtbot.waitUntil(lambda: session.dataset is not None and session.settled, timeout=60_000)
    return session


def test_an_edit_that_cannot_be_made_is_a_sentence_and_changes_nothing(session, notices):
    session.do("Add", edits.add(CATALOGUE["Linear"].make({}), id="a"))
    before = session.sheet
    assert not session.do("Rename", edits.rename("a", "not a name"))
    assert session.sheet is before
    assert notices[0][0] == "warning"
    assert notices[0][1][0].isupper()


def test_types_and_problems_follow_an_edit_without_the_window_waiting(session, qtbot):
    here = threading.get_ident()
    threads = []
    session.resolved.connect(lambda _: threads.append(threading.get_ident()))
    with qtbot.waitSignal(session.resolved, timeout=60_000):
        session.do("Add", edits.add(CATALOGUE["Linear"].make({}), id="a"))
    assert session.resolution.network is session.network
    assert session.resolution.problems_of("a")[0].code == "unconnected"
    assert set(threads) == {here}


def test_of_many_edits_in_a_row_the_last_one_is_what_is_known_in_the_end(session, qtbot):
    for place in range(20):
        session.do("Add", edits.add(CATALOGUE["Linear"].make({}), id=f"n{place}"))
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    assert session.resolution.network is session.network


def test_a_deleted_node_is_no_longer_selected(session):
    session.do("Add", edits.add(CATALOGUE["Linear"].make({}), id="a"))
    session.select({"a", "not there"})
    assert session.selection == {"a"}
    session.do("Delete", edits.remove(["a"]))
    assert session.selection == frozenset()


def test_training_runs_in_the_background_and_ends_with_weights_to_save(ready, qtbot, notices):
    states = []
    ready.run_changed.connect(lambda: states.append(ready.run_state))
    ready.start()
    qtbot.waitUntil(lambda: ready.run_state == "idle" and ready.history.ended is not None, timeout=60_000)
    assert isinstance(ready.history.ended, RunFinished)
    assert states[0] == "starting"
    assert "running" in states
    assert len(ready.history.losses) == 30 * ready.history.started.steps_per_epoch
    assert set(ready.training.weights) == {"guess.weight"}
    assert ready.modified
    assert notices[-1][1].startswith("Trained for 30 epochs")


def test_a_second_start_while_training_is_refused_in_a_sentence(ready, qtbot, notices):
    ready.do("Longer", plan=ready.plan.with_(epochs=1_000_000))
    ready.start()
    qtbot.waitUntil(lambda: ready.run_state == "running", timeout=60_000)
    run = ready.history.started.run
    ready.training.start()
    assert notices[-1] == ("warning", "A run is under way; stop it before starting another")
    assert ready.run_state == "running"
    assert ready.history.started.run == run
    ready.stop()
    qtbot.waitUntil(lambda: ready.run_state == "idle", timeout=10_000)


def test_pause_step_resume_and_stop_do_what_they_say(ready, qtbot):
    ready.do("Longer", plan=ready.plan.with_(epochs=1_000_000))
    ready.step()
    qtbot.waitUntil(lambda: ready.run_state == "paused" and ready.history.step == 1, timeout=60_000)
    ready.step()
    qtbot.waitUntil(lambda: ready.history.step == 2, timeout=10_000)
    qtbot.waitUntil(lambda: ready.run_state == "paused", timeout=10_000)
    ready.resume()
    qtbot.waitUntil(lambda: ready.history.step > 50, timeout=10_000)
    ready.pause()
    qtbot.waitUntil(lambda: ready.run_state == "paused", timeout=10_000)
    ready.stop()
    qtbot.waitUntil(lambda: ready.run_state == "idle", timeout=10_000)
    assert ready.history.ended.reason == "stopped"


def test_deleting_a_node_while_training_neither_disturbs_the_run_nor_the_drawing(ready, qtbot):
    ready.do("Longer", plan=ready.plan.with_(epochs=1_000_000))
    ready.start()
    qtbot.waitUntil(lambda: ready.run_state == "running", timeout=60_000)
    ready.do("Delete", edits.remove([ready.network.named("guess").id]))
    done = ready.history.step
    qtbot.waitUntil(lambda: ready.history.step > done + 50, timeout=10_000)
    assert "guess" not in ready.network.by_name
    ready.stop()
    qtbot.waitUntil(lambda: ready.run_state == "idle", timeout=10_000)
    assert isinstance(ready.history.ended, RunFinished)


def test_training_without_data_says_what_to_do(session, notices):
    session.start()
    assert notices == [("warning", "Training needs data; choose some under Data › Choose data")]


def test_training_without_a_loss_says_what_to_do(ready, qtbot, notices):
    ready.do("Delete", edits.remove([ready.network.named("loss").id]))
    ready.start()
    qtbot.waitUntil(lambda: bool(notices), timeout=60_000)
    assert "add a loss" in notices[-1][1]
    assert ready.run_state == "idle"


def test_training_a_network_with_problems_names_the_first(ready, qtbot, notices):
    wires = ready.network.incoming[ready.network.named("guess").id]
    ready.do("Cut", edits.disconnect(wires))
    qtbot.waitUntil(lambda: ready.settled, timeout=60_000)
    ready.start()
    assert notices[-1][1].startswith("The network has a problem: nothing is wired to the input of guess")
    assert ready.run_state == "idle"


def test_asking_for_a_gpu_that_is_not_there_ends_the_run_with_a_sentence(ready, qtbot, notices, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    ready.do("GPU", plan=ready.plan.with_(device="cuda"))
    ready.start()
    qtbot.waitUntil(lambda: isinstance(ready.history.ended, RunFailed) and ready.run_state == "idle", timeout=60_000)
    level, said = notices[-1]
    assert level == "error"
    assert "cuda" in said.lower()


def test_memory_that_runs_out_ends_the_run_with_a_sentence(ready, qtbot, notices, monkeypatch):
    from nnstudio.train import loop

    def exhausted(*_, **__):
        raise MemoryError
        yield

    monkeypatch.setattr(loop, "run", exhausted)
    ready.start()
    qtbot.waitUntil(lambda: isinstance(ready.history.ended, RunFailed) and ready.run_state == "idle", timeout=60_000)
    assert "memory" in notices[-1][1].lower()


def test_without_torch_one_sentence_says_so_and_drawing_goes_on(qapp, qtbot, monkeypatch):
    def unavailable():
        raise TorchUnavailableError("PyTorch could not be loaded (no such library); install it again")

    monkeypatch.setattr(resolver_module, "load_torch", unavailable)
    session = Session(qapp)
    said = []
    session.notice.connect(lambda level, text: said.append((level, text)))
    session.do("Add", edits.add(CATALOGUE["Linear"].make({}), id="a"))
    qtbot.waitUntil(lambda: bool(said))
    assert session.do("Add", edits.add(CATALOGUE["ReLU"].make({}), id="b"))
    session.start()
    assert len(session.network.nodes) == 2
    assert {text for _, text in said} == {"PyTorch could not be loaded (no such library); install it again"}
    session.shut_down()
    session.deleteLater()


def test_a_missing_data_file_is_told_and_the_network_keeps_its_types(session, qtbot, notices, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,b,c\n" + "\n".join(f"{i},{i * 2},{'xy'[i % 2]}" for i in range(40)))
    reference = describe_file(table)
    table.unlink()
    session.choose_data(reference)
    qtbot.waitUntil(lambda: session.data_error != "" and session.settled, timeout=60_000)
    assert "table.csv" in session.data_error
    assert notices[0][0] == "error"
    assert set(session.fields) == set(reference.types)


def test_what_is_saved_is_opened_again_with_its_weights(ready, qtbot, tmp_path):
    ready.start()
    qtbot.waitUntil(lambda: ready.run_state == "idle" and ready.history.ended is not None, timeout=60_000)
    path = tmp_path / "line.nnstudio"
    ready.save(path)
    qtbot.waitUntil(lambda: ready.path == path and not ready.modified)
    weights, network = ready.training.weights, ready.network
    ready.new()
    assert len(ready.network.nodes) == 0
    assert not ready.modified
    ready.open(path)
    qtbot.waitUntil(lambda: ready.title == "line" and ready.settled, timeout=60_000)
    assert {n.name for n in ready.network.nodes.values()} == {n.name for n in network.nodes.values()}
    assert (ready.training.weights["guess.weight"] == weights["guess.weight"]).all()


def test_what_was_learned_from_the_data_is_saved_with_the_weights_and_prepares_other_rows(ready, qtbot, tmp_path):
    ready.start()
    qtbot.waitUntil(lambda: ready.run_state == "idle" and ready.history.ended is not None, timeout=60_000)
    learned = ready.training.fitted.prepared.digest
    assert learned == ready.dataset.prepared.digest
    path = tmp_path / "line.nnstudio"
    ready.save(path)
    qtbot.waitUntil(lambda: ready.path == path and not ready.modified)
    ready.new()
    assert ready.training.fitted is None
    ready.open(path)
    qtbot.waitUntil(lambda: ready.title == "line" and ready.settled and ready.dataset is not None, timeout=60_000)
    assert ready.training.fitted.prepared.digest == learned
    choice = ready.reference.with_choice(next(iter(ready.dataset.columns)), scaling="standardise")
    ready.do("Scale", data=choice.with_(types={}, split=ready.reference.split.with_(seed=5)))
    qtbot.waitUntil(lambda: ready.dataset.prepared.digest != learned and ready.settled, timeout=60_000)
    made = ready.training.trained()()
    assert made.data(ready.dataset).prepared.digest == learned


def test_data_beside_the_project_is_found_after_it_is_saved_in_another_folder(session, qtbot, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    table = tmp_path / "old" / "table.csv"
    table.write_text("x,y\n" + "".join(f"{x},{4 * x}\n" for x in range(20)))
    session.save(tmp_path / "old" / "a.nnstudio")
    qtbot.waitUntil(lambda: session.path is not None)
    session.choose_data(describe_file(table, table.parent))
    assert session.reference.name == "table.csv"
    session.do("Add", edits.add(CATALOGUE["ReLU"].make({}), id="a"))
    moved = tmp_path / "new" / "b.nnstudio"
    session.save(moved)
    qtbot.waitUntil(lambda: session.path == moved and session.settled, timeout=60_000)
    assert not session.modified
    assert load_sheet(moved).data.path(moved.parent).resolve() == table
    for _ in range(2):  # as it is, and after undo
        session.reload_data()
        qtbot.waitUntil(lambda: session.settled, timeout=60_000)
        assert session.data_error == ""
        assert session.dataset.total == 20
        session.document.undo()


def test_the_file_has_a_picture_of_the_network(ready, qtbot, tmp_path):
    ready.do("Arrange", view=view.place({id: (200.0 * place, 0.0) for place, id in enumerate(ready.network.nodes)}))
    path = tmp_path / "line.nnstudio"
    ready.save(path)
    qtbot.waitUntil(lambda: ready.path == path)
    picture = QImage.fromData(thumbnail(path))
    assert not picture.isNull()
    colors = {picture.pixel(x, y) for x in range(0, picture.width(), 4) for y in range(0, picture.height(), 4)}
    assert len(colors) > 1  # the nodes, on the canvas


def test_edits_made_while_a_file_is_written_stay_unsaved(ready, qtbot, tmp_path):
    ready.save(tmp_path / "line.nnstudio")
    ready.do("Add", edits.add(CATALOGUE["ReLU"].make({})))
    qtbot.waitUntil(lambda: ready.path is not None)
    assert ready.modified


@pytest.mark.parametrize("content", [b"", b"not a zip at all", b"PK\x03\x04 cut short"])
def test_a_file_that_is_no_project_is_told_and_what_is_open_stays(ready, qtbot, notices, tmp_path, content):
    path = tmp_path / "broken.nnstudio"
    path.write_bytes(content)
    sheet = ready.sheet
    ready.open(path)
    qtbot.waitUntil(lambda: bool(notices))
    assert notices[0][0] == "error"
    assert "broken.nnstudio" in notices[0][1]
    assert ready.sheet is sheet
    assert ready.title == "Untitled"


def test_saving_where_nothing_can_be_written_is_told_and_nothing_is_lost(ready, qtbot, notices, tmp_path):
    ready.save(tmp_path / "no such folder" / "line.nnstudio")
    qtbot.waitUntil(lambda: bool(notices))
    assert notices[0][0] == "error"
    assert "line.nnstudio" in notices[0][1]
    assert ready.modified
    assert ready.path is None


def test_a_full_disk_while_saving_leaves_the_old_file(ready, qtbot, notices, tmp_path, monkeypatch):
    path = tmp_path / "line.nnstudio"
    ready.save(path)
    qtbot.waitUntil(lambda: ready.path == path)
    old = path.read_bytes()
    from nnstudio.project import archive

    def full(*_, **__):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(archive, "write", full)
    ready.do("Add", edits.add(CATALOGUE["ReLU"].make({})))
    notices.clear()
    ready.save()
    qtbot.waitUntil(lambda: bool(notices))
    assert "the disk is full" in notices[0][1]
    assert path.read_bytes() == old
    assert ready.modified


def test_unsaved_work_is_offered_after_a_crash(session, qtbot, qapp):
    session.do("Add", edits.add(CATALOGUE["Linear"].make({}), name="mine"))
    session.journaling.write()
    qtbot.waitUntil(lambda: not session.background.busy)
    for lock in session.journaling.journal._locks.values():
        lock.close()  # as the system does when a process dies
    later = Session(qapp)
    (work,) = later.journaling.journal.offer()
    later.files.restore(work)
    assert "mine" in later.network.by_name
    assert later.modified
    later.journaling.journal.discard(work)
    later.shut_down()
    later.deleteLater()


def test_saved_work_is_not_offered(ready, qtbot, tmp_path):
    ready.journaling.write()
    qtbot.waitUntil(lambda: not ready.background.busy)
    folder = ready.journaling.journal.folder
    assert list(folder.glob("*.json"))
    ready.save(tmp_path / "a.nnstudio")
    qtbot.waitUntil(lambda: not list(folder.glob("*.json")))


def test_a_project_of_the_gallery_opens_as_a_copy_without_a_file(session, qtbot):
    session.files.open_template(template("line"))
    qtbot.waitUntil(lambda: session.title == "line" and session.settled, timeout=60_000)
    assert session.path is None
    assert not session.modified
    assert session.resolution.errors == ()


def test_shutting_down_in_the_middle_of_a_run_ends_its_thread(qapp, qtbot):
    session = Session(qapp)
    session.do("Build", lambda _: line_network(), data=shipped_reference("line"))
    session.do("Longer", plan=session.plan.with_(epochs=1_000_000))
    qtbot.waitUntil(lambda: session.dataset is not None and session.settled, timeout=60_000)
    session.start()
    qtbot.waitUntil(lambda: session.run_state == "running", timeout=60_000)
    session.shut_down()
    assert session.run_state == "idle"
    assert not [t for t in threading.enumerate() if t.name == "training"]
    session.deleteLater()
