"""The journal: unsaved work of a process that died is offered once, and that of a living one never."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.errors import ProjectError
from nnstudio.project.journal import Journal
from nnstudio.project.sheet import Sheet

WRITES_AND_DIES = """
import os, sys
from pathlib import Path
from nnstudio.project.journal import Journal
from nnstudio.project.sheet import Sheet
journal = Journal(Path(sys.argv[1]))
journal.write(Sheet(title=sys.argv[2]), Path("digits.nnstudio"), "digits")
if sys.argv[3] == "dies":
    os._exit(9)
print("ready", flush=True)
sys.stdin.read()
"""


Open = Callable[[], Journal]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens a journal as another program would; all are closed at the end."""
    made: list[Journal] = []

    def journal() -> Journal:
        made.append(Journal(tmp_path))
        return made[-1]

    yield journal
    for each in made:
        each.close()


@pytest.fixture
def sheet() -> Sheet:
    net = NetworkBuilder()
    net.add("Output", net.add("Linear", net.add("Input", field="x"), out_features=3))
    return Sheet(net.network)


def crashed(folder: Path, title: str = "lost") -> None:
    """A process kept unsaved work and died."""
    subprocess.run([sys.executable, "-c", WRITES_AND_DIES, str(folder), title, "dies"], check=False)


def test_work_of_a_process_that_died_is_offered(tmp_path: Path, opened: Open) -> None:
    crashed(tmp_path)
    (work,) = opened().offer()
    assert work.sheet.title == "lost"
    assert work.title == "digits"
    assert work.path == Path("digits.nnstudio").absolute()
    assert work.time > 1e9


def test_the_whole_sheet_comes_back(sheet: Sheet, opened: Open) -> None:
    dead = opened()
    dead.write(sheet)
    for key in tuple(dead._locks):
        dead._unlock(key)  # what the system does when a process dies
    (work,) = opened().offer()
    assert work.sheet == sheet


def test_work_of_a_living_process_is_not_offered(tmp_path: Path, opened: Open) -> None:
    command = [sys.executable, "-c", WRITES_AND_DIES, str(tmp_path), "busy", "lives"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        assert opened().offer() == []
        process.kill()
    assert [work.sheet.title for work in opened().offer()] == ["busy"]


def test_two_programs_that_start_together_are_not_offered_the_same_work(tmp_path: Path, opened: Open) -> None:
    crashed(tmp_path)
    first, second = opened(), opened()
    assert len(first.offer()) == 1
    assert second.offer() == []
    first.close()
    assert len(second.offer()) == 1


def test_work_that_was_discarded_is_gone(tmp_path: Path, opened: Open) -> None:
    crashed(tmp_path)
    journal = opened()
    journal.discard(journal.offer()[0])
    assert journal.offer() == []
    assert list(tmp_path.iterdir()) == []


def test_saved_work_is_not_offered(tmp_path: Path, sheet: Sheet, opened: Open) -> None:
    journal = opened()
    journal.write(sheet)
    journal.write(sheet)
    journal.clear()
    assert list(tmp_path.iterdir()) == []
    assert opened().offer() == []


def test_a_damaged_journal_is_put_aside_and_the_others_offered(tmp_path: Path, opened: Open) -> None:
    crashed(tmp_path, "whole")
    (tmp_path / "1-bad.json").write_bytes(b'{"project": ')
    assert [work.sheet.title for work in opened().offer()] == ["whole"]
    assert (tmp_path / "1-bad.damaged").exists()


def test_a_folder_that_is_not_there_has_nothing_to_offer(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none").offer() == []


def test_a_journal_that_cannot_be_written_says_so(tmp_path: Path, sheet: Sheet) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError):
        Journal(tmp_path / "file").write(sheet)
