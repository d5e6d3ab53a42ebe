"""The training panel: what a person sees of a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from waiting import refreshed

from nnstudio.train.events import CheckpointSaved, NetworkChanged, PlanChanged, RunFinished
from nnstudio.ui import theme
from nnstudio.ui.docks import TrainingPanel
from nnstudio.ui.docks.loss import LossPlot


@pytest.fixture
def panel(session, show) -> TrainingPanel:
    made = TrainingPanel(session)
    show(made)
    return made


def test_before_any_run_the_panel_invites_to_start_one(qtbot, session, panel, monkeypatch):
    assert "Press Start to train" in panel.empty.sentence.text()
    assert panel.empty.isVisible()
    asked = []
    monkeypatch.setattr(session.training, "start", lambda: asked.append(True))
    qtbot.mouseClick(panel.empty.button, Qt.MouseButton.LeftButton)
    assert asked


def test_the_plots_take_the_place_of_the_invitation_when_a_run_begins(qtbot, panel, tell, made):
    tell([made.run_started()])
    qtbot.waitUntil(lambda: panel.folding.isVisible())
    assert not panel.empty.isVisible()


def test_three_plots_stand_side_by_side_when_wide_and_fold_to_tabs_when_narrow(qtbot, panel, tell, made):
    tell(made.run())
    parts = (panel.loss, panel.activations, panel.gradients)
    qtbot.waitUntil(lambda: all(part.isVisible() for part in parts))
    panel.resize(700, 240)
    assert [part.isVisible() for part in parts] == [True, False, False]
    tabs = panel.folding.tabs
    qtbot.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(2).center())
    assert [part.isVisible() for part in parts] == [False, False, True]
    panel.resize(1400, 240)
    assert all(part.isVisible() for part in parts)
    assert not tabs.isVisible()


def test_training_and_validation_are_drawn_and_labelled_in_their_two_colours(qtbot, panel, tell, made):
    tell(made.run(epochs=5))
    refreshed(qtbot, panel.loss)
    x, y = panel.loss.validation.getData()
    assert x.tolist() == [1, 2, 3, 4, 5]
    assert y == pytest.approx([2 * 0.8**e for e in range(1, 6)])
    x, y = panel.loss.raw.getData()
    assert x.max() == pytest.approx(5.0)
    assert y.max() == pytest.approx(2.0)
    tokens = theme.current()
    labels = {label.text: label.color for label in panel.loss.labels.labels}
    assert labels == {"training": tokens.training, "validation": tokens.validation}
    assert panel.loss.training.opts["pen"].color().name().upper() == tokens.training.upper()


def test_labels_of_lines_that_end_close_together_do_not_overlap(qtbot, panel, tell, made):
    tell([made.run_started(), made.steps(0, np.full(10, 0.5)), made.epoch(1, 0.5, 0.501)])
    refreshed(qtbot, panel.loss)
    rows = [y for _, y in panel.loss.labels.placed()]
    assert len(rows) == 2
    assert rows[1] - rows[0] >= panel.loss.labels.row


def test_the_log_button_shows_decades(qtbot, panel, tell, made):
    tell([made.run_started(), made.steps(0, 10.0 ** -np.linspace(0, 4, 50))])
    refreshed(qtbot, panel.loss)
    assert all(not text.startswith("1e") for text in panel.loss.frame.plot.left.texts())
    qtbot.mouseClick(panel.loss.log, Qt.MouseButton.LeftButton)
    refreshed(qtbot, panel.loss)
    _, y = panel.loss.raw.getData()
    assert y.min() == pytest.approx(-4)
    assert {"1e-4", "1e-2", "1"} <= set(panel.loss.frame.plot.left.texts())
    qtbot.mouseClick(panel.loss.log, Qt.MouseButton.LeftButton)
    refreshed(qtbot, panel.loss)
    _, y = panel.loss.raw.getData()
    assert y.max() == pytest.approx(1.0)


def test_smoothing_takes_the_mean_over_more_steps(qtbot, panel, tell, made):
    noisy = np.tile([0.0, 2.0], 100)
    tell([made.run_started(), made.steps(0, noisy)])
    refreshed(qtbot, panel.loss)
    panel.loss.smoothing.setValue(0)
    refreshed(qtbot, panel.loss)
    assert np.ptp(panel.loss.training.getData()[1]) == pytest.approx(2.0)
    assert not panel.loss.raw.isVisible()
    panel.loss.smoothing.setValue(8)
    refreshed(qtbot, panel.loss)
    middle = panel.loss.training.getData()[1][60:140]
    assert np.ptp(middle) < 0.1
    assert "40 steps" in panel.loss.smoothing.toolTip()


def test_metrics_can_be_chosen_and_are_drawn_for_both_splits(qtbot, panel, tell, made):
    tell(made.run(epochs=3))
    refreshed(qtbot, panel.loss)
    names = [action.text() for action in panel.loss.figure.menu().actions()]
    assert names == ["Loss", "Accuracy", "Learning rate"]
    panel.loss.figure.menu().actions()[1].trigger()
    refreshed(qtbot, panel.loss)
    assert panel.loss.figure.text() == "Accuracy ▾"
    assert panel.loss.training.getData()[1] == pytest.approx([1 - 0.75**e for e in (1, 2, 3)])
    assert panel.loss.validation.getData()[1] == pytest.approx([1 - 0.8**e for e in (1, 2, 3)])


def test_steps_can_be_counted_along_x(qtbot, panel, tell, made):
    tell(made.run(epochs=5))
    refreshed(qtbot, panel.loss)
    next(action for action in panel.loss.frame.menu.actions() if action.text() == "Steps along x").trigger()
    refreshed(qtbot, panel.loss)
    assert panel.loss.frame.caption.text() == "step"
    assert panel.loss.validation.getData()[0].tolist() == [10, 20, 30, 40, 50]
    assert panel.loss.raw.getData()[0].max() == pytest.approx(50)


def test_both_axes_can_be_logarithmic(qtbot, panel, tell, made):
    tell([made.run_started(epochs=1000), made.steps(0, 10.0 ** -np.linspace(0, 4, 10_000))])
    refreshed(qtbot, panel.loss)
    panel.loss.log_x.trigger()
    refreshed(qtbot, panel.loss)
    plot = panel.loss.frame.plot
    assert {"1", "10", "100", "1e3"} <= set(plot.bottom.texts())
    x, y = panel.loss.raw.getData()
    assert x.min() == pytest.approx(-1)  # the first step is a tenth of an epoch
    assert x.max() == pytest.approx(3, abs=0.01)
    assert len(x) < 4 * panel.loss.drawing.pixels
    assert y[np.argmin(np.abs(x - 2))] == pytest.approx(10**-0.4, rel=0.02)


def test_what_was_changed_in_the_middle_and_where_it_was_saved_is_marked(qtbot, panel, tell, made):
    tell(made.run(epochs=3))
    change = {"learning_rate": 0.001}, {"learning_rate": 0.0001}
    tell([
        PlanChanged(step=10, time=1.0, before=change[0], after=change[1]),
        NetworkChanged(step=20, time=1.0, kept=("a.weight", "a.bias"), cut=(), fresh=("f.weight",)),
        CheckpointSaved(step=20, time=1.0, path="x", epoch=2, kind="best"),
    ])  # fmt: skip
    refreshed(qtbot, panel.loss)
    item = panel.loss.marks
    assert item.places == pytest.approx((1.0, 2.0, 2.0))
    assert item.marks[0].text == "learning rate 0.00100 → 1.0e-4"
    assert item.marks[1].text == "network edited: 2 kept, 1 fresh"
    assert item.marks[2].kind == "best"
    view = panel.loss.frame.plot.view
    panel.loss.frame.plot.hovered.emit(QPointF(2.0, sum(view.viewRange()[1]) / 2))
    assert "best so far, saved" in [reading.name for reading in panel.loss.reader.readings]
    panel.loss.marked.trigger()
    refreshed(qtbot, panel.loss)
    assert item.marks == ()


def test_phases_have_a_line_each_in_colours_of_their_own(qtbot, panel, tell, made):
    started = replace(made.run_started(), phases=("judge", "judge", "forger"))
    tell([started, made.steps(0, np.tile([1.0, 1.0, 3.0], 40))])
    refreshed(qtbot, panel.loss)
    labels = {label.text: label.color for label in panel.loss.labels.labels}
    assert set(labels) == {"judge", "forger"}
    assert len({*labels.values(), theme.current().validation}) == 3
    judge, forger = (items[1].getData()[1] for items in panel.loss.items)
    assert judge == pytest.approx(np.ones(len(judge)))
    assert forger == pytest.approx(np.full(len(forger), 3.0))


def test_the_parts_of_the_loss_are_drawn_by_node_and_saved(qtbot, panel, tell, made):
    parts = {"l": np.full(20, 0.5, np.float32), "f": np.full(20, 0.25, np.float32)}
    tell([made.run_started(), replace(made.steps(0, np.full(20, 0.75)), parts=parts)])
    refreshed(qtbot, panel.loss)
    panel.loss.figure.menu().actions()[1].trigger()
    refreshed(qtbot, panel.loss)
    assert panel.loss.figure.text() == "Parts of the loss ▾"
    assert {label.text: label.y for label in panel.loss.labels.labels} == {"loss": 0.5, "scores": 0.25}
    assert panel.loss.table()["scores, each step"] == pytest.approx(parts["f"])


def test_a_drag_with_shift_pans_and_the_plot_is_read_by_keyboard(qtbot, panel, tell, made):
    tell(made.run(epochs=10))
    refreshed(qtbot, panel.loss)
    plot = panel.loss.frame.plot
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_Plus)
    refreshed(qtbot, panel.loss)
    low, high = plot.view.viewRange()[0]
    qtbot.keyClick(plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert plot.view.viewRange()[0] == pytest.approx([low + 0.1 * (high - low), high + 0.1 * (high - low)])
    refreshed(qtbot, panel.loss)
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert plot.accessibleDescription().startswith("epoch ")
    assert "validation 0." in plot.accessibleDescription()
    before = plot.view.viewRange()[0]
    drag(qtbot, plot, QPoint(220, 60), QPoint(120, 60), Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: plot.view.viewRange()[0][0] > before[0] + 0.05)
    assert np.ptp(plot.view.viewRange()[0]) == pytest.approx(np.ptp(before))
    qtbot.keyClick(plot, Qt.Key.Key_Home)
    refreshed(qtbot, panel.loss)
    assert plot.view.viewRange()[0][0] == 0


def test_how_the_loss_is_looked_at_is_remembered(qtbot, session, show, panel, tell, made):
    tell(made.run(epochs=3))
    refreshed(qtbot, panel.loss)
    panel.loss.figure.menu().actions()[1].trigger()
    panel.loss.log_x.trigger()
    other = TrainingPanel(session)
    other.choose_again(panel.choices)
    show(other)
    refreshed(qtbot, other.loss)
    assert other.loss.figure.text() == "Accuracy ▾"
    assert other.loss.drawing.log_x


def test_a_drag_zooms_and_reset_shows_everything_again(qtbot, panel, tell, made):
    tell(made.run(epochs=10))
    refreshed(qtbot, panel.loss)
    plot = panel.loss.frame.plot
    whole = plot.view.viewRange()[0]
    drag(qtbot, plot, QPoint(120, 40), QPoint(220, 120))
    qtbot.waitUntil(lambda: plot.view.viewRange()[0][1] < 0.8 * whole[1])
    assert panel.loss.frame.unzoom.isVisible()
    tell([made.steps(100, [0.01])])
    refreshed(qtbot, panel.loss)
    assert plot.view.viewRange()[0][1] < 0.8 * whole[1]  # what comes does not undo the zoom
    qtbot.mouseClick(panel.loss.frame.unzoom, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: plot.view.viewRange()[0] == pytest.approx(whole, rel=0.05))
    assert not panel.loss.frame.unzoom.isVisible()


def drag(qtbot, plot, start: QPoint, end: QPoint, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    """Drag with the left button."""
    area, button = plot.viewport(), Qt.MouseButton.LeftButton
    qtbot.mousePress(area, button, modifier, pos=start)
    for share in (0.3, 0.6, 1.0):
        at = QPointF(start + (end - start) * share)
        move = QMouseEvent(QEvent.Type.MouseMove, at, area.mapToGlobal(at), Qt.MouseButton.NoButton, button, modifier)
        QApplication.sendEvent(area, move)
        qtbot.wait(15)  # pyqtgraph takes moves that come faster as one
    qtbot.mouseRelease(area, button, modifier, pos=end)


def test_the_cursor_tells_the_values_under_the_mouse(qtbot, panel, tell, made):
    tell(made.run(epochs=20))
    refreshed(qtbot, panel.loss)
    view = panel.loss.frame.plot.view
    panel.loss.frame.plot.hovered.emit(view.mapSceneToView(view.sceneBoundingRect().center()))
    cursor = panel.loss.reader
    assert cursor.heading.startswith("epoch ")
    assert [reading.name for reading in cursor.readings] == ["this step", "mean", "validation"]
    panel.loss.frame.plot.hovered.emit(None)
    assert cursor.at is None


def test_a_new_run_clears_the_plots(qtbot, panel, tell, made):
    tell(made.run(epochs=5))
    refreshed(qtbot, panel.loss)
    tell([made.run_started("second"), made.steps(0, [0.3, 0.2])])
    refreshed(qtbot, panel.loss)
    assert panel.loss.validation.getData()[0] is None or len(panel.loss.validation.getData()[0]) == 0
    assert panel.loss.raw.getData()[1].max() == pytest.approx(0.3)
    refreshed(qtbot, panel.gradients)
    assert panel.gradients.item.bars == ()


def test_a_finished_run_is_shown_when_the_panel_comes_later(session, show, tell, made):
    tell([*made.run(epochs=4), RunFinished(step=40, time=1, reason="completed", epochs=4, best_epoch=4, seconds=1.0)])
    late = TrainingPanel(session)
    show(late)
    assert late.folding.isVisible()
    assert len(late.loss.validation.getData()[0]) == 4


def test_a_loss_that_is_not_finite_leaves_a_gap(qtbot, panel, tell, made):
    tell([made.run_started(), made.steps(0, [1.0, 0.9, np.nan, np.inf])])
    refreshed(qtbot, panel.loss)
    low, high = panel.loss.frame.plot.view.viewRange()[1]
    assert low < 0.9
    assert 1.0 < high < 1.2
    assert np.nanmax(panel.loss.raw.getData()[1]) == pytest.approx(1.0)


def test_a_million_steps_are_drawn_with_two_points_a_pixel_and_no_extreme_lost(qtbot, panel, tell, made):
    losses = np.full(1_000_000, 0.5, np.float32)
    losses[123_456] = 0.9
    losses[654_321] = 0.1
    tell([made.run_started(epochs=100_000), made.steps(0, losses)])
    refreshed(qtbot, panel.loss)
    x, y = panel.loss.raw.getData()
    assert len(x) <= 2 * panel.loss.drawing.pixels + 4
    assert y.max() == pytest.approx(0.9)
    assert y.min() == pytest.approx(0.1)


def test_a_hidden_panel_does_nothing_and_catches_up_when_it_is_shown(qtbot, panel, tell, made, monkeypatch):
    tell(made.run(epochs=2))
    refreshed(qtbot, panel.loss)
    drawn = []
    original = LossPlot.refresh
    monkeypatch.setattr(LossPlot, "refresh", lambda self: (drawn.append(1), original(self)))
    panel.hide()
    tell([made.steps(20, [0.4] * 10), made.epoch(3, 0.4, 0.5)])
    qtbot.wait(120)  # four times as long as a redraw would be put off
    assert not drawn
    panel.show()
    assert drawn == [1]
    assert panel.loss.validation.getData()[0].tolist() == [1, 2, 3]


def test_many_events_in_a_row_cost_one_redraw(qtbot, panel, tell, made, monkeypatch):
    tell(made.run(epochs=2))
    refreshed(qtbot, panel.loss)
    drawn = []
    monkeypatch.setattr(LossPlot, "refresh", lambda _: drawn.append(1))
    for step in range(20, 40):
        tell([made.steps(step, [0.4])])
    refreshed(qtbot, panel.loss)
    assert len(drawn) == 1


def test_colours_follow_the_theme_at_once(qtbot, panel, tell, made):
    tell(made.run(epochs=2))
    refreshed(qtbot, panel.loss)
    theme.set_theme("light")
    try:
        refreshed(qtbot, panel.loss)
        assert panel.loss.training.opts["pen"].color().name().upper() == theme.LIGHT.training
        assert panel.loss.labels.labels[0].color == theme.LIGHT.training
        refreshed(qtbot, panel.activations)
        picture = panel.grab().toImage()
        assert picture.pixelColor(4, 4).name().upper() == theme.LIGHT.panel
        middle = panel.loss.frame.plot.geometry().center()
        assert picture.pixelColor(panel.loss.frame.mapTo(panel, middle)).lightness() > 150
    finally:
        theme.set_theme("dark")


def test_the_picture_and_the_numbers_can_be_saved(qtbot, session, panel, tell, made, tmp_path, monkeypatch):
    tell(made.run(epochs=2))
    refreshed(qtbot, panel.loss)
    told = []
    session.notice.connect(lambda level, text: told.append((level, text)))
    for name, entry in (
        ("loss.png", "Save picture…"),
        ("loss.svg", "Save picture…"),
        ("loss.csv", "Save numbers (CSV)…"),
    ):
        path = tmp_path / name
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path: (str(path), ""))
        next(action for action in panel.loss.frame.menu.actions() if action.text() == entry).trigger()
        assert path.stat().st_size > 300
    assert [level for level, _ in told] == ["info"] * 3
    lines = (tmp_path / "loss.csv").read_text().splitlines()
    assert lines[0] == "step,loss,learning rate,epoch,training loss,validation loss"
    assert len(lines) == 1 + 20
    assert lines[1].startswith("1,2.0,")
    assert "training" in (tmp_path / "loss.svg").read_text()


def test_saving_where_nothing_can_be_written_says_so(qtbot, session, panel, tell, made, tmp_path, monkeypatch):
    tell(made.run(epochs=2))
    refreshed(qtbot, panel.loss)
    told = []
    session.notice.connect(lambda level, text: told.append((level, text)))
    nowhere = tmp_path / "missing" / "loss.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(nowhere), ""))
    next(action for action in panel.loss.frame.menu.actions() if action.text() == "Save picture…").trigger()
    assert told[0][0] == "error"
    assert "loss.png was not written" in told[0][1]


def test_nothing_is_warned_of_while_a_run_is_watched(qtbot, qtlog, panel, tell, made):
    for event in made.run(epochs=3):
        tell([event])
        qtbot.wait(1)
    refreshed(qtbot, panel.loss)
    messages = [record.message for record in qtlog.records if "propagateSizeHints" not in record.message]
    assert messages == []
