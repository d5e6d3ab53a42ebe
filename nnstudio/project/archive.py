"""The zip of a project: written the same each time, checked before anything of it is unpacked (DESIGN 7)."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Collection, Mapping
from typing import BinaryIO

#: The members that a project may have, and how large each may be when unpacked, in bytes.
MEMBERS: Mapping[str, int] = {
    "project.json": 64 * 2**20,
    "view.json": 64 * 2**20,
    "weights.safetensors": 64 * 2**30,
    "thumbnail.png": 4 * 2**20,
}
#: How many times smaller than its content a member may be, once it is over a megabyte.
RATIO_LIMIT = 200
_RATIO_FREE = 2**20
_DIRECTORY_LIMIT = 128 * 1024
_DATE = (1980, 1, 1, 0, 0, 0)


class ArchiveError(ValueError):
    """The file is not a sound zip of a project; the text goes on after "digits.nnstudio cannot be opened: "."""


def write(file: BinaryIO, members: Mapping[str, bytes]) -> None:
    """Write the members as a zip: equal members give equal bytes. ArchiveError where one is over its limit."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, limit in MEMBERS.items():
            if name not in members:
                continue
            content = members[name]
            if len(content) > limit:
                raise ArchiveError(f"{name} has {len(content)} bytes, more than the {limit} that a project may have")
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system, info.external_attr = 3, 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
            if info.compress_type == zipfile.ZIP_DEFLATED and _too_dense(content):
                info.compress_type = zipfile.ZIP_STORED
            archive.writestr(info, content)


def read(file: BinaryIO, wanted: Collection[str] = tuple(MEMBERS)) -> dict[str, bytearray]:
    """The wanted members that are there. ArchiveError where the file is not a sound zip of a project."""
    try:
        with zipfile.ZipFile(_Guarded(file)) as archive:
            infos = {info.filename: info for info in _checked(archive, file)}
            return {name: _unpacked(archive, info) for name, info in infos.items() if name in wanted}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, struct.error, EOFError, UnicodeError) as error:
        raise ArchiveError(_no_zip(file)) from error
    except (NotImplementedError, RuntimeError, ValueError, OverflowError, io.UnsupportedOperation) as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError("its zip is damaged; restore it from a backup") from error


class _Guarded(io.BufferedIOBase):
    """The file as `zipfile` sees it: a read larger than any that an honest directory needs is refused.

    `zipfile` reads the whole directory of a zip at once and makes an object of each entry, before it can be asked
    how many there are.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0 or size > _DIRECTORY_LIMIT:
            size = _DIRECTORY_LIMIT + 1
        found = self._file.read(size)
        if len(found) > _DIRECTORY_LIMIT:
            raise ArchiveError("its zip holds far more entries than a project has; restore it from a backup")
        return found

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _checked(archive: zipfile.ZipFile, file: BinaryIO) -> list[zipfile.ZipInfo]:
    """The entries, each of which may be unpacked. ArchiveError where one may not."""
    infos = archive.infolist()
    names = [info.filename for info in infos]
    for info in infos:
        if info.filename not in MEMBERS:
            raise ArchiveError(
                f"it holds “{info.filename[:80]}”, which no project does; only open it if you know who made it"
            )
        if names.count(info.filename) > 1:
            raise ArchiveError(f"it holds {info.filename} twice; restore it from a backup")
        if info.flag_bits & 0x1:
            raise ArchiveError(f"its {info.filename} is encrypted; save it again without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError(f"its {info.filename} is packed in a way that is not used; restore it from a backup")
        if info.file_size > MEMBERS[info.filename]:
            raise ArchiveError(f"its {info.filename} claims {info.file_size} bytes, more than a project may have")
        if info.file_size > max(_RATIO_FREE, info.compress_size * RATIO_LIMIT):
            raise ArchiveError(f"its {info.filename} claims to unpack to {info.file_size} bytes, which is not sound")
    _check_overlaps(infos, file, archive.start_dir)
    return infos


def _check_overlaps(infos: list[zipfile.ZipInfo], file: BinaryIO, directory: int) -> None:
    """ArchiveError where two entries use the same bytes, or one reaches into the directory."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        file.seek(info.header_offset)
        header = file.read(30)
        if info.header_offset < end or len(header) < 30:
            raise ArchiveError("entries of its zip lie over one another; restore it from a backup")
        name_length, extra_length = struct.unpack_from("<HH", header, 26)
        end = info.header_offset + 30 + name_length + extra_length + info.compress_size
    if end > directory:
        raise ArchiveError("entries of its zip lie over one another; restore it from a backup")


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytearray:
    """A member's content; the checksum is checked. It is never longer than the size that was checked."""
    try:
        content = bytearray()
        with archive.open(info) as member:
            while chunk := member.read(_DIRECTORY_LIMIT):
                content += chunk
    except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError) as error:
        raise ArchiveError(f"its {info.filename} is damaged; restore it from a backup") from error
    except Exception as error:  # zlib.error, and what other packings raise
        if isinstance(error, OSError | MemoryError):
            raise
        raise ArchiveError(f"its {info.filename} is damaged; restore it from a backup") from error
    if len(content) != info.file_size:
        raise ArchiveError(f"its {info.filename} is damaged; restore it from a backup")
    return content


def _too_dense(content: bytes) -> bool:
    import zlib

    return len(content) > _RATIO_FREE and len(zlib.compress(content, 6)) * RATIO_LIMIT < len(content)


def _no_zip(file: BinaryIO) -> str:
    """What to say of a file that is no whole zip: was it one once?"""
    file.seek(0)
    begins = file.read(4)
    if begins == b"PK\x03\x04":
        return "it ends before it should (it was cut off while it was copied or downloaded); get it again"
    if not begins:
        return "it is empty; restore it from a backup"
    return "it is not a NN Studio project; choose a file that ends in .nnstudio"
