"""Changes of the person's library that can be taken back: what its files were before is remembered."""

from __future__ import annotations

from collections.abc import Callable

from nnstudio.atomic import replacing
from nnstudio.project.library import LibraryError, own_folder

Files = dict[str, bytes]


def changing(do: Callable[[], object]) -> Callable[[], None]:
    """Do something to the person's library. Returns a function that takes it back.

    Raises:
        LibraryError: what ``do`` raises; and when it is taken back, where a file has been changed since, or cannot be
            written.
    """
    before = _files()
    do()
    after = _files()

    def take_back() -> None:
        now = _files()
        touched = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        for name in touched:
            if now.get(name) != after.get(name):
                raise LibraryError(f"{name} in your library has been changed since, so that it stays as it is")
        try:
            for name in touched:
                if name not in before:
                    (own_folder() / name).unlink()
            for name in touched:
                if name in before:
                    with replacing(own_folder() / name) as file:
                        file.write(before[name])
        except OSError as error:
            raise LibraryError(f"your library {own_folder()} cannot be written: {error.strerror or error}") from error

    return take_back


def _files() -> Files:
    try:
        return {path.name: path.read_bytes() for path in own_folder().glob("*.json")}
    except OSError as error:
        raise LibraryError(f"your library {own_folder()} cannot be read: {error.strerror or error}") from error
