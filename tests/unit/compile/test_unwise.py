"""What works and is hardly meant is a warning."""

from __future__ import annotations

import pytest

from nnstudio.compile.mending.ranking import ranked
from nnstudio.compile.resolve import resolve
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType

FIELDS = {
    "sound": TensorType.of("N T F", "N", "T", 4),
    "text": TensorType.of("N S", "N", "S", dtype="int64", classes=6),
}


@pytest.mark.parametrize("reader", ["metric", "output"])
def test_a_blank_that_is_not_read_as_one_is_a_warning_that_one_click_ends(reader: str) -> None:
    net = NetworkBuilder()
    scores = net.add("LogSoftmax", net.add("Linear", net.add("Input", field="sound"), out_features=6))
    text = net.add("Input", field="text")
    net.add("CTCLoss", scores, text, blank=5, name="loss")
    if reader == "metric":
        net.add("ErrorRate", scores, text, decode="ctc", name="errors")
    net.add("Output", scores, kind="tokens", decoder="ctc" if reader == "output" else "greedy", name="read")
    resolution = resolve(net.network, FIELDS)
    (problem,) = resolution.problems
    name = "errors" if reader == "metric" else "read"
    assert problem.message == f"loss (CTCLoss) has code 5 as blank, and {name} reads 0 as blank"
    assert problem.severity == "warning"
    (fix, *_) = problem.fixes
    assert not resolve(fix.edit(net.network), FIELDS).problems
    assert not resolve(ranked(resolution, problem)[0].edit(net.network), FIELDS).problems
