"""What views that a drag zooms have in common."""

from __future__ import annotations

from typing import Any

from nnstudio.ui.docks.frame import PlotFrame
from nnstudio.ui.docks.live import Live


class Zooming(Live):
    """A view of one plot in which a drag zooms; a double-click, a button, the menu and Home show everything again.

    Subclasses make ``frame`` and call :meth:`follow_zoom`; while ``zoomed``, :meth:`refresh` leaves the range alone.
    """

    frame: PlotFrame
    zoomed = False

    def follow_zoom(self) -> None:
        """Begin to take notice of the frame's plot."""
        plot = self.frame.plot
        plot.view.sigRangeChangedManually.connect(self._zoomed_by_hand)
        plot.view.sigResized.connect(self.refresh_soon)
        plot.scene().sigMouseClicked.connect(self._clicked_twice)
        plot.whole.connect(self.reset_zoom)
        self.frame.reset.connect(self.reset_zoom)

    def reset_zoom(self) -> None:
        """Show the whole run again."""
        self.forget_zoom()
        self.refresh_soon()

    def forget_zoom(self) -> None:
        """The next redraw shows everything."""
        self.zoomed = False
        self.frame.unzoom.hide()

    def _zoomed_by_hand(self, *_: object) -> None:
        self.zoomed = True
        self.frame.unzoom.show()
        self.refresh_soon()

    def _clicked_twice(self, event: Any) -> None:
        if event.double():
            self.reset_zoom()
