"""What the File menu does: asking for paths, asking about unsaved work, and showing what was opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMessageBox

from nnstudio.data.formats import FORMATS
from nnstudio.project.sheet import Sheet
from nnstudio.ui.actions import Action
from nnstudio.ui.project_files import SUFFIX

if TYPE_CHECKING:
    from nnstudio.project.gallery import Template
    from nnstudio.ui.window import MainWindow

#: Endings of data files.
DATA = tuple(suffix for form in FORMATS.values() for suffix in form.suffixes)
_PROJECTS = f"NN Studio projects (*{SUFFIX})"
_EVERYTHING = f"Projects and data (*{SUFFIX} {' '.join('*' + ending for ending in DATA)});;{_PROJECTS}"


def _is_data(path: Path) -> bool:
    return (path.is_dir() and path.suffix.lower() != SUFFIX) or path.name.lower().endswith(DATA)


class FileActions(QObject):
    """The File menu of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    @property
    def _folder(self) -> str:
        path = self._window.session.path
        return str(path.parent) if path is not None else self._window.settings.get("folder", "")

    # opening

    def new(self) -> None:
        """An empty canvas."""
        if self.may_leave(self.new):
            self._window.session.new()
            self._window.show_workspace()

    def open(self) -> None:
        """Ask for a file and open it."""
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Open", self._folder, _EVERYTHING)
        if chosen:
            self.open_path(Path(chosen))

    def open_dropped(self, paths: Sequence[Path]) -> None:
        """Open what was dropped: of several files the first that can be, said in a sentence."""
        able = [path for path in paths if path.suffix.lower() == SUFFIX or _is_data(path)]
        together = "put them into one folder and drop that"
        if len(paths) > 1 and not able:
            told = f"None of the {len(paths)} files that were dropped can be opened alone, such as {paths[0].name}"
            self._window.session.notice.emit("warning", f"{told}; {together}")
            return
        if len(paths) > 1:
            told = f"Of {len(paths)} files that were dropped only {able[0].name} was opened"
            self._window.session.notice.emit("warning", f"{told}; to use them together, {together}")
        self.open_path((able or paths)[0])

    def open_path(self, path: Path) -> None:
        """Open a project, or take a file or folder of data into the project that is open."""
        ending = path.suffix.lower()
        if _is_data(path):
            self.choose_data(path)
        elif ending != SUFFIX:
            expected = f"a project ({SUFFIX}), a folder, or a data file such as .csv, .xlsx, .parquet or .npz"
            self._window.session.notice.emit("warning", f"{path.name} cannot be opened; expected {expected}")
        elif not path.exists():
            self._window.settings.forget_recent(path)
            self._window.welcome.refresh()
            self._window.session.notice.emit("error", f"{path} is no longer there; open it from where it is now")
        elif self.may_leave(lambda: self.open_path(path)):
            self._window.session.files.open(path, lambda: self._opened(path))

    def _opened(self, path: Path) -> None:
        self._window.settings.remember_recent(path)
        self._window.settings.set(folder=str(path.parent))
        self._window.show_workspace()

    def open_template(self, template: Template) -> None:
        """Open a copy of a project of the gallery."""
        if self.may_leave(lambda: self.open_template(template)):
            self._window.session.files.open_template(template, self._window.show_workspace)

    def new_from_template(self) -> None:
        """Offer the classical networks and the examples by name."""
        from nnstudio.project.gallery import classical, templates
        from nnstudio.ui.command_palette import Command

        kinds = {"classical": "Classical network", "example": "Example"}
        rows = [
            Command(each.title, lambda each=each: self.open_template(each), kinds[each.kind], words=each.summary)  # type: ignore[misc]
            for each in (*classical(), *templates())
        ]
        self._window.offer(rows, "Which network?")

    def recent(self) -> Iterable[Action]:
        """An action for each project that was open lately."""
        known = [path for path in self._window.settings.recent if path.exists()]
        for path in known:
            yield Action(f"recent {path}", path.stem, lambda path=path: self.open_path(path), tooltip=str(path))
        if not known:
            yield Action("recent none", "Nothing yet", self.nothing, enabled_when=lambda: False)

    def nothing(self) -> None:
        """Do nothing (a submenu's own action)."""

    def choose_data(self, path: Path | None = None) -> None:
        """Ask what the network learns from, beginning with this file or folder where one is given."""
        from nnstudio.ui.data_dialog import choose_data

        if not self._window.in_workspace:
            self._window.show_workspace()
        choose_data(self._window.session, self._window, path)

    # saving

    def save(self, then: Callable[[], object] | None = None) -> None:
        """Save where the project lies, or ask where."""
        path = self._window.session.path
        if path is None:
            self.save_as(then)
        elif not self._window.session.files.changed_elsewhere:
            self._save_to(path, then)
        else:
            self._ask_over(path, then)

    def _ask_over(self, path: Path, then: Callable[[], object] | None) -> None:
        """Ask before what another window or program wrote is lost."""
        box = QMessageBox(self._window)
        box.setObjectName("changed_elsewhere")
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText(f"{path.name} was changed after it was opened here.")
        box.setInformativeText("Another window or program has written it. Saving over it loses what was written there.")
        over = box.addButton("Save over it", QMessageBox.ButtonRole.DestructiveRole)
        beside = box.addButton("Save as …", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(beside)
        box.setEscapeButton(box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole))
        box.exec()
        pressed = box.clickedButton()
        box.deleteLater()
        if pressed is over:
            self._save_to(path, then)
        elif pressed is beside:
            self.save_as(then)

    def save_as(self, then: Callable[[], object] | None = None) -> None:
        """Ask for a file and save there."""
        session = self._window.session
        proposed = Path(self._folder) / f"{session.title}{SUFFIX}"
        chosen, _ = QFileDialog.getSaveFileName(self._window, "Save as", str(proposed), _PROJECTS)
        if chosen:
            path = Path(chosen)
            self._save_to(path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX), then)

    def _save_to(self, path: Path, then: Callable[[], object] | None) -> None:
        def done() -> None:
            self._window.settings.remember_recent(path)
            if then is not None:
                then()

        self._window.session.files.save(path, done)

    def export(self) -> None:
        """Ask for a format and a file and write the model."""
        from nnstudio.ui.export_dialog import ExportDialog

        ExportDialog(self._window.session, self._window).open()

    # leaving

    def close(self) -> None:
        """Back to the welcome page, with nothing open."""
        if self.may_leave(self.close):
            self._window.session.new(Sheet())
            self._window.show_welcome()

    def may_leave(self, then: Callable[[], object]) -> bool:
        """Whether the open project may go now. Where it must be saved first, ``then`` is called when it is."""
        if not self._window.learning_actions.may_leave():
            return False
        session = self._window.session
        running = session.run_state != "idle"
        if not session.modified and not running:
            return True
        box = QMessageBox(self._window)
        box.setObjectName("unsaved")
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText(f"Save {session.title}?")
        what = "Training is under way; it will be stopped. " if running else ""
        box.setInformativeText(f"{what}What is not saved is lost.")
        kinds = QMessageBox.StandardButton
        box.setStandardButtons(kinds.Save | kinds.Discard | kinds.Cancel)
        box.setDefaultButton(kinds.Save)
        answer = box.exec()
        box.deleteLater()
        if answer == kinds.Cancel:
            return False
        session.training.shut_down()
        if answer == kinds.Save:
            self.save(then)
            return False
        session.files.discard()
        return True
