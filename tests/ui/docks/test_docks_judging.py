"""The panel that judges the trained network: what it says before there is anything, and each page once there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnstudio.project.judging import classes, curves
from nnstudio.project.judging.explaining import Part
from nnstudio.project.project import Project
from nnstudio.ui import theme
from nnstudio.ui.docks import JudgingPanel, numbers
from nnstudio.ui.docks.judging.assessing import told
from nnstudio.ui.docks.judging.panel import PAGES
from nnstudio.ui.session import Session

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def trained() -> Project:
    """The digits, trained a little."""
    made = Project.new("digits-mlp")
    made.train(epochs=2)
    return made


@pytest.fixture
def digits(qapp, qtbot, trained) -> Iterator[Session]:
    """A session with the trained network and its data."""
    assert qapp is not None
    made = Session()
    made.replace_sheet(trained.sheet)
    made.training.weights = trained.weights
    made.training.trained_in = made.sheet.network
    qtbot.waitUntil(lambda: made.settled and made.dataset is not None, timeout=60_000)
    yield made
    made.shut_down()


@pytest.fixture
def panel(digits, show, qtbot) -> JudgingPanel:
    made = JudgingPanel(digits)
    show(made, 1300, 320)
    qtbot.waitUntil(lambda: made.assessing.judged is not None and not made._stale, timeout=60_000)
    return made


@pytest.fixture
def turn(panel, qtbot) -> Callable[[str], Any]:
    """Click a tab and wait until its page has drawn."""

    def turned(title: str) -> Any:
        at = list(PAGES).index(title)
        qtbot.mouseClick(panel.tabs, LEFT, pos=panel.tabs.tabRect(at).center())
        assert panel.page is panel.page_of(title)
        qtbot.waitUntil(lambda: not panel.assessing.busy, timeout=60_000)
        return panel.page

    return turned


def test_without_trained_weights_it_says_what_to_do_and_does_it(qtbot, session, show, monkeypatch):
    panel = JudgingPanel(session)
    show(panel)
    assert panel.empty.title.text() == "No data yet"
    session.dataset = Project.new("small-net").dataset
    session.data_changed.emit()
    qtbot.waitUntil(lambda: not panel._stale)
    assert "Train the network, then its answers are shown here" in panel.empty.sentence.text()
    started = []
    monkeypatch.setattr(session, "start", lambda: started.append(True))
    qtbot.mouseClick(panel.empty.button, LEFT)
    assert started


def test_while_a_run_is_under_way_it_asks_to_pause_it(digits, panel, qtbot, monkeypatch):
    monkeypatch.setattr(digits.training, "state", "running")
    digits.run_changed.emit()
    qtbot.waitUntil(lambda: "Pause or stop the run" in panel.empty.sentence.text())
    assert panel.stack.currentWidget() is panel.empty
    monkeypatch.undo()
    digits.run_changed.emit()
    qtbot.waitUntil(lambda: panel.stack.currentWidget() is panel.filled, timeout=60_000)


def test_a_cell_of_the_matrix_that_is_clicked_shows_its_pictures_and_one_of_them_its_explanation(panel, turn, qtbot):
    page, judged = turn("Confusion"), panel.assessing.judged
    counts = classes.confusion(judged).among(range(10))
    apart = counts - np.diag(np.diag(counts))
    true, said = (int(place) for place in np.unravel_index(apart.argmax(), apart.shape))
    assert apart[true, said] > 0
    assert page.table.text(true, 1) == str(counts[true].sum())
    assert len(page.samples.places) == (~judged.right).sum(), "before a cell is chosen, all that is wrong"
    qtbot.mouseClick(page.matrix, LEFT, pos=page.matrix.rect_of(true, said).center().toPoint())
    assert page.samples.title.text() == f"{true} taken for {said}"
    assert len(page.samples.places) == apart[true, said]
    assert page.samples.grid.label(0) == f"{true} → {said}"
    first = page.samples.places[0]
    qtbot.mouseClick(page.samples.grid, LEFT, pos=page.samples.at(0))
    explain = panel.page_of("Explain")
    assert panel.page is explain
    qtbot.waitUntil(lambda: explain.found is not None and explain.found.place == first, timeout=60_000)
    assert explain.found.asked == str(said)
    assert explain.picture.values.shape == (8, 8)


def test_the_figures_above_the_matrix_are_not_cut(turn):
    page = turn("Confusion")
    page.head.setText("accuracy by place 0.934 · mean IoU 0.7123")
    QApplication.processEvents()
    assert page.head.width() >= page.head.sizeHint().width()


def test_in_a_low_window_the_counts_of_the_matrix_can_be_read_and_nothing_stands_empty(panel, turn):
    page = turn("Confusion")
    panel.resize(1280, 196)
    QApplication.processEvents()
    cell = page.matrix.rect_of(3, 3)
    figures, text = QFontMetricsF(theme.mono_font(11)), str(page.matrix.matrix.hits.max())
    assert cell.height() >= figures.capHeight() + 3
    assert cell.width() >= figures.horizontalAdvance(text) + 2
    assert page.table.isVisible()
    assert page.samples.isVisible()
    assert page.table.viewport().width() >= page.table.horizontalHeader().length()
    assert page.samples.geometry().right() >= page.width() - 1


def test_beside_a_matrix_of_many_classes_no_figure_is_cut(panel, turn):
    page, codes = turn("Confusion"), np.arange(60)
    names = tuple(f"a class of a long name {code}" for code in codes)
    many = classes.Confusion(names, codes, codes, codes, np.full(60, 12_345))
    page._show(many, classes.by_class(many), page.wrong)
    for height in (196, 320, 620):
        panel.resize(1280, height)
        QApplication.processEvents()
        assert page.table.isVisible()
        assert page.table.viewport().width() >= page.table.horizontalHeader().length()


def test_where_there_is_little_width_figures_and_rows_take_turns(panel, turn, qtbot):
    page = turn("Confusion")
    panel.resize(800, 320)
    QApplication.processEvents()
    assert page.table.isVisible()
    assert not page.samples.isVisible()
    qtbot.mouseClick(page.matrix, LEFT, pos=page.matrix.rect_of(3, 3).center().toPoint())
    assert page.samples.isVisible()
    assert not page.table.isVisible()
    qtbot.mouseClick(page.back, LEFT)
    assert page.table.isVisible()
    assert page.matrix.cell == (-1, -1)


def test_what_a_page_waited_for_is_there_when_the_panel_was_hidden_meanwhile(panel, turn, qtbot):
    page = turn("Slices")
    page.view.sliced = None
    page.draw()
    panel.hide()
    panel.show()
    qtbot.waitUntil(lambda: page.view.sliced is not None, timeout=60_000)


def test_the_matrix_is_worked_by_arrow_keys_and_told_in_words(turn):
    page = turn("Confusion")
    page.matrix.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left):
        QTest.keyClick(page.matrix, key)
    assert page.matrix.cell == (1, 0)
    assert page.matrix.accessibleDescription().startswith("1 taken for 0:")
    assert page.samples.title.text() == "1 taken for 0"


def test_the_threshold_s_slider_says_what_it_gives(panel, turn):
    page, judged = turn("Curves"), panel.assessing.judged
    page.which.menu().actions()[8].trigger()
    page.slider.setFocus()
    QTest.keyClick(page.slider, Qt.Key.Key_Home)
    assert "recall 1.000" in page.told.text()
    assert "0 missed" in page.counts.text()
    QTest.keyClick(page.slider, Qt.Key.Key_End)
    at = curves.curves(judged, 8).at(1.0)
    assert page.counts.text().startswith(f"{at.hits} found · {at.missed} missed · {at.false_alarms} false alarms")
    QTest.mouseClick(page.best, LEFT)
    best = curves.curves(judged, 8)
    assert page.threshold == pytest.approx(best.best(), abs=0.002)
    assert page.roc.dots.points[0][1] == pytest.approx(best.at(page.threshold).recall)


def test_a_click_on_a_curve_takes_the_threshold_of_its_nearest_point(turn):
    page = turn("Curves")
    plot, found = page.precision.plot, page.curves
    middle = len(found.thresholds) // 2
    scene = plot.view.mapViewToScene(QPointF(float(found.recall[middle]), float(found.precision[middle])))
    plot.clicked.emit(scene)
    at = found.at(page.threshold)
    assert at.recall == pytest.approx(found.recall[middle], abs=0.05)


def test_calibration_tells_the_error_and_draws_a_bar_for_each_bin(panel, turn):
    page, found = turn("Calibration"), classes.calibration(panel.assessing.judged)
    assert page.reliability.note.text() == f"expected calibration error {numbers.figure(found.error)}"
    np.testing.assert_array_equal(page.counts.heights, found.counts)
    assert len(page.reliability.dots.points) == (found.counts > 0).sum()


def test_groups_come_worst_first_and_show_their_rows(turn, qtbot):
    page = turn("Slices")
    qtbot.waitUntil(lambda: page.view.sliced is not None)
    values = [each.figures["accuracy"].value for each in page.view.sliced.slices]
    assert values == sorted(values)
    assert page.view.current == 0
    assert sorted(page.samples.places) == sorted(page.view.sliced.slices[0].places.tolist())
    qtbot.mouseClick(page.view, LEFT, pos=page.view.line(2).center().toPoint())
    chosen = page.view.sliced.slices[2]
    assert sorted(page.samples.places) == sorted(chosen.places.tolist())
    assert chosen.name in page.view.accessibleDescription()
    page.columns.menu().actions()[page.columns.items.index("image")].trigger()
    qtbot.waitUntil(lambda: page.view.sliced.column == "image", timeout=60_000)
    assert all(each.name.startswith("brightness") for each in page.view.sliced.slices)


def test_in_a_low_window_plots_keep_half_of_the_height(panel, turn, qtbot):
    page = turn("Attack")
    qtbot.mouseClick(page.empty.button, LEFT)
    qtbot.waitUntil(lambda: page.found is not None, timeout=60_000)
    panel.resize(1280, 196)
    QApplication.processEvents()
    assert page.curve.plot.height() >= page.height() / 2
    page = turn("Curves")
    for frame in (page.roc, page.precision):
        assert frame.plot.height() >= page.height() / 2
    assert page.counts.visibleRegion().boundingRect().height() == page.counts.height()


def test_a_sound_is_shown_with_high_tones_on_top_and_of_an_array_time_runs_to_the_right(turn, qtbot, monkeypatch):
    for module in ("attacking", "explaining"):
        monkeypatch.setattr(f"nnstudio.ui.docks.judging.{module}.heard", lambda *_: True)
    page = turn("Attack")
    page.attack()
    qtbot.waitUntil(lambda: page.found is not None, timeout=60_000)
    original = page.found.original["image"][page._order[0]]
    np.testing.assert_array_equal(page.frames[0].values, original[0, ::-1])
    change = page.found.changed["image"][page._order[0]] - original
    np.testing.assert_array_equal(page.frames[1].values, change[0, ::-1])
    page = turn("Explain")
    part = Part("signal", "array", np.arange(58.0).reshape(29, 2))
    monkeypatch.setattr("nnstudio.ui.docks.judging.explaining.heard", lambda *_: False)
    page._explained(replace(page.found, parts=(part,)))
    np.testing.assert_array_equal(page.picture.values, part.values.T)
    assert page.picture.note.text().startswith("2 numbers down, 29 moments across")


def test_what_speaks_against_an_answer_has_the_colours_of_that_also_where_nothing_speaks_for_it(turn):
    page = turn("Explain")
    page.picture.show_picture(np.array([[-1.0, -0.5], [0.0, -0.25]]))
    assert page.picture.item.tiles.signed
    assert page.picture.item.tiles.span == (-1.0, 1.0)
    page.picture.show_picture(np.array([[1.0, 0.5], [0.0, 0.25]]))
    assert not page.picture.item.tiles.signed


def test_the_sum_is_told_against_an_empty_input_and_only_where_the_parts_add_up(turn):
    page = turn("Explain")
    found = page.found
    above = found.score - found.baseline
    side = "above" if above > 0 else "below"
    sentence = page.picture.note.text()
    assert sentence.startswith(f"score {numbers.figure(found.score)}, {numbers.figure(abs(above))[:3]}")
    assert sentence.endswith(f"{side} that of an empty input")
    page._explained(replace(found, baseline=float("nan")))
    assert page.picture.note.text() == f"score {numbers.figure(found.score)}"


def test_a_group_that_is_chosen_by_key_comes_into_sight(panel, turn):
    page = turn("Slices")
    panel.resize(1280, 196)
    page.view.setFocus()
    for _ in range(len(page.view.sliced.slices) - 1):
        QTest.keyClick(page.view, Qt.Key.Key_Down)
    last = page.view.line(page.view.current).toRect()
    assert page.view.visibleRegion().contains(last.adjusted(0, 2, -2, -2))


def test_an_attack_draws_accuracy_over_strength_and_the_samples_that_it_fooled(turn, qtbot):
    page = turn("Attack")
    assert page.stack.currentWidget() is page.empty
    page.empty.button.setFocus()
    QTest.keyClick(page.empty.button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: page.found is not None, timeout=60_000)
    assert page.again.hasFocus()
    strengths, accuracy = page.curve.shown["attacked"]
    np.testing.assert_array_equal(accuracy, page.found.right)
    assert accuracy[-1] < page.curve.shown["noise"][1][-1]
    order = [page.found.smallest[place] for place in page._order]
    assert order == sorted(order)
    first = page.sample.text()
    assert " becomes " in first
    assert page.frames[1].values.shape == (8, 8)
    page._show_columns(page.found, page._order[0])
    cells = [page.columns.item(0, at).text() for at in range(4)]
    assert float(cells[3].replace("−", "-")) != 0
    assert cells[3][0] in "+−"
    page.way.menu().actions()[0].trigger()
    assert strengths[0] == 0.0


def test_an_explanation_follows_the_row_the_way_and_the_class(turn, qtbot):
    page = turn("Explain")
    first = page.picture.values.copy()
    page.number.setFocus()
    page.number.selectAll()
    QTest.keyClicks(page.number, "7")
    QTest.keyClick(page.number, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.found.place == 6, timeout=60_000)
    assert not np.array_equal(page.picture.values, first)
    page.way.menu().actions()[1].trigger()
    qtbot.waitUntil(lambda: page.found.way == "saliency", timeout=60_000)
    page.which.menu().actions()[4].trigger()
    qtbot.waitUntil(lambda: page.found.asked == "3", timeout=60_000)
    assert page.picture.title.text() == "What counts for 3"


def test_another_split_is_judged_and_the_page_stays(panel, turn, qtbot):
    turn("Worst samples")
    before = panel.assessing.judged
    panel.split.menu().actions()[1].trigger()
    qtbot.waitUntil(lambda: panel.assessing.judged is not None and not panel._stale, timeout=60_000)
    assert panel.assessing.judged.split == "validation"
    assert panel.assessing.judged is not before
    assert panel.page is panel.page_of("Worst samples")
    losses = panel.assessing.judged.losses
    qtbot.waitUntil(lambda: losses[panel.page.samples.places[0]] == losses.max(), timeout=60_000)


def test_what_judges_is_named_where_it_is_not_the_output_itself(panel, monkeypatch):
    judged = panel.assessing.judged
    assert judged.subject.reads == ("image",)
    assert panel.summary.text() == f"{len(judged.rows)} rows of {panel.session.dataset.title}"
    beyond = replace(judged, subject=replace(judged.subject, beyond=True))
    monkeypatch.setattr(type(panel.assessing), "judged", beyond)
    panel.refresh()
    assert panel.summary.text().startswith("as loss compares them · ")


def test_a_page_out_of_sight_draws_nothing_of_the_project_before(panel, turn):
    before = turn("Attack")
    turn("Confusion")
    gone = replace(before.judged, subject=replace(before.judged.subject, name="an output of another project"))
    before.judged = gone
    panel.restyle()
    assert turn("Attack").judged is panel.assessing.judged


def test_other_weights_are_other_answers(digits, panel, qtbot):
    before = panel.assessing.judged
    digits.training.weights = {key: np.zeros_like(value) for key, value in digits.training.weights.items()}
    digits.run_changed.emit()
    qtbot.waitUntil(lambda: panel.assessing.judged not in (None, before) and not panel._stale, timeout=60_000)
    assert len(set(panel.assessing.judged.predicted.tolist())) == 1


def test_work_that_is_cancelled_says_so_and_can_be_tried_again(panel, qtbot):
    panel.split.menu().actions()[0].trigger()
    qtbot.mouseClick(panel.cancel, LEFT)
    qtbot.waitUntil(lambda: "cancelled" in panel.empty.sentence.text() and not panel._stale)
    qtbot.mouseClick(panel.empty.button, LEFT)
    qtbot.waitUntil(lambda: panel.assessing.judged is not None and not panel._stale, timeout=60_000)
    assert panel.assessing.judged.split == "train"


def test_a_hidden_panel_works_nothing_out(digits, panel, qtbot):
    panel.hide()
    digits.training.weights = dict(digits.training.weights)
    digits.run_changed.emit()
    assert not panel.assessing.busy
    panel.show()
    qtbot.waitUntil(lambda: panel.assessing.judged is not None, timeout=60_000)


def test_what_is_under_way_is_told_with_the_time_that_is_left():
    assert told("Attacking", 0.0, 3.0) == "Attacking …"
    assert told("Attacking", 0.25, 5.0) == "Attacking: 25 %, about 15 s left"
