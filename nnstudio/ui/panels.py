"""The tabs below the canvas. Each panel is built when it is first shown, so that opening the window costs nothing."""

from __future__ import annotations

import importlib

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QSizePolicy, QStackedWidget, QTabBar, QWidget

from nnstudio.ui.docks.findings import findings
from nnstudio.ui.docks.live import Live
from nnstudio.ui.parts import column, line, row
from nnstudio.ui.session import Session
from nnstudio.ui.settings import Settings
from nnstudio.ui.shown_run import ShownRun

#: Title of the tab, class in `ui/docks`.
PANELS = (
    ("Training", "TrainingPanel"),
    ("Activations", "ActivationsPanel"),
    ("Gradients", "GradientsPanel"),
    ("Weights", "WeightsPanel"),
    ("Inside", "InsidePanel"),
    ("Data", "DataPanel"),
    ("Network", "NetworkPanel"),
    ("Runs", "RunsPanel"),
    ("Problems", "ProblemsPanel"),
    ("Try it", "TryPanel"),
    ("Evaluate", "JudgingPanel"),
)


def place_of(title: str) -> int:
    """Which tab has this title; the first where none has."""
    return next((place for place, (known, _) in enumerate(PANELS) if known == title), 0)


class Panels(QFrame):
    """A strip of tabs and the panel that is chosen."""

    chosen = Signal(int)

    def __init__(self, session: Session, settings: Settings | None = None) -> None:
        """``settings``: where it is remembered how panels are looked at."""
        super().__init__()
        self.setProperty("role", "panel")
        self._session, self._settings = session, settings
        self._ready = False
        self._built: dict[int, QWidget] = {}
        self.tabs = QTabBar()
        self.tabs.setObjectName("panel_tabs")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        # As wide as the panel: a chosen tab's bold title needs more room than the bar asked for when it was not.
        self.tabs.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for title, _ in PANELS:
            self.tabs.addTab(title)
        self._stack = QStackedWidget()
        self._waiting = QWidget()
        self._stack.addWidget(self._waiting)
        self.shown_run = ShownRun(session)
        self.setLayout(column(row(self.tabs, margins=(18, 0, 8, 0)), line(), self.shown_run, self._stack, spacing=0))
        self.layout().setStretch(3, 1)  # type: ignore[call-overload]
        self.setMinimumHeight(120)
        self.tabs.currentChanged.connect(self._show)
        for signal in (
            session.resolved, session.changed, session.events_arrived, session.run_changed, session.scope_changed,
            session.doctoring.found,
        ):  # fmt: skip
            signal.connect(self._count_problems)

    def get_ready(self) -> None:
        """From now on panels may be built: what they import has been imported."""
        self._ready = True
        self._show(self.tabs.currentIndex())

    def show_panel(self, place: int) -> None:
        """Choose a tab."""
        self.tabs.setCurrentIndex(place)

    @property
    def place(self) -> int:
        """Which tab is chosen."""
        return self.tabs.currentIndex()

    @property
    def title(self) -> str:
        """The title of the tab that is chosen."""
        return PANELS[self.place][0]

    def panel(self, place: int) -> QWidget:
        """The panel behind a tab, built where it has not been yet."""
        if place not in self._built:
            docks = importlib.import_module("nnstudio.ui.docks")
            made: QWidget = getattr(docks, PANELS[place][1])(self._session)
            self._built[place] = made
            self._remember(PANELS[place][1], made)
            self._stack.addWidget(made)
        return self._built[place]

    def _remember(self, name: str, panel: QWidget) -> None:
        """Have a panel look as it did when it was last left, and remember how it is looked at."""
        settings = self._settings
        if settings is None or not isinstance(panel, Live):
            return
        known = settings.get("panels", {}).get(name)
        if isinstance(known, dict):
            panel.choose_again(known)
        panel.chose.connect(
            lambda: settings.set(panels={**settings.get("panels", {}), name: panel.choices}) if settings else None
        )

    def _show(self, place: int) -> None:
        if self._ready:
            self._stack.setCurrentWidget(self.panel(place))
        self.chosen.emit(place)

    def _count_problems(self, *_: object) -> None:
        count = len(findings(self._session))
        title = f"Problems · {count}" if count else "Problems"
        place = place_of("Problems")
        if self.tabs.tabText(place) != title:
            self.tabs.setTabText(place, title)
