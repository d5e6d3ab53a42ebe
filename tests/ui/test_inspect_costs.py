"""The inspector and the canvas's tips say what a layer costs."""

from __future__ import annotations

from nnstudio.project.project import Project
from nnstudio.ui.inspect_costs import NodeCosts, cost_facts


def test_a_layer_tells_its_multiply_adds_memory_and_receptive_field(qtbot, session, show):
    session.replace_sheet(Project.new("digits-cnn-small").sheet)
    session.resolve()
    conv = session.network.named("conv2").id
    widget = show(NodeCosts(session, (conv,)))
    qtbot.waitUntil(lambda: bool(widget.facts.texts()), timeout=30_000)
    assert widget.facts.texts() == {
        "Multiply–adds": "147 k a sample", "To train": "46.4 kB at batch 32", "To predict": "271 kB at batch 32",
        "Sees": "5 × 5",
    }  # fmt: skip
    assert "height: 5 of 8" in widget.toolTip()
    assert dict(cost_facts(session, (conv, session.network.named("conv1").id)))["Multiply–adds"] == "157 k a sample"


def test_nothing_is_claimed_before_it_is_known(session):
    session.replace_sheet(Project.new("digits-cnn-small").sheet)
    assert cost_facts(session, (session.network.named("conv2").id,)) == []
