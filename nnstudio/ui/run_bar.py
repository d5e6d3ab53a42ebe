"""The bar on top: what is open, the run's buttons and how far it is, and the way to every action."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QPushButton, QSizePolicy, QToolButton, QWidget

from nnstudio.train.history import History
from nnstudio.train.learning import MOST_WEIGHTS
from nnstudio.train.privacy import figure
from nnstudio.ui import theme
from nnstudio.ui.actions import ActionTable
from nnstudio.ui.icons import icon
from nnstudio.ui.parts import ElidedLabel, button, column, label, row
from nnstudio.ui.session import Session

HEIGHT = 52
#: Progress is written at most so often: figures that change faster cannot be read.
PACE_MS = 120


class SearchField(QFrame):
    """Looks like a field and opens the command palette."""

    def __init__(self, actions: ActionTable) -> None:
        super().__init__()
        self._actions = actions
        self.setObjectName("search_actions")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        keys = label(actions.shortcut_text("command_palette").replace("+", " "), "faint")
        row_ = row(label("Search actions", "muted"), 1, keys, margins=(12, 0, 12, 0))
        self.setLayout(row_)
        self.setToolTip("Find and do anything by its name")
        self.setProperty("role", "field")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._fit_text()
        theme.changed.connect(self._fit_text)

    def _fit_text(self) -> None:
        self.setFixedSize(theme.scaled(184), theme.scaled(30))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._actions.trigger("command_palette")


class RunBar(QFrame):
    """Title, start/pause, step, stop, progress and the search field."""

    def __init__(self, session: Session, actions: ActionTable) -> None:
        super().__init__()
        self._session, self._actions = session, actions
        self._shown = True
        self._pausing: bool | None = None  # what the button's icon says
        self.setProperty("role", "panel")
        self.setObjectName("run_bar")
        self.menu_button = QToolButton()
        self.menu_button.setIcon(icon("menu", "muted"))
        self.menu_button.setIconSize(QSize(18, 18))
        self.menu_button.setToolTip("Menu (F10)")
        self.menu_button.setAccessibleName("Menu")
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.title = ElidedLabel("", "strong")
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.edited = label("· edited", "muted")
        self._main = self._button("start", "primary")
        self._step = self._button("step", "")
        self._stop = self._button("stop", "")
        self._learn = self._learn_button()
        self._epoch = label("", "heading")
        self._figures = ElidedLabel("", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._lay_out()
        self._fit_text()
        theme.changed.connect(self._fit_text)
        self._pace = QTimer(self)
        self._pace.setSingleShot(True)
        self._pace.setInterval(PACE_MS)
        self._pace.timeout.connect(self._show_progress)
        session.events_arrived.connect(self._events_arrived)
        session.project_changed.connect(actions.refresh_soon)
        for signal in (session.run_changed, session.data_changed, session.resolved, actions.refreshed):
            signal.connect(self.refresh)
        self.refresh()

    def _events_arrived(self) -> None:
        if not self._pace.isActive():
            self._pace.start()

    def _fit_text(self) -> None:
        self.setFixedHeight(theme.scaled(HEIGHT))
        for made, width in ((self._main, 96), (self._step, 64), (self._stop, 64)):
            made.setMinimumWidth(theme.scaled(width))
        self._fit_title()

    def _fit_title(self) -> None:
        """Let the title be as wide as it is in the present size of text."""
        self.title.ensurePolished()
        self.title.setMaximumWidth(self.title.fontMetrics().horizontalAdvance(self._session.title) + 4)

    def _button(self, id: str, role: str) -> QPushButton:
        pressed = self.press_main if id == "start" else lambda: self._actions.trigger(id)
        made = button("", pressed, role)
        made.setObjectName(f"{id}_button")
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setIconSize(QSize(15, 15))
        return made

    def _lay_out(self) -> None:
        left = QWidget()
        left.setLayout(row(self.menu_button, self.title, self.edited, 1, spacing=8))
        left.setMinimumWidth(150)
        self._progress = QWidget()
        self._progress.setLayout(
            column(1, row(self._epoch, self._figures, spacing=14), self._bar, 1, spacing=5, margins=(8, 0, 0, 0))
        )
        self._progress.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        kept = self._progress.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self._progress.setSizePolicy(kept)
        self._progress.setMaximumWidth(430)
        self._progress.setMinimumWidth(150)
        buttons = (self._main, self._step, self._stop, self._learn)
        layout = row(left, *buttons, self._progress, SearchField(self._actions), margins=(10, 0, 16, 0))
        layout.setStretch(0, 4)
        layout.setStretch(5, 5)
        layout.insertStretch(6, 1)
        self.setLayout(layout)

    def _learn_button(self) -> QToolButton:
        """The way to learning mode, for networks that are small enough for it."""
        made = QToolButton()
        made.setObjectName("learn_here")
        made.setIcon(icon("learn", "muted"))
        made.setIconSize(QSize(18, 18))
        made.setAccessibleName("Learn step by step")
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.clicked.connect(lambda: self._actions.trigger("learn"))
        return made

    def _show_learn(self) -> None:
        whole, action = self._session.whole, self._actions.qt("learn")
        small = whole is not None and 0 < whole.parameters <= MOST_WEIGHTS
        self._learn.setVisible(self._shown and small)
        self._learn.setEnabled(action.isEnabled())
        self._learn.setToolTip(action.toolTip())

    def refresh(self, *_: object) -> None:
        """Show what is so now."""
        session = self._session
        self.title.setText(session.title)
        self._fit_title()
        self.edited.setVisible(session.modified and self._shown)
        running = session.run_state in ("starting", "running", "stopping")
        main = "pause" if running else "start"
        for made, id in ((self._main, main), (self._step, "step"), (self._stop, "stop")):
            action = self._actions.qt(id)
            made.setText(action.text())
            made.setEnabled(action.isEnabled())
            made.setToolTip(action.toolTip())
        if running is not self._pausing:  # setting it paints the button
            self._pausing = running
            self._main.setIcon(icon("pause" if running else "play", "on_accent"))
        self._show_learn()
        self._show_progress()

    def show_run(self, shown: bool) -> None:
        """Show the run's buttons, or only the way to every action (on the welcome page)."""
        self._shown = shown
        for part in (self._main, self._step, self._stop, self.title):
            part.setVisible(shown)
        self.refresh()

    def press_main(self) -> None:
        """Start, or pause what runs."""
        running = self._session.run_state in ("starting", "running", "stopping")
        self._actions.trigger("pause" if running else "start")

    def _show_progress(self) -> None:
        history, state = self._session.training.history, self._session.run_state
        started = history.started
        self._progress.setVisible(self._shown and (started is not None or state != "idle"))
        if started is None:
            self._epoch.setText("Starting …" if state != "idle" else "")
            self._figures.setText("")
            self._bar.setRange(0, 0 if state != "idle" else 1000)
            return
        self._bar.setRange(0, 1000)
        self._bar.setValue(round(1000 * history.progress))
        self._epoch.setText(self._headline(state))
        self._figures.setText(self._details(state))

    def _headline(self, state: str) -> str:
        history = self._session.training.history
        started = history.started
        assert started is not None
        if state == "idle":
            ended = history.ended
            reason = getattr(ended, "reason", "failed")
            word = {"completed": "Done", "failed": "Failed"}.get(reason, "Stopped")
            return f"{word} · {len(history.epochs)} of {started.epochs} epochs"
        now = min(started.epochs, int(history.epoch) + 1)
        word = {"paused": "Paused · epoch", "stopping": "Stopping · epoch"}.get(state, "Epoch")
        return f"{word} {now} of {started.epochs}"

    def _details(self, state: str) -> str:
        history = self._session.training.history
        assert history.started is not None
        if state == "idle":
            best = history.best_epoch
            kept = [f"best was epoch {best.epoch}"] if best is not None else []
            return " · ".join([duration(history.time), device_name(history.started.device), *kept, *spent(history)])
        if state == "paused" and self._session.training.changes.network_waits:
            mended = not self._session.training.hindrance()
            return "goes on with the edited network" if mended else "the edited network has a problem"
        moving = state != "paused" and bool(history.steps_per_second)
        parts = [f"{history.steps_per_second:,.0f} steps/s"] if moving else []
        if state in ("running", "paused") and history.seconds_left:
            parts.append(f"{duration(history.seconds_left)} left")
        parts += spent(history)
        parts.append(device_name(history.started.device))
        if history.steps_per_second:
            parts.append(f"watching costs {100 * history.watching:.1f} %")
        return " · ".join(parts)


def spent(history: History) -> list[str]:
    """What a private run has given away: ``ε 1.24``; nothing of another."""
    return [f"ε {figure(history.privacy[-1].epsilon)}"] if history.privacy else []


def duration(seconds: float) -> str:
    """``12 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def device_name(device: str) -> str:
    """A torch device as people call it: ``CPU``, ``CUDA 0``, ``Apple GPU``."""
    kind, _, number = device.partition(":")
    named = {"cpu": "CPU", "cuda": "CUDA", "mps": "Apple GPU"}.get(kind, kind)
    return f"{named} {number}" if number else named
