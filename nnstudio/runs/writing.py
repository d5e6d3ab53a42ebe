"""Writing the events of a run into its database: losses apart, snapshots thinned, the run's line kept up to date."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping

from nnstudio.runs import losses
from nnstudio.runs.encoding import decode, encode
from nnstudio.runs.errors import RunsError
from nnstudio.train.events import (
    Activations,
    EpochEnded,
    Event,
    Gradients,
    Insides,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    Samples,
    Steps,
    Timings,
    Weights,
)

#: So many snapshots of a kind are kept of a run. When there are more, every second is dropped, and of those that come
#: fewer are kept; so they stay spread over the run, and a long one does not fill the disk.
MOST: Mapping[type[Event], int] = {
    Activations: 512, Gradients: 512, Weights: 512, Timings: 128, Insides: 64, Samples: 64,
}  # fmt: skip


class Writer:
    """Writes to a connection; who calls it holds the lock and begins and ends the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._run = ""
        self._next = 0
        self._rows = 0
        #: by kind of snapshot: of how many that come one is kept, how many have come, how many are kept
        self._every: dict[type[Event], int] = {}
        self._seen: dict[type[Event], int] = {}
        self._count: dict[type[Event], int] = {}
        self._held: dict[type[Event], Event] = {}
        #: rows of events that are not in the database yet: many at once take a third of the time
        self._waiting: list[tuple[object, ...]] = []
        #: the last epoch that ended since then, and the last that was the best
        self._ended: EpochEnded | None = None
        self._best: EpochEnded | None = None

    def write(self, events: Iterable[Event]) -> None:
        """Store events. A RunStarted begins a run, or goes on with it."""
        self._waiting, self._ended, self._best = [], None, None  # what failed before is not stored now
        measured: Steps | None = None
        for event in events:
            if isinstance(event, RunStarted):
                self._begin(event)
            if not self._run:
                raise RunsError("An event came before its run began")
            if isinstance(event, Steps):
                self._put_steps(event)
                measured = event
            elif type(event) in MOST:
                self._put_snapshot(event)
            elif isinstance(event, EpochEnded):
                self._put(event)
                self._ended, self._best = event, event if event.best else self._best
            else:
                if isinstance(event, RunPaused | RunFinished | RunFailed):
                    self._hand_over()
                self._put(event)
                if isinstance(event, RunFinished | RunFailed):
                    self._end(event)
        self._flush()
        if measured is not None:
            self._measure(measured)

    def settle(self) -> None:
        """Store the latest snapshots, which thinning has held back."""
        self._hand_over()
        self._flush()

    def _hand_over(self) -> None:
        for event in self._held.values():
            self._put(event)
        self._held.clear()

    def _put(self, event: Event) -> None:
        kind, header, data = encode(event)
        self._waiting.append((self._run, kind, event.step, event.time, header, data))

    def _flush(self) -> None:
        """Have all that was put in the database, and in the run's line the epochs that ended."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._connection.executemany(
                "INSERT INTO events (run, kind, step, time, header, data) VALUES (?, ?, ?, ?, ?, ?)", waiting
            )
        run = self._connection.execute
        if (last := self._ended) is not None:
            run("UPDATE runs SET epochs = ?, seconds = ? WHERE id = ?", (last.epoch, last.time, self._run))
        if (best := self._best) is not None:
            values = (best.epoch, _figures(best), self._run)
            run("UPDATE runs SET best_epoch = ?, figures = ? WHERE id = ?", values)
        self._ended = self._best = None

    # beginning

    def _begin(self, event: RunStarted) -> None:
        self._flush()
        run = self._connection.execute
        self._run = event.run
        _, header, _ = encode(event)
        goes_on = run("SELECT COUNT(*) FROM runs WHERE id = ?", (event.run,)).fetchone()[0]
        if goes_on:
            run("UPDATE runs SET header = ?, ended = NULL, outcome = '' WHERE id = ?", (header, event.run))
            losses.cut(self._connection, event.run, event.step)
            self._go_back(event.step)
        else:
            number = 1 + (run("SELECT MAX(number) FROM runs").fetchone()[0] or 0)
            run(
                "INSERT INTO runs (id, started, header, number) VALUES (?, ?, ?, ?)",
                (event.run, time.time() - event.time, header, number),
            )
        self._next, self._rows = event.step, 0
        self._every, self._held = dict.fromkeys(MOST, 1), {}
        self._seen, self._count = dict.fromkeys(MOST, 0), dict.fromkeys(MOST, 0)
        query = "SELECT kind, COUNT(*) FROM events WHERE run = ? GROUP BY kind"
        counted = dict(run(query, (event.run,)).fetchall())
        for kind in MOST:
            self._count[kind] = counted.get(kind.__name__, 0)

    def _go_back(self, step: int) -> None:
        """The run's line as it was at this step."""
        run = self._connection.execute
        query = "SELECT kind, step, time, header, data FROM events WHERE run = ? AND kind = 'EpochEnded' AND step <= ?"
        last, best, figures = 0, 0, "{}"
        for row in run(f"{query} ORDER BY number", (self._run, step)).fetchall():
            try:
                event = decode(*row)
            except ValueError:
                continue
            if isinstance(event, EpochEnded):
                last = event.epoch
                if event.best:
                    best, figures = event.epoch, _figures(event)
        values = (last, best, figures, step, self._run)
        run("UPDATE runs SET epochs = ?, best_epoch = ?, figures = ?, steps = MIN(steps, ?) WHERE id = ?", values)

    # going on

    def _put_steps(self, event: Steps) -> None:
        if event.first < self._next:  # told again
            losses.cut(self._connection, self._run, event.first)
        losses.put(self._connection, self._run, event)
        self._next = event.first + len(event.losses)
        self._rows += 1
        if self._rows >= losses.ROWS:
            losses.merge_rows(self._connection, self._run)
            self._rows = 0

    def _measure(self, event: Steps) -> None:
        measured = {
            "epoch": event.epoch, "steps_per_second": event.steps_per_second, "seconds_left": event.seconds_left,
            "watching": event.watching, "loss": float(event.losses[-1]) if len(event.losses) else None,
        }  # fmt: skip
        self._connection.execute(
            "UPDATE runs SET steps = ?, measured = ?, seconds = MAX(seconds, ?) WHERE id = ?",
            (self._next, json.dumps(measured), event.time, self._run),
        )

    def _put_snapshot(self, event: Event) -> None:
        kind = type(event)
        self._seen[kind] += 1
        if (self._seen[kind] - 1) % self._every[kind]:
            self._held[kind] = event
            return
        self._held.pop(kind, None)
        self._put(event)
        self._count[kind] += 1
        if self._count[kind] > MOST[kind]:
            self._thin(kind)

    def _thin(self, kind: type[Event]) -> None:
        self._flush()
        run = self._connection.execute
        query = "SELECT number FROM events WHERE run = ? AND kind = ? ORDER BY number"
        numbers = [number for (number,) in run(query, (self._run, kind.__name__)).fetchall()]
        dropped = numbers[1:-1:2]  # the last stays, so that its number is not given again
        self._connection.executemany("DELETE FROM events WHERE number = ?", [(number,) for number in dropped])
        self._count[kind] = len(numbers) - len(dropped)
        self._every[kind] *= 2

    def _end(self, event: RunFinished | RunFailed) -> None:
        self._flush()
        losses.merge_rows(self._connection, self._run)
        outcome = event.reason if isinstance(event, RunFinished) else f"failed: {event.message}"
        ended = (time.time(), outcome, event.time, self._run)
        self._connection.execute("UPDATE runs SET ended = ?, outcome = ?, seconds = ? WHERE id = ?", ended)


def _figures(event: EpochEnded) -> str:
    return json.dumps({"training": dict(event.training), "validation": dict(event.validation)})
