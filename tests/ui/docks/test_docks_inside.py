"""The panel that looks into layers: what is drawn of each kind, with which row, before, while and after training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter

from nnstudio.project.project import Project
from nnstudio.train.events import Inside, Insides
from nnstudio.ui.docks import InsidePanel
from nnstudio.ui.docks.inside_views import BarsFrame, MapFrame, Sight, TilesFrame
from nnstudio.ui.docks.plane import Components
from nnstudio.ui.docks.rows import Row
from nnstudio.ui.session import Session


@pytest.fixture
def digits(qapp, qtbot) -> Iterator[Session]:
    """A session with a small convolutional network and its data."""
    assert qapp is not None
    made = Session()
    made.replace_sheet(Project.new("digits-cnn-small").sheet)
    qtbot.waitUntil(lambda: made.settled and made.dataset is not None, timeout=60_000)
    yield made
    made.shut_down()


@pytest.fixture
def panel(digits, show) -> InsidePanel:
    made = InsidePanel(digits)
    show(made, 1300, 260)
    return made


def looked(qtbot, panel: InsidePanel) -> None:
    """Wait until what is wished for has been seen and drawn."""
    qtbot.waitUntil(
        lambda: panel.looking.answered and not panel._stale and not any(view._stale for view in panel.views[:1]),
        timeout=60_000,
    )


def select(session: Session, *names: str) -> None:
    session.select({session.network.named(name).id for name in names})


def test_it_says_what_to_do_and_shows_maps_as_soon_as_a_layer_is_selected(qtbot, digits, panel):
    assert "Select a layer on the canvas" in panel.empty.sentence.text()
    select(digits, "conv1", "scores")
    looked(qtbot, panel)
    assert [view.row.name for view in panel.views] == ["conv1", "scores"]
    qtbot.waitUntil(lambda: "tiles" in panel.views[0].frames and "vector" in panel.views[1].frames, timeout=30_000)
    maps = panel.views[0].frames["tiles"]
    assert maps.item.tiles.values.shape == (16, 8, 8)
    assert maps.note.text() == "16 channels, 8×8"
    bars = panel.views[1].frames["vector"]
    qtbot.waitUntil(lambda: len(bars.item.values) == 10)
    label = {name: text for name, text, _ in panel.sample.lines}
    assert bars.sight.names[bars.item.marked] == label["label"]
    assert "predicted" in label
    assert panel.how.text() == "with the weights that training starts from"
    digits.select(())  # what was looked into stays
    looked(qtbot, panel)
    assert panel.views[0].row.name == "conv1"


def test_a_hidden_layer_as_wide_as_there_are_classes_is_not_taken_for_their_scores(qtbot, digits, panel):
    digits.replace_sheet(Project.new("small-net").sheet)
    qtbot.waitUntil(lambda: digits.settled and digits.dataset is not None, timeout=60_000)
    select(digits, "hidden")
    looked(qtbot, panel)
    bars = panel.views[0].frames["vector"]
    assert len(bars.item.values) == 2
    assert bars.sight.names == ()
    assert next(name for name, _, _ in panel.sample.lines) == "diagnosis"


def test_the_row_is_chosen_by_number_next_random_split_and_by_its_loss(qtbot, digits, panel):
    select(digits, "scores")
    looked(qtbot, panel)
    first = panel.views[0].frames["vector"].item.values.copy()
    qtbot.mouseClick(panel.after, Qt.MouseButton.LeftButton)
    looked(qtbot, panel)
    assert panel.number.text() == "2"
    assert not np.array_equal(panel.views[0].frames["vector"].item.values, first)
    panel.number.selectAll()
    qtbot.keyClicks(panel.number, "40")
    qtbot.keyClick(panel.number, Qt.Key.Key_Return)
    qtbot.keyClick(panel.number, Qt.Key.Key_Up)
    assert (panel.looking.split, panel.looking.sample) == ("train", 38)
    qtbot.mouseClick(panel.random, Qt.MouseButton.LeftButton)
    assert panel.looking.sample != 38
    panel.split.menu().actions()[1].trigger()
    assert (panel.looking.split, panel.looking.sample) == ("validation", 0)
    assert panel.choices == {"split": "validation"}
    looked(qtbot, panel)
    qtbot.mouseClick(panel.worst, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "the greatest of" in panel.looking.told, timeout=60_000)
    looked(qtbot, panel)
    lines = {name: text for name, text, _ in panel.sample.lines}
    assert lines["label"] != lines["predicted"]
    assert panel.number.text() == f"{panel.looking.sample + 1}"


def test_while_training_the_run_tells_and_afterwards_the_trained_weights_do(qtbot, digits, panel):
    select(digits, "conv1")
    looked(qtbot, panel)
    digits.do("Longer", plan=digits.plan.with_(epochs=100_000))
    digits.start()
    qtbot.waitUntil(lambda: panel.how.text().startswith("while training, step "), timeout=60_000)
    select(digits, "conv2")
    looked(qtbot, panel)
    digits.stop()
    qtbot.waitUntil(lambda: digits.run_state == "idle", timeout=20_000)
    qtbot.waitUntil(lambda: panel.how.text() == "with the trained weights", timeout=60_000)
    looked(qtbot, panel)


def test_what_is_drawn_of_a_sample_says_what_the_sample_is(qtbot, digits, panel):
    select(digits, "conv1")
    looked(qtbot, panel)
    label = {name: text for name, text, _ in panel.sample.lines}["label"]
    qtbot.waitUntil(lambda: "tiles" in panel.views[0].frames, timeout=30_000)
    assert panel.views[0].frames["tiles"].caption.text() == f"feature maps · label {label}"


def test_an_embeddings_entries_have_names_and_the_colour_of_the_class_they_stand_for(qtbot, digits, panel):
    digits.replace_sheet(Project.new("sentiment").sheet)
    qtbot.waitUntil(lambda: digits.settled and digits.dataset is not None, timeout=60_000)
    id = next(id for id, node in digits.network.nodes.items() if node.layer.type_name() == "Embedding")
    digits.select({id})
    looked(qtbot, panel)
    qtbot.waitUntil(lambda: "embedding" in panel.views[0].frames, timeout=30_000)
    frame = panel.views[0].frames["embedding"]
    item = frame.item
    qtbot.waitUntil(lambda: item.groups is not None, timeout=30_000)
    words = {name: place for place, name in enumerate(item.names)}
    assert panel.looking.insides[id].labels[: len(item.names)] == item.names
    classes = digits.dataset.fields[next(n for n, f in digits.dataset.fields.items() if f.role == "target")].classes
    assert {item.group(words[word]) for word in ("bad", "great")} == set(classes)
    assert item.color_of(words["bad"]) != item.color_of(words["great"])
    assert item.group(words["<pad>"]) == ""
    tokens = next(iter(panel.looking.sequences().values()))
    assert {item.names[place] for place in item.used if place < len(item.names)} <= set(tokens)
    assert item.used
    assert "coloured by the class" in frame.caption.text()


def test_at_an_earlier_moment_it_shows_what_was_seen_then_and_says_so(qtbot, digits, panel):
    select(digits, "scores")
    looked(qtbot, panel)
    node = digits.network.named("scores").id
    for step in (100, 1200, 5000):
        look = Inside("vector", np.full(10, step, np.float32))
        digits.history.feed(Insides(step=step, time=step / 100, split="train", sample=0, nodes={node: look}))
    now = panel.views[0].frames["vector"].item.values.copy()
    digits.moment.go(1300)
    qtbot.waitUntil(lambda: panel.how.text() == "at step 1,200", timeout=20_000)
    bars = panel.views[0].frames["vector"]
    qtbot.waitUntil(lambda: bars.item.values[0] == 1200.0, timeout=20_000)
    assert bars.title.text() == "scores · at step 1,200"
    assert not panel.worst.isEnabled()
    qtbot.mouseClick(panel.after, Qt.MouseButton.LeftButton)  # nothing was told of this row
    qtbot.waitUntil(lambda: panel.how.text() == "not looked into until step 1,300", timeout=20_000)
    qtbot.waitUntil(lambda: "was not looked into at step 1,300" in panel.views[0].waiting.text(), timeout=20_000)
    qtbot.mouseClick(panel.before, Qt.MouseButton.LeftButton)
    digits.moment.go(None)
    looked(qtbot, panel)
    qtbot.waitUntil(lambda: np.array_equal(bars.item.values, now), timeout=20_000)
    assert panel.how.text() == "with the weights that training starts from"
    assert bars.title.text() == "scores"


def test_a_hidden_panel_asks_the_run_for_nothing(qtbot, digits, panel, monkeypatch):
    select(digits, "conv1")
    looked(qtbot, panel)
    asked = []
    monkeypatch.setattr(digits.training, "look_into", lambda nodes, *_: asked.append(tuple(nodes)) or True)
    panel.hide()
    assert asked == [()]
    select(digits, "conv2")
    assert len(asked) == 1
    panel.show()
    assert asked[-1][0] == digits.network.named("conv2").id


def test_what_a_run_tells_of_another_row_is_not_shown(digits, panel):
    node = digits.network.named("conv1").id
    panel.looking.nodes = (node,)
    other = Inside("vector", np.ones(3, np.float32))
    digits.events_arrived.emit([Insides(step=5, time=1.0, split="test", sample=7, nodes={node: other})])
    assert node not in panel.looking.insides
    digits.events_arrived.emit([Insides(step=5, time=1.0, split="train", sample=0, nodes={node: other})])
    assert panel.looking.insides[node] is other


def test_a_network_with_a_problem_says_why_nothing_can_be_seen(qtbot, digits, panel):
    from nnstudio.graph import edits

    select(digits, "conv1")
    looked(qtbot, panel)
    digits.do("Break", edits.set_params(digits.network.named("conv2").id, padding=0, kernel_size=9))
    qtbot.waitUntil(lambda: bool(panel.looking.error), timeout=60_000)
    qtbot.waitUntil(lambda: "conv2" in panel.how.text() or "onv2" in panel.views[0].waiting.text())
    digits.undo()
    looked(qtbot, panel)
    assert panel.looking.error == ""


ROW = Row("n", "node", "#5AA0E6")


def sight(kind: str, values: np.ndarray, names: tuple[str, ...] = ()) -> Sight:
    return Sight(ROW, Inside(kind, values.astype(np.float32), len(values)), names)


def point(frame, x: float, y: float) -> str:
    """What is told beside the mouse at shares of the plot's width and height."""
    rect = frame.plot.view.sceneBoundingRect()
    frame.plot.hovered.emit(
        frame.plot.view.mapSceneToView(QPointF(rect.left() + x * rect.width(), rect.top() + y * rect.height()))
    )
    return frame.reader.heading


