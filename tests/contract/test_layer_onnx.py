"""Every layer type that can stand before an output is exported to ONNX with the same numbers, or stands on the list of
those that are refused.

An export takes about a second however small the network is, so a dozen types stand in one network side by side, and
each one's numbers are compared. A dozen out of all families are tried; with `--all-onnx` every one is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing import make_tensors

from nnstudio.compile.lower import compile_network
from nnstudio.export import ExportError, export, proof
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import Layer, TensorType, load

#: Layer types that have no ONNX form, and why.
REFUSED: Mapping[str, str] = {
    "FractionalMaxPool2d": "ONNX has no such pooling, and its windows are drawn anew for each input",
    "FractionalMaxPool3d": "ONNX has no such pooling, and its windows are drawn anew for each input",
}
#: Layer types that cannot stand alone between inputs and outputs; below they are tried as they are used.
TOGETHER = {"TiedLinear"}  # its table has no batch, as every input of a network has

LAYERS = [cls for cls in load() if cls.role == "layer" and cls.type_name() not in TOGETHER]
REFUSED_LAYERS = [cls for cls in LAYERS if cls.type_name() in REFUSED]
FEW = 12
Working = Callable[..., tuple[Any, ...]]

pytestmark = pytest.mark.usefixtures("one_thread")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "types" in metafunc.fixturenames:
        every = [cls for cls in LAYERS if cls not in REFUSED_LAYERS]
        steps = -(-len(every) // FEW)  # each network takes from all families
        tried = [every[first::steps] for first in range(steps if metafunc.config.getoption("all_onnx") else 1)]
        metafunc.parametrize("types", tried, ids=lambda types: f"{types[0].type_name()}_and_{len(types) - 1}_more")


def side_by_side(cases: Sequence[Any]) -> tuple[Any, dict[str, np.ndarray]]:
    """A compiled network in which each case's layer stands between inputs and outputs of its own, these named with the
    layer's type first; and samples, by field."""
    net, fields, ranges = NetworkBuilder(), {}, {}
    for case in cases:
        ranges.update(case.ranges(len(fields)))
        name = case.layer.type_name()
        case.place(net, fields, name, f"{name}_")
    compiled = compile_network(net.network, fields, seed=0)
    types = {spec.field: spec.type for spec in compiled.model_inputs}
    return compiled, {name: tensor.numpy() for name, tensor in make_tensors(types, ranges).items()}


def test_onnx_gives_the_numbers_of_the_model(types: Sequence[type[Layer]], working: Working, tmp_path: Path) -> None:
    import onnxruntime
    import torch

    cases = [working(cls)[0] for cls in types]
    compiled, samples = side_by_side(cases)
    path = tmp_path / "exported.onnx"
    try:
        assert export(compiled, path, samples=samples).samples
    except ExportError:
        for case in cases:  # which of them is it?
            alone, its = side_by_side([case])
            export(alone, tmp_path / f"{case.layer.type_name()}.onnx", samples=its)
        raise
    fed = {spec.name: samples[spec.field] for spec in compiled.model_inputs}
    with torch.no_grad():
        expected = compiled.model.eval()(**{name: torch.from_numpy(array) for name, array in fed.items()})
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    known = {each.name for each in session.get_inputs()}
    found = session.run(list(expected), {name: array for name, array in fed.items() if name in known})
    assert {name.split("_")[0] for name in expected} == {cls.type_name() for cls in types}
    for (name, ours), theirs in zip(expected.items(), found, strict=True):
        proof.largest_difference(name, [ours.numpy()], [theirs])


@pytest.mark.parametrize("cls", REFUSED_LAYERS[:1], ids=lambda cls: cls.type_name())
def test_what_onnx_cannot_express_is_refused(cls: type[Layer], working: Working, tmp_path: Path) -> None:
    compiled, samples = side_by_side(working(cls)[:1])
    with pytest.raises(ExportError) as refusal:
        export(compiled, tmp_path / "exported.onnx", samples=samples)
    assert str(refusal.value).endswith("export it as Python.")
    assert not (tmp_path / "exported.onnx").exists()


def test_onnx_scores_codes_with_the_table_that_embeds_them(tmp_path: Path) -> None:
    net = NetworkBuilder()
    embedded = net.add("TiedEmbedding", net.add("Input", shape=(5,), dtype="int64", classes=8), embedding_dim=4)
    net.add("Output", net.add("TiedLinear", embedded, table=embedded.table))
    assert export(compile_network(net.network, seed=0), tmp_path / "exported.onnx").samples


def test_onnx_reads_each_sequence_to_its_own_end(tmp_path: Path) -> None:
    net = NetworkBuilder()
    codes = net.add("Input", field="codes")
    lengths = net.add("SequenceLengths", net.add("PaddingMask", codes))
    read = net.add("LSTM", net.add("Embedding", codes), lengths=lengths, hidden_size=4, bidirectional=True)
    net.add("Output", read.last, kind="values")
    fields = {"codes": TensorType.of("N T", "N", 7, dtype="int64", classes=9)}
    samples = {"codes": np.array([[3, 4, 5, 6, 7, 8, 1], [2, 0, 0, 0, 0, 0, 0], [5, 5, 5, 0, 0, 0, 0]])}
    assert export(compile_network(net.network, fields, seed=0), tmp_path / "exported.onnx", samples=samples).samples


def test_what_is_refused_is_in_the_catalogue() -> None:
    assert set(REFUSED) <= {cls.type_name() for cls in LAYERS}
