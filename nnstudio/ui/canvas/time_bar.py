"""The time bar: replays a run on the drawing. A slim slider over the canvas, from the first step to what is newest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QToolButton, QWidget

from nnstudio.train.events import Activations, EpochEnded, Event, Gradients, RunStarted
from nnstudio.ui import theme
from nnstudio.ui.canvas.corners import paint_plate
from nnstudio.ui.icons import icon

if TYPE_CHECKING:
    from nnstudio.ui.moment import Moment
    from nnstudio.ui.session import Session

#: Least time between two updates while training, in milliseconds.
PACE = 120
#: The least and the usual width in pixels at 100 %.
LEAST, USUAL = 300, 520
#: Below this width it is said shortly where the run stands.
TIGHT = 420


class Timeline(QSlider):
    """Steps of the run. The arrow keys go from snapshot to snapshot, *Page up* and *Page down* by an epoch, *Home* to
    the beginning, *End* to what is newest; *Space* plays."""

    def __init__(self, session: Session) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._session = session
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Moment of the run that is shown")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @property
    def _moment(self) -> Moment:
        return self._session.moment

    def show_moment(self) -> None:
        """Stand where the moment is."""
        steps, now = self._moment.steps, self._moment.step
        first, last = (steps[0], max(steps[-1], steps[0] + 1)) if steps else (0, 1)
        self.setRange(first, last)
        self.setValue(last if now is None else now)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moment, started = self._moment, self._session.history.started
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Down:
                moment.move(-1)
            case Qt.Key.Key_Right | Qt.Key.Key_Up:
                moment.move(1)
            case Qt.Key.Key_PageUp | Qt.Key.Key_PageDown:
                by = started.steps_per_epoch if started is not None else 1
                self.go(self.value() + (by if event.key() == Qt.Key.Key_PageUp else -by))
            case Qt.Key.Key_Home:
                moment.move(-len(moment.steps))
            case Qt.Key.Key_End:
                moment.go(None)
            case Qt.Key.Key_Space:
                (moment.pause if moment.playing else moment.play)()
            case _:
                super().keyPressEvent(event)

    def go(self, step: int) -> None:
        """Show the moment that is nearest to a step; at the end, what is newest."""
        steps = self._moment.steps
        if steps:
            nearest = min(steps, key=lambda known: abs(known - step))
            self._moment.go(None if nearest == steps[-1] else nearest)

    def _at(self, x: float) -> int:
        """The step at a place along the slider, whose handle stays inside."""
        edge = 6.0
        share = (x - edge) / max(1.0, self.width() - 2 * edge)
        return round(self.minimum() + min(1.0, max(0.0, share)) * (self.maximum() - self.minimum()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._moment.pause()
            self.go(self._at(event.position().x()))
            event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.go(self._at(event.position().x()))
            event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()


class TimeBar(QWidget):
    """Shown while there is a run to go back in. ``appeared``: it has come or gone."""

    appeared = Signal()

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self.setAccessibleName("Replay of the run")
        self.play, self.newest = QToolButton(), QToolButton()
        self.play.setIconSize(QSize(14, 14))
        self.newest.setProperty("role", "tool")
        self.newest.setCheckable(True)
        self.newest.setToolTip("Show what is newest (End)")
        self.newest.setAccessibleName("Show what is newest")
        for made in (self.play, self.newest):
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            made.setCursor(Qt.CursorShape.PointingHandCursor)
        self.line, self.label = Timeline(session), QLabel()
        self.label.setProperty("role", "muted")
        inside = QHBoxLayout(self)
        inside.setContentsMargins(6, 2, 6, 2)
        inside.setSpacing(8)
        for part in (self.play, self.line, self.label, self.newest):
            inside.addWidget(part)
        inside.setStretch(1, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._there = self._tight = False
        self.hide()
        self._timer = QTimer(self, singleShot=True)
        self._timer.setInterval(PACE)
        self._timer.timeout.connect(self.refresh)
        self._offer(playing=False)  # named from the first moment on: it may be seen before it is refreshed
        self.play.clicked.connect(self._play)
        self.newest.clicked.connect(self._go_live)
        session.events_arrived.connect(self._events)
        session.run_changed.connect(self.refresh)
        session.moment_changed.connect(self.refresh)
        session.changed.connect(self.refresh)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _play(self) -> None:
        moment = self._session.moment
        (moment.pause if moment.playing else moment.play)()

    def _offer(self, *, playing: bool) -> None:
        """Say what the button does: it pauses a replay, or begins one."""
        self.play.setIcon(icon("pause" if playing else "play"))
        name = "Pause the replay" if playing else "Replay the run on the drawing"
        self.play.setToolTip(name)
        self.play.setAccessibleName(name)

    def _go_live(self) -> None:
        self._session.moment.leave()
        self.refresh()

    def _events(self, events: Iterable[Event]) -> None:
        telling = any(isinstance(event, Activations | Gradients | RunStarted | EpochEnded) for event in events)
        if telling and not self._timer.isActive():
            self._timer.start()

    @property
    def wanted(self) -> bool:
        """Whether there is a run to go back in."""
        return len(self._session.moment.steps) > 1

    def refresh(self, *_: object) -> None:
        """Show the moment."""
        if self.wanted != self._there:
            self._there = self.wanted
            self.setVisible(self._there)
            self.appeared.emit()
        if not self.wanted:
            return
        moment, running = self._session.moment, self._session.run_state != "idle"
        self.line.show_moment()
        told = self.told()
        self.label.setText(told.rpartition(" · ")[2] if self._tight else told)
        self.line.setAccessibleDescription(told)
        self._offer(playing=moment.playing)
        self.newest.setText("Live" if running else "End")
        self.newest.setChecked(moment.live)

    def told(self) -> str:
        """The moment in words: ``epoch 3 · step 120``."""
        history, step = self._session.history, self._session.moment.step
        step = history.step if step is None else step
        started = history.started
        if started is None:
            return f"step {step:,}"
        epoch = min(started.epochs, step // max(1, started.steps_per_epoch) + 1)
        return f"epoch {epoch:,} · step {step:,}"

    def _restyle(self) -> None:
        self.label.setFont(theme.mono_font(11))
        history = self._session.history
        epochs = "" if self._tight else f"epoch {history.started.epochs if history.started else 100:,} · "
        self.label.setMinimumWidth(self.label.fontMetrics().horizontalAdvance(f"{epochs}step 000,000"))
        self.refresh()

    def place(self, left: int, right: int, bottom: int) -> bool:
        """Stand above ``bottom``, between ``left`` and ``right``. False, and nothing is done, where it is tight."""
        height, room = self.sizeHint().height(), right - left - 24
        if room < theme.scaled(LEAST):
            return False
        wide = min(room, theme.scaled(USUAL))
        self._put(QRect(left + 12 + (room - wide) // 2, bottom - height, wide, height))
        return True

    def stretch(self, width: int, bottom: int) -> None:
        """Stand above ``bottom`` all along the edge of a canvas so wide."""
        height = self.sizeHint().height()
        self._put(QRect(12, bottom - height, width - 24, height))

    def _put(self, area: QRect) -> None:
        self.setGeometry(area)
        tight = area.width() < theme.scaled(TIGHT)
        if tight != self._tight:
            self._tight = tight
            self._restyle()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            paint_plate(painter, self)
        finally:
            painter.end()
