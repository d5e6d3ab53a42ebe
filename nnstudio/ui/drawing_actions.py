"""The drawing as a picture, and another version laid over it: what the actions do, and their rows of the table."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from nnstudio.project.sheet import Sheet
from nnstudio.ui.actions import Action
from nnstudio.ui.command_palette import Command
from nnstudio.ui.project_files import SUFFIX

if TYPE_CHECKING:
    from nnstudio.ui.background import Job
    from nnstudio.ui.canvas import CanvasView
    from nnstudio.ui.canvas.picture import Picture
    from nnstudio.ui.window import MainWindow

_PICTURES = "SVG, sharp at every size (*.svg);;PNG, pixels (*.png)"


class DrawingActions:
    """Actions of a window on its drawing as a whole. A picture is of what is selected, else of everything."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        window.session.runs.compare_wanted.connect(self.compare_with)

    @property
    def _canvas(self) -> CanvasView:
        return self._window.workspace.canvas

    def _picture(self) -> Picture:
        return self._canvas.picture(self._window.session.selection)

    # -- pictures -------------------------------------------------------------------------------------------------

    def copy_picture(self) -> None:
        """Put the drawing on the clipboard, as pixels."""
        QGuiApplication.clipboard().setMimeData(self._picture().mime(vector=False))
        self._told("a picture")

    def copy_svg(self) -> None:
        """Put the drawing on the clipboard as SVG, and as the text of it."""
        QGuiApplication.clipboard().setMimeData(self._picture().mime(vector=True))
        self._told("SVG")

    def _told(self, kind: str) -> None:
        what = "What is selected" if self._window.session.selection else "The drawing"
        self._window.session.notice.emit("info", f"{what} is on the clipboard as {kind}")

    def export(self) -> None:
        """Ask for a file and write the drawing into it."""
        session = self._window.session
        folder = session.path.parent if session.path is not None else Path(self._window.settings.get("folder", ""))
        wished = str(folder / f"{session.title or 'drawing'}.svg")
        chosen, kind = QFileDialog.getSaveFileName(self._window, "Export drawing", wished, _PICTURES)
        if chosen:
            path = Path(chosen)
            if path.suffix.lower() not in (".svg", ".png"):
                path = path.with_name(path.name + (".png" if "*.png" in kind else ".svg"))
            self.write(path)

    def write(self, path: Path) -> None:
        """Write the drawing; where that cannot be, a notice says so."""
        try:
            self._picture().write(path)
        except OSError as error:
            reason = error.strerror or str(error)
            self._window.session.notice.emit(
                "error", f"The drawing could not be written to {path}: {reason}; choose another folder"
            )
        else:
            self._window.session.notice.emit("info", f"The drawing was written to {path}")

    # -- comparing ------------------------------------------------------------------------------------------------

    def compare_saved(self) -> None:
        """Lay the version that was saved last over the drawing."""
        path = self._window.session.path
        if path is not None:
            self.compare(path, "the saved version")

    def compare_file(self) -> None:
        """Ask for a project and lay it over the drawing."""
        session = self._window.session
        folder = str(session.path.parent) if session.path is not None else self._window.settings.get("folder", "")
        projects = f"NN Studio projects (*{SUFFIX})"
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Compare with", folder, projects)
        if chosen:
            self.compare(Path(chosen), Path(chosen).name)

    def compare(self, path: Path, title: str) -> None:
        """Lay the project of a file over the drawing, once it was read in the background."""
        session = self._window.session

        def work(_: Job) -> Sheet:
            from nnstudio.project.files import load_sheet

            return load_sheet(path)

        def failed(error: BaseException) -> None:
            session.notice.emit("error", str(error))

        session.background.run(work, lambda sheet: self._canvas.canvas.comparison.begin(sheet, title), failed,
                               name="compare")  # fmt: skip

    def compare_with(self, sheet: Sheet, title: str) -> None:
        """Lay this sheet over the drawing."""
        self._canvas.canvas.comparison.begin(sheet, title)

    def list_differences(self) -> None:
        """Offer every layer that is new, changed or gone; the one that is chosen is shown."""
        from nnstudio.ui.canvas.comparison import SIGNS  # here: the window opens without

        comparison = self._canvas.canvas.comparison
        rows = (
            Command(f"{SIGNS[kind]} {told}", functools.partial(self._show_difference, id))
            for kind, id, told in comparison.all()
        )
        self._window.offer(rows, f"What differs from {comparison.title}?")

    def _show_difference(self, id: str) -> None:
        session = self._window.session
        if id in session.network.nodes:
            session.reveal(id)
        else:
            session.select(())
            self._canvas.reveal(self._canvas.canvas.comparison.area(id))

    def end_comparison(self) -> None:
        """Compare no longer."""
        self._canvas.canvas.comparison.end()

    @property
    def comparing(self) -> bool:
        """Whether a version is laid over the drawing."""
        return self._window.in_workspace and self._canvas.canvas.comparison.shown


# fmt: off

def drawing_rows(window: MainWindow) -> Iterable[Action]:
    """The rows of the table of actions on the drawing as a whole."""
    drawing, session = window.drawing_actions, window.session
    there = lambda: window.in_workspace and bool(session.network.nodes)  # noqa: E731
    yield Action("copy_picture", "Copy drawing as picture", drawing.copy_picture, ("Ctrl+Alt+C",), "", "Edit/Drawing",
                 "Put what is selected, else the whole drawing, on the clipboard as an image", enabled_when=there,
                 words="png image screenshot clipboard")
    yield Action("copy_svg", "Copy drawing as SVG", drawing.copy_svg, (), "", "Edit/Drawing",
                 "Put what is selected, else the whole drawing, on the clipboard as lines and text", enabled_when=there,
                 words="vector figure paper clipboard")
    yield Action("export_drawing", "Export drawing …", drawing.export, (), "", "Edit/Drawing",
                 "Write what is selected, else the whole drawing, as SVG or PNG", enabled_when=there,
                 words="svg png picture figure image save")
    yield Action("compare_saved", "Compare with saved version", drawing.compare_saved, (), "", "Edit/Drawing",
                 "Lay the version that was saved last over the drawing: what is new, gone and changed",
                 enabled_when=lambda: window.in_workspace and session.path is not None, separated=True,
                 words="diff difference versions changes")
    yield Action("compare_file", "Compare with file …", drawing.compare_file, (), "", "Edit/Drawing",
                 "Lay another project over the drawing: what is new, gone and changed", enabled_when=there,
                 words="diff difference versions changes")
    yield Action("list_differences", "List differences …", drawing.list_differences, (), "", "Edit/Drawing",
                 "Every layer that is new, changed or gone, with what changed of it",
                 enabled_when=lambda: drawing.comparing, words="diff compare changes versions next")
    yield Action("end_comparison", "End comparison", drawing.end_comparison, (), "", "Edit/Drawing",
                 "Show the drawing alone again", enabled_when=lambda: drawing.comparing, words="diff stop")
