"""The windows that look for a learning rate and a batch size before a run."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtCore import Qt

from nnstudio.project.gallery import template
from nnstudio.project.places import RUNS, runs_folder
from nnstudio.runs.database import RunDatabase
from nnstudio.train.events import Forecasted
from nnstudio.train.forecast import Forecast
from nnstudio.ui.finding.dialog import Finder
from nnstudio.ui.finding.forecasting import ForecastRow
from nnstudio.ui.finding.rate import RateFinder
from nnstudio.ui.finding.size import SizeFinder


@pytest.fixture
def opened(session, qtbot):
    made: list[Finder] = []

    def open_(kind: type[Finder], project: str = "digits-mlp") -> Finder:
        if project:
            session.open(template(project).path)
            qtbot.waitUntil(lambda: session.settled and session.resolution is not None, timeout=60_000)
        dialog = kind(session)
        dialog.show()
        made.append(dialog)
        return dialog

    yield open_
    for dialog in made:
        try:
            dialog.reject()
        except RuntimeError:
            continue  # it was accepted and is gone
    qtbot.waitUntil(lambda: not session.background.busy, timeout=30_000)


def finished(dialog: Finder, qtbot) -> None:
    qtbot.waitUntil(lambda: dialog.again.isEnabled(), timeout=60_000)


def test_a_learning_rate_is_found_drawn_and_taken_as_one_undoable_edit(opened, session, qtbot):
    dialog = opened(RateFinder)
    finished(dialog, qtbot)
    assert "falls fastest" in dialog.outcome.text()
    found = dialog.latest.suggestion
    assert dialog.frame.plot.bottom.log
    assert len(dialog.table()["loss"]) == len(dialog.latest.rates) > 20
    before = session.plan.learning_rate
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    assert session.plan.learning_rate == found != before
    assert session.document.undo_label == "Change learning rate"
    session.undo()
    assert session.plan.learning_rate == before


def test_batch_sizes_are_tried_and_one_is_taken(opened, session, qtbot):
    dialog = opened(SizeFinder, "line")
    finished(dialog, qtbot)
    assert "largest that fits is 5" in dialog.outcome.text()
    if dialog.use.isEnabled():
        qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
        assert session.document.undo_label == "Change batch size"
    assert session.plan.batch_size == 5


def test_without_data_it_says_what_to_do_and_nothing_can_be_taken(opened, session):
    session.new()
    dialog = opened(RateFinder, "")
    assert "choose some" in dialog.outcome.text()
    assert not dialog.use.isEnabled()


def test_escape_gives_the_search_up_and_leaves_the_plan(opened, session, qtbot):
    dialog = opened(SizeFinder)
    before = session.plan
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not session.background.busy, timeout=30_000)
    assert session.plan is before
    assert not session.document.undo_label


def test_a_forecast_is_made_on_request_kept_with_the_run_and_compared_with_what_it_was(session, qtbot, tmp_path):
    path = tmp_path / "digits.nnstudio"
    shutil.copy(template("digits-mlp").path, path)
    session.open(path)
    qtbot.waitUntil(lambda: session.settled and session.resolution is not None, timeout=60_000)
    session.document.do("Train shortly", plan=session.plan.with_(epochs=2, early_stopping=False))
    row = ForecastRow(session)
    qtbot.addWidget(row)
    row.show()
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    qtbot.mouseClick(row.ask, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "samples a second" in row.text.text(), timeout=60_000)
    assert row.text.text().startswith("About ")
    assert "for 2 epochs" in row.text.text()
    session.start()
    qtbot.waitUntil(lambda: session.run_state == "idle" and session.history.ended is not None, timeout=60_000)
    assert session.history.forecast.memory > 0
    assert "The last run took" in row.text.text()
    with RunDatabase(runs_folder(path) / RUNS) as database:  # which is written in the background
        events = lambda: database.events(session.history.started.run)  # noqa: E731
        qtbot.waitUntil(lambda: any(isinstance(event, Forecasted) for event in events()), timeout=60_000)


def test_a_forecast_is_an_action_and_what_it_found_is_on_the_plans_page(window, qtbot):
    session = window.session
    session.open(template("digits-mlp").path)
    qtbot.waitUntil(lambda: session.settled and session.dataset is not None, timeout=60_000)
    window.show_workspace()
    session.select([next(iter(session.network.nodes))])
    window.actions_table.refresh()
    window.actions_table.trigger("forecast")
    qtbot.waitUntil(lambda: session.forecasting.of(session.sheet) is not None, timeout=60_000)
    said = lambda: [row.text.text() for row in window.findChildren(ForecastRow)]  # noqa: E731
    qtbot.waitUntil(lambda: any(text.startswith("About") for text in said()))


def test_a_forecast_no_longer_holds_after_an_edit(session, qtbot):
    session.open(template("line").path)
    qtbot.waitUntil(lambda: session.settled and session.resolution is not None, timeout=60_000)
    session.forecasting.put(session.sheet, Forecast(60.0, 0.1, 0.0, 1000, 50.0))
    row = ForecastRow(session)
    qtbot.addWidget(row)
    assert "About 60 s" in row.text.text()
    session.document.do("Train longer", plan=session.plan.with_(epochs=session.plan.epochs + 1))
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    assert not row.text.text()


def test_a_run_that_is_started_while_steps_are_measured_waits_for_the_measurement(session, qtbot, tmp_path):
    path = tmp_path / "digits.nnstudio"
    shutil.copy(template("digits-mlp").path, path)
    session.open(path)
    qtbot.waitUntil(lambda: session.settled and session.resolution is not None, timeout=60_000)
    session.document.do("Train shortly", plan=session.plan.with_(epochs=1, early_stopping=False))
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    session.forecasting.begin()
    assert session.forecasting.busy
    session.start()
    assert session.training.control is None  # nothing trains yet
    qtbot.waitUntil(lambda: session.run_state == "idle" and session.history.ended is not None, timeout=60_000)
    assert session.history.ended.reason == "completed"
    assert session.forecasting.of(session.sheet) is not None
