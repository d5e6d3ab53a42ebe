"""Files that one process locks and others then cannot; the system takes the lock from a process that dies."""

from __future__ import annotations

import sys
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt

    #: Windows keeps others from reading what is locked, so a place behind the content is.
    _PLACE = 1 << 30

    def locked(file: BinaryIO) -> bool:
        """Lock a file until it is closed; False where another has locked it."""
        try:
            file.seek(_PLACE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def locked(file: BinaryIO) -> bool:
        """Lock a file until it is closed; False where another has locked it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
