"""What panels of a run share: plots that fold to tabs when narrow, and an invitation while there is nothing to plot."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedLayout

from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.folding import Folding
from nnstudio.ui.docks.frame import PlotFrame
from nnstudio.ui.docks.live import Live

#: What is said while a run is under way and has not told of it yet.
WAITING = ("Not looked at yet", "It is seen as soon as the run is looked at: within what watching may cost.")


class RunPanel(Live):
    """A panel of a run; subclasses call :meth:`stack_up` once their plots are made."""

    def stack_up(self, folding: Folding, title: str, text: str) -> None:
        """Show ``folding``, or an invitation to start with this title and text; follow the run."""
        self.folding = folding
        self._invitation = (title, text)
        self.empty = EmptyState(title, text, "Start training", self.session.start)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(folding)
        for frame in self.findChildren(PlotFrame):
            frame.failed.connect(lambda sentence: self.session.notice.emit("error", sentence))
            frame.saved.connect(lambda path: self.session.notice.emit("info", f"Saved {path}"))
        self.session.events_arrived.connect(self.refresh_soon)
        self.session.run_changed.connect(self.refresh_soon)

    def show_plots(self, known: bool) -> None:
        """Show the plots where there is anything to plot, else the invitation, or what is waited for."""
        idle = self.session.run_state == "idle"
        self.stack.setCurrentWidget(self.folding if known else self.empty)
        self.empty.say(*(self._invitation if idle else WAITING))
        self.empty.button.setVisible(idle)
