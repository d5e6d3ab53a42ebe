"""The window of a contest: both losses, the difference between them, and what came of each version."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from nnstudio.project.places import RUNS, runs_folder
from nnstudio.train.contest import Contest
from nnstudio.train.events import RunFailed
from nnstudio.ui import theme
from nnstudio.ui.background import pump
from nnstudio.ui.contest.curves import Curve, between, figures, loss_curve
from nnstudio.ui.contest.versions import Start, Version, differences, maker
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.overlays import EndLabels, Label
from nnstudio.ui.docks.plots import curve, line
from nnstudio.ui.docks.rows import color_apart
from nnstudio.ui.parts import button, capital, column, label, row

if TYPE_CHECKING:
    from nnstudio.runs.recorder import Recorder
    from nnstudio.ui.session import Session

#: Milliseconds between two looks.
FRAME_MS = 66


class ContestWindow(QDialog):
    """Two versions in lockstep. ``decided`` with the title of the version that is to be taken over."""

    decided = Signal(str)

    def __init__(
        self, session: Session, versions: tuple[Version, Version], start: Start, steps: int | None,
        take: Mapping[str, str], parent: QWidget | None = None, title: str = "Lockstep",
    ) -> None:  # fmt: skip
        """take: the button's text by the title of each version that can be taken over."""
        super().__init__(parent)
        self.session, self.versions = session, versions
        self.setObjectName("contest")
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)  # both trainings draw from the process's random numbers
        self._curves: tuple[Curve, Curve] | None = None
        self._lay_out(title, take, start)
        self.contest, self._recorders = self._begin(start, steps)
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        theme.changed.connect(self.redraw)
        self.redraw()

    # --- how it looks -------------------------------------------------------------------------------------------

    def _lay_out(self, title: str, take: Mapping[str, str], start: Start) -> None:
        self.loss = PlotFrame("Training loss", caption="epoch", table=self.table)
        self.difference = PlotFrame("Difference of the losses", caption="epoch", table=self.table)
        self._raw = [self.loss.plot.add(curve(smooth=False)) for _ in self.versions]
        self._mean = [self.loss.plot.add(curve()) for _ in self.versions]
        self._apart, self._zero = self.difference.plot.add(curve()), self.difference.plot.add(curve(smooth=False))
        self._labels = EndLabels(self.loss.plot.view)
        self.what = label(f"{self._what()}. {start.told()}", "muted", wrap=True)
        self.state = label("Beginning …", "strong", wrap=True)
        self.state.setObjectName("contest_state")
        self.rows = QTableWidget(0, 4)
        self.rows.setAccessibleName("What came of each version")
        self.rows.setHorizontalHeaderLabels(["", *(each.title for each in self.versions), "difference"])
        self.rows.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.rows.verticalHeader().hide()
        self.rows.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.rows.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.rows.setShowGrid(False)
        self.rows.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.rows.verticalHeader().setDefaultSectionSize(theme.scaled(24))
        self.rows.setMinimumHeight(theme.scaled(130))
        self.pause = button("Pause", self._pause)
        self.stop = button("Stop", self._stop)
        self.shut = button("Close", self.reject)
        self.takers: dict[str, QWidget] = {}
        for name, text in take.items():
            made = button(text, self._taker(name), "primary" if not self.takers else "")
            made.setObjectName("take_" + name.replace(" ", "_"))
            self.takers[name] = made
        buttons = row(self.pause, self.stop, 1, self.shut, *reversed(self.takers.values()))
        layout = column(
            label(title, "title"), self.what, self.loss, self.difference, self.state, self.rows, buttons,
            spacing=10, margins=(24, 20, 24, 18),
        )  # fmt: skip
        layout.setStretch(2, 3)
        layout.setStretch(3, 2)
        self.setLayout(layout)
        self.resize(theme.scaled(760), theme.scaled(680))
        self.shut.setFocus()

    def _what(self) -> str:
        found = differences(*self.versions)
        if not found:
            return "Both versions are the same"
        shown, more = found[:6], len(found) - 6
        return f"{capital(self.versions[1].title)}: " + "; ".join(shown) + (f"; and {more} more" if more > 0 else "")

    def _taker(self, name: str) -> Callable[[], None]:
        return lambda: self._decide(name)

    # --- how it goes --------------------------------------------------------------------------------------------

    def _begin(self, start: Start, steps: int | None) -> tuple[Contest, dict[str, Recorder]]:
        from nnstudio.runs.recorder import Recorder

        session = self.session
        assert session.dataset is not None  # whoever opens this has looked
        folder = runs_folder(session.path)
        with contextlib.suppress(OSError):  # the recorders then say so
            folder.mkdir(parents=True, exist_ok=True)
        recorders = {each.title: Recorder(folder / RUNS) for each in self.versions}
        makers = {each.title: maker(each, session.fields, start, recorders[each.title]) for each in self.versions}
        contest = Contest(
            makers, session.dataset, steps, {name: (recorder.put,) for name, recorder in recorders.items()}
        )
        contest.start()
        return contest, recorders

    def _look(self) -> None:
        if self.contest.drain():
            self.redraw()
        if self.contest.ended or not self.contest.alive:
            self.contest.drain()
            self._finish()
            self.redraw()

    def _finish(self) -> None:
        self._timer.stop()
        self.contest.join(5.0)
        for recorder in self._recorders.values():
            recorder.close()
        self._recorders = {}
        for made in (self.pause, self.stop):
            made.setEnabled(False)

    def _pause(self) -> None:
        control = self.contest.control
        if control.paused:
            control.resume()
        else:
            control.pause()
        self.pause.setText("Resume" if control.paused else "Pause")

    def _stop(self) -> None:
        self.contest.stop()

    def _decide(self, name: str) -> None:
        self.give_up()
        self.decided.emit(name)
        self.accept()

    def give_up(self) -> None:
        """End the contest, with the window alive, and wait for that."""
        if not self._timer.isActive():
            return
        self.contest.stop()
        while not self.contest.join(0.0):
            pump(10)
        self.contest.drain()
        self._finish()

    def done(self, result: int) -> None:
        """End what is under way and close."""
        self.give_up()
        super().done(result)

    # --- what it shows ------------------------------------------------------------------------------------------

    @property
    def colors(self) -> tuple[str, str]:
        """The colour of each version, everywhere in the window."""
        return theme.current().muted, color_apart(0)

    def redraw(self, *_: object) -> None:
        """Draw what is known."""
        histories = [self.contest.histories[each.title] for each in self.versions]
        self._curves = one, other = loss_curve(histories[0]), loss_curve(histories[1])
        for frame in (self.loss, self.difference):
            frame.restyle()
        self._draw_losses((one, other))
        self._draw_difference(one, other)
        self._fill([figures(history) for history in histories])
        self.state.setText(self._told())

    def _draw_losses(self, curves: tuple[Curve, Curve]) -> None:
        labels = []
        for place, (found, color) in enumerate(zip(curves, self.colors, strict=True)):
            self._raw[place].setPen(line(color, alpha=60))
            self._mean[place].setPen(line(color, 2.0))
            self._raw[place].setData(found.epochs, found.raw)
            self._mean[place].setData(found.epochs, found.mean)
            if len(found.epochs):
                text = f"{self.versions[place].title} {numbers.figure(float(found.mean[-1]))}"
                labels.append(Label(float(found.epochs[-1]), float(found.mean[-1]), text, color))
        known = [found for found in curves if len(found.epochs)]
        if known:
            low = min(float(np.nanmin(found.mean)) for found in known)
            high = max(float(np.nanmax(found.mean)) for found in known)
            margin = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
            self.loss.plot.view.show_range(_across(known), (low - margin, high + margin))
        self._labels.show_labels(labels)

    def _draw_difference(self, one: Curve, other: Curve) -> None:
        tokens = theme.current()
        at, apart = between(one, other)
        self._apart.setPen(line(self.colors[1], 2.0))
        self._zero.setPen(line(tokens.faint, 1.0))
        self._apart.setData(at, apart)
        if len(at):
            low, high = min(0.0, float(np.nanmin(apart))), max(0.0, float(np.nanmax(apart)))
            margin = 0.15 * (high - low) or 1.0
            span = _across([one, other])
            self._zero.setData(np.array(span), np.zeros(2))
            self.difference.plot.view.show_range(span, (low - margin, high + margin))
        self.difference.note.setText(f"below zero: {self.versions[1].title} is better")

    def _fill(self, found: list[dict[str, float]]) -> None:
        names = list(dict.fromkeys([*found[0], *found[1]]))
        self.rows.setRowCount(len(names))
        for place, name in enumerate(names):
            values = [each.get(name) for each in found]
            apart = values[1] - values[0] if values[0] is not None and values[1] is not None else None
            signed = "" if apart is None else f"{'+' if apart > 0 else ''}{numbers.figure(apart)}"
            texts = [name, *("" if value is None else numbers.figure(value) for value in values), signed]
            for at, text in enumerate(texts):
                item = self.rows.item(place, at)
                if item is None:
                    item = QTableWidgetItem()
                    if at:
                        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    self.rows.setItem(place, at, item)
                item.setText(text)

    def _told(self) -> str:
        for each in self.versions:
            ended = self.contest.histories[each.title].ended
            if isinstance(ended, RunFailed):
                return f"{each.title}: {ended.message}"
        assert self._curves is not None
        _, apart = between(*self._curves)
        if not len(apart):
            return "Beginning …"
        tail = float(np.nanmean(apart[-max(1, len(apart) // 5) :]))
        typical = float(np.nanmean(self._curves[0].mean[-max(1, len(self._curves[0].mean) // 5) :]))
        who = self.versions[1].title
        verdict = "about as good" if abs(tail) < 0.02 * abs(typical) else "better" if tail < 0 else "worse"
        so_far, side = "" if self.contest.ended else " so far", "lower" if tail < 0 else "higher"
        apart_by = f"{numbers.figure(abs(tail))} {side} over the last fifth"
        return f"{capital(who)} is {verdict}{so_far}: its training loss is {apart_by}"

    def table(self) -> Table:
        """Both losses and the difference as columns."""
        if self._curves is None:
            return {"epoch": np.empty(0)}
        one, other = self._curves
        at, apart = between(one, other)
        return {
            f"epoch of {self.versions[0].title}": one.epochs, f"loss of {self.versions[0].title}": one.raw,
            f"epoch of {self.versions[1].title}": other.epochs, f"loss of {self.versions[1].title}": other.raw,
            "epoch": at, "difference of the means": apart,
        }  # fmt: skip


def _across(curves: list[Curve]) -> tuple[float, float]:
    low = min(float(found.epochs[0]) for found in curves if len(found.epochs))
    high = max(float(found.epochs[-1]) for found in curves if len(found.epochs))
    return low, low + 1.12 * max(high - low, 1e-6)
