"""An export that cannot be made is refused in one sentence, and leaves the folder as it was."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.compile.resolve import resolve
from nnstudio.export import ExportError, export, require_exportable
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder


@pytest.fixture
def compiled(networks: Mapping[str, Callable[[], Network]]) -> Compiled:
    return compile_network(networks["mlp"](), seed=0)


def test_a_network_with_problems_names_the_first() -> None:
    net = NetworkBuilder()
    vector = net.add("Input", field="features", shape=(4,))
    net.add("Output", net.add("Conv2d", vector, name="filters"))
    with pytest.raises(ExportError, match="cannot be exported while it has a problem: .*filters") as refused:
        require_exportable(resolve(net.network))
    assert "\n" not in str(refused.value)


def test_a_problem_that_the_outputs_do_not_need_is_no_hindrance() -> None:
    net = NetworkBuilder()
    vector = net.add("Input", field="features", shape=(4,))
    net.add("Output", net.add("Linear", vector))
    net.add("Conv2d", vector)
    require_exportable(resolve(net.network))


@pytest.mark.parametrize("format", ["onnx", "pt2", "python", "safetensors"])
def test_a_network_with_no_output_says_what_to_add(format: str, tmp_path: Path) -> None:
    net = NetworkBuilder()
    x = net.add("Linear", net.add("Input", field="features", shape=(4,)), out_features=2)
    net.add("MSELoss", x, net.add("Input", field="target", shape=(2,)))
    with pytest.raises(ExportError, match="the network has no Output, .* add one"):
        export(compile_network(net.network), tmp_path / "model", format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "format", "said"),
    [
        ("model.pt", "", "files that end in '.pt'; there are onnx"),
        ("model", "", "files of no ending"),
        ("model.onnx", "tensorflow", "the format 'tensorflow'"),
        ("model.safetensors", "python", "a Python file's name ends in .py"),
    ],
)
def test_a_format_that_there_is_not(compiled: Compiled, tmp_path: Path, name: str, format: str, said: str) -> None:
    with pytest.raises(ExportError, match=said):
        export(compiled, tmp_path / name, format)


@pytest.mark.parametrize("format", ["onnx", "pt2", "python", "safetensors"])
def test_a_folder_that_is_not_there(compiled: Compiled, tmp_path: Path, format: str) -> None:
    with pytest.raises(ExportError, match="could not be written .No such file or directory.; choose another folder"):
        export(compiled, tmp_path / "missing" / "model", format)


def test_a_folder_that_may_not_be_written(compiled: Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(ExportError, match="could not be written .Permission denied."):
        export(compiled, tmp_path / "model.safetensors")


def test_a_folder_in_place_of_the_file(compiled: Compiled, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(ExportError, match="is a folder; choose the name of a file"):
        export(compiled, tmp_path / "model.onnx")


@pytest.mark.parametrize("format", ["python", "safetensors"])
def test_a_disk_that_is_full_leaves_the_earlier_export(
    compiled: Compiled, tmp_path: Path, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = export(compiled, tmp_path / "model", format).path
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match="No space left on device"):
        export(compile_network(compiled.network, seed=9), path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_person_who_changes_their_mind_leaves_nothing_behind(compiled: Compiled, tmp_path: Path) -> None:
    class Cancelled(Exception):  # noqa: N818
        pass

    def cancel(share: float, _text: str) -> None:
        if share > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        export(compiled, tmp_path / "model.py", progress=cancel)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_a_package_that_is_missing_is_named(
    compiled: Compiled, tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExportError, match=f"needs the package {package}, which is missing: pip install {package}"):
        export(compiled, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
