"""A plan is made private in the window; what it buys, what is in the way and what a run gave away is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hands import FIELDS
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from nnstudio.compile.resolve import resolve
from nnstudio.data.reference import DataReference
from nnstudio.graph import Network, edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.project.sheet import Sheet
from nnstudio.train import privacy
from nnstudio.train.plan import Plan
from nnstudio.ui.docks import curves
from nnstudio.ui.docks.findings import findings
from nnstudio.ui.fix_buttons import FixButton
from nnstudio.ui.inspect_private import PrivateRow
from nnstudio.ui.inspect_project import ProjectPage, Section
from nnstudio.ui.run_bar import RunBar
from nnstudio.ui.session import Session
from nnstudio.ui.window import MainWindow


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """What torch imports at the first private step takes seconds, in which nothing is to be waited for."""
    import torch._dynamo  # noqa: F401


def drawn() -> Network:
    """Pictures of four channels, normalised over the batch, judged."""
    net = NetworkBuilder()
    x, label = net.add("Input", field="features", name="x"), net.add("Input", field="label", name="label")
    norm = net.add("BatchNorm1d", net.add("Linear", x, out_features=16, name="hidden"), name="norm")
    net.add("CrossEntropyLoss", net.add("Linear", norm, out_features=2, name="scores"), label, name="entropy")
    return net.network


def click(widget: QWidget, page: QWidget, qtbot: QtBot) -> None:
    """A click, after scrolling there."""
    area = page.parentWidget()
    while area is not None and not isinstance(area, QScrollArea):
        area = area.parentWidget()
    if isinstance(area, QScrollArea):
        qtbot.wait(1)
        area.ensureWidgetVisible(widget)
    qtbot.waitUntil(widget.isVisible)
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(8, widget.height() // 2))


def test_a_plan_is_made_private_mended_and_trained(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    session = window.session
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 400)
    x = random.normal(size=(400, 4)) + 2 * label[:, None]
    np.savez(tmp_path / "points.npz", features=x.astype(np.float32), label=label)
    session.new(Sheet(network=drawn(), plan=Plan(epochs=4, device="cpu", threads=1, learning_rate=0.02)), "points")
    window.show_workspace()
    session.choose_data(DataReference(f"file:{(tmp_path / 'points.npz').as_posix()}"))
    qtbot.waitUntil(lambda: session.dataset is not None and session.settled, timeout=60_000)
    page = window.workspace.inspector.page
    assert isinstance(page, ProjectPage)

    (section,) = (each for each in page.findChildren(Section) if each.head.text() == "Private training")
    click(section.head, page, qtbot)
    form = next(form for form in page.forms if "private" in form.fields)
    assert not form.fields["noise_multiplier"].isVisible()
    click(form.fields["private"].findChild(QCheckBox), page, qtbot)
    assert session.plan.private
    assert form.fields["noise_multiplier"].isVisible()
    told = page.findChild(QLabel, "privacy_text")
    rows = session.dataset.count("train")
    bought = privacy.told(privacy.forecast(session.plan, rows), 1e-5)
    qtbot.waitUntil(lambda: bought in told.text())

    wrong = page.findChild(QLabel, "privacy_problem")
    assert wrong.text().startswith("norm works out mean and variance over the batch")
    (found,) = (each for each in findings(session) if each.problem is not None and each.problem.code == "private")
    assert found.message in wrong.text()
    assert "GroupNorm" in session.training.hindrance()
    click(page.findChild(FixButton), page, qtbot)
    assert session.sheet.network.named("norm").layer.type_name() == "GroupNorm"
    qtbot.waitUntil(lambda: session.settled and not session.training.hindrance(), timeout=30_000)
    assert not wrong.isVisible()

    row = page.findChild(PrivateRow)
    row.choose_noise(2.0)
    qtbot.waitUntil(lambda: session.plan.noise_multiplier != 1.0, timeout=10_000)
    assert privacy.forecast(session.plan, rows) <= 2.0
    session.undo()
    assert session.plan.noise_multiplier == 1.0
    session.redo()

    session.start()
    qtbot.waitUntil(lambda: session.history.ended is not None and session.run_state == "idle", timeout=60_000)
    assert session.history.privacy[-1].epsilon <= 2.0
    assert f"ε {privacy.figure(session.history.privacy[-1].epsilon)}" in window.findChild(RunBar)._details("idle")
    assert curves.PRIVACY in curves.figures_of(session.history)
    epochs, spent = curves.per_epoch(session.history, "training", curves.PRIVACY)
    assert epochs[-1] == 4
    assert list(spent) == sorted(spent)


@pytest.mark.usefixtures("qapp")
def test_the_cure_is_one_for_the_network_as_it_is_now(show: Callable[[QWidget], QWidget]) -> None:
    picture = {"features": TensorType.of("N C H W", "N", 3, 8, 8), "label": FIELDS["label"]}
    net = NetworkBuilder()
    image, label = net.add("Input", field="features"), net.add("Input", field="label")
    maps = net.add("Conv2d", image, out_channels=64, kernel_size=3, name="maps")
    flat = net.add("Flatten", net.add("BatchNorm2d", maps, name="norm"))
    net.add("CrossEntropyLoss", net.add("Linear", flat, out_features=3, name="scores"), label, name="loss")
    session = Session(asleep=True)
    session.replace_sheet(Sheet(network=net.network, plan=Plan(private=True)))
    session._take_resolution(resolve(session.network, picture))
    row = show(PrivateRow(session))
    session.do("Fewer maps", edits.set_params(session.network.named("maps").id, out_channels=6))
    session._take_resolution(resolve(session.network, picture))
    QTest.mouseClick(row.findChild(FixButton), Qt.MouseButton.LeftButton)
    assert session.network.named("norm").layer.num_groups == 1, "as many as divide six maps, not sixty-four"
    session.shut_down()
