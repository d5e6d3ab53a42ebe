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

    It is written beside ``path`` under another name, synced to the disk (unless not ``durable``) and renamed. A link
    is followed, so that it stays one. OSError where any of that fails; then ``path`` is as it was.
    """
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        if target.exists():
            with contextlib.suppress(OSError):  # a file system without permissions
                shutil.copymode(target, beside)
        os.replace(beside, target)  # noqa: PTH105 (one name to fail in the tests)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    if durable:
        _sync_folder(target.parent)


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