def test_attention_has_a_map_for_each_head_with_its_tokens(show):
    frame = TilesFrame()
    show(frame, 700, 300)
    frame.restyle()
    values = np.zeros((2, 3, 3))
    values[1, 0, 2] = 1.0
    frame.show_sight(sight("attention", values, ("the", "cat", "sat")))
    assert len(frame.item.rects(600, 250)) == 2
    frame.which_head.menu().actions()[2].trigger()
    assert frame.item.tiles.values.shape == (1, 3, 3)
    rect = frame.item.rects(*frame.plot.view.size().toTuple())[0]
    wide, high = frame.plot.view.size().toTuple()
    place = (rect.left() + rect.width() * 5 / 6) / wide, (rect.top() + rect.height() / 6) / high
    assert point(frame, *place) == "head 1: the looks at sat"
    assert frame.reader.readings[0].value == "1.000"
    assert list(frame.numbers_of()) == ["head", "from", "to", "value"]


def test_the_figures_at_the_scale_of_colours_are_not_cut(show):
    frame = TilesFrame()
    show(frame, 300, 200)
    frame.show_sight(sight("attention", np.array([[[-1.9e-4, 1.9e-4], [0.0, 1e-4]]]), ("a", "b")))
    image = QImage(400, 150, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    frame.item.draw(painter, 300, 150)
    painter.end()
    beyond = [image.pixel(x, y) for x in range(300, 400) for y in range(150)]
    assert set(beyond) == {image.pixel(399, 149)}


def test_states_lie_along_time_with_the_first_feature_at_the_bottom(show):
    frame = TilesFrame()
    show(frame, 700, 300)
    states = np.arange(12).reshape(4, 3)  # four steps of three features
    frame.show_sight(sight("states", states))
    assert frame.item.tiles.values[0, -1].tolist() == [0, 3, 6, 9]
    assert not frame.which_head.isVisible()


def test_an_embedding_is_a_map_that_does_not_spin_while_it_is_trained(show):
    frame = MapFrame(lambda *_, **__: None)
    show(frame, 700, 300)
    rng = np.random.default_rng(0)
    points = rng.normal(size=(30, 80)) * np.linspace(3, 0.1, 80)
    frame.show_sight(sight("embedding", points, tuple(f"word{entry}" for entry in range(30))))
    before = frame.item.places.copy()
    frame.show_sight(sight("embedding", points + 0.01 * rng.normal(size=points.shape)))
    assert np.abs(frame.item.places - before).max() < 0.2 * np.abs(before).max()
    assert "of the spread" in frame.caption.text()
    x, y = frame.item.places[4]
    frame.plot.hovered.emit(QPointF(x, y))
    assert frame.reader.heading == "4"


@pytest.mark.parametrize("features", [2, 40, 200])
def test_principal_components_are_those_of_the_singular_values(features):
    rng = np.random.default_rng(1)
    points = rng.normal(size=(50, features)) * np.linspace(5, 0.1, features)
    made = Components()
    for _ in range(4):
        placed = made.place(points)
    values = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    assert np.linalg.norm(placed, axis=0) == pytest.approx(values[:2], rel=0.02)


def test_without_umap_it_says_how_to_get_it(show, monkeypatch):
    monkeypatch.setattr("nnstudio.ui.docks.inside_views.has_umap", lambda: False)
    frame = MapFrame(lambda *_, **__: None)
    show(frame, 700, 300)
    frame.show_sight(sight("embedding", np.eye(5)))
    frame.way.menu().actions()[1].trigger()
    assert "pip install" in frame.item.message
    frame.way.menu().actions()[0].trigger()
    assert len(frame.item.places) == 5


def test_umap_is_worked_out_in_the_background(show, monkeypatch):
    monkeypatch.setattr("nnstudio.ui.docks.inside_views.has_umap", lambda: True)
    monkeypatch.setattr("nnstudio.ui.docks.inside_views.by_umap", lambda points: 7.0 * points[:, :2])
    jobs = []
    frame = MapFrame(lambda *given, **_: jobs.append(given[:2]))
    show(frame, 700, 300)
    frame.show_sight(sight("embedding", np.eye(5)))
    frame.way.menu().actions()[1].trigger()
    assert "worked out" in frame.note.text()
    work, done = jobs[0]
    done(work(None))
    assert frame.item.places[0, 0] == 7.0
    assert len(jobs) == 1


def test_every_way_of_looking_can_be_saved(show, tmp_path):
    for frame, seen in (
        (TilesFrame(), sight("maps", np.random.default_rng(0).normal(size=(5, 4, 4)))),
        (MapFrame(lambda *_, **__: None), sight("embedding", np.eye(4))),
        (BarsFrame(), sight("vector", np.arange(-3, 9))),
    ):
        show(frame, 500, 240)
        frame.restyle()
        frame.show_sight(seen)
        for ending in ("png", "svg"):
            frame.save_picture(tmp_path / f"x.{ending}")
            assert (tmp_path / f"x.{ending}").stat().st_size > 500
        frame.save_numbers(tmp_path / "x.csv")
        lines = (tmp_path / "x.csv").read_text().splitlines()
        assert len(lines) == 1 + {"maps": 80, "embedding": 4, "vector": 12}[seen.inside.kind]
