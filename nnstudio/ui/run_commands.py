"""What can be done with runs: one list, from which the panel's buttons and menus and the window's actions derive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QWidget

from nnstudio.ui.actions import Action

if TYPE_CHECKING:
    from nnstudio.runs import RunRecord
    from nnstudio.train.history import History
    from nnstudio.ui.session import Session
    from nnstudio.ui.window import MainWindow

T = TypeVar("T")
Known = Sequence[tuple["RunRecord", "History"]]


class RunActions:
    """Does things with the runs that are chosen in the list (`session.runs.chosen`). Dialogs stand over ``parent``."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        self._session, self._runs, self._parent = session, session.runs, parent

    @property
    def chosen(self) -> tuple[str, ...]:
        """Ids of the runs that are chosen and there."""
        return tuple(id for id in self._runs.chosen if self._runs.record(id) is not None)

    @property
    def one(self) -> bool:
        """Whether one run is chosen."""
        return len(self.chosen) == 1

    @property
    def some(self) -> bool:
        """Whether any run is chosen."""
        return bool(self.chosen)

    @property
    def any(self) -> bool:
        """Whether there are runs."""
        return bool(self._runs.records)

    @property
    def away(self) -> bool:
        """Whether an old run is shown."""
        return bool(self._runs.shown)

    @property
    def laid(self) -> bool:
        """Whether runs are laid over the curves."""
        return bool(self._runs.overlaid)

    @property
    def binned(self) -> bool:
        """Whether there is something in the bin."""
        return self._runs.binned > 0

    # looking

    def show(self) -> None:
        """Have all panels show the run."""
        if self.one:
            self._runs.show(self.chosen[0])

    def show_live(self) -> None:
        """Have all panels show the window's own run."""
        self._runs.show("")

    def overlay(self) -> None:
        """Lay the runs over the curves; take them off where all of them are there."""
        on = not set(self.chosen) <= set(self._runs.overlaid)
        self._runs.overlay(self.chosen, on=on)

    def clear(self) -> None:
        """Take all runs off the curves."""
        self._runs.overlay(self._runs.overlaid, on=False)

    def compare(self) -> None:
        """Lay the run's network over the drawing."""
        if self.one:
            self._runs.compare_on_canvas(self.chosen[0])

    def restore(self) -> None:
        """Have the run's network and plan again."""
        if self.one:
            self._runs.restore(self.chosen[0])

    # describing

    def rename(self) -> None:
        """Ask for another name."""
        self._ask("Rename run", "Name (none: its number)", "name", lambda record: record.name)

    def tag(self) -> None:
        """Ask for tags."""
        said = self._said("Tag runs", "Tags, with commas between them", lambda record: ", ".join(record.tags))
        if said is not None:
            tags = [tag for part in said.split(",") if (tag := " ".join(part.split()))]
            for id in self.chosen:
                self._runs.describe(id, tags=tags)

    def note(self) -> None:
        """Ask for a note."""
        self._ask("Note on run", "Note", "note", lambda record: record.note)

    def _ask(self, title: str, what: str, field: str, now: Callable[[RunRecord], str]) -> None:
        said = self._said(title, what, now)
        if said is not None:
            self._runs.describe(self.chosen[0], **{field: said.strip()})  # type: ignore[arg-type]

    def _said(self, title: str, what: str, now: Callable[[RunRecord], str]) -> str | None:
        record = self._runs.record(self.chosen[0]) if self.some else None
        if record is None:
            return None
        text, fine = QInputDialog.getText(self._parent, f"{title}: {record.title}", what, text=now(record))
        return text if fine else None

    def delete(self) -> None:
        """Put the runs into the bin."""
        self._runs.delete(self.chosen)

    def undelete(self) -> None:
        """Take what was deleted last out of the bin."""
        self._runs.undelete()

    def empty_bin(self) -> None:
        """Forget what is in the bin for good."""
        self._runs.empty_bin()

    # handing on

    def save_csv(self) -> None:
        """Ask for a file, and write the runs into it as CSV."""
        name, _ = QFileDialog.getSaveFileName(self._parent, "Save runs", f"{self._stem}.csv", "CSV (*.csv)")
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name).with_suffix(".csv")

        def write(known: Known) -> str:
            from nnstudio.runs.tables import write_csv

            rows = _written(path, lambda: write_csv(path, [(record.title, history) for record, history in known]))
            return f"Wrote {rows:,} rows into {path.name}"

        self._runs.hand_on(self.chosen or self._all, write)

    def save_tensorboard(self) -> None:
        """Ask for a folder, and write the runs into it as TensorBoard event files."""
        name = QFileDialog.getExistingDirectory(self._parent, "Folder for TensorBoard")
        if not name:
            return
        folder = Path(name)

        def write(known: Known) -> str:
            from nnstudio.runs.tensorboard import write_events

            runs = [(record.title, record.started, history) for record, history in known]
            files = _written(folder, lambda: write_events(folder, runs))
            return f"Wrote {len(files)} event files; see them with: tensorboard --logdir {folder}"

        self._runs.hand_on(self.chosen or self._all, write)

    def log_mlflow(self) -> None:
        """Ask for an experiment, and log the runs to MLflow."""
        title = self._session.title or "nnstudio"
        name, fine = QInputDialog.getText(self._parent, "Log to MLflow", "Experiment", text=title)
        if not fine or not name.strip():
            return

        def write(known: Known) -> str:
            from nnstudio.runs.mlflow import send

            return f"Logged {len(send(name.strip(), known))} runs to the MLflow experiment {name.strip()}"

        self._runs.hand_on(self.chosen or self._all, write)

    @property
    def _all(self) -> tuple[str, ...]:
        return tuple(record.id for record in self._runs.records[::-1])

    @property
    def _stem(self) -> str:
        record = self._runs.record(self.chosen[0]) if self.one else None
        title = self._session.title or "network"
        return f"{title}-{record.title.lower().replace(' ', '-')}" if record is not None else f"{title}-runs"

    def fill(self, menu: QMenu) -> None:
        """Put all that can be done into a menu."""
        menu.clear()
        for row in RUN_ROWS:
            if row.separated:
                menu.addSeparator()
            made = menu.addAction(row.title)
            made.setEnabled(row.can(self))
            made.setToolTip(row.tip)
            made.triggered.connect(lambda _=False, row=row: row.do(self))


