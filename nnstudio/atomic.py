"""Writing a file so that after a failure or a crash there is the old one or the new one, whole (DESIGN 7)."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write in place of ``path``, which changes only when the block ends without an exception.

    Otherwise as :func:`beside`.
    """
    with beside(path, durable=durable) as aside, aside.open("xb") as file:
        yield file


@contextlib.contextmanager
def beside(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """The name of a file for the block to write, beside ``path``, whose place it takes when the block ends.

    It is synced to the disk (unless not ``durable``) and renamed; a link is followed, so that it stays one. Where the
    block raises, or any of that fails with OSError, ``path`` is as it was and the other file is gone.
    """
    target = Path(os.path.realpath(path))
    aside = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield aside
        if durable:
            sync(aside)
        if target.exists():
            with contextlib.suppress(OSError):  # a file system without permissions
                shutil.copymode(target, aside)
        os.replace(aside, target)  # noqa: PTH105 (one name to fail in the tests)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    if durable:
        _sync_folder(target.parent)


def sync(path: Path) -> None:
    """Have a file's content on the disk itself before this returns. OSError where that fails."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the renaming durable, where the system lets a folder be synced; the file is whole either way."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
