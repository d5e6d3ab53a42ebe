"""A project's checkpoints as the window sees them: what is on disk, going back to one, and going on after a crash."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from nnstudio.project.places import CHECKPOINTS, RUNS, runs_folder
from nnstudio.train import run_folder
from nnstudio.train.events import CheckpointSaved, Event
from nnstudio.train.run_folder import Saved
from nnstudio.ui.background import Background, Job

if TYPE_CHECKING:
    from nnstudio.graph import Network
    from nnstudio.project.sheet import Sheet
    from nnstudio.train.history import History
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)
#: How soon to see again whether data and types are there.
WAIT_MS = 30


@dataclass(frozen=True)
class Shelf:
    """What is on disk: all checkpoints, the newest first, and the last one of each run that was cut off."""

    saved: tuple[Saved, ...] = ()
    interrupted: tuple[Saved, ...] = ()


@dataclass(frozen=True)
class _Return:
    """What is needed to go back to a checkpoint. sheet: the network of then, where that is another than the drawn one;
    history: what its run had told, where that is not shown."""

    saved: Saved
    newest: bool
    sheet: Sheet | None = None
    history: History | None = None
    missing: bool = False


@dataclass(frozen=True)
class _Wish:
    saved: Saved
    paused: bool = True
    folder: Path = field(default_factory=Path)


class Checkpoints(QObject):
    """The checkpoints of the session's project. ``changed`` when the list does; ``found_interrupted`` when a run that
    was cut off was found after a project was opened."""

    changed = Signal()
    found_interrupted = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.shelf = Shelf()
        self.background = Background(self)
        self._job: Job | None = None
        self._again = self._offer = self._closed = False
        self._wish: _Wish | None = None
        self._path: Path | None = None
        self._own: set[str] = set()
        session.events_arrived.connect(self._heard)
        session.project_changed.connect(self._project_changed)
        session.run_changed.connect(self._run_changed)
        session.journaling.restored.connect(lambda: self.look(offer=True))

    @property
    def folder(self) -> Path:
        """Where the project's checkpoints stand."""
        return runs_folder(self._session.path) / CHECKPOINTS

    @property
    def size(self) -> int:
        """Bytes of all checkpoints."""
        return sum(saved.size for saved in self.shelf.saved)

    @property
    def interrupted(self) -> Saved | None:
        """The last checkpoint of the run that was cut off last."""
        return next(iter(self.shelf.interrupted), None)

    def present(self, saved: Saved) -> bool:
        """Whether the run that is shown live is the one of this checkpoint."""
        started = self._session.training.history.started
        return started is not None and started.run == saved.about.run

    # looking

    def look(self, *, offer: bool = False) -> None:
        """See what is on disk, in the background. ``offer``: then tell of a run that was cut off."""
        self._offer = self._offer or offer
        if self._closed:
            return
        if self._job is not None:
            self._again = True
            return
        folder, network = self.folder, None if self._session.path is not None else self._session.sheet.network
        own = frozenset(self._own)

        def work(_: Job) -> tuple[Path, Shelf]:
            return folder, _shelf(folder, network, own)

        self._job = self.background.run(work, self._seen, self._not_seen, name="checkpoints")

    def _seen(self, found: tuple[Path, Shelf]) -> None:
        self._job = None
        folder, shelf = found
        if self._again or folder != self.folder:
            self._again = False
            self.look()
            return
        if shelf != self.shelf:
            self.shelf = shelf
            self.changed.emit()
        if self._offer:
            self._offer = False
            if self.interrupted is not None and self._session.run_state == "idle":
                self.found_interrupted.emit()

    def _not_seen(self, error: BaseException) -> None:
        self._job = None
        log.warning("checkpoints could not be listed: %s", error)

    def _heard(self, events: Iterable[Event]) -> None:
        if any(isinstance(event, CheckpointSaved) for event in events):
            started = self._session.training.history.started
            if started is not None:
                self._own.add(started.run)
            self.look()

    def _run_changed(self) -> None:
        if self._session.run_state == "idle":
            wish, self._wish = self._wish, None
            if wish is not None:
                self._prepare(wish)
            elif self._path is not None or self._own:
                self.look()

    def _project_changed(self) -> None:
        path = self._session.path
        if path == self._path:
            return
        before, self._path = self._path, path
        if before is None and path is not None and self._own and self._session.training.history.started is not None:
            self._move_own()  # saved for the first time
        else:
            self._own.clear()
            self.look(offer=True)

    def _move_own(self) -> None:
        own, source, target = frozenset(self._own), runs_folder(None) / CHECKPOINTS, self.folder

        def work(_: Job) -> None:
            run_folder.move(source, target, own)

        self.background.run(work, lambda _: self.look(), self._not_seen, name="checkpoints")

    # going back

    def go_back(self, saved: Saved, *, paused: bool = True) -> None:
        """Have the run be where it was at a checkpoint: weights, optimizer, random state and place in the data. It then
        stands still, unless not ``paused``.

        From an earlier one than a run's newest, another run goes on, whose parent it is. The network, and what a run
        keeps of its plan, become those of then, as a step that can be undone. One under way is stopped first.
        """
        wish = _Wish(saved, paused, self.folder)
        if self._session.run_state == "idle":
            self._prepare(wish)
        else:
            self._wish = wish
            self._session.training.stop(silent=True)

    def _prepare(self, wish: _Wish) -> None:
        session = self._session
        if self._closed:
            return
        if session.preparing:
            QTimer.singleShot(WAIT_MS, self, lambda: self._prepare(wish))
            return
        reason = session.training.hindrance()
        if reason:
            session.notice.emit("warning", reason)
            return
        network, view = session.sheet.network, session.sheet.view
        started = session.training.history.started
        shown = started is not None and started.run == wish.saved.about.run
        database = runs_folder(session.path) / RUNS

        def work(_: Job) -> _Return:
            return _returned(wish, database, network, view, shown=shown)

        def done(found: _Return) -> None:
            self._launch(found, paused=wish.paused)

        self.background.run(work, done, self._failed, name="checkpoint")

    def _launch(self, found: _Return, *, paused: bool) -> None:
        session, about = self._session, found.saved.about
        if session.run_state != "idle":
            return
        then = {name: about.plan[name] for name in ("seed", "deterministic") if name in about.plan}
        parts: dict[str, Any] = {}
        if session.plan.with_(**then) != session.plan:
            parts["plan"] = session.plan.with_(**then)
        if found.sheet is not None:
            view = found.sheet.view
            parts |= {"network": found.sheet.network, "whole": lambda _: view}
        if parts:
            session.do(f"Go back to step {about.step:,}", **parts)
        if found.missing:
            said = "The drawing of that checkpoint was not kept; its weights are put into the present one"
            session.notice.emit("warning", said)
        session.runs.show("")
        training = session.training
        history = found.history or training.history
        training.launch(
            training.maker(keep=False), paused=paused, resume=found.saved.path, fork=not found.newest, history=history
        )
        where = "goes on from" if not paused else "is back at"
        session.notice.emit(
            "info", f"The run {where} step {about.step:,}{'' if found.newest else ', as a run of its own'}"
        )

    def _failed(self, error: BaseException) -> None:
        log.error("a checkpoint could not be gone back to", exc_info=error)
        self._session.notice.emit("error", f"That checkpoint cannot be gone back to: {error}")

    def resume(self) -> None:
        """Go on with the run that was cut off last, where its last checkpoint is, by its own plan."""
        saved = self.interrupted
        if saved is None:
            return
        from nnstudio.train.plan import Plan

        now = Plan.from_json(saved.about.later or saved.about.plan)
        plan = now.with_(device=self._session.plan.device, threads=self._session.plan.threads)
        if plan != self._session.plan:
            self._session.do("Go on by the plan of the run", plan=plan)
        self.go_back(saved, paused=False)

    def let_be(self) -> None:
        """Do not offer the run that was cut off again; its checkpoints stay."""
        for saved in self.shelf.interrupted:
            run_folder.let_be(self.folder, saved.about.run)
        self.look()

    # keeping

    def delete(self, saved: Iterable[Saved]) -> None:
        """Delete checkpoints from the disk."""
        gone = tuple(saved)
        self.background.run(
            lambda _: run_folder.remove(gone), lambda _: self.look(), self._not_seen, name="checkpoints"
        )

    def shut_down(self) -> None:
        """Nothing is looked for any more."""
        self._closed, self._wish = True, None
        self.background.shut_down()


