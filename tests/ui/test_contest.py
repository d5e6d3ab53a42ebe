"""Two versions of a run side by side: a rival that is chosen, and a cure that is tried."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from nnstudio.diagnose.cures import Cure
from nnstudio.graph import edits
from nnstudio.project.gallery import template
from nnstudio.project.places import RUNS, runs_folder
from nnstudio.runs.database import RunDatabase
from nnstudio.train.events import PrivacySpent
from nnstudio.train.history import History
from nnstudio.ui.contest.choosing import RivalDialog
from nnstudio.ui.contest.commands import forked, try_cure
from nnstudio.ui.contest.curves import between, figures, loss_curve
from nnstudio.ui.contest.versions import Start, Version, differences
from nnstudio.ui.contest.window import ContestWindow


@pytest.fixture
def digits(session, qtbot, tmp_path):
    path = tmp_path / "digits.nnstudio"
    shutil.copy(template("digits-mlp").path, path)
    session.open(path)
    qtbot.waitUntil(lambda: session.settled and session.resolution is not None, timeout=60_000)
    return session


@pytest.fixture
def closed():
    made = []
    yield made.append
    for window in made:
        try:
            window.reject()
        except RuntimeError:
            continue  # it was accepted and is gone


def versions(session, **plan):
    sheet = session.sheet
    return Version("as it is", sheet.network, sheet.plan), Version("other", sheet.network, sheet.plan.with_(**plan))


def run_out(window, qtbot):
    qtbot.waitUntil(lambda: window.contest.ended and not window.stop.isEnabled(), timeout=60_000)


def test_a_version_whose_rate_is_far_too_low_is_told_to_be_worse(digits, qtbot, closed):
    window = ContestWindow(digits, versions(digits, learning_rate=1e-6), Start(), 80, {"other": "Take"})
    closed(window)
    window.show()
    assert "learning rate 0.01 → 1e-06" in window.what.text()
    run_out(window, qtbot)
    assert window.state.text().startswith("Other is worse:")
    mine, other = (window.contest.histories[name] for name in ("as it is", "other"))
    assert mine.losses[0] == other.losses[0]  # the same weights on the same batch
    at, apart = between(loss_curve(mine), loss_curve(other))
    assert len(at) > 50
    assert apart[-1] > 0
    names = [window.rows.item(place, 0).text() for place in range(window.rows.rowCount())]
    assert {"training loss", "validation loss", "trained numbers"} <= set(names)
    assert len(window.table()["epoch"]) == len(at)


def test_versions_that_are_the_same_learn_the_same(digits, qtbot, closed):
    window = ContestWindow(digits, versions(digits), Start(), 60, {})
    closed(window)
    window.show()
    run_out(window, qtbot)
    one, other = (np.asarray(window.contest.histories[name].losses[:]) for name in ("as it is", "other"))
    assert np.array_equal(one, other)
    assert "about as good" in window.state.text()


def test_both_sides_are_kept_as_runs(digits, qtbot, closed):
    window = ContestWindow(digits, versions(digits, learning_rate=0.1), Start(), 40, {})
    closed(window)
    window.show()
    run_out(window, qtbot)
    with RunDatabase(runs_folder(digits.path) / RUNS) as database:
        qtbot.waitUntil(lambda: len(database.runs()) > 1)  # they are written in the background
        rates = [record.plan["learning_rate"] for record in database.runs()[:2]]
        assert sorted(rates) == [0.01, 0.1]
        assert all(database.network(record.network) for record in database.runs()[:2])


def test_a_contest_can_be_paused_and_given_up(digits, qtbot, closed):
    window = ContestWindow(digits, versions(digits, learning_rate=0.1), Start(), None, {})
    closed(window)
    window.show()
    qtbot.waitUntil(lambda: window.contest.histories["other"].step > 8, timeout=60_000)
    qtbot.mouseClick(window.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.contest.histories["other"].paused, timeout=60_000)
    stood = window.contest.histories["other"].step
    qtbot.mouseClick(window.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.contest.histories["other"].step > stood, timeout=60_000)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.contest.alive


def test_a_cure_is_tried_on_a_fork_and_applied_as_one_step(digits, qtbot, closed):
    digits.document.do("Make it worse", plan=digits.plan.with_(learning_rate=1e-7))
    cure = Cure("Raise the learning rate to 0.01", "It hardly moves.", plan={"learning_rate": 0.01})
    plan = cure.plan_after(digits.plan)
    window = try_cure(digits, cure, lambda: digits.do("Raise the learning rate", None, plan=plan), None)
    closed(window)
    run_out(window, qtbot)
    assert window.state.text().startswith("With the cure is better:")
    assert digits.plan.learning_rate == 1e-7  # nothing is changed by trying
    qtbot.mouseClick(window.takers["with the cure"], Qt.MouseButton.LeftButton)
    assert digits.plan.learning_rate == 0.01
    assert digits.document.undo_label == "Raise the learning rate"


def test_where_the_rate_has_died_away_a_cure_is_tried_from_the_beginning(digits, qtbot, closed):
    digits.document.do("Short and sick", plan=digits.plan.with_(learning_rate=5.0, epochs=1, schedule="one-cycle"))
    digits.start()
    qtbot.waitUntil(lambda: digits.history.ended is not None and digits.run_state == "idle", timeout=60_000)
    assert forked(digits) == Start()
    cure = Cure("Lower the learning rate", "Smaller steps.", plan={"learning_rate": 0.005})
    window = try_cure(digits, cure, lambda: None, None)
    closed(window)
    assert window.what.text() == "With the cure: learning rate 5 → 0.005. Both begin with the same new weights."
    run_out(window, qtbot)
    assert window.state.text().startswith("With the cure is better:")


def test_a_rival_is_chosen_by_a_value_of_its_plan(digits, closed):
    dialog = RivalDialog(digits)
    closed(dialog)
    dialog.show()
    assert not dialog.go.isEnabled()
    dialog.form.edited.emit("optimizer", "SGD")
    assert dialog.go.isEnabled()
    assert "optimizer AdamW → SGD" in dialog.what.text()
    assert dialog.steps == 5 * -(-digits.dataset.count("train") // digits.plan.batch_size)
    assert digits.plan.optimizer == "AdamW"


def test_enter_in_a_value_of_the_rivals_plan_begins_nothing_yet(digits, closed, qtbot):
    dialog = RivalDialog(digits)
    closed(dialog)
    dialog.show()
    begun = []
    dialog.accepted.connect(lambda: begun.append(True))
    rate = next(each for each in dialog.form.findChildren(QLineEdit) if "earning rate" in each.accessibleName())
    rate.setFocus()
    rate.selectAll()
    qtbot.keyClicks(rate, "0.5")
    qtbot.keyClick(rate, Qt.Key.Key_Return)
    assert not begun
    assert "learning rate 0.01 → 0.5" in dialog.what.text()
    qtbot.keyClick(dialog.go, Qt.Key.Key_Return)
    assert begun


def test_for_how_long_is_a_whole_number_of_epochs(digits, closed, qtbot):
    dialog = RivalDialog(digits)
    closed(dialog)
    dialog.show()
    dialog.form.edited.emit("optimizer", "SGD")
    dialog.epochs.selectAll()
    qtbot.keyClicks(dialog.epochs, "12x")
    assert dialog.epochs.text() == "12"
    assert dialog.steps == 12 * -(-digits.dataset.count("train") // digits.plan.batch_size)
    dialog.epochs.clear()
    assert not dialog.go.isEnabled()


def test_no_run_can_be_started_beside_a_contest(digits, closed):
    window = ContestWindow(digits, versions(digits, learning_rate=0.1), Start(), 20, {})
    closed(window)
    assert window.isModal()


def test_a_rival_that_takes_other_data_is_told_in_a_sentence(digits, qtbot, closed):
    (image,) = (node.id for node in digits.network.nodes.values() if node.name == "image")
    strange = edits.set_params(image, field="no such field")(digits.network)
    mine = Version("as it is", digits.sheet.network, digits.sheet.plan)
    window = ContestWindow(digits, (mine, Version("other", strange, digits.sheet.plan)), Start(), 20, {})
    closed(window)
    window.show()
    run_out(window, qtbot)
    assert "no such field" in window.state.text()
    assert "Traceback" not in window.state.text()


def test_a_rival_is_chosen_among_earlier_states(digits, closed):
    (linear, *_) = (node.id for node in digits.network.nodes.values() if type(node.layer).__name__ == "Linear")
    digits.do("Widen it", edits.set_params(linear, out_features=99))
    dialog = RivalDialog(digits)
    closed(dialog)
    assert [offer.title for offer in dialog.offers] == ["The network as it is drawn", "Before “Widen it”"]
    dialog.network.setCurrentIndex(1)
    dialog.network.activated.emit(1)
    mine, rival = dialog.versions
    assert mine.network.nodes[linear].layer.out_features == 99
    assert rival.network.nodes[linear].layer.out_features != 99
    assert any("out features" in text for text in differences(mine, rival))


def test_a_private_version_tells_what_it_has_given_away():
    history = History()
    assert "privacy ε" not in figures(history)
    history.feed(PrivacySpent(step=4, time=1.0, epsilon=0.8, delta=1e-5, planned=2, rows=8, of=80, noise=1, norm=1))
    assert figures(history)["privacy ε"] == 0.8
