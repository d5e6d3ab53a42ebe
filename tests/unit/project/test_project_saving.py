"""Saving a project where writing fails: the file is the old or the new one, and one sentence says why."""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnstudio.project.files import ProjectError, load, save
from nnstudio.project.sheet import Sheet


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("exists", [True, False])
def test_after_any_failure_the_file_is_the_old_or_the_new_one(
    tmp_path: Path, sheet: Sheet, weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch, code: int, exists: bool
) -> None:
    """Every call that writes fails once, each in its turn, until a save meets none that fails."""
    path = tmp_path / "a.nnstudio"
    old = dataclasses.replace(sheet, title="old")
    save(path, old)
    old_bytes = path.read_bytes()
    for failing in range(1000):
        path.write_bytes(old_bytes)
        if not exists:
            path.unlink()
        with monkeypatch.context() as patch:
            count = Faults(patch, failing, code)
            try:
                save(path, sheet, weights)
                saved = True
            except ProjectError:
                saved = False
        if saved:
            found = load(path)
            assert found.sheet == sheet
            assert found.weights is not None
            assert found.weights.keys() == weights.keys()
        else:
            assert (path.read_bytes() if path.exists() else None) == (old_bytes if exists else None)
        assert [file.name for file in tmp_path.iterdir()] == ([path.name] if saved or exists else [])
        if not count.failed:
            break
    assert count.calls > 8
    assert saved


class Faults:
    """The call with this number fails, of those that open, write, sync and rename."""

    def __init__(self, patch: pytest.MonkeyPatch, number: int, code: int) -> None:
        self.number, self.code, self.calls, self.failed = number, code, 0, False
        real_open, faults = Path.open, self

        def opened(path: Path, *arguments: Any, **options: Any) -> Any:
            writing = any("x" in str(item) or "w" in str(item) for item in arguments)
            if writing:
                self.count()
            file = real_open(path, *arguments, **options)
            return Faulty(file, faults) if writing else file

        patch.setattr(Path, "open", opened)
        for name in ("fsync", "replace"):
            patch.setattr(os, name, self.counted(getattr(os, name)))

    def count(self) -> None:
        self.calls += 1
        if self.calls - 1 == self.number:
            self.failed = True
            raise OSError(self.code, os.strerror(self.code))

    def counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.count()
            return real(*arguments)

        return call


class Faulty:
    """A file whose calls may fail."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file, self._faults = file, faults

    def __enter__(self) -> Faulty:
        return self

    def __exit__(self, *exception: Any) -> None:
        self._file.close()
        if exception[0] is None:
            self._faults.count()

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._file, name)
        return self._faults.counted(real) if name in ("write", "flush", "seek", "tell") else real


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, sheet: Sheet) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ProjectError, match="not allowed"):
        save(tmp_path / "a.nnstudio", sheet)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, sheet: Sheet) -> None:
    with pytest.raises(ProjectError, match="folder does not exist"):
        save(tmp_path / "none" / "a.nnstudio", sheet)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said(sheet: Sheet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, mode="r": real(Path("/dev/full"), "wb") if "x" in mode else real(path, mode)
    )
    with pytest.raises(ProjectError, match="disk is full"):
        save(tmp_path / "a.nnstudio", sheet)


def test_a_link_stays_a_link(tmp_path: Path, sheet: Sheet) -> None:
    save(tmp_path / "real.nnstudio", Sheet())
    link = tmp_path / "link.nnstudio"
    try:
        link.symlink_to(tmp_path / "real.nnstudio")
    except OSError:
        pytest.skip("links are not allowed here")
    save(link, sheet)
    assert link.is_symlink()
    assert load(tmp_path / "real.nnstudio").sheet == sheet
