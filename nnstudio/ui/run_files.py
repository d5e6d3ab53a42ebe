"""A project's run database as background threads of the window use it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnstudio.project.compared import Compared
    from nnstudio.project.sheet import Sheet
    from nnstudio.runs import RunDatabase, RunRecord
    from nnstudio.runs.replaying import Replay
    from nnstudio.train.events import Event
    from nnstudio.train.history import History

#: In how many looks at a run that goes on the room that runs take is worked out once.
SIZES = 10


@dataclass
class Seen:
    """What a look into the database found. records: None where nothing has changed. events: by run, those that came
    since; afresh: runs that went back, and were read anew."""

    file: RunFile
    records: list[RunRecord] | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    binned: int = 0
    events: dict[str, list[Event]] = field(default_factory=dict)
    afresh: set[str] = field(default_factory=set)


class RunFile:
    """The database of one project, opened when it is first needed. It is not made by being looked at."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._database: RunDatabase | None = None
        self._version = -1
        self._looks = 0
        self._measured: tuple[tuple[str, str], ...] = ()
        self._sizes: dict[str, int] = {}

    def database(self) -> RunDatabase:
        """The database, open. RunsError where it cannot be."""
        from nnstudio.runs import RunDatabase

        with self._lock:
            if self._database is None:
                self._database = RunDatabase(self.path)
            return self._database

    def close(self) -> None:
        """Close it."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def look(self, follow: Mapping[str, Replay], *, again: bool) -> Seen:
        """What is new. again: read the list even where nothing was written. RunsError where it cannot be read."""
        seen = Seen(self)
        if not self.path.exists():
            seen.records = []
            return seen
        database = self.database()
        version = database.version()
        if again or version != self._version:
            self._version = version
            seen.records, seen.binned = database.runs(), len(database.runs(binned=True))
            seen.sizes = self._sizes_of(seen.records, database)
        for id, replay in follow.items():
            events, back = replay.follow()
            if back:
                replay.load()
                seen.afresh.add(id)
            seen.events[id] = events
        return seen

    def _sizes_of(self, records: Sequence[RunRecord], database: RunDatabase) -> dict[str, int]:
        """What runs take, worked out anew only now and then: it looks at every row."""
        known = tuple((record.id, record.outcome) for record in records)
        self._looks += 1
        if known != self._measured or self._looks % SIZES == 0:
            self._measured, self._sizes = known, database.sizes()
        return self._sizes

    def replay(self, id: str) -> Replay:
        """A run, read and open."""
        from nnstudio.runs.replaying import Replay

        made = Replay(self.path, id)
        try:
            made.load()
        except BaseException:
            made.close()
            raise
        return made

    def sheet(self, record: RunRecord) -> Sheet | None:
        """A run's network, view and plan."""
        from nnstudio.layers import load
        from nnstudio.project.compared import sheet_of

        load()
        return sheet_of(self.database(), record)

    def compared(self, before: RunRecord, after: RunRecord) -> Compared:
        """What differs between two runs."""
        from nnstudio.project.compared import compared

        return compared(before, after, self.sheet)

    def take_out(self, ids: Sequence[str]) -> None:
        """Take runs out of the bin; all of them where none are named."""
        database = self.database()
        database.take_out(ids or [record.id for record in database.runs(binned=True)])

    def adopt(self, other: Path, ids: Iterable[str]) -> None:
        """Take runs over from another database, that of the project before it had a file."""
        if other.exists():
            self.database().take_over(other, ids)

    def written(self, records: Sequence[RunRecord], write: Callable[[Sequence[tuple[RunRecord, History]]], str]) -> str:
        """Read runs and give them to ``write``; what it says."""
        replays = [self.replay(record.id) for record in records]
        try:
            return write([(record, replay.history) for record, replay in zip(records, replays, strict=True)])
        finally:
            for replay in replays:
                replay.close()
