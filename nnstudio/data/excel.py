"""Excel and OpenDocument tables, read through polars by fastexcel (extra ``excel``)."""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl

from nnstudio.data.columns import Source, quoted
from nnstudio.data.errors import DataError
from nnstudio.data.reference import DataReference
from nnstudio.data.typed import typed_source

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
#: No table is unpacked to more bytes.
MOST = 2 << 30

Progress = Callable[[float], None]


def is_excel(path: Path, head: bytes) -> bool:
    """Whether a file is an Excel or OpenDocument table."""
    return path.suffix.lower() in SUFFIXES and head.startswith((b"PK", b"\xd0\xcf\x11\xe0"))


def read_excel(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The columns of one sheet: that of the option ``sheet``, else the first with rows. DataError where fastexcel is
    not installed, the file is damaged or far too large, or there is no such sheet."""
    if importlib.util.find_spec("fastexcel") is None:
        raise DataError(
            f"“{path.name}” is an Excel table, and what reads those is not installed; install it with "
            "“pip install nnstudio[excel]”, or save the table as CSV"
        )
    _check(path)
    import fastexcel

    try:
        book = fastexcel.read_excel(str(path))
    except Exception as error:  # fastexcel raises several kinds of its own
        raise _damaged(path, error) from None
    progress(0.1)
    asked = str(reference.options.get("sheet", ""))
    if asked and asked not in book.sheet_names:
        raise DataError(f"“{path.name}” has no sheet “{asked}”; it has {quoted(book.sheet_names, 8)}")
    for name in [asked] if asked else book.sheet_names:
        frame = _sheet(path, name)
        if frame.height:
            return typed_source(frame, path.name, reference, progress, {"format": "excel", "sheet": name})
    raise DataError(f"“{path.name}” has no rows below a header in {quoted(book.sheet_names, 8)}; choose another file")


def _sheet(path: Path, name: str) -> pl.DataFrame:
    try:
        frame = pl.read_excel(path, sheet_name=name, engine="calamine", raise_if_empty=False)
    except Exception as error:  # polars and fastexcel raise several kinds
        raise _damaged(path, error) from None
    return frame.filter(~pl.all_horizontal(pl.all().is_null())) if frame.width else frame


def _check(path: Path) -> None:
    """DataError where the file unpacks to far more than a table has."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as file:
        size = sum(member.file_size for member in file.infolist())
    if size > MOST:
        raise DataError(f"“{path.name}” unpacks to {size / 2**30:.1f} GiB, too much for a table; save it as CSV")


def _damaged(path: Path, error: BaseException) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
    return DataError(f"“{path.name}” cannot be read as an Excel table ({reason}); save it again, or as CSV")
