"""Project files that somebody else wrote or changed, and what is said of them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnstudio.project.files import ProjectError, load


def rewritten(path: Path, change: Callable[[dict[str, Any]], Any], member: str = "project.json") -> Path:
    """The project with what ``change`` made of one of its JSON members."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    value = json.loads(members[member])
    members[member] = json.dumps(change(value) or value).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members.items():
            new.writestr(name, content)
    return path


def with_members(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def refused(path: Path) -> str:
    """What is said of a file that cannot be opened: one sentence that names it."""
    with pytest.raises(ProjectError) as caught:
        load(path)
    text = str(caught.value)
    assert path.name in text
    assert text.endswith(".")
    assert "\n" not in text
    return text