def _written(path: Path, write: Callable[[], T]) -> T:
    from nnstudio.project.errors import not_written

    try:
        return write()
    except OSError as error:
        raise not_written(path, error) from error


@dataclass(frozen=True)
class RunRow:
    """One thing that can be done with runs. short: what a button of it says."""

    id: str
    title: str
    tip: str
    do: Callable[[RunActions], object]
    can: Callable[[RunActions], bool]
    short: str = ""
    words: str = ""
    separated: bool = False


# fmt: off
RUN_ROWS = (
    RunRow("show_run", "Show run", "Have all panels and the canvas show this run (Enter)", RunActions.show,
           lambda a: a.one, "Show", "replay old history"),
    RunRow("show_live_run", "Back to the live run", "Have all panels show the window’s own run again",
           RunActions.show_live, lambda a: a.away, words="live present"),
    RunRow("overlay_runs", "Lay over curves", "Draw these runs’ curves beside the others, or no longer (Space)",
           RunActions.overlay, lambda a: a.some, "Overlay", "compare curves plot"),
    RunRow("clear_overlay", "Take all runs off the curves", "Draw no other runs’ curves", RunActions.clear,
           lambda a: a.laid),
    RunRow("compare_run", "Compare network on the canvas", "Lay this run’s network over the drawing",
           RunActions.compare, lambda a: a.one, words="diff difference network"),
    RunRow("restore_run", "Restore network and plan", "Have this run’s network and plan again; can be undone",
           RunActions.restore, lambda a: a.one, "Restore", "revert go back"),
    RunRow("rename_run", "Rename run …", "Give the run a name (F2)", RunActions.rename, lambda a: a.one,
           separated=True),
    RunRow("tag_runs", "Tag runs …", "Words to find runs by", RunActions.tag, lambda a: a.some, words="label"),
    RunRow("note_run", "Note on run …", "Write down what the run was for", RunActions.note, lambda a: a.one),
    RunRow("delete_runs", "Delete runs", "Put these runs into the bin; kept there for a week (Delete)",
           RunActions.delete, lambda a: a.some, "Delete", "remove bin"),
    RunRow("undelete_runs", "Bring deleted runs back", "Take the runs that were deleted last, else all, out of the bin",
           RunActions.undelete, lambda a: a.binned, words="undo bin"),
    RunRow("empty_bin", "Empty the bin", "Forget deleted runs for good and free their room", RunActions.empty_bin,
           lambda a: a.binned),
    RunRow("runs_csv", "Save runs as CSV …", "Losses and figures of the chosen runs, or of all", RunActions.save_csv,
           lambda a: a.any, words="export spreadsheet table", separated=True),
    RunRow("runs_tensorboard", "Save for TensorBoard …", "Event files of the chosen runs, or of all",
           RunActions.save_tensorboard, lambda a: a.any, words="export tfevents"),
    RunRow("runs_mlflow", "Log to MLflow …", "Log the chosen runs, or all, to an MLflow experiment",
           RunActions.log_mlflow, lambda a: a.any, words="export tracking"),
)


def run_commands(window: MainWindow) -> Iterable[Action]:
    """The rows of the window's table of actions."""
    actions = RunActions(window.session, window)
    for row in RUN_ROWS:
        yield Action(row.id, row.title, lambda row=row: row.do(actions), (), "", "Training/Runs", row.tip,
                     enabled_when=lambda row=row: window.in_workspace and row.can(actions), words=f"run {row.words}")
