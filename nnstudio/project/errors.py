"""What is said when a project cannot be read, written or used."""

from __future__ import annotations

import errno
from pathlib import Path


class ProjectError(ValueError):
    """A project cannot be read, written or used. The text is one sentence for a person: what, where, what to do."""


_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or save it elsewhere",
    errno.EDQUOT: "your quota on that disk is used up; free some space or save it elsewhere",
    errno.EFBIG: "the disk does not take a file of that size; save it elsewhere",
    errno.EACCES: "writing there is not allowed; choose a folder of your own",
    errno.EPERM: "writing there is not allowed; choose a folder of your own",
    errno.EROFS: "that disk is read-only; choose another place",
    errno.ENOENT: "the folder does not exist; choose another place",
    errno.ENOTDIR: "the folder does not exist; choose another place",
    errno.EISDIR: "a folder has that name; choose another name",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


def not_written(path: Path, error: OSError) -> ProjectError:
    """One sentence on a file that could not be written; what stood there before is as it was."""
    reason = _REASONS.get(error.errno or 0) or f"{error.strerror or error}; try again or save it elsewhere"
    return ProjectError(f"{path.name} could not be saved in {path.parent}: {reason}.")


def not_read(path: Path, error: OSError) -> ProjectError:
    """One sentence on a file that could not be read at all."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return ProjectError(f"There is no project at {path}; check the path.")
    if isinstance(error, IsADirectoryError):
        return ProjectError(f"“{path}” is a folder, not a project; choose a file that ends in .nnstudio.")
    if isinstance(error, PermissionError):
        return ProjectError(f"{path} may not be read by you; change its permissions or choose another file.")
    return ProjectError(f"{path} could not be read ({error.strerror or error}); try again or choose another file.")
