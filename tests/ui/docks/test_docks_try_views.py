"""Try it, beyond classes and numbers: nearest samples, rankings, words, forecasts, sounds, noise and attention."""

from __future__ import annotations

import math
import sys
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea

from nnstudio.compile.lower import compile_network
from nnstudio.data import describe_file, open_data
from nnstudio.data.columns import Column
from nnstudio.data.steps.texts import Tokens
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.neighbours import Neighbour, Neighbourhood, Threshold, equal_error
from nnstudio.project.project import Project
from nnstudio.project.ranking import Ranked
from nnstudio.ui import playing, theme
from nnstudio.ui.background import Job
from nnstudio.ui.docks.attending import over, patches, sides
from nnstudio.ui.docks.try_answers import AnswersView, ClassBars
from nnstudio.ui.docks.try_beside import Beside, Series, Words
from nnstudio.ui.docks.try_editors import ArrayEditor, CategoryEditor
from nnstudio.ui.docks.try_panel import TryPanel
from nnstudio.ui.docks.try_sound import SoundEditor
from nnstudio.ui.session import Session

LEFT = Qt.MouseButton.LeftButton


def shown(qtbot, widget, width=420, height=260):
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


# --- answers --------------------------------------------------------------------------------------------------------


def test_a_click_on_a_near_sample_begins_with_it(qtbot):
    view = shown(qtbot, AnswersView())
    rows = []
    view.row_chosen.connect(rows.append)
    near = [Neighbour(17, 0.1, "cat"), Neighbour(4, 0.2, "dog")]
    view.show_answers({"place": {"embedding": [0.0], "neighbours": near, "threshold": Threshold(0.15, 0.04)}})
    tiles = view._parts["place"]["neighbours"]
    QTest.mouseClick(tiles, LEFT, pos=tiles._boxes[1].center().toPoint())
    assert rows == [4]
    assert view._parts["place"]["more"].text() == (
        "The nearest training rows. Up to 0.150 apart two are taken for the same, which is wrong for 4 % of pairs"
    )
    assert "cat, 0.100 away" in tiles.accessibleDescription()


def test_a_ranking_has_the_best_first_and_another_column_is_asked_for_by_its_menu(qtbot):
    view = shown(qtbot, AnswersView())
    view.ranks, columns = ("person", "film"), []
    view.rank_chosen.connect(columns.append)
    view.show_answers({"guess": {"value": 3.0, "ranking": Ranked("film", (("Ran", 4.5), ("Up", 4.0)), 3)}})
    part = view._parts["guess"]["ranking"]
    assert part.view.rows == (("Ran", 4.5), ("Up", 4.0))
    assert part.note.text() == "3 values left out: the data has a row with that already"
    part.which.menu().actions()[0].trigger()
    assert columns == ["person"]


def test_a_marked_picture_is_seen_whole_in_a_low_panel_and_grows_in_a_high_one(qtbot):
    area, view = QScrollArea(widgetResizable=True), AnswersView()
    area.setWidget(view)
    shown(qtbot, area, 420, 190)
    view.picture = QImage(48, 48, QImage.Format.Format_Grayscale8)
    view.show_answers({"found": {"boxes": [], "mask": [[0, 1], [1, 0]]}})
    QApplication.processEvents()
    assert area.verticalScrollBar().maximum() == 0
    low = view._parts["found"]["answer"].height()
    assert view.headlines["found"] == "Nothing was found"
    area.resize(420, 500)
    QApplication.processEvents()
    assert view._parts["found"]["answer"].height() > low + 200


def test_labelled_words_and_a_span_of_a_text_are_told_in_words(qtbot):
    view = shown(qtbot, AnswersView())
    words = Words(("meet", "Ann", "in", "Rome"), ("", "B-PERSON", "", "B-CITY"))
    view.show_answers({"names": {"text": "", "tokens": ["O"], "words": words}})
    assert view.headlines["names"] == "2 things found"
    assert view._parts["names"]["words"].accessibleDescription() == "Ann: B-PERSON, Rome: B-CITY"
    strange = Words(words.words, words.labels, " ", frozenset({1, 9}))
    view.show_answers({"names": {"text": "", "tokens": ["O"], "words": strange}})
    told = view._parts["names"]["words"].accessibleDescription()
    assert told == "Ann: B-PERSON, Rome: B-CITY; not met in training: Ann"
    place = {"class": "1", "probability": 0.5, "probabilities": {}, "place": "Ann", "span": "Ann in", "words": words}
    view.show_answers({"start": place})
    assert view.headlines["start"] == "Ann in"
    view.show_answers({"start": {**place, "class": "2", "begin": 1}})
    assert view._parts["start"]["more"].text().startswith("from word 2 on"), "where the end comes first, too"


