"""What is exported gives the same numbers as the trained model, for any number of samples."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.export import export
from nnstudio.export.proof import chosen
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType

Networks = Mapping[str, Callable[[], Network]]
NAMES = ("mlp", "skip", "volumes", "sequence")


def trained(network: Network) -> Compiled:
    """A compiled network with weights, and running statistics, that no fresh one has."""
    compiled = compile_network(network, seed=3)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for tensor in compiled.model.state_dict().values():
            if tensor.is_floating_point():
                tensor.add_(0.1 * torch.rand(tensor.shape, generator=generator))
    compiled.model.train()
    return compiled


def batch(compiled: Compiled, count: int) -> list[np.ndarray]:
    """So many samples for a model's inputs."""
    arrays, _ = chosen(compiled.model_inputs, None)
    return [array[:count] for array in arrays]


def answers(compiled: Compiled, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    """What the trained model says in evaluation mode, by output."""
    compiled.model.eval()
    with torch.no_grad():
        result = compiled.model(*map(torch.from_numpy, arrays))
    names = [compiled.name(id) for id in compiled.outputs]
    tensors = result if isinstance(result, dict) else {names[0]: result}
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def imported(path: Path) -> Any:
    """An exported Python file as a module."""
    spec = importlib.util.spec_from_file_location("exported_for_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_onnx_runs_elsewhere_with_any_batch(networks: Networks, name: str, tmp_path: Path) -> None:
    compiled = trained(networks[name]())
    proof = export(compiled, tmp_path / "model.onnx")
    assert proof.samples == 32
    assert proof.largest_difference < 1e-4

    import onnxruntime

    session = onnxruntime.InferenceSession(proof.path, providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == [spec.name for spec in compiled.model_inputs]
    for count in (1, 5):
        arrays = batch(compiled, count)
        feeds = {spec.name: array for spec, array in zip(compiled.model_inputs, arrays, strict=True)}
        said = dict(zip([each.name for each in session.get_outputs()], session.run(None, feeds), strict=True))
        expected = answers(compiled, arrays)
        assert said.keys() == expected.keys()
        for output, numbers in expected.items():
            np.testing.assert_allclose(said[output], numbers, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_python_file_gives_the_same_numbers(networks: Networks, name: str, tmp_path: Path) -> None:
    compiled = trained(networks[name]())
    proof = export(compiled, tmp_path / "my-network.py")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my-network.py", "my-network.safetensors"]
    assert proof.largest_difference == 0

    model = imported(proof.path).load()
    assert not model.training
    assert type(model).__name__ == "MyNetwork"
    arrays = batch(compiled, 3)
    result = model(*map(torch.from_numpy, arrays))
    expected = answers(compiled, arrays)
    said = result if isinstance(result, dict) else {next(iter(expected)): result}
    assert list(said) == list(expected)
    for output, numbers in expected.items():
        np.testing.assert_array_equal(said[output].detach().numpy(), numbers)


def test_the_python_file_runs_alone(networks: Networks, tmp_path: Path) -> None:
    """In a Python that cannot import nnstudio, as a person would run it."""
    export(trained(networks["sequence"]()), tmp_path / "words.py")
    block = "import sys, runpy; sys.modules['nnstudio'] = None; runpy.run_path('words.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-W", "error", "-c", block], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tensor(")


@pytest.mark.parametrize("name", NAMES)
def test_a_torch_export_program_is_written(networks: Networks, name: str, tmp_path: Path) -> None:
    proof = export(trained(networks[name]()), tmp_path / "model.pt2")
    assert proof.path.stat().st_size > 1000
    assert proof.samples == 32
    assert proof.largest_difference < 1e-5


def test_weights_have_the_names_of_the_nodes(networks: Networks, tmp_path: Path) -> None:
    compiled = trained(networks["mlp"]())
    proof = export(compiled, tmp_path / "weights.safetensors")
    from safetensors.numpy import load_file

    read = load_file(proof.path)
    assert sorted(read) == ["hidden.bias", "hidden.weight", "scores.bias", "scores.weight"]
    weight = dict(compiled.model.named_parameters())["hidden.weight"]
    np.testing.assert_array_equal(read["hidden.weight"], weight.detach().numpy())
    assert proof.sentence == "exported and checked: 4 tensors read back, all the same"


@pytest.mark.parametrize("format", ["onnx", "pt2", "python"])
def test_an_input_that_goes_straight_out_and_one_tensor_that_goes_out_twice(format: str, tmp_path: Path) -> None:
    net = NetworkBuilder()
    image = net.add("Input", field="image", shape=(4,))
    x = net.add("ReLU", image)
    net.add("Output", x, name="zeroed")
    net.add("Output", x, name="again")
    net.add("Output", image, name="as_it_was")
    proof = export(compile_network(net.network), tmp_path / "straight", format)
    assert proof.largest_difference == 0


@pytest.mark.parametrize("format", ["onnx", "pt2", "python", "safetensors"])
def test_nothing_is_printed_and_the_trained_model_stays_as_it_was(
    networks: Networks, format: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    compiled = trained(networks["skip"]())
    before = {name: tensor.clone() for name, tensor in compiled.model.state_dict().items()}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        export(compiled, tmp_path / "model", format)
    assert capfd.readouterr() == ("", "")
    assert not warned
    assert compiled.model.training
    assert all(parameter.requires_grad for parameter in compiled.model.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in compiled.model.state_dict().items())


def test_an_export_that_is_not_the_model_is_refused(
    networks: Networks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnstudio.export import ExportError, python_file

    plain = python_file.source
    monkeypatch.setattr(
        python_file, "source", lambda *args: plain(*args).replace("self.relu(hidden)", "self.relu(hidden) * 2")
    )
    with pytest.raises(ExportError, match="gives other numbers than the trained model"):
        export(trained(networks["mlp"]()), tmp_path / "model.py")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("layer", "parameters"),
    [
        ("AdaptiveMaxPool2d", {"output_size": (2, 3)}),
        ("AdaptiveMaxPool2d", {"output_size": 4}),
        ("MaxPool1d", {"kernel_size": 3, "padding": 1}),
    ],
)
@pytest.mark.parametrize("format", ["onnx", "pt2"])
def test_layers_that_exporters_do_not_know_are_said_otherwise(
    layer: str, parameters: dict[str, Any], format: str, tmp_path: Path
) -> None:
    net = NetworkBuilder()
    image = net.add("Input", field="image", shape=(3, 5, 7) if "2d" in layer else (3, 8))
    net.add("Output", net.add(layer, image, **parameters), kind="values")
    proof = export(compile_network(net.network), tmp_path / "pooled", format)
    assert proof.largest_difference == 0


@pytest.mark.parametrize("format", ["onnx", "pt2"])
def test_sequences_may_have_any_length(format: str, tmp_path: Path) -> None:
    net = NetworkBuilder()
    series = net.add("Input", field="series")
    x = net.add("Conv1d", net.add("MaxPool1d", series, kernel_size=2), out_channels=3, padding="same")
    net.add("Output", net.add("AdaptiveAvgPool1d", x), kind="values", name="level")
    fields = {"series": TensorType.of("N C T", "N", 2, "T")}
    compiled = compile_network(net.network, fields, seed=2)
    proof = export(compiled, tmp_path / "series", format, {"series": np.ones((4, 2, 12), np.float32)})
    assert proof.samples == 4
    if format == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(proof.path, providers=["CPUExecutionProvider"])
        longer = np.linspace(-1, 1, 2 * 31, dtype=np.float32).reshape(1, 2, 31)
        np.testing.assert_allclose(
            session.run(None, {"series": longer})[0], answers(compiled, [longer])["level"], atol=1e-6
        )


@pytest.mark.parametrize("format", ["onnx", "pt2"])
def test_recurrent_layers_are_written_for_one_length_and_it_is_said(format: str, tmp_path: Path) -> None:
    net = NetworkBuilder()
    series = net.add("Input", field="series")
    net.add("Output", net.add("GRU", series, hidden_size=4).last, name="state")
    compiled = compile_network(net.network, {"series": TensorType.of("N T F", "N", "T", 2)}, seed=2)
    proof = export(compiled, tmp_path / "series", format, {"series": np.ones((4, 9, 2), np.float32)})
    assert proof.samples == 4
    assert proof.sentence.endswith("; it takes sequences of the length of these samples alone")
