"""The journal: unsaved work, kept while a window is open and offered back at the next start after a crash.

Each journal is two files in the user's state folder: the work as JSON, and a lock that the system takes from a
process when it dies, however it dies. So several programs may run at once, and none takes work that is still being
done. The JSON is renamed into place but not synced: what is lost in a power cut is a few seconds of work.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from nnstudio.atomic import replacing
from nnstudio.locking import locked
from nnstudio.project import schema, strict_json
from nnstudio.project.errors import ProjectError, not_written
from nnstudio.project.places import state_dir
from nnstudio.project.sheet import Sheet

_SIZE_LIMIT = 256 * 2**20


@dataclass(frozen=True)
class Recovered:
    """Unsaved work of a process that died.

    path: the project file that it was opened from, None where there was none. time: of the last edit, in seconds since
    1970. notes: what could not be taken as it stands. ``key`` is for :meth:`Journal.discard`.
    """

    key: str
    sheet: Sheet
    path: Path | None
    title: str
    time: float
    notes: tuple[str, ...] = ()


@dataclass
class Journal:
    """One window's journal. Used from one thread at a time.

    folder: where journals are; the user's state folder unless given.
    """

    folder: Path = field(default_factory=lambda: state_dir() / "journal")
    _key: str = field(default_factory=lambda: f"{os.getpid()}-{secrets.token_hex(6)}", init=False)
    _locks: dict[str, BinaryIO] = field(default_factory=dict, init=False)

    def write(self, sheet: Sheet, path: Path | None = None, title: str = "") -> None:
        """Keep this as the window's unsaved work, in place of what was kept. ProjectError where it cannot be kept."""
        content = {
            "format": schema.FORMAT,
            "path": str(Path(path).absolute()) if path is not None else None,
            "title": title,
            "time": time.time(),
            "project": schema.project_to_json(sheet),
            "view": schema.view_to_json(sheet.view),
        }
        target = self._file(self._key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self._key not in self._locks and not self._lock(self._key):
                raise OSError("its lock is taken")
            with replacing(target, durable=False) as file:
                file.write(strict_json.written(content))
        except OSError as error:
            raise not_written(target, error) from error

    def clear(self) -> None:
        """There is no unsaved work: it was saved, or the person does not want it."""
        self._remove(self._key)

    def offer(self) -> list[Recovered]:
        """Unsaved work of processes that died, newest first; no other program is offered it meanwhile.

        Work that cannot be read is put aside under the ending ``.damaged`` and not offered.
        """
        found = []
        for file in sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []:
            key = file.stem
            if key == self._key or not (key in self._locks or self._lock(key)):
                continue
            try:
                found.append(_recovered(key, file))
            except FileNotFoundError:
                self._remove(key)
            except (ValueError, OSError):
                with contextlib.suppress(OSError):
                    file.replace(file.with_suffix(".damaged"))
                self._remove(key)
        return sorted(found, key=lambda work: -work.time)

    def discard(self, work: Recovered) -> None:
        """Forget work that was offered: it is in a window's journal or a file now, or the person does not want it."""
        self._remove(work.key)

    def close(self) -> None:
        """Release what was offered and not discarded, for the next start; the window's own work is cleared."""
        self.clear()
        for key in tuple(self._locks):
            self._unlock(key)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _remove(self, key: str) -> None:
        for file in (self._file(key), self._file(key).with_suffix(".lock")):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
        self._unlock(key)
        with contextlib.suppress(OSError):  # Windows does not delete what is open
            self._file(key).with_suffix(".lock").unlink(missing_ok=True)

    def _lock(self, key: str) -> bool:
        """Take a journal's lock; False where a process that lives has it."""
        file = self._file(key).with_suffix(".lock").open("ab")
        if not locked(file):
            file.close()
            return False
        self._locks[key] = file
        return True

    def _unlock(self, key: str) -> None:
        file = self._locks.pop(key, None)
        if file is not None:
            file.close()


def _recovered(key: str, file: Path) -> Recovered:
    """Read a journal. ValueError where it cannot be read."""
    if file.stat().st_size > _SIZE_LIMIT:
        raise ProjectError(f"{file.name} is too large for a journal")
    value = strict_json.parse(file.read_bytes())
    if not isinstance(value, dict):
        raise ProjectError(f"{file.name} is not a journal")
    path, title, when = value.get("path"), value.get("title"), value.get("time")
    sheet, notes = schema.project_from_json(value.get("project"))
    sheet = schema.with_view(sheet, value.get("view"))
    return Recovered(
        key, sheet, Path(path) if isinstance(path, str) else None, title if isinstance(title, str) else "",
        float(when) if isinstance(when, int | float) else 0.0, notes,
    )  # fmt: skip


__all__ = ["Journal", "Recovered"]
