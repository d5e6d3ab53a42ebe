"""Try it: what is drawn, slid, chosen or typed is answered at once, and so is what layers do with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest

from nnstudio.data import describe_file, open_data
from nnstudio.project.project import Project
from nnstudio.project.suggesting import suggest
from nnstudio.ui.docks.try_editors import CategoryEditor, NumberEditor, PictureEditor
from nnstudio.ui.docks.try_panel import TryPanel
from nnstudio.ui.session import Session

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Projects of the gallery, trained for a little."""
    folder, made = tmp_path_factory.mktemp("tried"), {}
    for id, epochs in (("digits-mlp", 3), ("small-net", 10)):
        project = Project.new(id)
        project.train(epochs=epochs)
        made[id] = project.save(folder / f"{id}.nnstudio")
    (folder / "rhyme.txt").write_text("the cat sat on the mat and the dog lay on the log\n" * 40)
    found = suggest(open_data(describe_file(folder / "rhyme.txt")))
    writer = Project(found.sheet, folder / "writer.nnstudio")
    writer.train(epochs=1)
    made["writer"] = writer.save(folder / "writer.nnstudio")
    return made


@pytest.fixture
def tried(qapp, qtbot, trained):
    assert qapp is not None
    session = Session()
    made = []

    def open_(id: str, *, answers: bool = True) -> TryPanel:
        session.open(trained[id])
        qtbot.waitUntil(lambda: session.settled and session.dataset is not None, timeout=60_000)
        panel = TryPanel(session)
        made.append(panel)
        qtbot.addWidget(panel)
        panel.resize(1000, 320)
        panel.show()
        qtbot.waitUntil(lambda: not answers or bool(panel.answers.headlines), timeout=60_000)
        return panel

    yield open_
    for panel in made:
        panel.hide()
    session.shut_down()


