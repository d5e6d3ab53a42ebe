"""The run database: a SQLite file in WAL mode, so that it can be read while a run writes it."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnstudio.runs.encoding import decode, encode
from nnstudio.train.events import EpochEnded, Event, RunFailed, RunFinished, RunStarted
from nnstudio.train.stream import SNAPSHOTS

VERSION = 1
#: A run keeps a snapshot once in this share of its length, so a long run does not fill the disk.
THINNING = 1 / 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, started REAL NOT NULL, ended REAL, outcome TEXT NOT NULL DEFAULT '',
    header TEXT NOT NULL, epochs INTEGER NOT NULL DEFAULT 0, best_epoch INTEGER NOT NULL DEFAULT 0,
    figures TEXT NOT NULL DEFAULT '{}', seconds REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    kind TEXT NOT NULL, step INTEGER NOT NULL, time REAL NOT NULL, header TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS events_of_run ON events (run, number);
"""


class RunsError(ValueError):
    """The run database cannot be used. The text is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run in a line.

    started: seconds since 1970. outcome: ``completed``, ``stopped``, ``early stopping``, ``failed: …``, or "" where
    the run still goes on or its process was killed. figures: the best epoch's, ``{"training": …, "validation": …}``.
    """

    id: str
    started: float
    outcome: str
    epochs: int
    best_epoch: int
    seconds: float
    figures: Mapping[str, Mapping[str, float]]
    device: str
    parameters: int
    samples: Mapping[str, int]
    plan: Mapping[str, Any] = field(default_factory=dict)


class RunDatabase:
    """Runs and their events. May be used from several threads; several processes may open one file."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. RunsError where that is not possible."""
        self.path = Path(path)
        self._lock = threading.RLock()
        self._run = ""
        self._stored: dict[type[Event], float] = {}
        with self._told("opened"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=10.0, check_same_thread=False, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA foreign_keys = ON")
        version = run("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise RunsError(f"The run database {self.path} was made by a newer NN Studio; update it to see these runs")
        self._connection.executescript(_SCHEMA)
        run(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> RunDatabase:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def begin(self, event: RunStarted) -> None:
        """A run begins (or goes on, under the same name); what is written from now on is its."""
        self.write_all([event])

    def write(self, event: Event) -> None:
        """Store one event, at once. A RunStarted begins a run; others belong to the run that was begun last."""
        self.write_all([event])

    def write_all(self, events: Iterable[Event]) -> None:
        """Store events in one transaction: after a crash all of them are there, or none. RunsError where it fails."""
        with self._lock, self._told("written"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for event in events:
                    self._write(event)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _write(self, event: Event) -> None:
        run = self._connection.execute
        kind, header, data = encode(event)
        if isinstance(event, RunStarted):
            self._run = event.run
            self._stored.clear()
            run(
                "INSERT INTO runs (id, started, header) VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET header = excluded.header, ended = NULL, outcome = ''",
                (event.run, time.time() - event.time, header),
            )
        if not self._run:
            raise RunsError("An event came before its run began")
        if isinstance(event, SNAPSHOTS):
            last = self._stored.get(type(event))
            if last is not None and event.time - last < event.time * THINNING:
                return
            self._stored[type(event)] = event.time
        run(
            "INSERT INTO events (run, kind, step, time, header, data) VALUES (?, ?, ?, ?, ?, ?)",
            (self._run, kind, event.step, event.time, header, data),
        )
        self._sum_up(event)

    def _sum_up(self, event: Event) -> None:
        run = self._connection.execute
        if isinstance(event, EpochEnded):
            run("UPDATE runs SET epochs = ?, seconds = ? WHERE id = ?", (event.epoch, event.time, self._run))
            if event.best:
                figures = json.dumps({"training": dict(event.training), "validation": dict(event.validation)})
                run("UPDATE runs SET best_epoch = ?, figures = ? WHERE id = ?", (event.epoch, figures, self._run))
        elif isinstance(event, RunFinished | RunFailed):
            outcome = event.reason if isinstance(event, RunFinished) else f"failed: {event.message}"
            values = (time.time(), outcome, event.time, self._run)
            run("UPDATE runs SET ended = ?, outcome = ?, seconds = ? WHERE id = ?", values)

    def runs(self) -> list[RunRecord]:
        """All runs, the latest first."""
        columns = "id, started, outcome, epochs, best_epoch, seconds, figures, header"
        with self._lock, self._told("read"):
            rows = self._connection.execute(f"SELECT {columns} FROM runs ORDER BY started DESC, rowid DESC").fetchall()
            return [_record(*row) for row in rows]

    def events(self, run: str) -> list[Event]:
        """All stored events of a run, in their order; feeding them to a History shows the run as it was.

        Events that cannot be read are left out.
        """
        query = "SELECT kind, step, time, header, data FROM events WHERE run = ? ORDER BY number"
        with self._lock, self._told("read"):
            rows = self._connection.execute(query, (run,)).fetchall()
        found = []
        for row in rows:
            try:
                found.append(decode(*row))
            except ValueError:  # of a newer version, or damaged: the others still tell the run
                continue
        return found

    def delete(self, run: str) -> None:
        """Forget a run and its events."""
        with self._lock, self._told("written"):
            self._connection.execute("DELETE FROM runs WHERE id = ?", (run,))

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise RunsError(
                f"The run database {self.path} cannot be {what} ({reason}), so runs are not recorded or shown; move it "
                "away to begin a new one, or make room where it stands"
            ) from error


def _record(
    id: str, started: float, outcome: str, epochs: int, best: int, seconds: float, figures: str, header: str
) -> RunRecord:
    about = json.loads(header)
    return RunRecord(
        id, started, outcome, epochs, best, seconds, json.loads(figures), about.get("device", ""),
        about.get("parameters", 0), about.get("samples", {}), about.get("plan", {}),
    )  # fmt: skip
