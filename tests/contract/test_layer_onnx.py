"""Every layer type that can stand before an output is exported to ONNX with the same numbers, or stands on the list of
those that are refused.

An export takes about a second, so a few types out of all families are tried; with `--all-onnx` every one is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nnstudio.compile.lower import compile_network
from nnstudio.export import ExportError, export
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import Layer, load

#: Layer types that have no ONNX form, and why.
REFUSED: Mapping[str, str] = {
    "FractionalMaxPool2d": "ONNX has no such pooling, and its windows are drawn anew for each input",
    "FractionalMaxPool3d": "ONNX has no such pooling, and its windows are drawn anew for each input",
}
#: Layer types that cannot stand alone between inputs and outputs; below they are tried as they are used.
TOGETHER = {"TiedLinear"}  # its table has no batch, as every input of a network has

LAYERS = [cls for cls in load() if cls.role == "layer" and cls.type_name() not in TOGETHER]
FEW = 12

pytestmark = pytest.mark.usefixtures("one_thread")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cls" in metafunc.fixturenames:
        tried = LAYERS if metafunc.config.getoption("all_onnx") else LAYERS[:: len(LAYERS) // FEW]
        metafunc.parametrize("cls", tried, ids=lambda cls: cls.type_name())


def test_onnx_gives_the_numbers_of_the_model_or_is_refused(
    cls: type[Layer], working: Callable[..., tuple[Any, ...]], tmp_path: Path
) -> None:
    case = working(cls)[0]
    compiled, path = case.compiled, tmp_path / "exported.onnx"
    samples = {
        spec.field: tensor.numpy()
        for spec, tensor in zip(compiled.model_inputs, case.fed(compiled.model_inputs).values(), strict=True)
    }
    if cls.type_name() not in REFUSED:
        assert export(compiled, path, samples=samples).samples
        return
    with pytest.raises(ExportError) as refusal:
        export(compiled, path, samples=samples)
    assert str(refusal.value).endswith("export it as Python.")
    assert not path.exists()


def test_onnx_scores_codes_with_the_table_that_embeds_them(tmp_path: Path) -> None:
    net = NetworkBuilder()
    embedded = net.add("TiedEmbedding", net.add("Input", shape=(5,), dtype="int64", classes=8), embedding_dim=4)
    net.add("Output", net.add("TiedLinear", embedded, table=embedded.table))
    assert export(compile_network(net.network, seed=0), tmp_path / "exported.onnx").samples


def test_what_is_refused_is_in_the_catalogue() -> None:
    assert set(REFUSED) <= {cls.type_name() for cls in LAYERS}