def test_a_pair_is_the_same_up_to_a_distance_that_is_told(qtbot):
    view = shown(qtbot, AnswersView())
    answer = {"value": 0.3, "distance": 0.3, "limit": Threshold(0.4, 0.1), "same": True, "right": "yes"}
    view.show_answers({"apart": answer})
    assert view.headlines["apart"] == "The same"
    assert view._parts["apart"]["more"].text().endswith("10 % of the pairs held back\nin the data: yes")


def test_a_forecast_is_drawn_after_its_past_beside_what_came(qtbot):
    view = shown(qtbot, AnswersView())
    series = Series("demand", np.arange(6.0), np.array([6.0, 7.0]), np.array([6.5, 6.0]))
    view.show_answers({"demand": {"value": [6.0, 7.0], "series": series}})
    table = view._parts["demand"]["series"].numbers()
    assert table["past x"].tolist() == [-5, -4, -3, -2, -1, 0]
    assert table["forecast x"].tolist() == [1, 2]
    assert table["what came y"].tolist() == [6.5, 6.0]


def test_a_network_that_gives_no_numbers_has_no_near_samples():
    near = Neighbourhood.__new__(Neighbourhood)
    near.vectors, near.rows, near.labels = np.eye(2, dtype=np.float32), np.array([3, 4]), []
    assert [each.distance for each in near.nearest(np.array([1.0, 0.0]))] == [0.0, 1.0]
    assert all(math.isnan(each.distance) for each in near.nearest(np.array([math.nan, 0.0])))


def test_the_threshold_of_equal_errors_parts_the_same_from_others():
    found = equal_error(np.array([0.1, 0.2, 0.3, 0.7, 0.8]), np.array([True, True, True, False, False]))
    assert found == Threshold(0.3, 0.0)
    assert math.isnan(equal_error(np.array([0.1]), np.array([True])).distance)


# --- inputs ---------------------------------------------------------------------------------------------------------


def test_a_sound_file_that_is_dropped_is_cut_to_the_data_s_rate_and_length(qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(playing, "can_play", lambda: False)
    put, said = [], []
    column = Column("sound", "sound", np.zeros((1, 1, 4000), np.int16), divisor=32768.0, rate=8000)
    editor = shown(qtbot, SoundEditor(column, lambda name, value: put.append((name, value)), said.append))
    editor.show_value(np.zeros((1, 4000), np.int16))
    assert editor.listening.play.isHidden()
    assert editor.listening.silent.text() == playing.NO_PLAYER
    tone = 0.5 * np.sin(2 * np.pi * 400 * np.arange(16_000) / 16_000)
    playing.write_wav(tmp_path / "tone.wav", tone[None], 16_000)
    drop(editor.wave, tmp_path / "tone.wav")
    name, value = put[-1]
    assert name == "sound"
    assert value.shape == (1, 4000)
    assert np.abs(value).max() == pytest.approx(0.5 * 32768, rel=0.05)
    assert "0.50 seconds, 8,000 samples a second" in editor.wave.accessibleDescription()
    (tmp_path / "no.wav").write_text("no sound")
    drop(editor.wave, tmp_path / "no.wav")
    assert "no.wav is no sound that can be read" in said[-1]


def test_a_sound_is_played_as_it_is_shown(qtbot, monkeypatch):
    monkeypatch.setattr(playing, "can_play", lambda: True)
    column = Column("sound", "sound", np.zeros((1, 1, 100), np.float32), rate=8000)
    editor = shown(qtbot, SoundEditor(column, lambda *_: None, lambda _: None))
    editor.show_value(np.full((1, 100), 0.25, np.float32))
    heard = []
    monkeypatch.setattr(editor.listening.playing, "play", lambda samples, rate: heard.append((samples.mean(), rate)))
    QTest.mouseClick(editor.listening.play, LEFT)
    assert heard == [(0.25, 8000)]
    editor.listening._soon.stop()


def test_what_is_written_for_a_player_is_the_sound(tmp_path):
    playing.write_wav(tmp_path / "a.wav", np.array([[0.0, 1.0, -1.0]]), 8000)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 1)
        assert np.frombuffer(file.readframes(3), "<i2").tolist() == [0, 32767, -32767]


def test_a_sound_that_windows_itself_plays_is_stopped(monkeypatch):
    asked = []
    monkeypatch.setitem(
        sys.modules,
        "winsound",
        SimpleNamespace(SND_FILENAME=1, SND_ASYNC=2, PlaySound=lambda file, flags: asked.append((file, flags))),
    )
    monkeypatch.setattr(playing, "_device", lambda: None)
    monkeypatch.setattr(playing, "_player", lambda: ("winsound",))
    sound = playing.Playing()
    sound.play(np.zeros((1, 100)), 8000)
    sound.stop()
    (file, flags), stopped = asked
    assert (flags, stopped) == (3, (None, 0))
    assert not Path(file).exists()


