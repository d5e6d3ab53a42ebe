"""What the tests over every layer type share: the cases that are drawn of it, by `drawing`."""

from __future__ import annotations

import functools
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from nnstudio.layers import Layer

sys.path.insert(0, str(Path(__file__).parent))  # for what these tests share in files of their own

from drawing import CASES, Case, draw_all, works

Drawn = Callable[[type[Layer]], tuple[Case, ...]]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """What was drawn of a layer type, with any parameters that it allows, whether it works or not. What one of the
    processes that test has drawn, the others read."""
    home = tmp_path_factory.getbasetemp()
    shared = (home.parent if "PYTEST_XDIST_WORKER" in os.environ else home) / "drawn"
    shared.mkdir(exist_ok=True)

    @functools.cache
    def of(cls: type[Layer]) -> tuple[Case, ...]:
        kept = shared / cls.type_name()
        if not kept.exists():
            made = Path(f"{kept}.{os.getpid()}")
            made.write_bytes(pickle.dumps([(case.layer, dict(case.types)) for case in draw_all(cls)]))
            made.replace(kept)
        return tuple(Case(layer, types) for layer, types in pickle.loads(kept.read_bytes()))

    return of


@pytest.fixture(scope="session")
def working(drawn: Drawn) -> Callable[..., tuple[Case, ...]]:
    """Cases on which a layer type works: all that are drawn of it, or the first ``count`` (ten times as many under the
    profile ``search``)."""

    @functools.cache
    def all_of(cls: type[Layer]) -> tuple[Case, ...]:
        return tuple(case for case in drawn(cls) if works(case))

    def first(cls: type[Layer], count: int = CASES) -> tuple[Case, ...]:
        return all_of(cls)[: count * (settings.default.max_examples // 100)]

    return first


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Torch on one thread: on tensors as small as these, more of them only wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing here writes settings, so that one folder does for all of the thousands of tests."""
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NNSTUDIO_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, home)
        for name in ("HOME", "APPDATA", "LOCALAPPDATA"):
            patch.setenv(name, home)
        yield
