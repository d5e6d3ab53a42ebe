"""The folder in which converted tables are kept: with the user's other caches, a folder for each, old ones dropped."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from nnstudio.data.errors import DataError

#: What was not used for so many seconds is deleted; and the longest unused, while all have more than so many bytes.
OLD, MOST = 30 * 86_400, 40 << 30


def cache_folder() -> Path:
    """Where tables are kept; ``NNSTUDIO_CACHE_DIR`` puts it elsewhere. It need not exist."""
    if own := os.environ.get("NNSTUDIO_CACHE_DIR"):
        return Path(own) / "tables"
    if own := os.environ.get("NNSTUDIO_CONFIG_DIR"):
        return Path(own) / "cache" / "tables"
    return Path(platformdirs.user_cache_dir("nnstudio", False)) / "tables"


def kept(key: str, needed: int, name: str) -> Path:
    """The folder of this key, made where it is not there and marked as used. Others that are old are deleted.

    needed: bytes that will be written. DataError where the disk has not so much room; OSError where it cannot be made.
    """
    folder = cache_folder() / key
    folder.mkdir(parents=True, exist_ok=True)
    _drop_old(folder)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"“{name}” is read from a copy on disk, which needs {needed / 2**30:.1f} GiB, but "
            f"{folder.parent} has {free / 2**30:.1f} GiB left; make room or set NNSTUDIO_CACHE_DIR to another disk"
        )
    os.utime(folder)
    return folder


def _drop_old(used: Path) -> None:
    """Delete what was not used for long, and the longest unused while all together are too much."""
    about = []
    with suppress(OSError):
        for folder in used.parent.iterdir():
            files = [file.stat() for file in folder.iterdir()]
            about.append((folder.stat().st_mtime, sum(file.st_size for file in files), folder))
    total = sum(size for _, size, _ in about)
    for when, size, folder in sorted(about):
        if folder != used and (time.time() - when > OLD or total > MOST):
            shutil.rmtree(folder, ignore_errors=True)
            total -= size


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A path to write to; what stands there then gets the name ``path``, whole, or is deleted where it failed."""
    aside = path.with_name(f"{path.name}.{os.getpid()}-{time.monotonic_ns()}")
    try:
        yield aside
        aside.replace(path)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
