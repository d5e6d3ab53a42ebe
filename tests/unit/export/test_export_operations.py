"""Operations that ONNX lacks are written otherwise, and give the same numbers."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.export import export
from nnstudio.export.substitutes import substitute
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.nn import PeakBoxes


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


def test_boxes_are_suppressed_alike_in_onnx_runtime(tmp_path: Path) -> None:
    most, net = 100, NetworkBuilder()
    scores, shape = (
        net.add("Input", shape=(3, 10, 10), name="scores"),
        net.add("Input", shape=(4, 10, 10), name="shape"),
    )
    boxes = net.add("PeakBoxes", scores=scores, shape=shape, most=most, overlap=0.3, least=0.2)
    net.add("Output", boxes, name="boxes", kind="boxes")
    compiled = compile_network(net.network)
    export(compiled, tmp_path / "boxes.onnx")
    random = np.random.default_rng(1)
    fed = {
        name: random.normal(size=(64, size, 10, 10)).astype("float32") for name, size in (("scores", 3), ("shape", 4))
    }
    fed["shape"][:, 2:] = 0.3 * fed["shape"][:, 2:] + 1.5
    session = onnxruntime.InferenceSession((tmp_path / "boxes.onnx").read_bytes(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, fed)
    expected = compiled.model(*(torch.from_numpy(fed[name]) for name in ("scores", "shape"))).numpy()
    every = PeakBoxes(most, 1.0, 0.2)(*(torch.from_numpy(fed[name]) for name in ("scores", "shape"))).numpy()
    assert (every[:, :, 4] >= 0).sum() > (expected[:, :, 4] >= 0).sum() > 64
    np.testing.assert_allclose(found, expected, atol=1e-5)
