"""The tables of a run database, and how those of older versions become these."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

VERSION = 2

#: runs: a row for each; tags are a JSON list; measured is what the last Steps event said besides losses; deleted is
#: when it was put into the bin. networks: drawings by hash (`project.drawings`). events: all but Steps. steps: what
#: came last, a row for each Steps event, none over the edge of a block. blocks: every curve of whole blocks of steps.
TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, started REAL NOT NULL, ended REAL, outcome TEXT NOT NULL DEFAULT '',
    header TEXT NOT NULL, epochs INTEGER NOT NULL DEFAULT 0, best_epoch INTEGER NOT NULL DEFAULT 0,
    figures TEXT NOT NULL DEFAULT '{}', seconds REAL NOT NULL DEFAULT 0,
    number INTEGER NOT NULL DEFAULT 0, steps INTEGER NOT NULL DEFAULT 0, measured TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT '', tags TEXT NOT NULL DEFAULT '[]', note TEXT NOT NULL DEFAULT '', deleted REAL);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    kind TEXT NOT NULL, step INTEGER NOT NULL, time REAL NOT NULL, header TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS events_of_run ON events (run, number);
CREATE INDEX IF NOT EXISTS events_of_kind ON events (run, kind, number);
CREATE TABLE IF NOT EXISTS networks (hash TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS steps (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, first INTEGER NOT NULL, count INTEGER NOT NULL,
    step INTEGER NOT NULL, time REAL NOT NULL, header TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (run, first));
CREATE TABLE IF NOT EXISTS blocks (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, series TEXT NOT NULL, block INTEGER NOT NULL,
    step INTEGER NOT NULL, time REAL NOT NULL, cells BLOB NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (run, series, block));
"""
#: The columns of ``runs``.
RUN = (
    "id, started, ended, outcome, header, epochs, best_epoch, figures, seconds, number, steps, measured, name, tags, "
    "note, deleted"
)
#: Columns of ``runs`` that version 1 had not.
_ADDED = (
    "number INTEGER NOT NULL DEFAULT 0", "steps INTEGER NOT NULL DEFAULT 0", "measured TEXT NOT NULL DEFAULT ''",
    "name TEXT NOT NULL DEFAULT ''", "tags TEXT NOT NULL DEFAULT '[]'", "note TEXT NOT NULL DEFAULT ''", "deleted REAL",
)  # fmt: skip


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the tables; 0 of a new file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def begin(connection: sqlite3.Connection, move_steps: Callable[[str], None]) -> None:
    """Make the tables, or bring those of an older version up to date.

    move_steps: puts the Steps events of a run, which version 1 kept among the others, where they belong now.
    """
    if version_of(connection) == VERSION:
        return
    new = version_of(connection) == 0
    if new:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version_of(connection) == 1:  # another process may just have done it
            for column in _ADDED:
                connection.execute(f"ALTER TABLE runs ADD COLUMN {column}")
            connection.execute("UPDATE runs SET number = rowid")
        for statement in TABLES.split(";"):
            connection.execute(statement)
        if not new:
            for (run,) in connection.execute("SELECT id FROM runs").fetchall():
                move_steps(run)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