def _shelf(folder: Path, network: Network | None, own: frozenset[str]) -> Shelf:
    """What is in a folder. Where projects without a file share it (``network`` is one's): what is of this one."""
    saved, interrupted = run_folder.listed(folder), run_folder.interrupted(folder)
    if network is not None:
        from nnstudio.project.drawings import drawing

        known = drawing(network).hash if interrupted else ""
        interrupted = [each for each in interrupted if each.about.network == known]
        own |= {each.about.run for each in interrupted}
        saved = [each for each in saved if each.about.run in own]
    return Shelf(tuple(saved), tuple(interrupted))


def _returned(wish: _Wish, database: Path, network: Any, view: Any, *, shown: bool) -> _Return:
    """Find the drawing and the history that belong to a checkpoint."""
    from nnstudio.project.drawings import drawing, drawn
    from nnstudio.runs import RunDatabase

    saved = wish.saved
    last = run_folder.latest(wish.folder, saved.about.run)
    newest = last is None or last.path == saved.path
    same = not saved.about.network or drawing(network, view).hash == saved.about.network
    if (same and shown) or not database.is_file():
        return _Return(saved, newest, missing=not same)
    sheet: Sheet | None = None
    with RunDatabase(database) as known:
        if not same:
            content = known.network(saved.about.network)
            sheet = drawn(content) if content is not None else None
        history = None if shown else _told(known, saved)
    return _Return(saved, newest, sheet, history, missing=not same and sheet is None)


def _told(database: Any, saved: Saved) -> History:
    """What the run of a checkpoint has told."""
    from nnstudio.train.history import History

    history = History()
    for event in database.events(saved.about.run):
        history.feed(event)
    return history
