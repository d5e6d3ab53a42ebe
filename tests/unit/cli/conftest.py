"""What the tests of the command line share: how a command is given, and a project on a table."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnstudio import cli

if TYPE_CHECKING:
    from table_project import Said

sys.path.insert(0, str(Path(__file__).parent))  # for what these tests share in files of their own


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Give a command in the test's own folder; returns its status, its lines and the sentences beside them."""
    monkeypatch.chdir(tmp_path)

    def given(*arguments: str) -> Said:
        capsys.readouterr()
        status = cli.main(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert "unexpected" not in err
        return status, out.splitlines(), err.splitlines()

    return given


@pytest.fixture
def refused(say: Callable[..., Said]) -> Callable[..., str]:
    """Give a command that cannot be done; returns the one sentence that it says."""

    def given(*arguments: str) -> str:
        status, _, told = say(*arguments)
        assert status in (1, 2)
        assert len(told) == 1, told
        assert told[0].startswith("nnstudio: ")
        assert told[0].endswith((".", "?"))
        return told[0].removeprefix("nnstudio: ")

    return given


@pytest.fixture
def trained(say: Callable[..., Said]) -> str:
    """A project on table.csv that has been trained."""
    from table_project import made

    project = made()
    assert say("train", project)[0] == 0
    return project
