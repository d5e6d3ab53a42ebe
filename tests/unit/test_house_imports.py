"""Import directions (DESIGN 2): the contracts hold, they notice what breaks them, and the window's way in is light."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LIGHT = (
    "nnstudio",
    "nnstudio.layers",
    "nnstudio.graph",
    "nnstudio.project",
    "nnstudio.runs",
    "nnstudio.cli",
    "nnstudio.ui",
    "nnstudio.train.plan",
    "nnstudio.train.events",
)
BELOW_UI = (
    *LIGHT[:6],
    "nnstudio.compile",
    "nnstudio.data",
    "nnstudio.diagnose",
    "nnstudio.export",
    "nnstudio.importing",
    "nnstudio.nn",
    "nnstudio.train",
)


def loaded_by(module: str) -> set[str]:
    """Top-level names in sys.modules after a fresh Python has imported this module, and the catalogue with it."""
    code = (
        f"import sys, {module}, nnstudio.layers\n"
        "nnstudio.layers.load()\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def every_module_of(package: str) -> str:
    """Code that imports all modules of a package."""
    return (
        f"import importlib, pkgutil, sys, {package} as package\n"
        "for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(found.name)\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )


@pytest.mark.parametrize("module", LIGHT)
def test_importing_it_does_not_import_torch(module: str) -> None:
    assert not {"torch", "onnx", "onnxruntime", "polars"} & loaded_by(module)


@pytest.mark.parametrize(
    "package", ["nnstudio.ui", "nnstudio.graph", "nnstudio.layers", "nnstudio.project", "nnstudio.runs"]
)
def test_no_module_of_the_package_imports_torch(package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", every_module_of(package)],
        capture_output=True, text=True, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "torch" not in done.stdout.split()


@pytest.mark.parametrize("module", BELOW_UI)
def test_below_the_window_nothing_imports_qt(module: str) -> None:
    assert not {"PySide6", "shiboken6", "pyqtgraph"} & loaded_by(module)


def lint_imports(where: Path) -> subprocess.CompletedProcess[str]:
    """import-linter on the checkout (or a copy of it) in ``where``."""
    code = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"
    settings = {**os.environ, "PYTHONPATH": str(where), "COLUMNS": "200"}
    return subprocess.run([sys.executable, "-c", code], cwd=where, capture_output=True, text=True, env=settings)


def test_imports_go_down_only(checkout: Path) -> None:
    done = lint_imports(checkout)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("layers/linear.py", "from nnstudio.graph.network import Network", "Imports go down only"),
        ("graph/network.py", "import nnstudio.train.plan", "Imports go down only"),
        ("data/__init__.py", "import nnstudio.compile", "Imports go down only"),
        ("train/plan.py", "from PySide6.QtCore import QObject", "Qt and pyqtgraph in ui and app alone"),
        ("graph/document.py", "import torch", "No torch in the catalogue and the graph"),
    ],
)
def test_a_bad_import_is_caught(checkout: Path, tmp_path: Path, file: str, line: str, broken: str) -> None:
    shutil.copytree(checkout / "nnstudio", tmp_path / "nnstudio", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(checkout / "pyproject.toml", tmp_path)
    planted = tmp_path / "nnstudio" / file
    planted.write_text(f"{planted.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")

    done = lint_imports(tmp_path)

    assert done.returncode == 1
    assert f"{broken} BROKEN" in done.stdout