def draw_a_one(pad) -> None:
    area = pad._area()
    places = [QPointF(area.center().x(), area.top() + area.height() * share).toPoint() for share in (0.1, 0.5, 0.9)]
    QTest.mousePress(pad, LEFT, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(pad, place)
        pad.mouseMoveEvent(_moved(place))
    QTest.mouseRelease(pad, LEFT, pos=places[-1])


def _moved(place: QPoint):
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    at = QPointF(place)
    return QMouseEvent(QEvent.Type.MouseMove, at, at, LEFT, LEFT, Qt.KeyboardModifier.NoModifier)


def test_until_there_is_an_answer_it_is_said_that_the_network_is_asked(tried, qtbot):
    panel = tried("digits-mlp")
    before = panel.trying.answers
    panel.trying.answers = {}
    panel.trying.choose("test", 3)
    panel.refresh()
    assert panel.how.text() == "The network is being asked …"
    qtbot.waitUntil(lambda: bool(panel.trying.answers), timeout=60_000)
    panel.refresh()
    assert panel.trying.answers is not before
    assert panel.how.text() == "with the trained weights"


def test_a_row_of_the_test_split_is_answered_with_how_sure_it_is(tried):
    panel = tried("digits-mlp")
    answer = panel.trying.answers["digit"]
    assert panel.answers.headlines["digit"] == answer["class"]
    assert answer["probability"] > 0.2
    assert panel.how.text() == "with the trained weights"


def test_a_digit_that_is_drawn_is_answered_and_reset_brings_the_row_back(tried, qtbot):
    panel = tried("digits-mlp")
    before = dict(panel.trying.answers["digit"]["probabilities"])
    (editor,) = panel.editors
    assert isinstance(editor, PictureEditor)
    QTest.mouseClick(editor.clear, LEFT)
    assert editor.pad.pixels.max() == 0
    draw_a_one(editor.pad)
    assert editor.pad.pixels.max() > 0.9
    qtbot.waitUntil(lambda: panel.answers.headlines["digit"] == "1", timeout=60_000)
    QTest.mouseClick(panel.again, LEFT)
    qtbot.waitUntil(lambda: panel.trying.answers["digit"]["probabilities"] == before, timeout=60_000)
    assert not panel.trying.own


def test_what_is_drawn_is_what_the_data_set_would_have_encoded(tried, qtbot):
    panel = tried("digits-mlp")
    dataset = panel.session.dataset
    row = int(dataset.indices("test")[7])
    picture = dataset.columns["image"].values[row]
    panel.trying.choose("test", 7)
    qtbot.waitUntil(lambda: panel.trying.seen == ("test", 7), timeout=60_000)
    known = panel.trying.answers["digit"]["probabilities"]
    panel.trying.choose("test", 3)
    panel.trying.put("image", np.asarray(picture, np.float32))
    qtbot.waitUntil(lambda: panel.trying.seen == ("test", 3) and panel.trying._job is None, timeout=60_000)
    assert panel.trying.answers["digit"]["probabilities"] == pytest.approx(known, abs=1e-5)


def test_a_picture_file_is_dropped_and_one_that_is_none_is_told(tried, tmp_path):
    panel = tried("digits-mlp")
    (editor,) = panel.editors
    path = tmp_path / "white.png"
    Image.new("RGB", (64, 32), (255, 255, 255)).save(path)
    _drop(editor.pad, path)
    assert editor.pad.pixels.shape == (1, 8, 8)
    assert editor.pad.pixels[0, 4].min() == 1
    assert editor.pad.pixels[0, 0].max() == 0
    notices = []
    panel.session.notice.connect(lambda _, text: notices.append(text))
    (tmp_path / "no.png").write_text("no picture")
    _drop(editor.pad, tmp_path / "no.png")
    assert "no picture that can be read" in notices[-1]


def _drop(pad, path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    at = QPointF(20, 20)
    pad.dropEvent(QDropEvent(at, Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier.NoModifier))


def test_a_slider_changes_the_answer_and_a_missing_number_is_allowed(tried, qtbot):
    panel = tried("small-net")
    editor = panel.editors[0]
    assert isinstance(editor, NumberEditor)
    before = panel.trying.answers["answer"]["probability"]
    editor.slider.setFocus()
    QTest.keyClick(editor.slider, Qt.Key.Key_End)
    assert float(editor.field.text()) == pytest.approx(editor.high, rel=1e-3)
    qtbot.waitUntil(lambda: panel.trying.answers["answer"]["probability"] != before, timeout=60_000)
    assert panel.answers.headlines["answer"] == "malignant"
    editor.field.clear()
    QTest.keyClick(editor.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.trying._job is None, timeout=60_000)
    assert panel.trying.own[editor.column.name] is None
    assert panel.trying.answers


def test_what_a_selected_layer_does_with_the_input_is_shown(tried, qtbot):
    panel = tried("small-net")
    hidden = next(node.id for node in panel.session.network.nodes.values() if node.name == "hidden")
    panel.session.select([hidden])
    qtbot.waitUntil(lambda: hidden in panel.trying.insides, timeout=60_000)
    before = panel.trying.insides[hidden].values.copy()
    panel.editors[0].slider.setFocus()
    QTest.keyClick(panel.editors[0].slider, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: not np.array_equal(panel.trying.insides[hidden].values, before), timeout=60_000)


def test_a_network_that_writes_goes_on_with_a_text_until_it_is_stopped(tried, qtbot):
    panel = tried("writer", answers=False)
    qtbot.waitUntil(lambda: panel.write.isVisible() and bool(panel.editors), timeout=60_000)
    assert panel.invitation.text() == "“Write” has the network go on with this text, token by token."
    (editor,) = panel.editors
    editor.text.setFocus()
    editor.text.selectAll()
    qtbot.keyClicks(editor.text, "the dog ")
    qtbot.waitUntil(lambda: panel.trying.own.get("text") == "the dog ", timeout=60_000)
    QTest.mouseClick(panel.write, LEFT)
    qtbot.waitUntil(lambda: len(panel.trying.written) > 5 or not panel.trying.writing, timeout=60_000)
    assert panel.trying.error == ""
    assert panel.trying.written
    qtbot.waitUntil(lambda: not panel.invitation.isVisible(), timeout=60_000)
    if panel.write.text() == "Stop":
        QTest.mouseClick(panel.write, LEFT)
    qtbot.waitUntil(lambda: panel.write.text() == "Write", timeout=60_000)
    qtbot.waitUntil(lambda: not panel.session.background.busy, timeout=60_000)


def test_where_there_is_nothing_to_try_it_is_said_what_to_do(session, qtbot):
    panel = TryPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.empty.title.text() == "No data yet")
    assert panel.stack.currentWidget() is panel.empty


def test_a_category_is_chosen_from_its_list(qtbot):
    from nnstudio.data.columns import Column

    put = []
    column = Column("colour", "category", np.array([0, 1]), ("red", "green"))
    editor = CategoryEditor(column, lambda name, value: put.append((name, value)))
    qtbot.addWidget(editor)
    editor.show_value("green")
    assert editor.box.currentText() == "green"
    editor.show()
    editor.box.setFocus()
    QTest.keyClick(editor.box, Qt.Key.Key_Up)
    assert put == [("colour", "red")]
