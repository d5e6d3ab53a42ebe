"""Arranging in the window: in the background where it lasts, with progress, and one step of undo at the end."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QProgressBar, QPushButton

from nnstudio.graph import Network
from nnstudio.graph.arrange import arrange, arrange_part
from nnstudio.graph.places import Box, snapped
from nnstudio.graph.view import Position, View, ViewEdit, chain
from nnstudio.ui.parts import label, row

if TYPE_CHECKING:
    from nnstudio.ui.background import Job
    from nnstudio.ui.canvas.view import CanvasView

#: Networks up to so many nodes are arranged at once; larger ones in a thread.
AT_ONCE = 300
#: After so many milliseconds the progress is shown, and how often it is looked at.
_PATIENCE, _LOOK = 250, 50
#: A note further than this from every node stays where it is when they are arranged.
_NEAR = 400.0

Places = dict[str, Position]


class Arranging(QFrame):
    """The strip that shows the progress of an arrangement, and the arrangement itself."""

    def __init__(self, view: CanvasView, shown: Callable[[Mapping[str, Position]], object]) -> None:
        """shown: called before the nodes take their new places, with the old ones."""
        super().__init__(view)
        self._view, self._shown = view, shown
        self._job: Job | None = None
        self._network = Network()
        self.setProperty("role", "notice")
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.bar.setAccessibleName("Arranging")
        self.button = QPushButton("Cancel")
        self.button.setToolTip("Leave everything where it is (Esc)")
        self.button.clicked.connect(self.cancel)
        self.setLayout(row(label("Arranging"), self.bar, self.button, spacing=10, margins=(12, 6, 8, 6)))
        self.hide()
        self._waiting = QTimer(self)
        self._waiting.setInterval(_LOOK)
        self._waiting.timeout.connect(self._look)
        self._waited = 0
        view.session.changed.connect(self._changed)

    @property
    def busy(self) -> bool:
        """Whether an arrangement is under way."""
        return self._job is not None

    def start(self, ids: Iterable[str] | None = None) -> None:
        """Arrange these nodes, or all for None. What is under way is called off."""
        self.cancel()
        session, places = self._view.session, dict(self._view.canvas.places)
        network, frames = session.network, list(session.view.frames.values())
        chosen = None if ids is None else frozenset(ids) & network.nodes.keys()
        if not (network.nodes if chosen is None else chosen):
            return
        work: Callable[..., Places]
        if chosen is None:
            work = functools.partial(arrange, network, frames=frames)
        else:
            work = functools.partial(arrange_part, network, chosen, places, frames=frames)
        self._network = network
        if len(network.nodes) <= AT_ONCE:
            self._take(work())
            return

        def run(job: Job) -> Places:
            return work(cancelled=lambda: job.cancelled, progress=job.report)

        self._job = session.background.run(run, self._take, self._fail, name="arrange")
        self._waited = 0
        self._waiting.start()

    def cancel(self) -> None:
        """Leave everything where it is."""
        if self._job is not None:
            self._job.cancel()
            self._done()

    def _done(self) -> None:
        self._job = None
        self._waiting.stop()
        if self.isVisible():
            self.hide()
            self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _changed(self, *_: object) -> None:
        if self._job is not None and self._view.session.network is not self._network:
            self.cancel()

    def _fail(self, error: BaseException) -> None:
        self._done()
        self._view.session.notice.emit("error", f"The network could not be arranged: {error}")

    def _look(self) -> None:
        self._waited += _LOOK
        if self._job is None:
            return
        self.bar.setValue(round(100 * self._job.progress[0]))
        if self._waited >= _PATIENCE and self.isHidden():
            self.adjustSize()
            self.move((self._view.width() - self.width()) // 2, 16)
            self.show()
            self.raise_()

    def _take(self, places: Places) -> None:
        """Move the nodes there, as one step; bends of their wires go, and notes beside them come along."""
        self._done()
        session, before = self._view.session, dict(self._view.canvas.places)
        moved = {id: at for id, at in places.items() if before.get(id) != at}
        if not moved:
            return
        edit = chain(self._view.editor.placing(places), straightened(places), carried(before, places))
        if session.do("Arrange" if len(places) == len(before) else "Arrange selection", view=edit):
            self._shown({id: before[id] for id in places if id in before})


def straightened(ids: Iterable[str]) -> ViewEdit:
    """Take the bends out of wires at these nodes: they were led through what stood there before."""
    moved = frozenset(ids)

    def edit(view: View) -> View:
        kept = {w: way for w, way in view.routes.items() if w.source not in moved and w.target not in moved}
        return view if len(kept) == len(view.routes) else replace(view, routes=kept)

    return edit


def carried(before: Mapping[str, Position], after: Mapping[str, Position]) -> ViewEdit:
    """Move each note with the node that it stands nearest to."""

    def edit(view: View) -> View:
        notes = dict(view.notes)
        for id, note in notes.items():
            box = note.x, note.y, note.x + note.width, note.y + note.height
            nearest = min(before, key=lambda node: (_away(before[node], box), node), default="")
            if nearest in after and _away(before[nearest], box) <= _NEAR:
                dx, dy = (b - a for a, b in zip(before[nearest], after[nearest], strict=True))
                x, y = snapped((note.x + dx, note.y + dy))
                notes[id] = replace(note, x=x, y=y)
        return view if notes == dict(view.notes) else replace(view, notes=notes)

    return edit


def _away(at: Position, box: Box) -> float:
    """How far a point is from a rectangle."""
    return math.hypot(max(box[0] - at[0], 0.0, at[0] - box[2]), max(box[1] - at[1], 0.0, at[1] - box[3]))


__all__ = ["AT_ONCE", "Arranging", "carried", "straightened"]
