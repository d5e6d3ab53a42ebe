"""Operations that ONNX lacks are written otherwise, and give the same numbers."""

from __future__ import annotations

import copy

import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.export.substitutes import substitute
from nnstudio.graph.builder import NetworkBuilder


@pytest.mark.parametrize(
    ("name", "inputs", "parameters"),
    [
        ("DistanceMatrix", 2, {}), ("DistanceMatrix", 2, {"measure": "manhattan"}), ("CumProd", 1, {"axis": 1}),
        ("CumProd", 1, {"axis": -1}),
    ],
)  # fmt: skip
def test_onnx_gives_the_numbers_of_the_model(name: str, inputs: int, parameters: dict[str, object]) -> None:
    net = NetworkBuilder()
    net.add("Output", net.add(name, *(net.add("Input", shape=(4, 6)) for _ in range(inputs)), **parameters))
    model = compile_network(net.network).model
    tensors = [torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(at)) for at in range(inputs)]
    expected = model(*tensors)
    written = substitute(copy.deepcopy(model))
    assert torch.allclose(written(*tensors), expected, atol=1e-5)
    called = {node.target for node in written.graph.nodes if node.op == "call_function"}
    assert not called & {torch.cdist, torch.cumprod}
