"""A table of an SQLite database, or what a query gives: opened to be read only, and nothing but a SELECT is run."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from nnstudio.data.columns import Source, quoted
from nnstudio.data.errors import DataError
from nnstudio.data.formats import known_by
from nnstudio.data.reference import DataReference
from nnstudio.data.table_stream import Blocks, stored_source
from nnstudio.data.typed import typed_source

#: Rows that are fetched together, and up to which a table is kept in memory.
ROWS, FEW = 50_000, 1_000_000
#: What a query may do.
ALLOWED = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE
})  # fmt: skip
#: Functions that reach beyond the database.
FORBIDDEN = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})

Progress = Callable[[float], None]


def read_sqlite(path: Path, reference: DataReference, progress: Progress) -> Source:
    """What the query of the option ``query`` gives (or the table of that name), else all rows of the first table.
    DataError where the file is damaged, the query is wrong or would change something, or it gives no rows."""
    with closing(_opened(path)) as database:
        query = _query(database, str(reference.options.get("query", "")).strip().rstrip(";").strip(), path)
        names, rows = _asked(database, query, path)
    options = {"format": "sqlite", "query": query}
    asked = reference.options.get("reading", "auto")

    def read(columns: tuple[str, ...], told: Progress) -> Iterator[pl.DataFrame]:
        with closing(_opened(path)) as database:
            done = 0
            for frame in _frames(database, query, names, path):
                done += frame.height
                yield frame.select(columns)
                told(0.1 + 0.85 * done / max(1, rows))

    if asked == "disk" or (asked == "auto" and rows > FEW):
        table = Blocks(path.name, "\0".join((known_by(path), query)), names, read, rows * 8 * len(names), typed=True)
        return stored_source(table, reference, (), options, progress)
    frames = list(read(names, progress))
    whole = pl.concat(frames, how="vertical_relaxed") if frames else pl.DataFrame()
    return typed_source(whole, path.name, reference, progress, options)


def _opened(path: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        database.execute("PRAGMA query_only = 1")
        database.execute("PRAGMA trusted_schema = 0")
    except sqlite3.Error as error:
        raise _wrong(path, error) from None
    database.set_authorizer(_allowed)
    return database


def _allowed(action: int, _first: Any, second: Any, _database: Any, _trigger: Any) -> int:
    if action not in ALLOWED or (action == sqlite3.SQLITE_FUNCTION and str(second).lower() in FORBIDDEN):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _query(database: sqlite3.Connection, asked: str, path: Path) -> str:
    """The query that was asked for; that for all rows of a table where its name was, of the first where nothing was."""
    try:
        tables = [str(row[0]) for row in _tables(database)]
    except sqlite3.Error as error:
        raise _wrong(path, error) from None
    if not tables:
        raise DataError(f"“{path.name}” has no table; choose another database")
    named = {table.lower(): table for table in tables}
    if asked and asked.lower() not in named:
        if re.search(r"[\s(*]", asked):
            return asked
        raise DataError(f"“{path.name}” has no table “{asked}”; its tables are {quoted(tables, 8)}")
    return 'SELECT * FROM "{}"'.format(named.get(asked.lower(), tables[0]).replace('"', '""'))


def _asked(database: sqlite3.Connection, query: str, path: Path) -> tuple[tuple[str, ...], int]:
    """The names of the columns that a query gives, each once, and how many rows there are."""
    try:
        given = [str(each[0]) for each in database.execute(f"SELECT * FROM ({query}) LIMIT 0").description]
        rows = int(database.execute(f"SELECT count(*) FROM ({query})").fetchone()[0])
    except (sqlite3.Error, sqlite3.Warning) as error:
        if "not authorized" in str(error) or "prohibited" in str(error):
            raise DataError(f"The query “{_short(query)}” would do more than read; write a SELECT alone") from None
        tables = quoted([str(row[0]) for row in _tables(database)], 8)
        raise DataError(
            f"“{path.name}” does not understand the query “{_short(query)}” ({error}); its tables are {tables}"
        ) from None
    names: list[str] = []
    for name in given:
        number, free = 2, name
        while free in names:
            free, number = f"{name}_{number}", number + 1
        names.append(free)
    return tuple(names), rows


def _tables(database: sqlite3.Connection) -> list[Any]:
    return database.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    ).fetchall()


def _frames(
    database: sqlite3.Connection, query: str, names: tuple[str, ...], path: Path
) -> Iterator[pl.DataFrame]:  # fmt: skip
    try:
        found = database.execute(query)
        while rows := found.fetchmany(ROWS):
            yield pl.DataFrame(
                [_series(name, values) for name, values in zip(names, zip(*rows, strict=True), strict=True)]
            )
    except sqlite3.Error as error:
        raise _wrong(path, error) from None


def _series(name: str, values: tuple[Any, ...]) -> pl.Series:
    """Numbers where all values are, else texts: SQLite has a type for each value, not for each column."""
    if all(value is None or isinstance(value, int | float) for value in values):
        return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    texts = [None if value is None or isinstance(value, bytes) else str(value) for value in values]
    return pl.Series(name, texts, dtype=pl.String)


def _short(query: str) -> str:
    return query if len(query) <= 60 else query[:57] + "…"


def _wrong(path: Path, error: sqlite3.Error) -> DataError:
    return DataError(f"“{path.name}” cannot be read as an SQLite database ({error}); make or copy it again")
