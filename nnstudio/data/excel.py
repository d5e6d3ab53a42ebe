"""Excel and OpenDocument tables, read through polars by fastexcel (extra ``excel``)."""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from nnstudio.data.columns import Source, quoted
from nnstudio.data.errors import DataError
from nnstudio.data.heading import found, header_of_sheet
from nnstudio.data.reference import DataReference
from nnstudio.data.typed import typed_source

if TYPE_CHECKING:
    import fastexcel

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
#: No table is unpacked to more bytes.
MOST = 2 << 30
#: Rows of a sheet among which its header is looked for.
LOOKED = 100

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
        header, title = _header(path, book, name)
        frame = _sheet(path, name, header)
        if frame.height:
            told = (found("header", path.name, f"row {header + 1:,}", title),) if title else ()
            return typed_source(frame, path.name, reference, progress, {"format": "excel", "sheet": name}, told)
    raise DataError(f"“{path.name}” has no rows below a header in {quoted(book.sheet_names, 8)}; choose another file")


def _header(path: Path, book: fastexcel.ExcelReader, name: str) -> tuple[int, str]:
    """The place of a sheet's header where a title stands above it, and the title; 0 and "" where none does."""
    try:
        head = book.load_sheet(name, header_row=None, skip_rows=0, n_rows=LOOKED, dtypes="string").to_polars()
    except Exception as error:  # fastexcel raises several kinds of its own
        raise _damaged(path, error) from None
    rows = [[cell or "" for cell in row] for row in head.rows()]
    place = header_of_sheet(rows)
    return place, next((cell.strip() for row in rows[:place] for cell in row if cell.strip()), "")


def _sheet(path: Path, name: str, header: int) -> pl.DataFrame:
    options = {"header_row": header} if header else {}
    try:
        frame = pl.read_excel(path, sheet_name=name, engine="calamine", raise_if_empty=False, read_options=options)
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
