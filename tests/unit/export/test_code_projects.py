"""The code of every project that comes with the program is read back as it was written."""

from __future__ import annotations

import pytest

import nnstudio as nns
from nnstudio.compile.resolve import resolve
from nnstudio.export.code_editing import edited
from nnstudio.export.python_source import written
from nnstudio.resources import resource_path

PROJECTS = sorted(path for name in ("gallery", "templates") for path in resource_path(name).glob("*.nnstudio"))


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.stem)
def test_code_that_says_the_same_changes_nothing(path) -> None:  # type: ignore[no-untyped-def]
    project = nns.open(path)
    types = project.sheet.data.types if project.sheet.data is not None else {}  # the rows are not needed
    resolution = resolve(project.network, types)
    source = written(resolution, path.stem, ends=True)
    assert not source.left_out
    said_otherwise = source.text.replace('    """Takes', '    """Told').replace("  # N×", "  # shape ")
    assert edited(source, said_otherwise).network is project.network
