"""Activations and gradients by layer: what a person sees, now and over time."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from waiting import refreshed

from nnstudio.graph import Node, edits
from nnstudio.graph.blocks import make_block
from nnstudio.layers import load
from nnstudio.train.events import Activations, Gradients, Weights
from nnstudio.ui import theme
from nnstudio.ui.docks import ActivationsPanel, GradientsPanel, NodeGradient, NodeHistogram, TrainingPanel, WeightsPanel
from nnstudio.ui.docks.frame import PlotFrame


@pytest.fixture
def activations(session, show, tell, made) -> ActivationsPanel:
    tell(made.run(epochs=3))
    panel = ActivationsPanel(session)
    show(panel, 1400, 300)
    return panel


@pytest.fixture
def gradients(session, show, tell, made) -> GradientsPanel:
    tell(made.run(epochs=3))
    panel = GradientsPanel(session)
    show(panel, 1400, 300)
    return panel


@pytest.mark.parametrize("panel_type", [ActivationsPanel, GradientsPanel])
def test_without_a_run_the_panel_says_what_it_will_show_and_starts_one(qtbot, session, show, monkeypatch, panel_type):
    panel = panel_type(session)
    show(panel)
    assert "While a network trains" in panel.empty.sentence.text()
    asked = []
    monkeypatch.setattr(session.training, "start", lambda: asked.append(True))
    qtbot.mouseClick(panel.empty.button, Qt.MouseButton.LeftButton)
    assert asked


def test_layers_stand_in_the_order_of_the_run_without_inputs_and_losses(activations):
    names = [ridge.row.name for ridge in activations.now.ridges]
    assert names == ["conv1", "relu1", "bn1", "scores"]
    assert activations.now.frame.plot.left.texts() == names


def test_each_layer_has_its_familys_colour_in_both_themes(qtbot, activations):
    for name in ("dark", "light"):
        theme.set_theme(name)
        refreshed(qtbot, activations.now)
        colors = {ridge.row.name: ridge.row.color.upper() for ridge in activations.now.ridges}
        families = theme.current().families
        assert colors["conv1"] == families["convolution"].upper()
        assert colors["relu1"] == families["activation"].upper()
    theme.set_theme("dark")


def test_the_share_of_zeros_and_the_mean_are_told(activations):
    told = {ridge.row.name: ridge.told() for ridge in activations.now.ridges}
    assert told["relu1"].startswith("50 % zero · 0.50")
    assert "zero" not in told["conv1"]


def test_a_click_on_a_layer_selects_its_node(qtbot, session, activations):
    plot = activations.now.frame.plot
    scene = plot.view.mapViewToScene(plot.view.mapSceneToView(plot.view.sceneBoundingRect().center()))
    row_height = plot.view.height() / 4
    at = QPoint(int(scene.x()), int(plot.view.sceneBoundingRect().top() + 2.5 * row_height))
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=plot.mapFromScene(at))
    qtbot.waitUntil(lambda: session.selection == frozenset({"b"}))
    refreshed(qtbot, activations.over_time)
    assert activations.over_time.choice.text() == "bn1 ▾"


def test_the_layer_over_time_follows_the_selection_on_the_canvas(qtbot, session, activations):
    session.select({"f"})
    refreshed(qtbot, activations.over_time)
    assert activations.over_time.node == "f"
    shares = activations.over_time.item.shares
    assert shares.shape[0] == 96
    assert shares.max() == pytest.approx(1.0)
    session.select({"l"})  # a loss has no activations to show: the layer stays
    refreshed(qtbot, activations.over_time)
    assert activations.over_time.node == "f"


def test_saturated_values_and_dead_units_are_told_too(qtbot, activations, tell):
    before = activations.session.history.activations["r"]
    tell([Activations(step=40, time=1, layers={"r": replace(before, saturated=0.25, dead=0.1)})])
    refreshed(qtbot, activations.now)
    assert activations.now.ridges[0].told().endswith("25 % saturated · 10 % dead units")


@pytest.mark.parametrize(
    ("index", "name", "value"), [(1, "mean", 0.501), (2, "std", 0.647), (3, "zeros", 0.5), (4, "saturated", 0.0)]
)
def test_one_number_of_each_layer_can_be_seen_over_time(qtbot, activations, index, name, value):
    activations.figures[0].menu().actions()[index].trigger()
    lines = activations.lines
    qtbot.waitUntil(lambda: lines.isVisible() and not lines._stale)
    assert {label.text for label in lines.labels.labels} == {"conv1", "relu1", "bn1", "scores"}
    x, y = lines.items[1].getData()
    assert x.tolist() == [1, 2, 3]
    assert y == pytest.approx([value] * 3, abs=0.01)
    if name == "zeros":
        assert all(text.endswith(" %") for text in lines.frame.plot.left.texts())
    activations.figures[1].menu().actions()[0].trigger()
    assert activations.over_time.isVisible()


def test_layers_inside_a_block_have_their_familys_colour_and_select_the_block(qtbot, session, show, tell, made):
    session.do("Block", make_block(["a", "r"], "Part", id="B"))
    whole = SimpleNamespace(flat=SimpleNamespace(nodes={"B/0/a": Node("B/0/a", "part.conv1", load()["Conv2d"]())}))
    session.whole = whole
    tell([Activations(step=1, time=1, layers={"B/0/a": made.histogram(np.linspace(0, 1, 50))})])
    panel = ActivationsPanel(session)
    show(panel, 1400, 300)
    row = panel.now.ridges[0].row
    assert row.color.upper() == theme.current().families["convolution"].upper()
    panel.now.frame.plot.clicked.emit(panel.now.frame.plot.view.sceneBoundingRect().center())
    assert session.selection == frozenset({"B"})
    refreshed(qtbot, panel.now)
    assert panel.now.item.selected == frozenset({"B/0/a"})


def test_choosing_a_layer_over_time_selects_its_node(session, activations):
    activations.over_time.choice.menu().actions()[1].trigger()
    assert session.selection == frozenset({"r"})


def test_a_distribution_that_moves_is_seen_to_move(qtbot, session, activations, tell, made):
    tell([event for step in range(40, 400, 10) for event in made.snapshot(step)])
    session.select({"f"})
    refreshed(qtbot, activations.over_time)
    shares = activations.over_time.item.shares
    rows = np.arange(len(shares))
    first, last = (float((rows * shares[:, at]).sum() / shares[:, at].sum()) for at in (0, -1))
    assert last > first + 10


def test_each_layer_can_have_its_own_scale(qtbot, activations):
    qtbot.mouseClick(activations.now.own, Qt.MouseButton.LeftButton)
    assert activations.now.item.own
    assert "each layer" in activations.now.frame.caption.text()


def test_where_not_all_layers_fit_those_with_weights_are_shown_and_it_says_so(qtbot, session, show, tell, made):
    tell(made.run(epochs=1))
    panel = TrainingPanel(session)
    show(panel, 1400, 130)
    refreshed(qtbot, panel.activations)
    assert [ridge.row.name for ridge in panel.activations.ridges] == ["conv1", "bn1", "scores"]
    assert panel.activations.frame.note.text().startswith("3 of 4 layers")


def test_renaming_a_node_renames_its_row_and_deleting_it_keeps_it(qtbot, session, activations):
    session.do("Rename", edits.rename("a", "first_conv"))
    session.do("Delete", edits.remove(["b"]))
    refreshed(qtbot, activations.now)
    names = {ridge.row.name: ridge.row.color for ridge in activations.now.ridges}
    assert "first_conv" in names
    assert names["bn1"] == theme.current().muted


def test_bars_stand_on_a_log_axis_from_input_side_to_output_side(gradients):
    bars = gradients.now.item.bars
    assert [bar.name for bar in bars] == ["conv1", "bn1", "scores"]
    assert [bar.y for bar in bars] == pytest.approx([-4, -3, -2])
    assert gradients.now.frame.caption.text() == "input side → output side"
    assert {"1e-4", "1e-3", "1e-2"} <= set(gradients.now.frame.plot.left.texts())
    assert [text for _, text in gradients.now.frame.plot.bottom._places] == ["conv1", "bn1", "scores"]


def test_larger_gradients_are_further_along_the_magnitude_map(gradients):
    colors = [bar.color for bar in gradients.now.item.bars]
    assert len(set(colors)) == 3


def test_the_colour_of_a_magnitude_stays_while_others_fall(qtbot, gradients, tell):
    before = gradients.now.item.bars[0].color
    only_first = {"a": 1e-4, "b": 1e-4, "f": 1e-4}
    tell([Gradients(step=40, time=1, gradients=only_first, weights=dict.fromkeys(only_first, 1.0))])
    refreshed(qtbot, gradients.now)
    assert [bar.color for bar in gradients.now.item.bars] == [before] * 3


def test_the_greatest_gradient_so_far_stays_as_a_tick(qtbot, gradients, tell):
    falls = {"a": 1e-5, "b": 1e-3, "f": 1e-2}
    tell([Gradients(step=40, time=1, gradients=falls, weights=dict.fromkeys(falls, 1.0))])
    refreshed(qtbot, gradients.now)
    bar = gradients.now.item.bars[0]
    assert bar.y == pytest.approx(-5)
    assert bar.most == pytest.approx(-4)


def test_a_gradient_of_zero_is_written_as_0(qtbot, gradients, tell):
    dead = {"a": 0.0, "b": 1e-3, "f": float("nan")}
    tell([Gradients(step=40, time=1, gradients=dead, weights=dict.fromkeys(dead, 1.0))])
    refreshed(qtbot, gradients.now)
    assert [bar.zero for bar in gradients.now.item.bars] == [True, False, False]


def test_lines_over_time_are_labelled_with_their_layers(gradients):
    assert {label.text for label in gradients.over_time.labels.labels} == {"conv1", "bn1", "scores"}
    x, y = gradients.over_time.items[0].getData()
    assert x.tolist() == [1, 2, 3]
    assert y == pytest.approx([-4, -4, -4])


def test_the_selected_layers_line_stands_out(qtbot, session, gradients):
    session.select({"b"})
    refreshed(qtbot, gradients.over_time)
    widths = [item.opts["pen"].widthF() for item in gradients.over_time.items]
    assert widths[1] > widths[0]
    assert gradients.over_time.items[0].opts["pen"].color().alpha() < 255


def test_hovering_a_line_tells_its_value(qtbot, gradients):
    plot = gradients.over_time.frame.plot
    qtbot.waitUntil(lambda: plot.view.viewRange()[0][1] > 2)
    plot.hovered.emit(plot.view.mapSceneToView(plot.view.mapViewToScene(QPoint(2, -3))))
    reading = gradients.over_time.reader.readings[0]
    assert (reading.name, reading.value) == ("bn1", "0.00100")
    plot.hovered.emit(None)
    assert gradients.over_time.reader.at is None


def test_update_over_weight_can_be_shown_instead(qtbot, gradients):
    gradients.quantity.menu().actions()[1].trigger()
    refreshed(qtbot, gradients.now)
    refreshed(qtbot, gradients.over_time)
    assert gradients.now.frame.title.text() == "Update ÷ weight by layer"
    assert [bar.y for bar in gradients.now.item.bars] == pytest.approx([-3, -3, -3])
    assert gradients.over_time.items[2].getData()[1] == pytest.approx([-3, -3, -3])


def test_the_range_in_which_updates_usually_lie_is_marked(qtbot, gradients):
    assert gradients.now.band.usual is None
    gradients.quantity_now.menu().actions()[1].trigger()
    for view in (gradients.now, gradients.over_time):
        refreshed(qtbot, view)
        assert view.band.usual == pytest.approx((-4, -3, -2))
        low, high = view.frame.plot.view.viewRange()[1]
        assert low <= -4
        assert high >= -2
    assert gradients.quantity.text() == "Update ÷ weight ▾"


def test_how_much_of_a_gradient_is_noise_is_shown_once_it_is_known(qtbot, gradients, tell):
    gradients.quantity.menu().actions()[2].trigger()
    refreshed(qtbot, gradients.now)
    assert gradients.now.frame.note.text() == "known after some batches"
    sizes = {"a": 1e-4, "b": 1e-3, "f": 1e-2}
    signal = {"a": 0.1, "b": 1.0, "f": 10.0}
    tell([Gradients(step=40, time=1, gradients=sizes, weights=sizes, signal=signal)])
    refreshed(qtbot, gradients.now)
    refreshed(qtbot, gradients.over_time)
    assert [bar.y for bar in gradients.now.item.bars] == pytest.approx([-1, 0, 1])
    assert {label.text for label in gradients.over_time.labels.labels} == {"conv1", "bn1", "scores"}


def weights_event(made, step: int) -> Weights:
    spread = np.linspace(-1, 1, 200)
    layers = {"a": {"weight": made.histogram(spread), "bias": made.histogram(0.1 * spread)}}
    layers["f"] = {"weight": made.histogram(0.5 * spread + 0.01 * step)}
    return Weights(step=step, time=1, layers=layers)


def test_weights_have_a_row_for_each_parameter_and_one_over_time(qtbot, session, show, tell, made):
    panel = WeightsPanel(session)
    show(panel, 1400, 300)
    assert "While a network trains" in panel.empty.sentence.text()
    tell([*made.run(epochs=1), *(weights_event(made, step) for step in range(10, 100, 10))])
    qtbot.waitUntil(lambda: panel.folding.isVisible())
    assert [ridge.row.name for ridge in panel.now.ridges] == ["conv1.weight", "conv1.bias", "scores.weight"]
    panel.over_time.choice.menu().actions()[1].trigger()
    refreshed(qtbot, panel.over_time)
    assert panel.over_time.choice.text() == "conv1.bias ▾"
    assert session.selection == frozenset({"a"})
    assert len(panel.over_time.table()["step"]) == 9
    panel.kind.menu().actions()[1].trigger()
    refreshed(qtbot, panel.now)
    assert [ridge.row.name for ridge in panel.now.ridges] == ["conv1.weight", "scores.weight"]
    assert panel.choices == {"own": False, "kind": 1}
    session.select({"f"})
    refreshed(qtbot, panel.over_time)
    first, last = (weighted_place(panel.over_time.item.shares[:, at]) for at in (0, -1))
    assert last > first + 10


def weighted_place(shares: np.ndarray) -> float:
    return float((np.arange(len(shares)) * shares).sum() / shares.sum())


def test_every_plot_of_layers_can_be_saved(session, show, tell, made, tmp_path):
    tell([*made.run(epochs=3), weights_event(made, 10)])
    for panel in (ActivationsPanel(session), GradientsPanel(session), WeightsPanel(session)):
        show(panel, 1400, 300)
        for frame in filter(PlotFrame.isVisible, panel.findChildren(PlotFrame)):
            for ending in ("png", "svg", "csv"):
                path = tmp_path / f"plot.{ending}"
                (frame.save_numbers if ending == "csv" else frame.save_picture)(path)
                assert path.stat().st_size > 40, (panel, frame.title.text(), ending)
            assert len((tmp_path / "plot.csv").read_text().splitlines()) > 1


def test_a_click_on_a_bar_selects_its_node(qtbot, session, gradients):
    plot = gradients.now.frame.plot
    rect = plot.view.sceneBoundingRect()
    at = QPoint(int(rect.left() + rect.width() * 5 / 6), int(rect.center().y()))
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=plot.mapFromScene(at))
    qtbot.waitUntil(lambda: session.selection == frozenset({"f"}))


def test_no_plot_item_is_made_anew_while_a_run_goes_on(qtbot, gradients, tell, made):
    before = [id(item) for item in gradients.over_time.items]
    tell(made.snapshot(50))
    refreshed(qtbot, gradients.over_time)
    assert [id(item) for item in gradients.over_time.items] == before


def test_the_inspectors_histogram_follows_the_selected_node(qtbot, session, show, tell, made):
    view = NodeHistogram(session)
    show(view, 260, 104)
    assert view.is_empty
    tell(made.run(epochs=1))
    session.select({"r"})
    refreshed(qtbot, view)
    assert view.value == "50 % zero"
    color = view.grab().toImage().pixelColor(3, 60).name().upper()
    assert color == theme.current().families["activation"].upper()
    session.select({"i"})
    refreshed(qtbot, view)
    assert view.is_empty


def test_the_inspectors_gradient_tells_the_latest_value(qtbot, session, show, tell, made):
    tell(made.run(epochs=3))
    session.select({"b"})
    view = NodeGradient(session)
    show(view, 260, 84)
    assert not view.is_empty
    assert view.value == "0.00100"
    assert view.steps.tolist() == [10, 20, 30]
    session.select({"r"})  # an activation has no weights, so no gradient
    refreshed(qtbot, view)
    assert view.is_empty


def test_importing_the_docks_imports_no_pyqtgraph(checkout):
    import subprocess
    import sys

    code = (
        "import sys, nnstudio.ui.docks as d; d.NodeHistogram, d.NodeGradient, d.ProblemsPanel, d.DataPanel;"
        "assert 'pyqtgraph' not in sys.modules and 'torch' not in sys.modules;"
        "d.TrainingPanel; assert 'pyqtgraph' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=checkout, timeout=60)


def test_panels_follow_the_moment_that_is_shown(session, tell, show, made, qtbot):
    from nnstudio.ui.docks.activations import ActivationsNow
    from nnstudio.ui.docks.gradients import GradientsNow

    bars, ridges = GradientsNow(session), ActivationsNow(session)
    show(bars)
    show(ridges)
    tell([made.run_started(), *made.snapshot(10), *made.snapshot(20)])
    early, late = {"a": 1e-4, "b": 1e-3, "f": 1e-2}, {"a": 0.5, "b": 0.5, "f": 0.5}
    tell([Gradients(step=30, time=1.0, gradients=late, weights=dict.fromkeys(late, 1.0))])
    qtbot.waitUntil(lambda: list(bars.values) == [0.5, 0.5, 0.5])
    session.moment.go(20)
    qtbot.waitUntil(lambda: list(bars.values) == list(early.values()))
    assert "at step 20" in bars.frame.note.text()
    top = session.history.activation_history("f")[0].high
    session.moment.go(10)
    qtbot.waitUntil(lambda: "at step 10" in ridges.frame.note.text())
    assert ridges.ridges[-1].histogram.high == top
    session.moment.go(None)
    qtbot.waitUntil(lambda: list(bars.values) == [0.5, 0.5, 0.5])
