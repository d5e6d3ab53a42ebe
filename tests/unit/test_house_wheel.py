"""The built wheel works outside the checkout, with the resources inside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

PARTS = ("nnstudio", "resources", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; it must succeed."""
    settings = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, env=settings)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built of a copy of the checkout."""
    root = Path(__file__).resolve().parents[2]
    copy = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        if (root / part).is_dir():
            shutil.copytree(root / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(root / part, copy / part)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "built", cwd=copy)
    return next((copy / "built").glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment with the wheel; it borrows what the wheel needs from ours."""
    environment = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment)
    programs = environment / ("Scripts" if sys.platform == "win32" else "bin")
    python = programs / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=environment).strip())
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", wheel, cwd=environment)
    return programs


def test_the_wheel_holds_every_resource_and_no_test(wheel: Path, checkout: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    resources = [
        path
        for path in (checkout / "resources").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts  # other tests import modules that lie there
    ]
    assert len(resources) > 5
    for path in resources:
        assert f"nnstudio/_resources/{path.relative_to(checkout / 'resources').as_posix()}" in names
    assert "nnstudio/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "packaging/"))]


def test_resources_are_found_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    found = run(
        installed / "python", "-c", "from nnstudio.resources import resources; print(resources())", cwd=tmp_path
    )
    assert Path(found.strip()).name == "_resources"
    assert Path(found.strip()).is_relative_to(installed.parent)


def test_the_gallery_is_listed_by_the_installed_program(installed: Path, tmp_path: Path) -> None:
    listed = run(installed / "nnstudio", "templates", cwd=tmp_path)
    assert "digits-mlp" in listed


def test_resources_are_found_in_the_checkout(checkout: Path) -> None:
    from nnstudio.resources import resources

    assert resources() == checkout / "resources"