def drop(widget, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    keys = Qt.KeyboardModifier.NoModifier
    widget.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, mime, LEFT, keys))


def test_a_category_is_typed_and_one_that_was_never_met_is_taken_too(qtbot):
    put = []
    column = Column("city", "category", np.array([0, 1]), ("Rome", "Oslo"))
    editor = shown(qtbot, CategoryEditor(column, lambda name, value: put.append((name, value))))
    editor.show_value("Rome")
    QTest.keyClicks(editor.box.lineEdit(), "")
    editor.box.lineEdit().selectAll()
    QTest.keyClicks(editor.box.lineEdit(), "Bern")
    QTest.keyClick(editor.box.lineEdit(), Qt.Key.Key_Return)
    assert put == [("city", "Bern")]


def test_many_shares_stand_in_two_columns_where_there_is_room_the_greatest_first(qtbot):
    bars = ClassBars()
    bars.show_shares({f"class {code}": code / 45 for code in range(10)})
    shown(qtbot, bars, 420, bars.LINE * 5)
    assert bars.sizeHint().height() == 5 * bars.LINE
    assert bars.rows[0][0] == "class 9"
    picture = bars.grab().toImage()
    accent = theme.color(theme.current().accent)
    marked = [x for x in range(picture.width()) if picture.pixelColor(x, bars.LINE // 2) == accent]
    assert marked
    assert max(marked) < picture.width() / 2
    bars.resize(250, 200)
    assert bars.sizeHint().height() == 10 * bars.LINE


def test_a_score_that_only_orders_rows_is_told_by_how_many_it_exceeds(qtbot):
    view = shown(qtbot, AnswersView())
    view.show_answers({"strangeness": {"value": 0.9, "above": 0.93, "right": "normal"}})
    assert view._parts["strangeness"]["more"].text() == "more than 93 % of the rows held back\nin the data: normal"


def near(color: QColor, other: QColor) -> bool:
    """Whether two colours look the same."""
    return max(abs(a - b) for a, b in zip(color.getRgb(), other.getRgb(), strict=True)) < 24


def test_a_window_over_time_is_drawn_with_a_line_for_each_column(qtbot):
    column = Column("past", "array", np.zeros((1, 30, 3)))
    editor = shown(qtbot, ArrayEditor(column, lambda *_: None, ("demand", "warmth", "workday")))
    editor.show_value(np.random.default_rng(0).random((30, 3)))
    assert editor.view.accessibleName() == "past, as the row has it: demand, warmth, workday"
    assert editor.view.isVisible()
    image = editor.view.grab().toImage()
    accent = QColor(theme.current().accent)
    drawn = [x for x in range(image.width()) for y in range(image.height()) if near(image.pixelColor(x, y), accent)]
    assert min(drawn) >= editor.view.left() - 2 > editor.view.fontMetrics().horizontalAdvance("warmth") / 2
    assert editor.text.text() == "30 moments of 3 numbers, as the row has it"


# --- attention ------------------------------------------------------------------------------------------------------


def test_attention_is_named_by_the_tokens_of_what_looks_and_what_is_looked_at():
    net = NetworkBuilder()
    words = net.add("Embedding", net.add("Input", field="english", name="english"), embedding_dim=4, name="words")
    begun = net.add("Slice", net.add("Input", field="spanish", name="spanish"), end=2, name="begun")
    other = net.add("Embedding", begun, embedding_dim=4, name="other")
    net.add("MultiheadAttention", other, words, name="look", num_heads=1)
    network = net.network
    tokens = {"english": ("the", "cat", "<pad>"), "spanish": ("el", "gato", "<end>")}
    down, across = sides(network, network.named("look").id, tokens, 2, 3)
    assert down == ("el", "gato")
    assert across == ("the", "cat", "<pad>")


def test_attention_to_patches_lies_over_the_picture_brightest_where_most_is_looked():
    weights = np.zeros((1, 5, 5), np.float32)
    weights[0, 0, 4] = 1.0  # the class token looks at the last patch
    looked = patches(weights)
    assert looked.tolist() == [[0, 0], [0, 1]]
    picture = QImage(8, 8, QImage.Format.Format_Grayscale8)
    picture.fill(128)
    made = over(picture, looked)
    bright = [made.pixelColor(QPoint(x, x)).lightness() for x in (8, made.width() - 8)]
    assert bright[1] > bright[0] + 30
    assert patches(np.zeros((1, 3, 7), np.float32)) is None


# --- the whole panel ------------------------------------------------------------------------------------------------


@pytest.fixture
def tried(qapp, qtbot):
    assert qapp is not None
    session, made = Session(), []

    def open_(path) -> TryPanel:
        session.open(path)
        qtbot.waitUntil(lambda: session.settled and session.dataset is not None, timeout=60_000)
        panel = TryPanel(session)
        made.append(panel)
        shown(qtbot, panel, 1100, 320)
        qtbot.waitUntil(lambda: bool(panel.answers.headlines), timeout=60_000)
        return panel

    yield open_
    for panel in made:
        panel.hide()
    session.shut_down()


def assert_fits(panel, qtbot) -> None:
    """All of a panel that is as large as in a window of 1280×800 is in sight."""
    panel.resize(1280, 194)
    qtbot.waitUntil(lambda: not panel._stale)
    QApplication.processEvents()
    for area in panel.findChildren(QScrollArea):
        assert area.verticalScrollBar().maximum() == 0, area.accessibleName()


def test_people_are_given_the_films_that_they_would_like_most_and_a_stranger_is_told(tried, qtbot, tmp_path):
    panel = tried(Project.new("recommend").save(tmp_path / "r.nnstudio"))
    ranking = panel.trying.answers["guess"]["ranking"]
    assert ranking.column == "film"
    assert [value for _, value in ranking.best] == sorted((value for _, value in ranking.best), reverse=True)
    user = panel.editors[0]
    user.box.lineEdit().selectAll()
    QTest.keyClicks(user.box.lineEdit(), "nobody")
    QTest.keyClick(user.box.lineEdit(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "had no “nobody” in training" in panel.how.text(), timeout=60_000)


def test_the_nearest_pictures_and_dreams_from_noise_follow_the_input(tried, qtbot, tmp_path):
    panel = tried(Project.new("vae").save(tmp_path / "v.nnstudio"))
    before = panel.trying.samples["dreamt"]
    assert_fits(panel, qtbot)
    assert before.shape == (12, 1, 28, 28)
    dreamt = panel.trying.answers["dreamt"]["value"]
    slider = panel.noises[0].sliders[0]
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: panel.trying.answers["dreamt"]["value"] != dreamt, timeout=60_000)
    assert np.allclose(panel.trying.samples["dreamt"], before)
    QTest.mouseClick(panel.noises[0].again, LEFT)
    qtbot.waitUntil(lambda: not np.allclose(panel.trying.samples["dreamt"], before), timeout=60_000)


def test_noise_below_a_choice_fits_a_window_of_1280_by_800_too(tried, qtbot, tmp_path):
    assert_fits(tried(Project.new("gan").save(tmp_path / "g.nnstudio")), qtbot)


def test_a_class_that_is_a_number_is_no_place_in_a_text(tmp_path):
    lines = [f"{'good bad fine'.split()[at % 3]} film,{at % 5}" for at in range(60)]
    (tmp_path / "films.csv").write_text("review,stars\n" + "\n".join(lines) + "\n")
    steps = (Tokens.make({"column": "review", "by": "words", "length": 6}),)
    reference = describe_file(tmp_path / "films.csv").with_(steps=steps)
    data = open_data(reference.with_choice("stars", kind="category", role="target").with_(types={}))
    net = NetworkBuilder()
    words = net.add("Embedding", net.add("Input", field="review", name="review"), embedding_dim=4)
    stars = net.add("Input", field="stars", name="stars")
    scores = net.add("Linear", net.add("Flatten", words), out_features=5, name="scores")
    net.add("CrossEntropyLoss", scores, stars)
    net.add("Output", scores, kind="class scores", name="mark")
    made = compile_network(net.network, data.types, 0)
    fields = {"review": data.arrays("test")["review"][:1]}
    said = {"mark": {"class": "1", "probabilities": {str(kind): 0.2 for kind in range(5)}}}
    (found,) = Beside().told(made, data, said, {"review": "good film"}, fields, 0, own=True).values()
    assert found.keys() == {"class", "probabilities"}


def test_the_row_that_is_chosen_next_shows_nothing_of_what_was_still_being_written(tried, tmp_path, monkeypatch):
    trying = tried(Project.new("digits-mlp").save(tmp_path / "d.nnstudio")).trying
    job = Job()
    monkeypatch.setattr(trying.session.background, "run", lambda *_, **__: job)
    trying.write()
    job.early = "Once"
    trying._ticking.timeout.emit()
    assert trying.written == "Once"
    trying.choose("test", 1)
    job.early = "Once upon"  # it had not seen yet that it was stopped
    trying._ticking.timeout.emit()
    assert trying.written == ""


def test_what_was_put_in_does_not_go_over_to_another_project(tried, qtbot, tmp_path):
    panel = tried(Project.new("digits-mlp").save(tmp_path / "d.nnstudio"))
    panel.trying.put("image", np.zeros((1, 8, 8), np.float32))
    assert panel.trying.own
    panel.session.open(Project.new("small-net").save(tmp_path / "s.nnstudio"))
    qtbot.waitUntil(lambda: "answer" in panel.answers.headlines, timeout=60_000)
    assert not panel.trying.own
    assert panel.trying.split == "test"
