"""Where checkpoints stand: a folder for each run, which one process at a time writes, bounded in number and bytes.

``checkpoints/<run>/000001200-last.safetensors``: step and kind. Beside them lies ``lock`` while the run goes on; where
it is left behind, the run was cut off. Imports no torch.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nnstudio.atomic import replacing
from nnstudio.locking import locked
from nnstudio.train import checkpoints
from nnstudio.train.checkpoints import KINDS, About
from nnstudio.train.environment import TrainingError

if TYPE_CHECKING:
    from nnstudio.data.fitted import Fitted
    from nnstudio.train.state import Moment

#: The folder of checkpoints, beside a run database.
CHECKPOINTS = "checkpoints"
#: Checkpoints by time that a run keeps besides its newest, spread over its length.
TIMED = 8
#: Runs whose checkpoints are kept, and bytes of all of them. Those made by hand are never given up.
RUNS, BYTES = 20, 2 << 30
_LOCK, _PREPARATION = "lock", "preparation.json"
_NAME = re.compile(rf"(\d{{9,}})-({'|'.join(KINDS)})\.safetensors")
_RUN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint on disk: its file, what it says of itself, and its size in bytes."""

    path: Path
    about: About
    size: int


class RunFolder:
    """One run's checkpoints, for the process that trains it."""

    def __init__(self, folder: Path, run: str) -> None:
        """``folder``: of all runs of a project. TrainingError where another process trains this run."""
        if not _RUN.fullmatch(run):
            raise TrainingError(f"A run cannot be named “{run}”", "use letters, digits, - and _")
        self.folder, self.run = folder, run
        self.path = folder / run
        self._lock: BinaryIO | None = None
        with contextlib.suppress(OSError):  # it is then said where a checkpoint cannot be written
            self._lock = self._taken()

    def _taken(self) -> BinaryIO:
        self.path.mkdir(parents=True, exist_ok=True)
        file = (self.path / _LOCK).open("a+b")
        if not locked(file):
            file.seek(0)
            by = file.read(64).decode(errors="replace").strip()
            file.close()
            raise TrainingError(
                f"The run {self.run} is being trained by another program{f' (process {by})' if by.isdigit() else ''}",
                "stop it there first, or begin a new run",
            )
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        return file

    def close(self, *, ended: bool) -> None:
        """Let others have the folder. ``ended``: the run has come to its end, and was not cut off."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        if ended and os.name == "posix":
            _unlink(self.path / _LOCK)  # before it is free, so that nobody's new one is taken away
        lock.close()
        if ended:
            if os.name != "posix":
                _unlink(self.path / _LOCK)
            _remove_empty(self.path)

    def keep(self, fitted: Fitted) -> None:
        """Have what the training data taught beside the checkpoints (:func:`preparation_of`), so that the run can go on
        with it. Where it cannot be written, nothing is said: the next checkpoint will not be either."""
        with contextlib.suppress(OSError, ValueError):
            text = json.dumps(fitted.to_json(), allow_nan=False)
            if self._lock is not None:
                with replacing(self.path / _PREPARATION) as file:
                    file.write(text.encode())

    def add(self, moment: Moment, about: About, kind: str) -> Path:
        """Write a checkpoint, then give up what is too many. OSError where it cannot be written."""
        path = self.path / f"{about.step:09}-{kind}.safetensors"
        about = dataclasses.replace(about, kind=kind)
        checkpoints.save(path, moment, about)
        if about.kind == "best":
            _remove(file for file, step, kind in _files(self.path) if kind == "best" and step != about.step)
        self._thin(path)
        _bound(self.folder, self.run, path)
        return path

    def _thin(self, newest: Path) -> None:
        """Keep the newest checkpoint by time and so many before it that stand evenly apart."""
        by_age = sorted(
            (file.stat().st_mtime_ns, step, file)
            for file, step, kind in _files(self.path)
            if kind == "last" and file != newest
        )
        while len(by_age) > TIMED:
            steps = [step for _, step, _ in by_age]
            gaps = [steps[place + 1] - steps[place - 1] for place in range(1, len(steps) - 1)]
            _, _, given_up = by_age.pop(1 + gaps.index(min(gaps)))
            _unlink(given_up)


def listed(folder: Path, run: str = "") -> list[Saved]:
    """All checkpoints of a folder, or of one run there, the newest first; what cannot be read is left out.

    One of the best epoch that has been surpassed since counts as one by time.
    """
    found: dict[str, list[Saved]] = {}
    for path in _paths(folder, run):
        with contextlib.suppress(ValueError, OSError):
            about = checkpoints.described(path)
            if not run or about.run == run:
                found.setdefault(about.run, []).append(Saved(path, about, path.stat().st_size))
    made: list[Saved] = []
    for each in found.values():
        newest = max(each, key=_age)
        made += [_surpassed(saved) if saved.about.best_epoch < newest.about.best_epoch else saved for saved in each]
    return sorted(made, key=_age, reverse=True)


def latest(folder: Path, run: str = "") -> Saved | None:
    """The checkpoint that was written last, for whatever reason but being the best."""
    found = listed(folder, run)
    return next((saved for saved in found if saved.path.stem.partition("-")[2] != "best"), found[0] if found else None)


def preparation_of(place: Path) -> Fitted | None:
    """What the training data taught that a run was trained on, by the folder of its checkpoints; None where that is
    not known."""
    from nnstudio.data.fitted import Fitted

    with contextlib.suppress(OSError, ValueError):
        return Fitted.from_json(json.loads((place / _PREPARATION).read_bytes()))
    return None


def interrupted(folder: Path) -> list[Saved]:
    """The last checkpoint of each run that was cut off (its process died), the newest first."""
    found = []
    for lock in sorted(folder.glob(f"*/{_LOCK}")) if folder.is_dir() else ():
        if _free(lock.parent):
            last = latest(folder, lock.parent.name)
            if last is not None:
                found.append(last)
    return sorted(found, key=_age, reverse=True)


def let_be(folder: Path, run: str) -> None:
    """A run that was cut off is not to be offered again; its checkpoints stay."""
    if _RUN.fullmatch(run) and _free(folder / run):
        _unlink(folder / run / _LOCK)


def remove(saved: Iterable[Saved]) -> None:
    """Delete checkpoints."""
    _remove(each.path for each in saved)


def forget(folder: Path, run: str) -> None:
    """Delete all checkpoints of a run, unless a process trains it."""
    place = folder / run
    if _RUN.fullmatch(run) and place.is_dir() and _free(place):
        _remove(file for file, _, _ in _files(place))
        _unlink(place / _LOCK)
        _remove_empty(place)


def move(source: Path, target: Path, runs: Iterable[str]) -> None:
    """Have the checkpoints of these runs in another folder, but for those of a run that a process trains."""
    for run in runs:
        place = source / run
        if _RUN.fullmatch(run) and place.is_dir() and _free(place) and not (target / run).exists():
            target.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(OSError):
                shutil.move(place, target / run)


def _age(saved: Saved) -> tuple[float, int]:
    return saved.about.written or saved.path.stat().st_mtime, saved.about.step


def _surpassed(saved: Saved) -> Saved:
    about = saved.about
    return dataclasses.replace(saved, about=dataclasses.replace(about, kind="last")) if about.kind == "best" else saved


def _paths(folder: Path, run: str) -> Iterator[Path]:
    if not folder.is_dir():
        return
    yield from sorted(folder.glob("last.safetensors"))  # as they stood before runs had folders of their own
    for place in [folder / run] if run else sorted(folder.iterdir()):
        yield from (file for file, _, _ in _files(place))


def _files(place: Path) -> Iterator[tuple[Path, int, str]]:
    """A run's checkpoints with their steps and kinds."""
    for file in sorted(place.iterdir()) if place.is_dir() else ():
        named = _NAME.fullmatch(file.name)
        if named:
            yield file, int(named[1]), named[2]


