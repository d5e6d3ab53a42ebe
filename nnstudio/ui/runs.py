"""The project's runs as the window knows them: the list, which one all panels show, and which are laid over its curves.

Everything that reads or writes the database does so in the background; what another process writes is looked for at a
gentle pace while someone watches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from nnstudio.project.places import RUNS, runs_folder
from nnstudio.ui.background import Background, Job
from nnstudio.ui.run_files import RunFile, Seen

if TYPE_CHECKING:
    from nnstudio.graph import Change
    from nnstudio.project.compared import Compared
    from nnstudio.project.sheet import Sheet
    from nnstudio.runs import RunRecord
    from nnstudio.runs.replaying import Replay
    from nnstudio.train.history import History
    from nnstudio.ui.session import Session

#: How often it is looked whether the database has changed.
LOOK_MS = 1000


@dataclass
class Opened:
    """A run that is looked at. place: counts those that are laid over the curves, for its colour."""

    replay: Replay
    place: int = -1
    pending: list[Any] = field(default_factory=list)

    @property
    def history(self) -> History:
        """The run as it is known now."""
        return self.replay.history


class Runs(QObject):
    """``session.runs``. ``changed`` comes when the list, the run that is shown or those laid over it have changed;
    ``compare_wanted(sheet, title)`` asks the canvas to lay a run's network over the drawing."""

    changed = Signal()
    compare_wanted = Signal(object, str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        #: newest first
        self.records: list[RunRecord] = []
        #: bytes by id
        self.sizes: dict[str, int] = {}
        #: how many runs are in the bin, and those that were put there last
        self.binned = 0
        self.deleted: tuple[str, ...] = ()
        #: ids of the runs that a person chose in the list
        self.chosen: tuple[str, ...] = ()
        self.error = ""
        self.shown = ""
        self._opened: dict[str, Opened] = {}
        self._opening: dict[str, Job] = {}
        self._watchers = 0
        self._forced = True
        self._job: Job | None = None
        self._own: set[str] = set()
        self._path: Path | None = None
        self._file = RunFile(self._place())
        self.background = Background(self)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        session.run_changed.connect(self._run_changed)
        session.project_changed.connect(self._project_changed)
        session.changed.connect(self._document_changed)

    def _place(self) -> Path:
        return runs_folder(self._path) / RUNS

    # what is shown

    @property
    def history(self) -> History:
        """The run that all panels show: an old one that was chosen, else the window's own."""
        return self._opened[self.shown].history if self.shown else self._session.training.history

    @property
    def live(self) -> str:
        """The id of the window's own run; "" where it has none."""
        started = self._session.training.history.started
        return started.run if started is not None else ""

    @property
    def shown_record(self) -> RunRecord | None:
        """The old run that is shown; None where the window's own is."""
        return self.record(self.shown) if self.shown else None

    @property
    def overlaid(self) -> list[str]:
        """Ids of the runs that are laid over the curves, in their order."""
        laid = [(opened.place, id) for id, opened in self._opened.items() if opened.place >= 0]
        return [id for _, id in sorted(laid)]

    def opened(self, id: str) -> Opened | None:
        """A run that is shown or laid over the curves."""
        return self._opened.get(id)

    def record(self, id: str) -> RunRecord | None:
        """The line of a run; None where there is none."""
        return next((record for record in self.records if record.id == id), None)

    def show(self, id: str) -> None:
        """Show a run in all panels and on the canvas, once it was read; "" or the window's own: the live one."""
        if id in ("", self.live):
            if self.shown:
                self._show("")
            return
        self._open(id, lambda _: self._show(id))

    def _show(self, id: str) -> None:
        before, self.shown = self.shown, id
        self._close_unused(before)
        self._session.run_changed.emit()
        self._session.events_arrived.emit([])
        self.changed.emit()

    def overlay(self, ids: Iterable[str], *, on: bool = True) -> None:
        """Lay runs over the curves, or take them off."""
        for id in ids:
            if on:
                self._open(id, self._lay)
            elif id in self._opened:
                self._opened[id].place = -1
                self._close_unused(id)
        self.changed.emit()

    def _lay(self, opened: Opened) -> None:
        if opened.place < 0:
            taken = {other.place for other in self._opened.values()}
            opened.place = next(place for place in range(len(taken) + 1) if place not in taken)
        self.changed.emit()

    def _open(self, id: str, then: Callable[[Opened], object]) -> None:
        known = self._opened.get(id)
        if known is not None:
            then(known)
            return
        file = self._file

        def done(replay: Replay) -> None:
            self._opening.pop(id, None)
            if file is not self._file:
                replay.close()
                return
            then(self._opened.setdefault(id, Opened(replay)))
            self._pace()

        def failed(error: BaseException) -> None:
            self._opening.pop(id, None)
            self._session.notice.emit("warning", str(error))

        if id not in self._opening:
            self._opening[id] = self.background.run(lambda _: file.replay(id), done, failed, name="open run")

    def _close_unused(self, id: str) -> None:
        opened = self._opened.get(id)
        if opened is not None and opened.place < 0 and id != self.shown:
            del self._opened[id]
            opened.replay.close()

    # following what is written

    def watch(self, on: bool) -> None:
        """Someone looks at the list, or no longer does."""
        self._watchers += 1 if on else -1
        if on:
            self.look()
        self._pace()

    def _followed(self) -> dict[str, Opened]:
        """The runs that are looked at and still written."""
        running = {record.id for record in self.records if record.state == "running"}
        return {id: opened for id, opened in self._opened.items() if id in running or opened.history.ended is None}

    def _pace(self) -> None:
        wanted = self._watchers > 0 or any(
            (record := self.record(id)) is not None and record.state == "running" for id in self._opened
        )
        if wanted != self._timer.isActive():
            (self._timer.start if wanted else self._timer.stop)()

    def look(self, *_: object, force: bool = False) -> None:
        """Read what has changed in the database, in the background."""
        self._forced = self._forced or force
        if self._job is not None:
            return
        file, forced = self._file, self._forced
        self._forced = False
        again = forced or any(record.state == "running" for record in self.records)
        follow = {id: opened.replay for id, opened in self._followed().items()}

        def failed(error: BaseException) -> None:
            self._job = None
            if str(error) != self.error:
                self.error = str(error)
                self.changed.emit()

        self._job = self.background.run(lambda _: file.look(follow, again=again), self._seen, failed, name="runs")

    def _seen(self, seen: Seen) -> None:
        self._job = None
        if seen.file is not self._file:
            self.look(force=True)
            return
        changed, self.error = bool(self.error), ""
        for id, events in seen.events.items():
            opened = self._opened.get(id)
            if opened is None:
                continue
            for event in events:
                opened.history.feed(event)
            if id == self.shown and (events or id in seen.afresh):
                self._session.events_arrived.emit(events)
            changed = changed or bool(events)
        if seen.records is not None:
            records = [each for each in seen.records if self._path is not None or each.id in self._own]
            changed = changed or records != self.records or seen.sizes != self.sizes or seen.binned != self.binned
            self.records, self.sizes, self.binned = records, seen.sizes, seen.binned
        if changed:
            self.changed.emit()
        self._pace()
        if self._forced:
            self.look()

    def _run_changed(self) -> None:
        training = self._session.training
        if self.live:
            self._own.add(self.live)
        if training.state == "starting" and self.shown:
            self._show("")
        elif self._watchers:
            self.look(force=True)

    def _document_changed(self, change: Change[Sheet]) -> None:
        """Another project is open: the runs of one before it that had no file are not its own."""
        if change.why == "reset":
            self._own = set()
            self._leave()

    def _project_changed(self) -> None:
        """The project was saved in another place; what it had before it had a file goes along."""
        if self._session.path == self._path:
            return
        old, own = self._file, set(self._own) if self._path is None else set()
        self._leave()
        if own:
            self._work(lambda file: file.adopt(old.path, own))

    def _leave(self) -> None:
        """Forget all runs, and look where the project's are now."""
        self._path = self._session.path
        for id in [*self._opened]:
            self._opened.pop(id).replay.close()
        shown, self.shown = self.shown, ""
        self._file = RunFile(self._place())
        self.records, self.sizes, self.binned, self.chosen, self.deleted = [], {}, 0, (), ()
        if shown:
            self._session.run_changed.emit()
        self._forced = True
        if self._watchers:
            self.look()
        self.changed.emit()

    # changing

    def _work(self, work: Callable[[RunFile], object], then: Callable[[], object] | None = None) -> None:
        """Change the database in the background, and read it again."""
        file = self._file

        def done(_: object) -> None:
            if then is not None:
                then()
            self.look(force=True)

        def failed(error: BaseException) -> None:
            self._session.notice.emit("error", str(error))
            self.look(force=True)

        self.background.run(lambda _: work(file), done, failed, name="change runs")

    def describe(
        self, id: str, *, name: str | None = None, tags: Sequence[str] | None = None, note: str | None = None
    ) -> None:
        """Name a run, tag it, or write a note."""
        self._work(lambda file: file.database().describe(id, name=name, tags=tags, note=note))

    def delete(self, ids: Iterable[str]) -> None:
        """Put runs into the bin; those that are still written stay. :meth:`undelete` takes them out again."""
        records = [record for id in ids if (record := self.record(id)) is not None]
        running = [record for record in records if record.state == "running"]
        if running:
            self._session.notice.emit("warning", f"{running[0].title} is still running; stop it before deleting it")
        gone = tuple(record.id for record in records if record.state != "running")
        if not gone:
            return
        if self.shown in gone:
            self.show("")
        self.overlay(gone, on=False)
        self.deleted = gone
        self._work(lambda file: file.database().bin(gone))

    def undelete(self) -> None:
        """Take the runs that were deleted last out of the bin; all that are in it where none was deleted lately."""
        ids, self.deleted = self.deleted, ()
        self._work(lambda file: file.take_out(ids))

    def empty_bin(self) -> None:
        """Forget for good what is in the bin."""
        self.deleted = ()
        self._work(lambda file: file.database().empty_bin(0.0))

    # networks and plans

    def compare(self, before: str, after: str, then: Callable[[Compared], object]) -> None:
        """Work out what differs between two runs; ``then`` is called with it."""
        one, other, file = self.record(before), self.record(after), self._file
        if one is not None and other is not None:
            self._ask(lambda: file.compared(one, other), then)

    def compare_on_canvas(self, id: str) -> None:
        """Lay a run's network over the drawing."""
        self._with_sheet(id, lambda sheet, title: self.compare_wanted.emit(sheet, title))

    def restore(self, id: str) -> None:
        """Have the network and the plan of a run as they were, as a step that can be undone."""

        def put(sheet: Any, title: str) -> None:
            done = self._session.do(
                f"Restore {title}", whole=lambda _: sheet.view, network=sheet.network, plan=sheet.plan
            )
            if done:
                self._session.notice.emit("info", f"The network and the plan are those of {title}")
            else:
                self._session.notice.emit("info", f"The network and the plan are already those of {title}")

        self._with_sheet(id, put)

    def _with_sheet(self, id: str, then: Callable[[Any, str], object]) -> None:
        record, file = self.record(id), self._file
        if record is None:
            return

        def got(sheet: Any) -> None:
            if sheet is None:
                said = f"The network of {record.title} was not kept: an older version recorded it, or it is damaged"
                self._session.notice.emit("warning", said)
            else:
                then(sheet, record.title)

        self._ask(lambda: file.sheet(record), got)

    def _ask(self, work: Callable[[], Any], then: Callable[[Any], object]) -> None:
        file = self._file

        def failed(error: BaseException) -> None:
            self._session.notice.emit("error", str(error))

        self.background.run(lambda _: work(), lambda found: then(found) if file is self._file else None, failed,
                            name="read run")  # fmt: skip

    def hand_on(self, ids: Sequence[str], write: Callable[[Sequence[tuple[RunRecord, History]]], str]) -> None:
        """Give runs to ``write`` in the background; it returns what to say of it."""
        records, file = [record for id in ids if (record := self.record(id)) is not None], self._file
        self._ask(lambda: file.written(records, write), lambda said: self._session.notice.emit("info", said))

    def shut_down(self) -> None:
        """End all that is under way."""
        self._timer.stop()
        self.background.shut_down()
        for opened in self._opened.values():
            opened.replay.close()
        self._opened.clear()
        self.shown = ""
        self._file.close()
