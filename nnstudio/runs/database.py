"""The run database: a SQLite file in WAL mode, so that it can be read while a run writes it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nnstudio.runs import losses, schema
from nnstudio.runs.alive import is_written
from nnstudio.runs.encoding import decode
from nnstudio.runs.errors import RunsError
from nnstudio.runs.records import COLUMNS, RunRecord, record_of
from nnstudio.runs.writing import Writer
from nnstudio.train.events import Event, Floats, RunStarted, Steps
from nnstudio.train.run_folder import CHECKPOINTS, forget
from nnstudio.train.series import BLOCK, Cells

#: Seconds after which a run in the bin is gone for good.
BIN = 7 * 86_400.0


class RunDatabase:
    """Runs and their events. May be used from several threads; several processes may open one file."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. RunsError where that is not possible."""
        self.path = Path(path)
        self._lock = threading.RLock()
        with self._told("opened"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=10.0, check_same_thread=False, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise
        self._writer = Writer(self._connection)
        weakref.finalize(self, self._connection.close)

    def _prepare(self) -> None:
        run = self._connection.execute
        version = schema.version_of(self._connection)
        if version > schema.VERSION:
            raise RunsError(f"The run database {self.path} was made by a newer NN Studio; update it to see these runs")
        if not version:
            run("PRAGMA auto_vacuum = INCREMENTAL")  # before anything is written
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA foreign_keys = ON")
        schema.begin(self._connection, self._move_steps)

    def _move_steps(self, run: str) -> None:
        """Put the Steps events of version 1 where they belong now."""
        query = "SELECT number, kind, step, time, header, data FROM events WHERE run = ? AND kind IN ('Steps', ?)"
        until = 0
        for number, *row in self._connection.execute(f"{query} ORDER BY number", (run, RunStarted.__name__)).fetchall():
            try:
                event = decode(*row)
            except ValueError:
                continue
            if isinstance(event, Steps):
                losses.put(self._connection, run, event)
                until = event.first + len(event.losses)
                self._connection.execute("DELETE FROM events WHERE number = ?", (number,))
            else:
                losses.cut(self._connection, run, event.step)
        self._connection.execute("UPDATE runs SET steps = ? WHERE id = ?", (until, run))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> RunDatabase:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # writing

    def begin(self, event: RunStarted) -> None:
        """A run begins (or goes on, under the same name); what is written from now on is its."""
        self.write_all([event])

    def write(self, event: Event) -> None:
        """Store one event, at once. A RunStarted begins a run; others belong to the run that was begun last."""
        self.write_all([event])

    def write_all(self, events: Iterable[Event]) -> None:
        """Store events in one transaction: after a crash all of them are there, or none. RunsError where it fails."""
        with self._writing():
            self._writer.write(events)

    def settle(self) -> None:
        """Store the latest looks of the run that is written, which thinning has held back."""
        with self._writing():
            self._writer.settle()

    def keep_network(self, hash: str, content: bytes) -> None:
        """Keep a drawing (`project.drawings`), once."""
        with self._writing():
            self._connection.execute("INSERT OR IGNORE INTO networks (hash, content) VALUES (?, ?)", (hash, content))

    def describe(
        self, run: str, *, name: str | None = None, tags: Sequence[str] | None = None, note: str | None = None
    ) -> None:
        """Name a run, tag it, or write a note; what is None stays."""
        given = {"name": name, "tags": None if tags is None else json.dumps(list(dict.fromkeys(tags))), "note": note}
        with self._writing():
            for column, value in given.items():
                if value is not None:
                    self._connection.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, run))

    def bin(self, runs: Iterable[str]) -> None:
        """Put runs into the bin: they are no longer listed, and can be taken out again."""
        with self._writing():
            self._connection.executemany(
                "UPDATE runs SET deleted = ? WHERE id = ?", [(time.time(), run) for run in runs]
            )

    def take_out(self, runs: Iterable[str]) -> None:
        """Take runs out of the bin."""
        with self._writing():
            self._connection.executemany("UPDATE runs SET deleted = NULL WHERE id = ?", [(run,) for run in runs])

    def empty_bin(self, older_than: float = BIN) -> int:
        """Forget for good what has been in the bin for so many seconds, with its checkpoints; how many runs that were.
        The file shrinks."""
        with self._told("written"), self._lock:
            query = "SELECT id FROM runs WHERE deleted IS NOT NULL AND deleted <= ?"
            gone = [run for (run,) in self._connection.execute(query, (time.time() - older_than,)).fetchall()]
            for run in gone:
                self.delete(run)
        return len(gone)

    def delete(self, run: str) -> None:
        """Forget a run, its events and its checkpoints for good. The file shrinks."""
        with self._writing():
            self._connection.execute("DELETE FROM runs WHERE id = ?", (run,))
            query = "SELECT header FROM events WHERE kind = ?"
            headers = self._connection.execute(query, (RunStarted.__name__,)).fetchall()
            used = {json.loads(header).get("network", "") for (header,) in headers}
            known = [hash for (hash,) in self._connection.execute("SELECT hash FROM networks").fetchall()]
            self._connection.executemany(
                "DELETE FROM networks WHERE hash = ?", [(hash,) for hash in known if hash not in used]
            )
        with self._lock, contextlib.suppress(sqlite3.Error):  # it may be read just now; the room is used again anyway
            self._connection.executescript("PRAGMA incremental_vacuum")
        with contextlib.suppress(OSError):  # a checkpoint that cannot be deleted now stays until room is needed
            forget(self.path.with_name(CHECKPOINTS), run)

    def take_over(self, other: Path, runs: Iterable[str]) -> None:
        """Copy runs from another database; those that are still written, or are here already, are left out."""
        with RunDatabase(other) as theirs:  # brought up to date
            ended = [record for record in theirs.runs() if not record.written]
        known = {record.id for record in (*self.runs(), *self.runs(binned=True))}
        wanted = [record for record in ended[::-1] if record.id in set(runs) - known]
        with self._lock, self._told("written"):
            self._connection.execute("ATTACH DATABASE ? AS other", (str(other),))
            try:
                with self._writing():
                    for record in wanted:
                        self._take_over(record.id)
                        self._connection.execute(
                            "INSERT OR IGNORE INTO networks SELECT hash, content FROM other.networks WHERE hash = ?",
                            (record.network,),
                        )
            finally:
                self._connection.execute("DETACH DATABASE other")

    def _take_over(self, run: str) -> None:
        execute = self._connection.execute
        execute(f"INSERT INTO runs ({schema.RUN}) SELECT {schema.RUN} FROM other.runs WHERE id = ?", (run,))
        last = execute("SELECT MAX(number) FROM runs WHERE id != ?", (run,)).fetchone()[0] or 0
        execute("UPDATE runs SET number = ? WHERE id = ?", (last + 1, run))
        for table, columns in (
            ("events", "run, kind, step, time, header, data"), ("steps", "run, first, count, step, time, header, data"),
            ("blocks", "run, series, block, step, time, cells, data"),
        ):  # fmt: skip
            order = "ORDER BY number" if table == "events" else ""
            execute(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM other.{table} WHERE run = ? {order}", (run,)
            )

    # reading

    def runs(self, *, binned: bool = False) -> list[RunRecord]:
        """All runs, the latest first; ``binned``: those in the bin."""
        where = f"deleted IS {'NOT ' if binned else ''}NULL"
        with self._lock, self._told("read"):
            query = f"SELECT {COLUMNS} FROM runs WHERE {where} ORDER BY started DESC, rowid DESC"
            rows = self._connection.execute(query).fetchall()
        return [record_of(row, not row[2] and is_written(self.path, row[0])) for row in rows]

    def record(self, run: str) -> RunRecord | None:
        """One run; None where it is not there."""
        with self._lock, self._told("read"):
            row = self._connection.execute(f"SELECT {COLUMNS} FROM runs WHERE id = ?", (run,)).fetchone()
        return record_of(row, not row[2] and is_written(self.path, run)) if row is not None else None

    def sizes(self) -> dict[str, int]:
        """About how many bytes each run takes, by id."""
        found: dict[str, int] = {}
        with self._lock, self._told("read"):
            for size in (
                "SELECT run, SUM(LENGTH(header) + LENGTH(data) + 60) FROM events GROUP BY run",
                "SELECT run, SUM(LENGTH(header) + LENGTH(data) + 60) FROM steps GROUP BY run",
                "SELECT run, SUM(LENGTH(cells) + LENGTH(data) + 60) FROM blocks GROUP BY run",
            ):
                for run, bytes in self._connection.execute(size):
                    found[run] = found.get(run, 0) + int(bytes)
        return found

    def version(self) -> int:
        """A number that is another one when another connection has written."""
        with self._lock, self._told("read"):
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def network(self, hash: str) -> bytes | None:
        """The drawing of this hash; None where it is not kept."""
        with self._lock, self._told("read"):
            row = self._connection.execute("SELECT content FROM networks WHERE hash = ?", (hash,)).fetchone()
        return row[0] if row is not None else None

    def events(self, run: str) -> list[Event]:
        """All stored events of a run; feeding them to a History shows the run as it was. They are in their order, but
        that the losses come behind the last RunStarted. Events that cannot be read are left out.

        Of a run of millions of steps this is large: see `runs.replaying.load`.
        """
        with self._lock, self._told("read"), self._as_of_now():
            told = self.told(run)
            blocks = losses.blocks_of(self._connection, run)
            steps: list[Event] = [
                losses.whole(self._connection, run, number, about) for number, about in blocks.items()
            ]
            steps += losses.rows(self._connection, run)
        last = max((place for place, (_, event) in enumerate(told) if isinstance(event, RunStarted)), default=-1)
        found = [event for _, event in told]
        return [*found[: last + 1], *steps, *found[last + 1 :]]

    def told(self, run: str, since: int = 0, kind: str = "", most: int = 0) -> list[tuple[int, Event]]:
        """The events of a run but for its Steps, with their numbers, those behind number ``since``. kind: of this one
        alone; most: of very many, so many, evenly spread, the last among them. What cannot be read is left out."""
        query = "SELECT number, kind, step, time, header, data FROM events WHERE run = ? AND number > ?"
        with self._lock, self._told("read"):
            if most:
                numbers = self.numbers(run, kind)
                if len(numbers) > most:
                    at = np.unique(np.linspace(0, len(numbers) - 1, most).round().astype(int))
                    chosen = ",".join(str(numbers[place]) for place in at)
                    query += f" AND number IN ({chosen})"
            values: tuple[Any, ...] = (run, since)
            if kind:
                query, values = f"{query} AND kind = ?", (*values, kind)
            rows = self._connection.execute(f"{query} ORDER BY number", values).fetchall()
        found = []
        for number, *row in rows:
            try:
                found.append((number, decode(*row)))
            except ValueError:  # of a newer version, or damaged: the others still tell the run
                continue
        return found

    def best_epoch(self, run: str) -> list[tuple[int, Event]]:
        """The end of the best epoch of a run, with its number; empty where there is none."""
        query = (
            "SELECT number, kind, step, time, header, data FROM events WHERE run = ? AND kind = 'EpochEnded' "
            "AND header LIKE '%\"best\":true%' ORDER BY number DESC LIMIT 1"
        )
        with self._lock, self._told("read"):
            rows = self._connection.execute(query, (run,)).fetchall()
        return [(number, decode(*row)) for number, *row in rows]

    def numbers(self, run: str, kind: str) -> list[int]:
        """The numbers of a run's events of a kind."""
        query = "SELECT number FROM events WHERE run = ? AND kind = ? ORDER BY number"
        with self._lock, self._told("read"):
            return [number for (number,) in self._connection.execute(query, (run, kind))]

    def kinds(self, run: str) -> set[str]:
        """Which kinds of events a run has, but for Steps."""
        with self._lock, self._told("read"):
            rows = self._connection.execute("SELECT DISTINCT kind FROM events WHERE run = ?", (run,))
            return {kind for (kind,) in rows}

    def curves(self, run: str) -> dict[str, list[Cells]]:
        """The summaries of the whole blocks of steps, by curve (`runs.losses`), one for each block from 0 on."""
        query = "SELECT series, block, cells FROM blocks WHERE run = ? ORDER BY block"
        found: dict[str, dict[int, Cells]] = {}
        missing = losses.unpack_cells(losses.pack_cells(Cells.of(losses.unpack_block(b""))))
        with self._lock, self._told("read"):
            for name, number, cells in self._connection.execute(query, (run,)):
                try:
                    found.setdefault(name, {})[number] = losses.unpack_cells(cells)
                except ValueError:
                    continue
        length = 1 + max((max(known) for known in found.values()), default=-1)
        return {name: [known.get(number, missing) for number in range(length)] for name, known in found.items()}

    def block(self, run: str, name: str, number: int) -> Floats:
        """A curve's values of a block of steps, shape (BLOCK,); NaN where there are none."""
        with self._lock, self._told("read"):
            return losses.block(self._connection, run, name, number)

    def latest_steps(self, run: str, since: int) -> list[Steps]:
        """The losses of the steps from ``since`` on, as they lie."""
        with self._lock, self._told("read"):
            blocks = losses.blocks_of(self._connection, run, since // BLOCK)
            found = [losses.whole(self._connection, run, number, about) for number, about in blocks.items()]
            found += losses.rows(self._connection, run, since)
        return [
            losses.piece(event, max(since, event.first), event.first + len(event.losses))
            for event in found
            if event.first + len(event.losses) > since
        ]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All that is read within is of one moment, whatever is written meanwhile."""
        with self._lock, self._told("read"), self._as_of_now():
            yield

    @contextmanager
    def _as_of_now(self) -> Iterator[None]:
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, self._told("written"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

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