def _bound(folder: Path, own: str, newest: Path) -> None:
    """Give up the oldest checkpoints while there are too many runs or bytes; none made by hand, and not the newest."""
    runs: list[tuple[int, Path, list[tuple[Path, int, str]]]] = []
    for place in folder.iterdir():
        files = list(_files(place))
        if files:
            runs.append((max(file.stat().st_mtime_ns for file, _, _ in files), place, files))
    runs.sort(key=lambda each: -each[0])
    total = sum(file.stat().st_size for _, _, files in runs for file, _, _ in files)
    many = len(runs)
    for _, place, files in reversed(runs):  # the oldest first
        if many <= RUNS and total <= BYTES:
            return
        if place.name != own and not _free(place):
            continue
        for file in (*_of(files, "last"), *_of(files, "best")):
            if file != newest and (total > BYTES or (many > RUNS and place.name != own)):
                total -= file.stat().st_size
                _unlink(file)
        many -= place.name != own
        if place.name != own:
            _remove_empty(place)


def _of(files: Iterable[tuple[Path, int, str]], wanted: str) -> list[Path]:
    return [file for file, _, kind in files if kind == wanted]


def _free(place: Path) -> bool:
    """Whether no process trains the run of this folder."""
    lock = place / _LOCK
    if not lock.exists():
        return True
    with contextlib.suppress(OSError), lock.open("a+b") as file:
        return locked(file)
    return False


def _remove_empty(place: Path) -> None:
    """Delete a run's folder where it has no checkpoint."""
    with contextlib.suppress(OSError):
        if {file.name for file in place.iterdir()} <= {_PREPARATION}:
            _unlink(place / _PREPARATION)
            place.rmdir()


def _remove(files: Iterable[Path]) -> None:
    for file in list(files):
        _unlink(file)


def _unlink(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)
