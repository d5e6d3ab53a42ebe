"""The doctor in the window: what is said before the first step, cures found in the background, the cards of a run."""

from __future__ import annotations

import pytest

from nnstudio.data import shipped_reference
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.train.events import Diagnosis, RunFailed
from nnstudio.train.plan import Plan
from nnstudio.ui.docks import ProblemsPanel
from nnstudio.ui.panels import Panels, place_of
from nnstudio.ui.scope_tabs import CanvasHead

WAIT = 60_000


@pytest.fixture
def drawn(session, qtbot):
    """A small convolutional classifier of digits whose plan takes batches of one sample."""
    net = NetworkBuilder()
    image, label = net.add("Input", field="image"), net.add("Input", field="label")
    x = net.add("BatchNorm2d", net.add("Conv2d", image, out_channels=4, name="conv"), name="norm")
    x = net.add("Flatten", net.add("MaxPool2d", net.add("ReLU", x, name="bend"), name="pool"), name="flat")
    scores = net.add("Linear", x, out_features=10, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="loss")
    net.add("Output", scores, name="digit")
    plan = Plan.make({"batch_size": 1, "epochs": 2, "threads": 1, "device": "cpu"})
    session.do("Build", lambda _: net.network, data=shipped_reference("digits"), plan=plan)
    told(session, qtbot, "batch-norm-batch-one")
    return session


def told(session, qtbot, *codes: str) -> None:
    """Wait until these are said, and nothing else."""
    qtbot.waitUntil(
        lambda: session.whole is not None and session.dataset is not None and not session.doctoring.busy
        and tuple(one.code for one in session.doctoring.diagnoses) == codes,
        timeout=WAIT,
    )  # fmt: skip


def offered(session, qtbot, code: str):
    """The cures of a finding, once they are known."""
    one = next(one for one in session.doctoring.diagnoses if one.code == code)
    qtbot.waitUntil(lambda: session.doctoring.cures(one) is not None, timeout=WAIT)
    return session.doctoring.cures(one)


def test_what_is_wrong_with_the_plan_is_said_before_the_first_step_and_goes_when_it_is_cured(drawn, qtbot):
    cures = offered(drawn, qtbot, "batch-norm-batch-one")
    assert [cure.title for cure in cures] == ["Take batches of 32 samples", "Use GroupNorm instead"]
    assert drawn.doctoring.apply(cures[0])
    assert drawn.plan.batch_size == 32
    told(drawn, qtbot)
    drawn.undo()
    told(drawn, qtbot, "batch-norm-batch-one")


def test_another_cure_edits_the_network(drawn, qtbot):
    cures = offered(drawn, qtbot, "batch-norm-batch-one")
    assert drawn.doctoring.apply(cures[1])
    assert drawn.network.named("norm").layer.type_name() == "GroupNorm"
    told(drawn, qtbot)


def test_the_tab_counts_it_and_the_card_offers_its_cures(drawn, qtbot, show):
    panels = Panels(drawn)
    qtbot.addWidget(panels)
    assert panels.tabs.tabText(place_of("Problems")) in ("Problems", "Problems · 1")
    panel = ProblemsPanel(drawn)
    panel.resize(1000, 300)
    show(panel)
    qtbot.waitUntil(lambda: bool(panel.rows) and len(panel.rows[0].buttons) == 2, timeout=WAIT)
    assert panel.rows[0].title.text() == "Batch normalisation on single samples"
    drawn.doctoring.found.emit()
    assert panels.tabs.tabText(place_of("Problems")) == "Problems · 1"


def test_the_line_over_the_canvas_says_of_how_many_the_tab_is_as_soon_as_one_more_is_found(drawn, qtbot, monkeypatch):
    panels, head, panel = Panels(drawn), CanvasHead(drawn), ProblemsPanel(drawn)
    for made in (panels, head, panel):
        qtbot.addWidget(made)
    head.resize(900, 30)
    before = drawn.doctoring.diagnoses
    late = Diagnosis(step=0, time=0.0, code="dead-units", message="Units are dead.", hint="")
    monkeypatch.setattr(type(drawn.doctoring), "diagnoses", property(lambda _: [*before, late]))
    drawn.doctoring.found.emit()
    assert panels.tabs.tabText(place_of("Problems")) == "Problems · 2"
    assert head.status.text().endswith("· 2 warnings")
    failed = RunFailed(step=3, time=1.0, message="The loss is not a number.")
    monkeypatch.setattr(drawn.history, "ended", failed)
    drawn.events_arrived.emit([])
    panel.refresh()
    assert panels.tabs.tabText(place_of("Problems")) == "Problems · 3"
    assert head.status.text().endswith("· 1 error, 2 warnings")
    assert panel.heading.text() == "1 error, 2 warnings"


def test_a_run_whose_rate_is_too_high_gets_its_card_while_it_trains(drawn, qtbot):
    plan = drawn.plan.with_(batch_size=32, learning_rate=3.0, optimizer="SGD", epochs=6)
    drawn.do("Rate", plan=plan)
    told(drawn, qtbot)
    drawn.start()
    qtbot.waitUntil(lambda: drawn.run_state == "idle" and drawn.history.ended is not None, timeout=WAIT)
    told(drawn, qtbot, "learning-rate-high")
    first = offered(drawn, qtbot, "learning-rate-high")[0]
    assert first.plan["learning_rate"] <= 0.3
