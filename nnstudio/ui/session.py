"""The session: all that one window's panels share, and the only holder of state that matters.

Panels take it, listen to its signals and call its methods; they hold no state of their own that matters.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from nnstudio.graph import Change, Document, EditError, Network, View
from nnstudio.graph.edits import Edit
from nnstudio.graph.view import ViewEdit, chain
from nnstudio.layers import ParameterError, TensorType
from nnstudio.project.sheet import Sheet, in_step
from nnstudio.train.plan import Plan
from nnstudio.ui.background import Background, Job
from nnstudio.ui.checkpointing import Checkpoints
from nnstudio.ui.data_loading import DataLoading
from nnstudio.ui.doctoring import Doctoring
from nnstudio.ui.finding.forecasting import Forecasting
from nnstudio.ui.journaling import Journaling
from nnstudio.ui.mending import Mending
from nnstudio.ui.moment import Moment
from nnstudio.ui.parts import capital
from nnstudio.ui.previewing import Previewing
from nnstudio.ui.project_files import ProjectFiles
from nnstudio.ui.resolver import Resolver
from nnstudio.ui.runs import Runs
from nnstudio.ui.scope import WHOLE, Scope, Scopes
from nnstudio.ui.training import Training

if TYPE_CHECKING:
    from nnstudio.compile.resolve import Resolution
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.reference import DataReference
    from nnstudio.train.history import History


class Session(QObject):
    """One open project: its document, selection, resolution, data, run and file. Used from the window's thread.

    ``network``, ``view``, ``selection`` and ``resolution`` are those of the scope that is open: the whole network, or
    the inside of a block (`ui/scope.py`). ``sheet.network`` and ``whole`` are the whole's.

    Signals: ``changed(Change)`` for each document change, as it is for the open scope; ``scope_changed`` when another
    is open, whose network may be any; ``resolved(Resolution)``, worked out in a background thread;
    ``events_arrived(list[Event])`` after ``history`` was fed, at most 30 times a second; ``run_changed`` when
    ``run_state`` does, or another run is shown; ``data_changed`` when ``dataset`` or ``data_error`` does;
    ``notice(level, sentence)``, a level of ``info``, ``warning`` or ``error``; ``project_changed`` when path, title
    or modified does; ``moment_changed`` when ``moment``, the step that is shown, does; ``revealed(id)`` asks the canvas
    to bring a node into sight, ``drawn`` to show all; ``previewed(Preview | None)`` tells what the edit that was last
    given to :meth:`preview` would do.
    """

    changed = Signal(object)
    resolved = Signal(object)
    selection_changed = Signal()
    events_arrived = Signal(list)
    run_changed = Signal()
    data_changed = Signal()
    notice = Signal(str, str)
    project_changed = Signal()
    revealed = Signal(str)
    scope_changed = Signal()
    previewed = Signal(object)
    moment_changed = Signal()
    drawn = Signal()

    def __init__(self, parent: QObject | None = None, *, asleep: bool = False) -> None:
        """``asleep``: work nothing out until :meth:`wake`, so that the window is painted before torch is imported."""
        super().__init__(parent)
        self.document: Document[Sheet] = Document(Sheet(), follow=in_step)
        self.selection: frozenset[str] = frozenset()
        self.scopes = Scopes()
        self.whole: Resolution | None = None
        self.resolution: Resolution | None = None
        self.torch_error = ""
        self.dataset: Dataset | None = None
        self.data_error = ""
        self.data_job: Job | None = None
        self.background = Background(self)
        self._data_loading = DataLoading(self)
        self._asleep = asleep
        self._resolver = Resolver(self)
        self._resolver.resolved.connect(self._take_resolution)
        self._resolver.failed.connect(self._take_failure)
        self.training = Training(self)
        self.forecasting = Forecasting(self)
        self.runs = Runs(self)
        self.moment = Moment(self)
        self.files = ProjectFiles(self)
        self.journaling = Journaling(self)
        self.checkpoints = Checkpoints(self)
        self.mending = Mending(self)
        self.previewing = Previewing(self)
        self.doctoring = Doctoring(self)
        self._stop_listening = self.document.listen(self._document_changed)

    # the document

    @property
    def sheet(self) -> Sheet:
        """The value that is being edited."""
        return self.document.value

    @property
    def network(self) -> Network:
        """The network of the scope that is open."""
        return self.scopes.network(self.sheet)

    @property
    def view(self) -> View:
        """The view of the scope that is open."""
        return self.scopes.view(self.sheet)

    @property
    def plan(self) -> Plan:
        return self.sheet.plan

    @property
    def reference(self) -> DataReference | None:
        """Which data the project uses."""
        return self.sheet.data

    @property
    def path(self) -> Path | None:
        """Where the project is saved; None where it has not been yet."""
        return self.files.path

    @property
    def title(self) -> str:
        """What the project is called: its file's name without the ending."""
        return self.files.title

    @property
    def modified(self) -> bool:
        """Whether there is something that has not been saved (edits, or weights that were trained)."""
        return self.document.modified or self.training.unsaved_weights

    def do(
        self,
        label: str,
        edit: Edit | None = None,
        merge_key: Hashable = None,
        *,
        view: ViewEdit | None = None,
        whole: ViewEdit | None = None,
        **parts: Any,
    ) -> bool:
        """Edit the open scope as one undoable step; see `Document.do`. What cannot be done becomes a notice.

        ``whole`` is an edit of the whole view. Returns whether anything changed.
        """
        try:
            edit, view = self.scopes.edits(edit, view)
            if whole is not None:
                view = chain(view, whole) if view is not None else whole
            return self.document.do(label, edit, self.scopes.merge_key(merge_key), view=view, **parts)
        except (EditError, ParameterError) as error:
            self.notice.emit("warning", capital(str(error), self.network.by_name))
            return False

    def preview(self, edit: Edit | None) -> None:
        """Work out in the background what an edit of the open scope would do (``previewed``), and do nothing; None ends
        that, as does any change of the document."""
        self.previewing.ask(edit)

    def undo(self) -> None:
        """Take the last step back."""
        self.document.undo()

    def redo(self) -> None:
        """Take the last undone step again."""
        self.document.redo()

    def select(self, ids: Iterable[str]) -> None:
        """Select these nodes and no others; ids that are not in the network are left out."""
        nodes = self.network.nodes
        chosen = frozenset(filter(nodes.__contains__, ids))
        if chosen != self.selection:
            self.selection = chosen
            self.selection_changed.emit()

    def reveal(self, id: str) -> None:
        """Select this node and have the canvas show it (``revealed``)."""
        if id in self.network.nodes:
            self.select({id})
            self.revealed.emit(id)

    # scopes

    @property
    def scope(self) -> Scope:
        """What is open: the whole network, or the inside of a block."""
        return self.scopes.scope

    def open_scope(self, scope: Scope, *, tab: bool = False) -> None:
        """Show another scope, in the place of the one that is open, or in a tab of its own."""
        if scope.block and scope.block not in self.sheet.network.blocks:
            return
        self.scopes.chosen[self.scope] = self.selection
        if self.scopes.open(scope, tab=tab):
            self._show_scope()
        else:
            self.scope_changed.emit()

    def open_block(self, id: str, *, tab: bool = False) -> None:
        """Open the inside of a block's node."""
        scope = self.scopes.into(self.sheet, id)
        if scope is not None:
            self.open_scope(scope, tab=tab)

    def close_scope(self, scope: Scope) -> None:
        """Close a tab; the whole network's stays."""
        if scope.block:
            if self.scopes.close(scope):
                self._show_scope()
            else:
                self.scope_changed.emit()

    def flat_ids(self, id: str) -> tuple[str, ...]:
        """The ids under which events tell of a node of the open scope: of a block, those of all that is inside."""
        return self.scopes.flat_ids(self.sheet, id, self.whole)

    def _show_scope(self) -> None:
        self.selection = frozenset(id for id in self.scopes.chosen.get(self.scope, ()) if id in self.network.nodes)
        self.resolution = self.scopes.resolution(self.whole)
        self.scope_changed.emit()
        self.selection_changed.emit()
        if self.resolution is not None:
            self.resolved.emit(self.resolution)

    def _follow(self, change: Change[Sheet]) -> None:
        """Leave a block that is gone; go where a step was undone or done again, so that it is seen."""
        called = self.scopes.follow_names(change)
        to = self.scope
        if not self.scopes.still(change.after) or change.why == "reset":
            to = WHOLE
        elif change.why in ("undo", "redo"):
            to = self.scopes.placed(change) or to
        if change.why == "reset":
            self.scopes.tabs = (WHOLE,)
        if to != self.scope:
            self.scopes.scope = to
            if to not in self.scopes.tabs:
                self.scopes.tabs = (*self.scopes.tabs, to)
            self._show_scope()
        elif called:
            self.scope_changed.emit()

    def _document_changed(self, change: Change[Sheet]) -> None:
        whole_changed = change.network_changed
        self._follow(change)
        change = self.scopes.seen(change)
        left = frozenset(filter(self.network.nodes.__contains__, self.selection))
        fewer, self.selection = left != self.selection, left
        self.changed.emit(change)
        if fewer:
            self.selection_changed.emit()
        if change.before.data != change.after.data or change.why == "reset":
            self._load_data()
        if whole_changed or change.why == "reset":
            self.resolve()
        self.project_changed.emit()

    # types and problems

    @property
    def fields(self) -> Mapping[str, TensorType]:
        """Types of the data's fields, by name: of the data that is loaded, else as the project remembers them."""
        if self.dataset is not None:
            return self.dataset.types
        return self.reference.types if self.reference is not None else {}

    def wake(self) -> None:
        """Begin to work things out in the background."""
        if self._asleep:
            self._asleep = False
            self._load_data()
            self.resolve()

    def resolve(self) -> None:
        """Have types and problems worked out for the present network."""
        if not self._asleep and not self.torch_error:
            self._resolver.ask(self.sheet.network, self.fields, self.scope)

    @property
    def resolving(self) -> bool:
        """Whether types and problems of the present network are still being worked out."""
        return self._asleep or self._resolver.busy

    @property
    def preparing(self) -> bool:
        """Whether something is under way that a run has to wait for: data, types, or steps that are being measured."""
        return self.data_job is not None or (self.resolving and not self.torch_error) or self.forecasting.busy

    def _take_resolution(self, resolution: Resolution) -> None:
        self.whole = resolution
        inside = self.scopes.resolution(resolution)
        if inside is not None:
            self.resolution = inside
            self.resolved.emit(inside)

    def _take_failure(self, message: str) -> None:
        self.torch_error = message
        self.notice.emit("error", message)
        self.run_changed.emit()

    # data

    def choose_data(self, reference: DataReference | None) -> None:
        """Use this data in the project (undoable)."""
        self.do("Choose data" if reference is not None else "Remove data", data=reference)

    @property
    def data_loading(self) -> DataLoading:
        """How reading the data goes: stopping it, and whether its file is gone."""
        return self._data_loading

    def reload_data(self) -> None:
        """Read the data again, after its file was mended."""
        self._load_data(again=True)

    def _load_data(self, *, again: bool = False) -> None:
        if not self._asleep:
            self._data_loading.load(again=again)

    # training

    @property
    def run_state(self) -> str:
        """``idle``, ``starting``, ``running``, ``paused`` or ``stopping``."""
        return self.training.state

    @property
    def history(self) -> History:
        """What the run that is shown has told: an old one that was chosen, else the last."""
        return self.runs.history

    def start(self) -> None:
        """Start training, or go on where it is paused. Where it cannot be, a notice says why."""
        self.training.start()

    def pause(self) -> None:
        """Pause after the present step."""
        self.training.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        self.training.resume()

    def step(self) -> None:
        """Do one step and pause; starts a paused run where there is none."""
        self.training.step()

    def stop(self) -> None:
        """End the run after the present step."""
        self.training.stop()

    # files

    def new(self, sheet: Sheet | None = None, title: str = "") -> None:
        """Begin a new project."""
        self.files.new(sheet, title)

    def open(self, path: Path) -> None:
        """Open a project file in the background; `project_changed` tells when it is there, `notice` when it fails."""
        self.files.open(path)

    def save(self, path: Path | None = None) -> None:
        """Save in the background, under ``path`` or where it was saved last."""
        self.files.save(path)

    def replace_sheet(self, sheet: Sheet, *, modified: bool = False) -> None:
        """Show another project's sheet, with no history."""
        self.resolution = self.whole = None
        self.dataset = None
        self.select(())
        self.document.reset(sheet, modified=modified)

    @property
    def settled(self) -> bool:
        """Whether nothing is under way in the background."""
        return not (self.resolving or self.background.busy)

    def shut_down(self) -> None:
        """End all that is under way, with the window alive meanwhile. Nothing is emitted afterwards."""
        for part in (
            self.checkpoints, self.training, self.runs, self.files, self.journaling, self.mending, self.previewing,
            self.doctoring, self.background, self._resolver,
        ):  # fmt: skip
            part.shut_down()
        self._stop_listening()
