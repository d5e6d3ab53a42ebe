"""What all tests share: no display is needed, and nothing of the person who runs them is read or written."""

from __future__ import annotations

import functools
import gc
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.fonts=false")
# Two processes test at once on two cores, on tensors so small that threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples in each run, so that a change is judged by what it changes; `--hypothesis-profile=search` looks
# for new ones.
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("search", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-onnx", action="store_true", help="export every layer type to ONNX, not just a few of them")


def pytest_collection_finish() -> None:
    """What was imported to find the tests is there until the end: it is left out of collecting garbage."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup() -> None:
    """Let torch's exporter parse how each operator is written in ONNX once in a process, not once in each export: a
    second each time, for a table that is the same and that nobody changes."""
    module = sys.modules.get("torch.onnx._internal.exporter._registration")
    read = getattr(getattr(module, "ONNXRegistry", None), "from_torchlib", None)
    if read is not None and not hasattr(read, "cache_info"):
        module.ONNXRegistry.from_torchlib = staticmethod(functools.cache(read))


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that are not there yet, one for each test: pytest looks through all that are there to name another."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_folders(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, journals and caches go to a folder of the test, wherever the system would keep them."""
    home = next(_homes)
    home.mkdir()
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    for name in ("HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("NNSTUDIO_CONFIG_DIR", str(home / "nnstudio"))


@pytest.fixture(autouse=True)
def _no_window_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test with widgets fails if one that it showed is still there at its end."""
    yield
    if not {"qtbot", "qapp"} & set(request.fixturenames):
        return
    from PySide6.QtWidgets import QApplication

    left = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    for widget in left:
        widget.close()
    assert not left, f"the test left windows open: {left}"


@pytest.fixture
def checkout() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent
