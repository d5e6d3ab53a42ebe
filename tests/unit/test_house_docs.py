"""What the documents say is so: their examples run, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")


def examples(path: Path) -> list[str]:
    """The blocks of Python in a document."""
    return re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_layer_that_architecture_adds_works_as_it_stands_there(checkout: Path) -> None:
    import torch

    from nnstudio.compile.lower import compile_network
    from nnstudio.export import source
    from nnstudio.graph.builder import NetworkBuilder
    from nnstudio.layers import CATALOGUE, load

    load()
    (example,) = examples(checkout / "ARCHITECTURE.md")
    try:
        exec(compile(example, "ARCHITECTURE.md", "exec"), {"__name__": "nnstudio.layers.activation"})
        net = NetworkBuilder()
        net.add("Output", net.add("SoftReLU", net.add("Input", shape=(3,)), beta=2.0))
        compiled = compile_network(net.network)
        numbers = torch.tensor([[-1.0, 0.0, 1.0]])
        assert torch.equal(compiled.model(numbers), torch.nn.functional.softplus(numbers, 2.0))
        assert "nn.Softplus(2.0)" in source(compiled)
        assert CATALOGUE["SoftReLU"].summary() == "Bend smoothly, and always above zero."
    finally:
        CATALOGUE.discard("SoftReLU")


def test_the_python_example_builds_the_network(checkout: Path) -> None:
    import torch

    namespace: dict[str, object] = {}
    exec(compile(examples(checkout / "README.md")[0], "README.md", "exec"), namespace)
    model = namespace["model"]
    assert isinstance(model, torch.nn.Module)
    assert model(torch.zeros(5, 1, 8, 8)).shape == (5, 10)
    assert "conv1.weight" in model.state_dict()


def test_the_example_of_blocks_builds_what_it_says(checkout: Path) -> None:
    import nnstudio

    namespace: dict[str, Any] = {}
    exec(compile(examples(checkout / "README.md")[1], "README.md", "exec"), namespace)
    net, x = namespace["net"], namespace["x"]
    net.add("Output", net.add("Linear", net.add("Flatten", x), out_features=10))
    assert {"stage.0.conv1.weight", "stage.2.conv2.bias"} <= set(nnstudio.compile(net).state_dict())


def test_compile_can_be_called_again_once_the_package_of_that_name_is_imported() -> None:
    import torch

    import nnstudio
    import nnstudio.compile.lower

    net = nnstudio.Network()
    net.add("Output", net.add("ReLU", net.add("Input", shape=(3,))))
    for _ in range(2):
        assert isinstance(nnstudio.compile(net, seed=1), torch.nn.Module)


def test_the_project_example_trains_saves_and_exports(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    from nnstudio.resources import resource_path

    monkeypatch.chdir(tmp_path)
    shutil.copy(resource_path("gallery", "digits-mlp.nnstudio"), "digits.nnstudio")
    exec(compile(examples(checkout / "README.md")[2], "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("exported and checked: 32 samples, largest difference")
    assert Path("digits.onnx").exists()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_and_pictures_lead_somewhere(checkout: Path, document: str) -> None:
    text = (checkout / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (checkout / target).exists(), f"{document} points at {target}, which is not there"


def test_every_command_of_the_readme_is_known(checkout: Path) -> None:
    text = (checkout / "README.md").read_text(encoding="utf-8")
    makefile = (checkout / "Makefile").read_text(encoding="utf-8")
    for command in re.findall(r"^make (\w+)", text, re.MULTILINE):
        assert re.search(rf"^[\w ]*\b{command}\b[\w ]*:", makefile, re.MULTILINE)
